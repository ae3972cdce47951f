"""The parameters of a multi-timescale conductance (MTC) neuron.

Everything is in model units: voltages in units of the membrane voltage scale, conductances
relative to the leak, times in units of ``tau_m`` unless ``tau_m`` says otherwise.

    tau_m dU_m/dt = -leak(U_m - U_rest) + I_in + I_bias - sum_k I_k
    I_k           = alpha_k tanh(kappa_k (U_x(k) - delta_k))
    tau_x dU_x/dt = filter_x(U_m - U_x)             x: fast, slow, ultraslow
    s             = clip(v, 0, 1) or max(0, tanh(v)),
                    v = (U_m - U_threshold) / (U_saturation - U_threshold)

Sources: arXiv 2605.11835 (the MTC neuron), arXiv 1805.05696 (Ribar and Sepulchre: elements
and I-V curves by timescale). ``kappa``, the leak's shape, the filters' shape and the amplifiers
are extensions that let the same equation describe a circuit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from functools import cache, cached_property
from itertools import chain
from typing import Any, Protocol

import numpy as np

from neuron_model.errors import InputError
from neuron_model.shown import Shown, counted, in_short

Value = Any
"""A float, or an array or tensor that broadcasts to (neurons,)."""

Mask = Any
"""True or False where it is so for all neurons, else a boolean array or tensor (neurons,)."""


class Timescale(StrEnum):
    """Which filtered copy of the membrane voltage an element reads."""

    FAST = "fast"
    SLOW = "slow"
    ULTRASLOW = "ultraslow"


TIMESCALES: tuple[Timescale, ...] = tuple(Timescale)


class OutputShape(StrEnum):
    """What becomes of v = (U_m - U_threshold) / (U_saturation - U_threshold) at the output.

    clip: s = clip(v, 0, 1), as published. ota: s = max(0, tanh(v)), as an OTA that can only push
    into a mirror; U_saturation is then where its steepest slope would reach 1.
    """

    CLIP = "clip"
    OTA = "ota"


def _numbers(part: Any) -> tuple[str, ...]:
    """The fields of a part of a neuron that hold a number, or a part with numbers, in order."""
    kind: Any = type(part)
    return _numbers_of(kind)


_NO_NUMBERS = ("timescale", "elements", "name", "output")


@cache
def _numbers_of(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind) if f.name not in _NO_NUMBERS)


@cache
def _fields_of(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


def _copy_with(part: Any, values: Mapping[str, Any]) -> Any:
    """As dataclasses.replace, but without the checks: what is given is known to be allowed."""
    kind: Any = type(part)
    other = object.__new__(kind)
    for name in _fields_of(kind):
        object.__setattr__(other, name, values.get(name, getattr(part, name)))
    return other


def _with_some(part: Any, prefix: str, values: Mapping[str, Value]) -> Any:
    """``part`` with other numbers for some keys, itself where it has none of them."""
    changed = {}
    for name in _numbers(part):
        value = getattr(part, name)
        new = (
            _with_some(value, f"{prefix}{name}.", values)
            if isinstance(value, _Part)
            else values.get(prefix + name, value)
        )
        if new is not value:
            changed[name] = new
    return _copy_with(part, changed) if changed else part


def _normalize(part: Any, what: str) -> None:
    """Make every number of a frozen dataclass a float, a float64 array or a tensor."""
    for name in _numbers(part):
        value = getattr(part, name)
        if isinstance(value, _Part | None):
            continue
        if not isinstance(value, float) and not _is_tensor(value):
            array = np.asarray(value)
            if array.dtype.kind not in "iuf" or array.size == 0:
                raise InputError(
                    f"{what}: {name} = {_shown(value)} is not allowed; it must be a number, or "
                    "numbers, one for each neuron."
                )
            value = float(array) if array.ndim == 0 else array.astype(float)
            object.__setattr__(part, name, value)


def _is_tensor(value: Value) -> bool:
    # Without importing torch, which takes a second, for those who only read a neuron.
    return hasattr(value, "detach")


def _shown(value: object) -> str:
    """``value`` as one short line of text."""
    text = repr(value) if isinstance(value, str) else " ".join(str(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


class _Part(Shown):
    """What is a part of another part's numbers."""


@dataclass(frozen=True, repr=False)
class Amplifier(_Part):
    """What a real amplifier makes of tanh(kappa u), with u its input and U_out its output voltage.

        t = th + (1 - th^2) (shape th + shoulder th^3),  th = tanh(kappa u)
        (up - down) (1 + skew U_out + drift u (1 + t) / 2 + ease (up - down) U_out)
            - conductance U_out
        lag  d(ln p)/dt    = ((1 + t) / 2 - p) / p^bend
        lag  d(ln q)/dt    = ((1 - t) / 2 - q) / q^bend
        rise d(ln up)/dt   = (p - up) / up^bend             up = p    where rise is 0
        fall d(ln down)/dt = (q - down) / down^bend         down = q  where fall is 0

    p and q are the currents of its two branches, each as a share of the bias current, behind the
    mirror that either meets first; up and down what comes of them to the output, one of the two
    over one more mirror. Mirrors hold currents back: the voltage of a mirror's node is the
    logarithm of the current, so that a branch with little current follows slowly (the log-domain
    filter, Frey, IEE Proc. G 140 (1993) 406). Beyond weak inversion it takes more charge for the
    same change of the logarithm, the more the larger the current (bend). A slow signal sees t,
    delayed.

    lag: charge of the first mirrors over the bias current, in the neuron's units of time, at the
    full bias current; 0 where the branches follow at once. rise, fall: that of the second mirror of
    the branch that rises or falls with U, 0 where there is none. skew: relative growth of the
    current with the output voltage. drift: its growth with an input above the other, which lifts
    the tail's drain. ease: by how much its output conducts less where one branch has all of the
    current. All three per unit of U. shape, shoulder: of a pair that is not wholly in weak
    inversion. conductance: of its output, where no leak counts it. All are 0 but in macromodel
    models.
    """

    lag: Value = 0.0
    rise: Value = 0.0
    fall: Value = 0.0
    bend: Value = 0.0
    skew: Value = 0.0
    drift: Value = 0.0
    conductance: Value = 0.0
    ease: Value = 0.0
    shape: Value = 0.0
    shoulder: Value = 0.0

    def __post_init__(self) -> None:
        _normalize(self, "amplifier")
        lags = self.lag, self.rise, self.fall
        if not self.lags and not all(_all_zero(v) for v in lags):
            raise InputError(
                f"amplifier: lag = {_shown(self.lag)}, rise = {_shown(self.rise)} and fall = "
                f"{_shown(self.fall)} do not go together; lag must be positive, or all three 0."
            )

    @cached_property
    def lags(self) -> bool:
        """Whether its branches have a state of their own."""
        return _all_positive(self.lag)

    @cached_property
    def rises_at_once(self) -> Mask:
        """Where the branch that rises with U has one mirror only."""
        return _equal(self.rise, 0.0)

    @cached_property
    def falls_at_once(self) -> Mask:
        """Where the branch that falls with U has one mirror only."""
        return _equal(self.fall, 0.0)


def _all_positive(value: Value) -> bool:
    return True if _is_tensor(value) else bool(np.all(np.asarray(value) > 0))


def _all_zero(value: Value) -> bool:
    return False if _is_tensor(value) else bool(np.all(np.asarray(value) == 0))


@dataclass(frozen=True, repr=False)
class Element(_Part):
    """One conductance: I = alpha tanh(kappa (U_x - delta)).

    alpha: saturation current; negative makes a negative conductance. delta: voltage of the
    steepest point. kappa: slope factor, positive; 1 in the published model. amplifier: what
    becomes of the tanh in a circuit, with U_m as the output voltage; None in a trained model.
    """

    timescale: Timescale
    alpha: Value
    delta: Value
    kappa: Value = 1.0
    amplifier: Amplifier | None = None

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "timescale", Timescale(self.timescale))
        except ValueError as error:
            allowed = ", ".join(TIMESCALES)
            raise InputError(
                f"element: timescale = {self.timescale!r} is not allowed; it must be one of "
                f"{allowed}."
            ) from error
        _normalize(self, "element")

    @property
    def symbol(self) -> str:
        """``f-``, ``s+`` and so on: the timescale and the sign of alpha, as in the papers.

        Without a sign where that differs from neuron to neuron.
        """
        letters = {Timescale.FAST: "f", Timescale.SLOW: "s", Timescale.ULTRASLOW: "us"}
        negative = np.less(_to_numpy(self.alpha), 0)
        sign = "-" if negative.all() else "" if negative.any() else "+"
        return letters[self.timescale] + sign


@dataclass(frozen=True, repr=False)
class Leak(_Part):
    """leak(u) = g range tanh(u / range); an infinite range makes it linear: g u.

    conductance: g, at least 0; 1 in a trained model (it sets the unit), what is left beside
    the leak's own tanh elements in a detailed macromodel. range: where it saturates, positive.
    """

    conductance: Value = 1.0
    range: Value = math.inf

    def __post_init__(self) -> None:
        _normalize(self, "leak")

    @cached_property
    def is_linear(self) -> Mask:
        """Where the range is infinite."""
        return _equal(self.range, math.inf)


@dataclass(frozen=True, repr=False)
class Filter(_Part):
    """filter(u) = tanh(kappa u) / kappa + offset; kappa = 0 makes it linear: u + offset.

    kappa: 0 for the published linear filter, 1 for an OTA follower in the neuron's own units.
    offset: what a follower's offset current adds to its slewing; 0 but in macromodels.
    amplifier: what becomes of the tanh in a circuit, with U_x as the output voltage; None in a
    trained model, and where the filter is linear.
    """

    kappa: Value = 0.0
    offset: Value = 0.0
    amplifier: Amplifier | None = None

    def __post_init__(self) -> None:
        _normalize(self, "filter")
        if self.amplifier is not None and self.is_linear is not False:
            raise InputError(
                f"filter: kappa = {_shown(self.kappa)} is not allowed with an amplifier; it must "
                "be positive."
            )

    @cached_property
    def is_linear(self) -> Mask:
        """Where kappa is 0."""
        return _equal(self.kappa, 0.0)


_MOST_SHOWN = 6

LINEAR_FILTER = Filter()
OTA_FILTER = Filter(kappa=1.0)


@dataclass(frozen=True, repr=False)
class NeuronParameters(Shown):
    """All parameters of one neuron, or of N neurons of one structure.

    Each number is a float or an array (or tensor) that broadcasts to (neurons,). A time
    constant of 0 means that U_x is U_m. Field names are those of the neuron file. The name
    becomes part of file names and of netlists, so it is made of letters, digits, ``_.-``.

    The values of tensors are not looked at: it would stall the device at every training step,
    and the modules that make them keep them in range by construction.

    Raises:
        InputError: a value is not finite or outside its range, sizes do not go together, or
            the name is not allowed; the text names key, value and what is allowed.
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
    output: OutputShape = OutputShape.CLIP
    i_bias: Value = 0.0
    leak: Leak = field(default_factory=Leak)
    filter_fast: Filter = LINEAR_FILTER
    filter_slow: Filter = LINEAR_FILTER
    filter_ultraslow: Filter = LINEAR_FILTER

    def __post_init__(self) -> None:
        object.__setattr__(self, "elements", tuple(self.elements))
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise InputError(
                f"neuron: name = {_shown(self.name)} is not allowed; it must be 1 to 64 letters, "
                "digits or _.- and begin with a letter, a digit or _."
            )
        try:
            object.__setattr__(self, "output", OutputShape(self.output))
        except ValueError as error:
            raise InputError(
                f"neuron '{self.name}': output = {_shown(self.output)} is not allowed; it must be "
                f"one of {', '.join(OutputShape)}."
            ) from error
        _normalize(self, f"neuron '{self.name}'")
        for key, value in self.named_values():
            _check(self.name, key, value)
        self._check_sizes()
        ends = self.u_threshold, self.u_saturation
        if not any(_is_tensor(u) for u in ends) and not np.all(np.less(*ends)):
            raise InputError(
                f"neuron '{self.name}': u_saturation = {_shown(self.u_saturation)} is not "
                f"allowed; it must lie above u_threshold = {_shown(self.u_threshold)}."
            )

    def _check_sizes(self) -> None:
        sizes = {key: tuple(getattr(value, "shape", ())) for key, value in self.named_values()}
        count = max((math.prod(shape) for shape in sizes.values()), default=1)
        for key, shape in sizes.items():
            if shape not in ((), (1,), (count,)):
                raise InputError(
                    f"neuron '{self.name}': {key} has shape {shape}, which is not allowed; it "
                    f"must be one number or ({count},) numbers, one for each neuron."
                )

    def _brief(self) -> str:
        count = "" if self.neurons == 1 else f" ({self.neurons} neurons)"
        found = [f"{e.symbol} {in_short(e.alpha)}" for e in self.elements]
        if len(found) > _MOST_SHOWN:
            found = [counted(len(found), "element")]
        times = [
            f"tau_{x} {in_short(self.tau(x))}" for x in TIMESCALES if np.any(_to_numpy(self.tau(x)))
        ]
        if np.any(_to_numpy(self.tau_m) != 1.0):
            times = [f"tau_m {in_short(self.tau_m)}", *times]
        shapes = [] if self.leak.is_linear is True else [f"leak range {in_short(self.leak.range)}"]
        if any(self.filter(x).is_linear is not True for x in TIMESCALES):
            shapes.append("OTA filters")
        if self.amplified:
            shapes.append(counted(len(self.amplified), "amplifier"))
        parts = [", ".join(part) for part in (found, times, shapes) if part]
        return f"{self.name}{count}: {'; '.join(parts)}"

    _columns = ("element", "reads", "alpha", "delta", "kappa")

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (e.symbol, f"U_{e.timescale}", *map(in_short, (e.alpha, e.delta, e.kappa)))
            for e in self.elements
        ]

    def tau(self, timescale: Timescale) -> Value:
        """Time constant of ``timescale``, in units of time of the neuron."""
        return getattr(self, f"tau_{timescale}")

    def is_instant(self, timescale: Timescale) -> Mask:
        """Where the time constant of ``timescale`` is 0, so that U_x is U_m."""
        return self._instant[timescale]

    @cached_property
    def _instant(self) -> dict[Timescale, Mask]:
        return {x: _equal(self.tau(x), 0.0) for x in TIMESCALES}

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

    @cached_property
    def amplified(self) -> tuple[int | Timescale, ...]:
        """Whose tanh is an amplifier's: indices of elements, then timescales of filters."""
        elements = [i for i, e in enumerate(self.elements) if e.amplifier is not None]
        filters = [x for x in TIMESCALES if self.filter(x).amplifier is not None]
        return (*elements, *filters)

    @cached_property
    def lagging(self) -> tuple[int | Timescale, ...]:
        """Of those, the ones whose branches have a state: a filter's if its copy moves."""

        def has_state(owner: int | Timescale) -> bool:
            amplifier = self.amplifier(owner)
            moves = not isinstance(owner, Timescale) or self.is_instant(owner) is not True
            return amplifier is not None and amplifier.lags and moves

        return tuple(owner for owner in self.amplified if has_state(owner))

    def amplifier(self, owner: int | Timescale) -> Amplifier | None:
        """That of the element of that index, or of the filter of that timescale."""
        if isinstance(owner, Timescale):
            return self.filter(owner).amplifier
        return self.elements[owner].amplifier

    @property
    def neurons(self) -> int:
        """How many neurons: the common broadcast size of all values."""
        return max((math.prod(np.shape(v)) for _, v in self.named_values()), default=1)

    def map(self, function: Callable[[Value], Value]) -> NeuronParameters:
        """The same structure with ``function`` applied to every number."""

        def mapped(part: Any) -> Any:
            values = {name: getattr(part, name) for name in _numbers(part)}
            return replace(part, **{n: of(v) for n, v in values.items() if v is not None})

        def of(value: Any) -> Any:
            return mapped(value) if isinstance(value, _Part) else function(value)

        values: dict[str, Any] = {"elements": tuple(mapped(e) for e in self.elements)}
        values |= {name: of(getattr(self, name)) for name in _numbers(self)}
        return replace(self, **values)

    def __getitem__(self, index: int) -> NeuronParameters:
        """Neuron ``index`` alone, with plain floats, named ``name_index`` if there are many."""
        count = self.neurons
        if not -count <= index < count:
            raise IndexError(f"neuron {index} of {count}")

        def pick(value: Value) -> float:
            array = _to_numpy(value).reshape(-1)
            return float(array[index if array.size > 1 else 0])

        one = self.map(pick)
        suffix = f"_{index % count}"
        return replace(one, name=self.name[: 64 - len(suffix)] + suffix) if count > 1 else one

    def __iter__(self) -> Iterator[NeuronParameters]:
        return (self[i] for i in range(self.neurons))

    @staticmethod
    def stack(many: Sequence[NeuronParameters], name: str = "neurons") -> NeuronParameters:
        """N single neurons of the same structure as one object with (N,) float64 arrays.

        Raises:
            InputError: no neuron, or elements that differ in number or timescale, or in having
                an amplifier, or shapes of the output that differ.
        """
        if not many:
            raise InputError("cannot stack no neurons: give at least one.")
        structures = {(tuple(e.timescale for e in p.elements), p.amplified) for p in many}
        if len(structures) > 1:
            raise InputError(
                "neurons to stack differ in their elements' timescales: give all the same list."
            )
        if len({p.output for p in many}) > 1:
            raise InputError("neurons to stack differ in output: give all the same shape of s.")
        columns = [[v for _, v in p.named_values()] for p in many]
        stacked = iter([np.array([float(v) for v in row]) for row in zip(*columns, strict=True)])
        return replace(many[0], name=name).map(lambda _: next(stacked))

    def masks(self) -> tuple[Mask, ...]:
        """Everything that a step asks of the values themselves, to choose its formulas."""
        return tuple(
            self.is_instant(name) if part is self else getattr(part, name)
            for part, name in self._mask_places()
        )

    def keep_masks(self, masks: Sequence[Mask]) -> None:
        """Take ``masks`` of :meth:`masks` for granted, without a look at the values: for those who
        trace a step with stand-ins for its numbers."""
        instant = self.__dict__.setdefault("_instant", {})
        for (part, name), mask in zip(self._mask_places(), masks, strict=True):
            (instant if part is self else part.__dict__)[name] = mask

    def _mask_places(self) -> list[tuple[Any, Any]]:
        """(part, name of the property); of the neuron itself, the timescales."""
        filters = [self.filter(x) for x in TIMESCALES]
        amplifiers = [e.amplifier for e in self.elements] + [f.amplifier for f in filters]
        places: list[tuple[Any, Any]] = [(self, x) for x in TIMESCALES]
        places += [(part, "is_linear") for part in (self.leak, *filters)]
        for amplifier in amplifiers:
            if amplifier is not None:
                places += [(amplifier, "rises_at_once"), (amplifier, "falls_at_once")]
        return places

    def named_values(self) -> tuple[tuple[str, Value], ...]:
        """(dotted key, value) in the order in which :meth:`map` visits the numbers."""
        return self._named_values

    @cached_property
    def _named_values(self) -> tuple[tuple[str, Value], ...]:
        def of(part: Any, prefix: str) -> Iterator[tuple[str, Value]]:
            for name in _numbers(part):
                value = getattr(part, name)
                if isinstance(value, _Part):
                    yield from of(value, f"{prefix}{name}.")
                elif value is not None:
                    yield f"{prefix}{name}", value

        elements = (of(e, f"elements[{i}].") for i, e in enumerate(self.elements))
        return (*chain.from_iterable(elements), *of(self, ""))

    def with_values(self, values: Mapping[str, Value]) -> NeuronParameters:
        """The same with other numbers for the dotted keys of :meth:`named_values`."""
        if all(_is_tensor(value) for value in values.values()):
            other = self._with_tensors(values)
            other._check_sizes()
            return other
        numbers = iter([values.get(key, value) for key, value in self.named_values()])
        return self.map(lambda _: next(numbers))

    def _with_tensors(self, tensors: Mapping[str, Value]) -> NeuronParameters:
        """With a look neither at tensors nor at the numbers that stay, which have been looked at:
        a layer does this in each training step."""
        elements = tuple(
            _with_some(e, f"elements[{i}].", tensors) for i, e in enumerate(self.elements)
        )
        other: NeuronParameters = _with_some(self, "", tensors)
        if any(new is not old for new, old in zip(elements, self.elements, strict=True)):
            other = _copy_with(other, {"elements": elements})
        return other


class TimeConstants(Protocol):
    """A neuron, or what it became."""

    def tau(self, timescale: Timescale) -> Value:
        """Time constant of ``timescale``, 0 where U_x is U_m."""


def follows(neuron: TimeConstants, element: Timescale, timescale: Timescale) -> bool:
    """Whether elements of timescale ``element`` have followed the membrane at ``timescale``.

    Those of a slower name do so as well if their time constant is as short.
    """
    order = TIMESCALES.index
    taus = [neuron.tau(x) for x in TIMESCALES[: order(timescale) + 1]]
    return order(element) <= order(timescale) or bool(neuron.tau(element) <= max(taus))


# How large or small a number may be: far beyond any neuron, near enough that no power or
# exponential of it overflows. Times allow for seconds as well as for units of tau_m.
_LARGEST = 1e6
_SMALLEST = 1e-6
_LONGEST = 1e15
_SHORTEST = 1e-15
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


def allowed_range(key: str) -> tuple[float, float, str]:
    """Least and greatest value of a parameter, by its dotted key, and the same in words.

    0 is allowed as well where the words say so.
    """
    last = key.rsplit(".", 1)[-1]
    if key == "leak.range":
        return _SMALLEST, math.inf, f"at least {_SMALLEST:g} (inf for a linear leak)"
    if key == "tau_m":
        return _SHORTEST, _LONGEST, f"from {_SHORTEST:g} to {_LONGEST:g}"
    if key.startswith("tau_") or last in ("lag", "rise", "fall"):
        return _SHORTEST, _LONGEST, f"0 or from {_SHORTEST:g} to {_LONGEST:g}"
    if key.startswith("filter") and last == "kappa":
        return _SMALLEST, _LARGEST, f"0 (a linear filter) or from {_SMALLEST:g} to {_LARGEST:g}"
    if key == "leak.conductance":
        return _SMALLEST, _LARGEST, f"0 or from {_SMALLEST:g} to {_LARGEST:g}"
    if last == "bend":
        return 0.0, 1.0, "from 0 to 1"
    if last == "kappa":
        return _SMALLEST, _LARGEST, f"from {_SMALLEST:g} to {_LARGEST:g}"
    return -_LARGEST, _LARGEST, f"from {-_LARGEST:g} to {_LARGEST:g}"


def _check(name: str, key: str, value: Value) -> None:
    if _is_tensor(value):
        return
    low, high, words = allowed_range(key)
    array = np.asarray(value)
    inside = (array >= low) & (array <= high)  # NaN is in no range
    if words.startswith("0 "):
        inside |= array == 0
    if not np.all(inside):
        raise InputError(
            f"neuron '{name}': {key} = {_shown(value)} is not allowed; it must be {words}."
        )


def _equal(value: Value, constant: float) -> Mask:
    if isinstance(value, float):
        return value == constant
    mask = value.detach() == constant if _is_tensor(value) else value == constant
    # One look for all neurons: the formula is then chosen without looking at each step.
    return bool(mask.any()) and (bool(mask.all()) or mask)


def _to_numpy(value: Value) -> np.ndarray:
    if _is_tensor(value):
        value = value.detach().cpu().numpy()
    return np.asarray(value, dtype=float)
