"""The outcome of a temperature study: how a neuron fires from cold to hot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codesign.mismatch_study import report_to_json
from mapping.temperature import BiasLaws
from netlists.accuracy import Accuracy
from neuron_model.analysis.regimes import Regime, RegimeReport

INTERVALS = ("interspike_interval", "interburst_interval")
"""Whose drift over temperature is told."""


@dataclass(frozen=True)
class Condition:
    """One temperature (degree Celsius): as built and, where it was asked, in ngspice.

    time_unit: seconds of one unit of model time there. unit_current: ampere. unit_voltage: volt.
    accuracy: of the simulation.
    """

    temperature: float
    as_built: RegimeReport
    circuit: RegimeReport | None
    time_unit: float
    unit_current: float
    unit_voltage: float
    accuracy: Accuracy | None = None


@dataclass(frozen=True)
class TemperatureStudy:
    """One neuron at several temperatures. wanted: the model's regime; nominal: the temperature
    that it was mapped at and drifts are told from."""

    name: str
    technology: str
    corner: str
    laws: BiasLaws
    current: str
    duration: float
    wanted: Regime
    nominal: float
    conditions: tuple[Condition, ...]

    @property
    def steady(self) -> bool:
        """Whether the neuron fires as the model at every temperature, in ngspice if asked."""
        return all(map(self._fires, self.conditions))

    @property
    def held(self) -> tuple[float, float] | None:
        """Coldest and hottest temperature around the nominal one between which it fires as the
        model; None where it does not even there (or at the condition nearest to it)."""
        conditions = sorted(self.conditions, key=lambda c: c.temperature)
        good = [self._fires(c) for c in conditions]
        middle = min(
            range(len(conditions)), key=lambda i: abs(conditions[i].temperature - self.nominal)
        )
        if not good[middle]:
            return None
        first, last = middle, middle
        while first > 0 and good[first - 1]:
            first -= 1
        while last < len(good) - 1 and good[last + 1]:
            last += 1
        return conditions[first].temperature, conditions[last].temperature

    def _fires(self, condition: Condition) -> bool:
        report = condition.as_built if condition.circuit is None else condition.circuit
        return report.regime == self.wanted

    def drift(self, who: str, name: str) -> tuple[float | None, ...]:
        """Relative change of an interval in seconds from the nominal temperature, by condition.

        Args:
            who: "as_built" or "circuit".
            name: one of INTERVALS.
        """

        def seconds(condition: Condition) -> float | None:
            report: RegimeReport | None = getattr(condition, who)
            value = getattr(report, name) if report is not None else None
            return None if value is None else value * condition.time_unit

        base = next((seconds(c) for c in self.conditions if c.temperature == self.nominal), None)
        values = [seconds(c) for c in self.conditions]
        return tuple(None if v is None or not base else v / base - 1.0 for v in values)


def study_to_json(study: TemperatureStudy) -> dict[str, Any]:
    """A JSON document: regimes, and drifts of intervals in seconds."""
    drifts = {who: {n: study.drift(who, n) for n in INTERVALS} for who in ("as_built", "circuit")}
    return {
        "name": study.name,
        "technology": study.technology,
        "corner": study.corner,
        "currents": study.laws.currents.value,
        "references": study.laws.references.value,
        "current": study.current,
        "duration": study.duration,
        "wanted": study.wanted.value,
        "steady": study.steady,
        "held": None if study.held is None else list(study.held),
        "conditions": [
            {
                "temperature": c.temperature,
                "time_unit": c.time_unit,
                "unit_current": c.unit_current,
                "unit_voltage": c.unit_voltage,
                "accuracy": None if c.accuracy is None else c.accuracy.value,
                **{
                    who: None
                    if report is None
                    else {
                        **report_to_json(report),
                        "drift": {n: drifts[who][n][i] for n in INTERVALS},
                    }
                    for who, report in (("as_built", c.as_built), ("circuit", c.circuit))
                },
            }
            for i, c in enumerate(study.conditions)
        ],
    }
