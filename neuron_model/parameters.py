"""The parameters of a multi-timescale conductance (MTC) neuron.

Everything is in model units: voltages in units of the membrane voltage scale, conductances
relative to the leak, times in units of ``tau_m`` unless ``tau_m`` says otherwise.

    tau_m dU_m/dt = -leak(U_m - U_rest) + I_in + I_bias - sum_k I_k
    I_k           = alpha_k tanh(kappa_k (U_x(k) - delta_k))
    tau_x dU_x/dt = filter_x(U_m - U_x)             x: fast, slow, ultraslow
    s             = clip((U_m - U_threshold) / (U_saturation - U_threshold), 0, 1)

Sources: arXiv 2605.11835 (the MTC neuron), arXiv 1805.05696 (Ribar and Sepulchre: elements
and I-V curves by timescale). ``kappa``, the leak's shape and the filters' shape are extensions
that let the same equation describe a circuit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

import numpy as np

from neuron_model.errors import InputError

Value = Any
"""A float, or an array or tensor that broadcasts to (neurons,)."""


class Timescale(StrEnum):
    """Which filtered copy of the membrane voltage an element reads."""

    FAST = "fast"
    SLOW = "slow"
    ULTRASLOW = "ultraslow"


TIMESCALES: tuple[Timescale, ...] = tuple(Timescale)


@dataclass(frozen=True)
class Element:
    """One conductance: I = alpha tanh(kappa (U_x - delta)).

    alpha: saturation current; negative makes a negative conductance. delta: voltage of the
    steepest point. kappa: slope factor, positive; 1 in the published model.
    """

    timescale: Timescale
    alpha: Value
    delta: Value
    kappa: Value = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "timescale", Timescale(self.timescale))


@dataclass(frozen=True)
class Leak:
    """leak(u) = g range tanh(u / range); an infinite range makes it linear: g u.

    conductance: g, at least 0; 1 in a trained model (it sets the unit), what is left beside
    the leak's own tanh elements in an as-built one. range: where it saturates, positive.
    """

    conductance: Value = 1.0
    range: Value = math.inf


@dataclass(frozen=True)
class Filter:
    """filter(u) = tanh(kappa u) / kappa + offset; kappa = 0 makes it linear: u + offset.

    kappa: 0 for the published linear filter, 1 for an OTA follower in the neuron's own units.
    offset: what a follower's offset current adds to its slewing; 0 but in as-built models.
    """

    kappa: Value = 0.0
    offset: Value = 0.0


LINEAR_FILTER = Filter()
OTA_FILTER = Filter(kappa=1.0)


@dataclass(frozen=True)
class NeuronParameters:
    """All parameters of one neuron, or of N neurons of one structure.

    Each number is a float or an array (or tensor) that broadcasts to (neurons,). A time
    constant of 0 means that U_x is U_m. Field names are those of the neuron file.

    Raises:
        InputError: a value is not finite or outside its range; the text names it.
    """

    elements: tuple[Element, ...]
    name: str = "neuron"
    tau_m: Value = 1.0
    tau_fast: Value = 0.0
    tau_slow: Value = 0.0
    tau_ultraslow: Value = 0.0
    u_rest: Value = 0.0
    u_threshold: Value = 0.0
    u_saturation: Value = 1.0
    i_bias: Value = 0.0
    leak: Leak = field(default_factory=Leak)
    filter_fast: Filter = LINEAR_FILTER
    filter_slow: Filter = LINEAR_FILTER
    filter_ultraslow: Filter = LINEAR_FILTER

    def __post_init__(self) -> None:
        object.__setattr__(self, "elements", tuple(self.elements))
        for key, value in self._named_values():
            _check(self.name, key, value)
        difference = _to_numpy(self.u_saturation) - _to_numpy(self.u_threshold)
        if not np.all(difference > 0):
            raise InputError(
                f"neuron '{self.name}': u_saturation = {self.u_saturation} must lie above "
                f"u_threshold = {self.u_threshold}."
            )

    def tau(self, timescale: Timescale) -> Value:
        """Time constant of ``timescale``, in units of time of the neuron."""
        return getattr(self, f"tau_{timescale}")

    def filter(self, timescale: Timescale) -> Filter:
        """Shape of the filter of ``timescale``."""
        shape: Filter = getattr(self, f"filter_{timescale}")
        return shape

    def of(self, timescale: Timescale) -> tuple[Element, ...]:
        """The elements that read ``timescale``, in their order."""
        return tuple(e for e in self.elements if e.timescale == timescale)

    @property
    def timescales(self) -> tuple[Timescale, ...]:
        """The timescales that have elements, fast to ultraslow."""
        return tuple(x for x in TIMESCALES if self.of(x))

    @property
    def neurons(self) -> int:
        """How many neurons: the common broadcast size of all values."""
        return max((_to_numpy(v).size for _, v in self._named_values()), default=1)

    def map(self, function: Callable[[Value], Value]) -> NeuronParameters:
        """The same structure with ``function`` applied to every number."""

        def mapped(part: Any) -> Any:
            names = [f.name for f in fields(part) if f.name != "timescale"]
            return replace(part, **{n: function(getattr(part, n)) for n in names})

        values: dict[str, Any] = {"elements": tuple(mapped(e) for e in self.elements)}
        for f in fields(self):
            if f.name in ("elements", "name"):
                continue
            value = getattr(self, f.name)
            values[f.name] = mapped(value) if isinstance(value, Leak | Filter) else function(value)
        return replace(self, **values)

    def __getitem__(self, index: int) -> NeuronParameters:
        """Neuron ``index`` alone, with plain floats, named ``name[index]`` if there are many."""
        count = self.neurons
        if not -count <= index < count:
            raise IndexError(f"neuron {index} of {count}")

        def pick(value: Value) -> float:
            array = _to_numpy(value).reshape(-1)
            return float(array[index if array.size > 1 else 0])

        one = self.map(pick)
        return replace(one, name=f"{self.name}_{index % count}") if count > 1 else one

    def __iter__(self) -> Any:
        return (self[i] for i in range(self.neurons))

    @staticmethod
    def stack(many: Sequence[NeuronParameters], name: str = "neurons") -> NeuronParameters:
        """N single neurons of the same structure as one object with (N,) float64 arrays.

        Raises:
            InputError: no neuron, or elements that differ in number or timescale.
        """
        if not many:
            raise InputError("cannot stack no neurons: give at least one.")
        structures = {tuple(e.timescale for e in p.elements) for p in many}
        if len(structures) > 1:
            raise InputError(
                "neurons to stack differ in their elements' timescales: give all the same list."
            )
        columns = [[v for _, v in p._named_values()] for p in many]
        stacked = iter([np.array([float(v) for v in row]) for row in zip(*columns, strict=True)])
        return replace(many[0], name=name).map(lambda _: next(stacked))

    def _named_values(self) -> Iterable[tuple[str, Value]]:
        """(dotted key, value) in the order in which :meth:`map` visits the numbers."""
        for index, element in enumerate(self.elements):
            for key in ("alpha", "delta", "kappa"):
                yield f"elements[{index}].{key}", getattr(element, key)
        for f in fields(self):
            if f.name in ("elements", "name"):
                continue
            value = getattr(self, f.name)
            if isinstance(value, Leak | Filter):
                for part in fields(value):
                    yield f"{f.name}.{part.name}", getattr(value, part.name)
            else:
                yield f.name, value


def _to_numpy(value: Value) -> np.ndarray:
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return np.asarray(value, dtype=float)


_POSITIVE = ("kappa", "tau_m", "leak.range")
_NOT_NEGATIVE = ("tau_fast", "tau_slow", "tau_ultraslow", "leak.conductance")


def _check(name: str, key: str, value: Value) -> None:
    array = _to_numpy(value)
    last = key.rsplit(".", 1)[-1]
    if key == "leak.range":
        ok, allowed = np.all(array > 0), "positive (inf for a linear leak)"
    elif key.startswith("filter_"):
        ok = np.all(np.isfinite(array)) and (last == "offset" or np.all(array >= 0))
        allowed = "finite" if last == "offset" else "at least 0 (0 for a linear filter)"
    elif last in _POSITIVE:
        ok, allowed = np.all(np.isfinite(array) & (array > 0)), "finite and positive"
    elif last in _NOT_NEGATIVE or key in _NOT_NEGATIVE:
        ok, allowed = np.all(np.isfinite(array) & (array >= 0)), "finite and at least 0"
    else:
        ok, allowed = np.all(np.isfinite(array)), "finite"
    if not ok:
        raise InputError(f"neuron '{name}': {key} = {value} is not allowed; it must be {allowed}.")
