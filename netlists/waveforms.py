"""What a simulation gives: vectors over one axis."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from neuron_model.errors import InputError
from neuron_model.shown import Shown, counted, in_short

_WRAPPED = re.compile(r"([vi])\((.*)\)")
_BRANCH = "#branch"

NO_AXIS = "point"


def canonical_name(name: str) -> str:
    """The one name of a vector: ``v(node)``, ``i(source)`` or ``@device[parameter]``.

    ngspice has several for each: a node's voltage is ``m`` or ``v(m)``, a branch's current
    ``vdd#branch`` or ``i(vdd)``, a device's parameter ``@m1[id]`` or ``i(@m1[id])``.
    """
    text = name.strip().lower()
    found = _WRAPPED.fullmatch(text)
    letter, inner = found.groups() if found else ("", text)
    if inner.startswith("@"):
        return inner
    if inner.endswith(_BRANCH):
        return f"i({inner.removesuffix(_BRANCH)})"
    return f"{letter or 'v'}({inner})"


@dataclass(frozen=True, eq=False, repr=False)
class Waveforms(Shown):
    """The vectors of one analysis.

    ``axis`` (points,) is the time [s] or what was swept [V, A], ``axis_name`` ngspice's name for
    it (``time``, ``v-sweep``, ``i-sweep``), or ``point`` for an operating point, whose only one
    is 0. ``vectors`` has an array (points,) per vector, in V or A, by :func:`canonical_name`;
    ``waveforms["v(m)"]``, ``["m"]``, ``["i(vdd)"]`` look one up whatever its case.
    """

    axis_name: str
    axis: np.ndarray
    vectors: Mapping[str, np.ndarray]

    def _brief(self) -> str:
        vectors = counted(len(self.vectors), "vector")
        return f"{vectors} over {self.axis.size} points of {self.axis_name}, {in_short(self.axis)}"

    _columns = ("vector", "values")

    def _rows(self) -> list[tuple[str, str]]:
        return [(name, in_short(vector)) for name, vector in self.vectors.items()]

    def __post_init__(self) -> None:
        vectors = {canonical_name(name): vector for name, vector in self.vectors.items()}
        for name, vector in vectors.items():
            if vector.shape != self.axis.shape:
                raise InputError(
                    f"The vector {name} has {vector.size} points and its axis {self.axis.size}."
                )
        object.__setattr__(self, "vectors", MappingProxyType(vectors))

    def __getitem__(self, name: str) -> np.ndarray:
        """The vector called ``name``.

        Raises:
            InputError: there is none; the text lists what there is.
        """
        try:
            return self.vectors[canonical_name(name)]
        except KeyError:
            there = ", ".join(self.vectors) or "none"
            raise InputError(
                f"There is no vector {name!r} in the waveforms; there are: {there}."
            ) from None

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and canonical_name(name) in self.vectors

    def __iter__(self) -> Iterator[str]:
        return iter(self.vectors)

    def __len__(self) -> int:
        """The number of points."""
        return int(self.axis.size)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle without the read-only view, which cannot be."""
        return Waveforms, (self.axis_name, self.axis, dict(self.vectors))


def from_plot(plot: Mapping[str, np.ndarray]) -> Waveforms:
    """The waveforms of a plot of ngspice's, whose axis is the vector of a name such as ``time``.

    An operating point has no axis.
    """
    vectors = dict(plot)
    for name in plot:
        bare = _bare(name)
        if bare in ("time", "frequency") or bare.endswith("-sweep"):
            axis = np.real(vectors.pop(name)).astype(np.float64)
            return Waveforms(bare, axis, vectors)
    points = max((vector.size for vector in plot.values()), default=0)
    return Waveforms(NO_AXIS, np.arange(points, dtype=np.float64), vectors)


def _bare(name: str) -> str:
    text = name.strip().lower()
    found = _WRAPPED.fullmatch(text)
    return found[2] if found else text
