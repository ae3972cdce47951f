"""Which runs a noise study needs, and the currents around a boundary that it looks at closer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from codesign.studies.failure import Failure
from codesign.studies.identity import JSON
from codesign.studies.noise.results import Boundary, BoundaryPoint
from codesign.studies.study import Known, Point, has_failed
from neuron_model.analysis.regimes import Regime
from neuron_model.errors import InputError

MOST_RUNS = 100_000
_AT_ONCE = 50
_BOUNDARY_POINTS = 9
# Currents around a boundary reach from -_WIDEST to _WIDEST I0; each zoom is so much narrower.
_WIDEST, _NARROWER, _ZOOMS = 0.02, 3.0, 3


@dataclass(frozen=True)
class NoisePlan:
    """Runs of the macromodel, runs of the circuit, and runs around the nearest boundary.

    runs: of the macromodel, and at each current around a boundary. circuits: of ngspice. boundary:
    whether to look for one.

    Raises:
        InputError: a number of runs that is not allowed.
    """

    runs: int
    circuits: int = 0
    boundary: bool = False

    def __post_init__(self) -> None:
        if not 2 <= self.runs <= MOST_RUNS:
            raise InputError(
                f"--runs {self.runs} is not allowed; it must be from 2 to {MOST_RUNS}."
            )
        if not 0 <= self.circuits <= MOST_RUNS:
            raise InputError(f"--circuits {self.circuits} is not allowed; it must be at least 0.")

    @property
    def macromodel_points(self) -> list[Point]:
        """Runs, some at once."""
        return [
            Point(f"runs {first}", {"kind": "runs", "first": first, "count": count})
            for first, count in _shared(self.runs, _AT_ONCE)
        ]

    @property
    def circuit_points(self) -> list[Point]:
        """Runs in ngspice, one by one."""
        return [Point(f"circuit {i}", {"kind": "circuit"}) for i in range(self.circuits)]

    def next(self, known: Known) -> Sequence[Point]:
        """All runs at the drive's own current; then those around the boundary, zoom by zoom."""
        first = [*self.macromodel_points, *self.circuit_points]
        if self.boundary:
            first.append(Point("boundary", {"kind": "boundary"}))
        missing = [point for point in first if point.key not in known]
        if missing or not self.boundary or has_failed(known):
            return missing
        return self.around(known)[1]

    def around(self, known: Known) -> tuple[Boundary | None, list[Point]]:
        """The boundary as far as it is known, and the runs that are missing to see it closer.

        None where the regime stays the same as far as it was looked for.
        """
        found = known["boundary"]
        if found is None or isinstance(found, Failure):
            return None, []
        middle, below, above = found[0], Regime(found[1]), Regime(found[2])
        width: float = _WIDEST
        chosen: Boundary | None = None
        for zoom in range(_ZOOMS + 1):
            currents = (middle + width * np.linspace(-1.0, 1.0, _BOUNDARY_POINTS)).tolist()
            points = self._zoomed(zoom, currents)
            missing = [point for point in points if point.key not in known]
            if missing:
                return chosen, missing
            here = Boundary(middle, below, above, _counted(currents, points, known))
            if chosen is not None and not np.isfinite(here.width):
                # noise moves a boundary as well: closer by, one of its sides is out of sight
                break
            chosen = here
            unsure = [p for p in here.points if 0 < p.share(above).count < p.share(above).total]
            if len(unsure) > 2:
                break
            width /= _NARROWER
        return chosen, []

    def _zoomed(self, zoom: int, currents: list[float]) -> list[Point]:
        values = {"kind": "around", "zoom": zoom, "currents": currents}
        return [
            Point(f"around {zoom}, runs {first}", {**values, "first": first, "count": count})
            for first, count in _shared(self.runs, _AT_ONCE // 2)
        ]


def _shared(runs: int, at_once: int) -> Iterator[tuple[int, int]]:
    """(first, how many) of each share of ``runs``."""
    for first in range(0, runs, at_once):
        yield first, min(at_once, runs - first)


def _counted(
    currents: Sequence[float], points: Sequence[Point], known: Known
) -> tuple[BoundaryPoint, ...]:
    counts: list[Counter[Regime]] = [Counter() for _ in currents]
    for point in points:
        outcome: JSON = known[point.key]
        for counter, values in zip(counts, outcome, strict=True):
            counter.update(map(Regime, values))
    pairs = zip(currents, counts, strict=True)
    return tuple(BoundaryPoint(current, dict(counter)) for current, counter in pairs)
