"""Which parts of a network are simulated when: a stage as soon as all that it reads is recorded.

    inputs -> layer 0 -> layer 1 -> ... -> outputs       one pass is exact where nothing is fed back
    layer whose neurons feed each other                  waveform relaxation: sweeps over its
                                                         neurons, each with the lines of the sweep
                                                         before, until no line changes

In the first sweep the layer's own lines are silent. A neuron whose lines did not change keeps what
it did (Lelarasmee, Ruehli, Sangiovanni-Vincentelli 1982).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from circuits.network_parts import NetworkPart
from codesign.studies.failure import Failure
from codesign.studies.identity import JSON
from codesign.studies.study import Known, Point
from netlists.gate_waves import GateWave
from neuron_model.errors import SimulatorError

MOST_SWEEPS = 60
"""Of a layer whose neurons feed each other."""

SAME = 0.005
"""A line has not changed where its s differs by at most this, root mean square over the time."""

# How finely lines are compared, in units of time.
_GRID = 0.1

Outcome = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """One stretch of the test part, played into the circuit from rest.

    start, count: moments of the test part, the first of them and how many. sample: number of the
    Monte Carlo sample; None: the circuit as drawn. calibrated: whether the sample's lines are.
    """

    start: int
    count: int
    sample: int | None = None
    calibrated: bool = False

    @property
    def name(self) -> str:
        """Of its points in a record."""
        moments = f"moments {self.start} to {self.start + self.count - 1}"
        if self.sample is None:
            return moments
        return f"sample {self.sample}{' calibrated' if self.calibrated else ''}, {moments}"

    @property
    def stretch(self) -> tuple[int, int]:
        """start and count."""
        return self.start, self.count

    @property
    def values(self) -> dict[str, JSON]:
        """What a point carries of it."""
        return {
            "start": self.start,
            "count": self.count,
            "sample": self.sample,
            "calibrated": self.calibrated,
        }


@dataclass(frozen=True)
class Stage:
    """Parts that are simulated side by side."""

    parts: tuple[NetworkPart, ...]

    @property
    def fed_back(self) -> frozenset[str]:
        """Lines that one of the parts drives and another one reads."""
        driven = {line for part in self.parts for line in part.drives}
        return frozenset(line for part in self.parts for line in part.reads if line in driven)


def stages_of(parts: Sequence[NetworkPart]) -> tuple[Stage, ...]:
    """The parts of a network by stage."""
    numbers = sorted({part.stage for part in parts})
    return tuple(Stage(tuple(p for p in parts if p.stage == number)) for number in numbers)


@dataclass(frozen=True)
class LayeredPlan:
    """All parts of a network for each of some cases, stage by stage.

    cases: that are played. stages: of the network. interval: of a sample, in units of time.
    temperature: degree Celsius.
    """

    cases: tuple[Case, ...]
    stages: tuple[Stage, ...]
    interval: float
    temperature: float

    def next(self, known: Known) -> Sequence[Point]:
        """The points of every case's first stage that is not known.

        Raises:
            SimulatorError: a layer's lines still change after MOST_SWEEPS.
        """
        return [point for case in self.cases for point in self._next(case, known)]

    def found(self, case: Case, known: Mapping[str, JSON]) -> dict[str, Outcome]:
        """The outcome of each part, by its name, of a case that is done; the last sweep's."""
        outcomes: dict[str, Outcome] = {}
        points = self._walk(case, known, outcomes)
        if points:
            raise ValueError(f"{case.name} is not done: {points[0].key}")
        return outcomes

    def _next(self, case: Case, known: Known) -> list[Point]:
        return self._walk(case, known, {})

    def _walk(self, case: Case, known: Known, outcomes: dict[str, Outcome]) -> list[Point]:
        """Points that are missing, none where one failed; ``outcomes`` gets those of all parts."""
        lines: dict[str, JSON] = {}
        for stage in self.stages:
            if stage.fed_back:
                missing = self._sweeps(case, stage, known, lines, outcomes)
            else:
                missing = _side_by_side(case, stage.parts, known, lines, outcomes)
            if missing is not None:
                return missing
            for part in stage.parts:
                lines.update(outcomes[part.name]["lines"])
        return []

    def _sweeps(
        self,
        case: Case,
        stage: Stage,
        known: Known,
        lines: Mapping[str, JSON],
        outcomes: dict[str, Outcome],
    ) -> list[Point] | None:
        """As :func:`_side_by_side`, until the lines that the stage feeds back do not change."""
        end = case.count * self.interval
        silent = GateWave(np.array([0.0, end]), np.zeros(2), 1.0).document()
        heard: dict[str, JSON] = {**lines, **dict.fromkeys(stage.fed_back, silent)}
        todo, largest = stage.parts, 0.0
        for sweep in range(1, MOST_SWEEPS + 1):
            missing = _side_by_side(case, todo, known, heard, outcomes, f", sweep {sweep}")
            if missing is not None:
                return missing
            changes = {
                line: self._change(heard[line], outcomes[part.name]["lines"][line], end)
                for part in todo
                for line in part.drives
                if line in stage.fed_back
            }
            largest = max(changes.values(), default=0.0)
            changed = {line for line, change in changes.items() if change > SAME}
            if not changed:
                return None
            for part in todo:
                heard.update(outcomes[part.name]["lines"])
            todo = tuple(part for part in stage.parts if changed & set(part.reads))
        raise SimulatorError(
            f"{case.name}: the lines of {stage.parts[0].name.split('.')[0]}, whose neurons feed "
            f"each other, still change by {largest:.2g} of full scale after {MOST_SWEEPS} sweeps; "
            "simulate the network in one deck (--one-deck), or play fewer samples."
        )

    def _change(self, before: JSON, now: JSON, end: float) -> float:
        """Root mean square of what a line's s changed by."""
        times = np.arange(0.0, end, _GRID)
        one, other = (
            GateWave.of_document(each).activity(times, self.temperature) for each in (before, now)
        )
        return float(np.sqrt(np.mean((one - other) ** 2)))


def _side_by_side(
    case: Case,
    parts: Sequence[NetworkPart],
    known: Known,
    lines: Mapping[str, JSON],
    outcomes: dict[str, Outcome],
    suffix: str = "",
) -> list[Point] | None:
    """Points of the parts that are not known; none where one failed; None where all are there.

    Their outcomes go into ``outcomes``. lines: that they read.
    """
    keys = {part.name: f"{case.name}: {part.name}{suffix}" for part in parts}
    missing = [
        Point(
            keys[part.name],
            {
                **case.values,
                "part": part.name,
                "lines": {line: lines[line] for line in part.reads},
            },
        )
        for part in parts
        if keys[part.name] not in known
    ]
    if missing:
        return missing
    for name, key in keys.items():
        entry = known[key]
        if isinstance(entry, Failure):
            return []
        outcomes[name] = entry
    return None
