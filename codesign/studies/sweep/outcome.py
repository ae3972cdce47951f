"""What a point of a sweep gives: how each of its samples fires, and what they cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from mapping.yields import Yields, yields
from neuron_model.analysis.regime_reports import report_from_json, report_to_json
from neuron_model.analysis.regimes import Regime, RegimeReport


@dataclass(frozen=True)
class SampleOutcome:
    """One sample at a point; the only one, without mismatch.

    iv: nrmse of each I-V curve against the model, by timescale; empty where it was not measured.
    isi_error, ibi_error: of the median inter-spike interval and between bursts in
    seconds, relative to what the model's are in the units of the design; None where one of the two
    has no such interval. energy_per_spike: joule; None without spikes.
    """

    report: RegimeReport
    iv: Mapping[str, float]
    isi_error: float | None
    ibi_error: float | None
    energy_per_spike: float | None


_OWN = tuple(f.name for f in fields(SampleOutcome) if f.name != "report")


@dataclass(frozen=True)
class PointOutcome:
    """What a point gives.

    wanted: how the model fires there. static_power: watt. area: of gates, diffusions and
    capacitors, square micrometres. unit_current (ampere), membrane_capacitance (farad),
    unit_voltage (volt): as applied there. time_unit: seconds of one unit of model time there;
    mapped_time_unit: of the design, where it was mapped.
    """

    wanted: RegimeReport
    samples: tuple[SampleOutcome, ...]
    static_power: float
    area: float
    unit_current: float
    membrane_capacitance: float
    unit_voltage: float
    time_unit: float
    mapped_time_unit: float

    @property
    def matching(self) -> tuple[SampleOutcome, ...]:
        """The samples that fire in the model's regime."""
        return tuple(c for c in self.samples if c.report.regime == self.wanted.regime)

    @property
    def share(self) -> float:
        """Share of the samples that fire in the model's regime: 0 or 1 without mismatch."""
        return len(self.matching) / len(self.samples)

    @property
    def yields(self) -> Yields:
        """Of the samples, intervals compared in seconds."""
        scale = self.time_unit / self.mapped_time_unit
        return yields(self.wanted, [c.report for c in self.samples], scale)

    @property
    def keeps_rhythm(self) -> bool:
        """Whether every sample, the only one without mismatch, keeps the model's rhythm."""
        return self.yields.rhythm.count == len(self.samples)

    @property
    def regime(self) -> Regime:
        """In which most samples fire."""
        return Counter(c.report.regime for c in self.samples).most_common(1)[0][0]

    @property
    def worst_iv(self) -> float | None:
        """Median over the samples of each one's worst nrmse; None where no curve was measured."""
        return _median([max(c.iv.values()) for c in self.samples if c.iv])

    @property
    def energy_per_spike(self) -> float | None:
        """Median of the samples that spike."""
        return _median([c.energy_per_spike for c in self.samples])

    def error(self, name: str) -> float | None:
        """Median of ``isi_error`` or ``ibi_error`` over the samples that match."""
        return _median([getattr(c, name) for c in self.matching])

    def rhythm(self, name: str) -> float | None:
        """Median of a quantity of RHYTHM, intervals in seconds, over the samples of :attr:`regime`.

        All of these, so that a point that fires otherwise than its model is told as well.
        """
        samples = [c for c in self.samples if c.report.regime == self.regime]
        value = _median([getattr(c.report, name) for c in samples])
        return None if value is None else value * self._scale(name)

    def spread(self, name: str) -> tuple[float, float] | None:
        """What 10 and 90 % of the samples of :meth:`rhythm` are below."""
        samples = [c for c in self.samples if c.report.regime == self.regime]
        values = [v for c in samples if (v := getattr(c.report, name)) is not None]
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


def outcome_to_json(outcome: PointOutcome) -> dict[str, Any]:
    """A point's outcome, without spikes one by one."""
    samples = [_sample_to_json(sample) for sample in outcome.samples]
    return {**vars(outcome), "wanted": report_to_json(outcome.wanted), "samples": samples}


def _sample_to_json(sample: SampleOutcome) -> dict[str, Any]:
    return {**report_to_json(sample.report), **{name: getattr(sample, name) for name in _OWN}}


def outcome_from_json(content: Any) -> PointOutcome:
    """The inverse of :func:`outcome_to_json`; the spikes' times are not known.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    document = dict(content)
    samples = []
    for entry in document.pop("samples"):
        sample = dict(entry)
        own = {name: sample.pop(name) for name in _OWN}
        samples.append(SampleOutcome(report_from_json(sample), **own))
    wanted = report_from_json(document.pop("wanted"))
    return PointOutcome(wanted=wanted, samples=tuple(samples), **document)


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None
