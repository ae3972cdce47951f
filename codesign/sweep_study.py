"""The outcome of a sweep: how a neuron fires at every point, and what it costs there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from codesign.mismatch_study import RHYTHM, report_from_json, report_to_json
from codesign.sweep_axes import Axis, AxisValue
from codesign.verdicts import keeps_rhythm
from codesign.yields import Yields, yields, yields_to_json
from neuron_model.analysis.regimes import Regime, RegimeReport
from neuron_model.model.parameters import Timescale


@dataclass(frozen=True)
class ChipOutcome:
    """One chip at a point; the only one, without mismatch.

    iv: nrmse of each I-V curve against the model, by timescale; empty where it was not measured.
    interval_error, pause_error: of the median interval between spikes and between bursts in
    seconds, relative to what the model's are in the units of the design; None where one of the two
    has no such interval. energy_per_spike: joule; None without spikes.
    """

    report: RegimeReport
    iv: Mapping[str, float]
    interval_error: float | None
    pause_error: float | None
    energy_per_spike: float | None


@dataclass(frozen=True)
class PointOutcome:
    """What a point gives.

    wanted: how the model fires there. static_power: watt. area: of gates, diffusions and
    capacitors, square micrometres. unit_current (ampere), membrane_capacitance (farad),
    unit_voltage (volt): as applied there. time_unit: seconds of one unit of model time there;
    mapped_time_unit: of the design, where it was mapped.
    """

    wanted: RegimeReport
    chips: tuple[ChipOutcome, ...]
    static_power: float
    area: float
    unit_current: float
    membrane_capacitance: float
    unit_voltage: float
    time_unit: float
    mapped_time_unit: float

    @property
    def matching(self) -> tuple[ChipOutcome, ...]:
        """The chips that fire in the model's regime."""
        return tuple(c for c in self.chips if c.report.regime == self.wanted.regime)

    @property
    def share(self) -> float:
        """Share of the chips that fire in the model's regime: 0 or 1 without mismatch."""
        return len(self.matching) / len(self.chips)

    @property
    def yields(self) -> Yields:
        """Of the chips, intervals compared in seconds."""
        scale = self.time_unit / self.mapped_time_unit
        return yields(self.wanted, [c.report for c in self.chips], scale)

    @property
    def keeps_rhythm(self) -> bool:
        """Whether every chip, the only one without mismatch, keeps the model's rhythm."""
        return self.yields.rhythm.count == len(self.chips)

    @property
    def regime(self) -> Regime:
        """In which most chips fire."""
        return Counter(c.report.regime for c in self.chips).most_common(1)[0][0]

    @property
    def worst_iv(self) -> float | None:
        """Median over the chips of each one's worst nrmse; None where no curve was measured."""
        return _median([max(c.iv.values()) for c in self.chips if c.iv])

    @property
    def energy_per_spike(self) -> float | None:
        """Median of the chips that spike."""
        return _median([c.energy_per_spike for c in self.chips])

    def error(self, name: str) -> float | None:
        """Median of ``interval_error`` or ``pause_error`` over the chips that match."""
        return _median([getattr(c, name) for c in self.matching])

    def rhythm(self, name: str) -> float | None:
        """Median of a quantity of RHYTHM, intervals in seconds, over the chips of :attr:`regime`.

        All of these, so that a point that fires otherwise than its model is told as well.
        """
        chips = [c for c in self.chips if c.report.regime == self.regime]
        value = _median([getattr(c.report, name) for c in chips])
        return None if value is None else value * self._scale(name)

    def spread(self, name: str) -> tuple[float, float] | None:
        """What 10 and 90 % of the chips of :meth:`rhythm` are below."""
        chips = [c for c in self.chips if c.report.regime == self.regime]
        values = [v for c in chips if (v := getattr(c.report, name)) is not None]
        if not values:
            return None
        low, high = np.quantile(values, (0.1, 0.9))
        return float(low) * self._scale(name), float(high) * self._scale(name)

    def model_rhythm(self, name: str) -> float | None:
        """The same of the model, in the units of the design."""
        value = getattr(self.wanted, name)
        seconds = 1.0 if name == "spikes_per_burst" else self.mapped_time_unit
        return None if value is None else value * seconds

    def _scale(self, name: str) -> float:
        return 1.0 if name == "spikes_per_burst" else self.time_unit


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


@dataclass(frozen=True)
class SweepStudy:
    """All points of a sweep, in the order of their numbers.

    axes: neuron and technology, corner and temperature unless the configuration has them, then its
    own in their order; the last one changes from point to point. shown: the names of those with
    several values, in the configuration's order, technologies and neurons last: how pictures are
    laid out. drives: (current, duration) by neuron. samples: chips at each point, 0 without
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

    def axis(self, name: str) -> Axis:
        """The axis of that name."""
        return next(axis for axis in self.axes if axis.name == name)

    def is_match(self, outcome: PointOutcome) -> bool:
        """Whether a point fires as its model, or enough of its chips do."""
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


def outcome_to_json(outcome: PointOutcome) -> dict[str, Any]:
    """A point's outcome, without spikes one by one."""
    document = {
        name: getattr(outcome, name)
        for name in (
            "static_power",
            "area",
            "unit_current",
            "membrane_capacitance",
            "unit_voltage",
            "time_unit",
            "mapped_time_unit",
        )
    }
    return {
        "wanted": report_to_json(outcome.wanted),
        "chips": [_chip_to_json(chip) for chip in outcome.chips],
        **document,
    }


def _chip_to_json(chip: ChipOutcome) -> dict[str, Any]:
    return {
        **report_to_json(chip.report),
        "iv": dict(chip.iv),
        "interval_error": chip.interval_error,
        "pause_error": chip.pause_error,
        "energy_per_spike": chip.energy_per_spike,
    }


def outcome_from_json(content: Any) -> PointOutcome:
    """The inverse of :func:`outcome_to_json`; the spikes' times are not known.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    document = dict(content)
    chips = []
    for entry in document.pop("chips"):
        chip = dict(entry)
        own = {
            name: chip.pop(name)
            for name in ("iv", "interval_error", "pause_error", "energy_per_spike")
        }
        chips.append(ChipOutcome(report_from_json(chip), **own))
    wanted = report_from_json(document.pop("wanted"))
    return PointOutcome(wanted=wanted, chips=tuple(chips), **document)


def study_to_json(study: SweepStudy) -> dict[str, Any]:
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


_CHIP_COLUMNS = ("regime", "margin", "spike_count", "burst_count", *RHYTHM)
# Of a point, with what they are called beside the axes.
_POINT_COLUMNS = {
    "static_power": "static_power",
    "area": "area_um2",
    "unit_current": "applied_unit_current",
    "membrane_capacitance": "drawn_membrane_capacitance",
    "unit_voltage": "unit_voltage",
    "time_unit": "time_unit",
}


def study_to_rows(study: SweepStudy) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """(columns, rows) of a table with one row a chip, in SI units; for CSV.

    Intervals are in seconds. A point that cannot be built has one row, with its reason.
    """
    names = [axis.name for axis in study.axes]
    measured = {x for outcome in study.outcomes for chip in outcome.chips for x in chip.iv}
    order = [x.value for x in Timescale if x.value in measured]
    columns = (
        "point",
        *names,
        *(("chip",) if study.samples else ()),
        "model_regime",
        "match",
        "rhythm_kept",
        *_CHIP_COLUMNS,
        "interval_error",
        "pause_error",
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
        for index, chip in enumerate(outcome.chips):
            report = chip.report
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
                    chip.interval_error,
                    chip.pause_error,
                    *(chip.iv.get(x) for x in order),
                    chip.energy_per_spike,
                    *shared,
                    "",
                )
            )
    return columns, rows


def _seconds(value: float | None, outcome: PointOutcome) -> float | None:
    return None if value is None else value * outcome.time_unit


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None
