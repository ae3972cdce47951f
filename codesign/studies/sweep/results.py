"""The outcome of a sweep: how a neuron fires at every point, and what it costs there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from codesign.studies.sweep.axes import Axis, AxisValue
from codesign.studies.sweep.outcome import PointOutcome, outcome_to_json
from mapping.yields import yields_to_json
from neuron_model.analysis.regime_reports import RHYTHM
from neuron_model.analysis.verdicts import keeps_rhythm
from neuron_model.model.parameters import Timescale
from neuron_model.shown import Shown, counted


@dataclass(frozen=True)
class SweepPoint:
    """One point: the value of every axis, and what it gives.

    outcome: None where it cannot be built, or ngspice ``failed``, with the reason.
    """

    number: int
    values: Mapping[str, AxisValue]
    outcome: PointOutcome | None = None
    reason: str = ""
    failed: bool = False


@dataclass(frozen=True, repr=False)
class SweepResults(Shown):
    """All points of a sweep, in the order of their numbers.

    axes: neuron and technology, corner and temperature unless the configuration has them, then its
    own in their order; the last one changes from point to point. shown: the names of those with
    several values, in the configuration's order, technologies and neurons last: how pictures are
    laid out. drives: (current, duration) by neuron. samples: samples at each point, 0 without
    mismatch. least_yield: share of them that has to keep the regime. mismatch_sets: that they were
    drawn by, by technology.
    """

    backend: str
    axes: tuple[Axis, ...]
    shown: tuple[str, ...]
    drives: Mapping[str, tuple[str, float]]
    seed: int
    samples: int
    least_yield: float
    points: tuple[SweepPoint, ...]
    mismatch_sets: Mapping[str, str] = field(default_factory=dict)

    def _brief(self) -> str:
        axes = " x ".join(f"{len(axis.values)} {axis.name}" for axis in self.axes)
        return f"{counted(len(self.points), 'point')} by {self.backend}: {axes}"

    def axis(self, name: str) -> Axis:
        """The axis of that name."""
        return next(axis for axis in self.axes if axis.name == name)

    def is_match(self, outcome: PointOutcome) -> bool:
        """Whether a point fires as its model, or enough of its samples do."""
        return outcome.share >= (self.least_yield if self.samples else 1.0)

    @property
    def outcomes(self) -> tuple[PointOutcome, ...]:
        """Those of the points that have one."""
        return tuple(p.outcome for p in self.points if p.outcome is not None)

    @property
    def is_met(self) -> bool:
        """Whether every point that can be built matches, and there is one."""
        return bool(self.outcomes) and all(map(self.is_match, self.outcomes))

    @property
    def has_failed(self) -> bool:
        """Whether ngspice failed at a point."""
        return any(point.failed for point in self.points)

    @property
    def reasons(self) -> dict[str, list[int]]:
        """Numbers of the points without outcome by the reason, the most frequent first."""
        found: dict[str, list[int]] = {}
        for point in self.points:
            if point.outcome is None:
                found.setdefault(point.reason, []).append(point.number)
        return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def study_to_json(study: SweepResults) -> dict[str, Any]:
    """A JSON document of everything."""
    return {
        "backend": study.backend,
        "axes": {axis.name: list(axis.values) for axis in study.axes},
        "drives": {n: {"current": c, "duration": d} for n, (c, d) in study.drives.items()},
        "seed": study.seed,
        "samples": study.samples,
        "mismatch_sets": dict(study.mismatch_sets) if study.samples else {},
        "least_yield": study.least_yield,
        "met": study.is_met,
        "points": [
            {
                "point": point.number,
                "values": dict(point.values),
                "match": None if point.outcome is None else study.is_match(point.outcome),
                "share": None if point.outcome is None else point.outcome.share,
                "yield": None if point.outcome is None else yields_to_json(point.outcome.yields),
                "reason": point.reason,
                "outcome": None if point.outcome is None else outcome_to_json(point.outcome),
            }
            for point in study.points
        ],
    }


_SAMPLE_COLUMNS = ("regime", "margin", "spike_count", "burst_count", *RHYTHM)
# Of a point, with what they are called beside the axes.
_POINT_COLUMNS = {
    "static_power": "static_power",
    "area": "area_um2",
    "unit_current": "applied_unit_current",
    "membrane_capacitance": "drawn_membrane_capacitance",
    "unit_voltage": "unit_voltage",
    "time_unit": "time_unit",
}


def study_to_rows(study: SweepResults) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """(columns, rows) of a table with one row a sample, in SI units; for CSV.

    Intervals are in seconds. A point that cannot be built has one row, with its reason.
    """
    names = [axis.name for axis in study.axes]
    measured = {x for outcome in study.outcomes for sample in outcome.samples for x in sample.iv}
    order = [x.value for x in Timescale if x.value in measured]
    columns = (
        "point",
        *names,
        *(("sample",) if study.samples else ()),
        "model_regime",
        "match",
        "rhythm_kept",
        *_SAMPLE_COLUMNS,
        "isi_error",
        "ibi_error",
        *(f"iv_nrmse_{x}" for x in order),
        "energy_per_spike",
        *_POINT_COLUMNS.values(),
        "reason",
    )
    rows: list[tuple[Any, ...]] = []
    for point in study.points:
        head = (point.number, *(point.values[name] for name in names))
        outcome = point.outcome
        if outcome is None:
            rows.append((*head, *[None] * (len(columns) - len(head) - 1), point.reason))
            continue
        shared = [getattr(outcome, name) for name in _POINT_COLUMNS]
        for index, sample in enumerate(outcome.samples):
            report = sample.report
            rows.append(
                (
                    *head,
                    *((index,) if study.samples else ()),
                    outcome.wanted.regime.value,
                    report.regime == outcome.wanted.regime,
                    keeps_rhythm(
                        outcome.wanted, report, outcome.time_unit / outcome.mapped_time_unit
                    ),
                    report.regime.value,
                    report.margin,
                    report.spike_count,
                    report.burst_count,
                    report.spikes_per_burst,
                    *(_seconds(getattr(report, name), outcome) for name in RHYTHM[1:]),
                    sample.isi_error,
                    sample.ibi_error,
                    *(sample.iv.get(x) for x in order),
                    sample.energy_per_spike,
                    *shared,
                    "",
                )
            )
    return columns, rows


def _seconds(value: float | None, outcome: PointOutcome) -> float | None:
    return None if value is None else value * outcome.time_unit
