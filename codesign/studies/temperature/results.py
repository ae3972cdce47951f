"""The outcome of a temperature study: how a neuron fires from cold to hot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from codesign.studies.temperature.ends import Held, held_around
from mapping.temperature import BiasLaws
from netlists.accuracy import Accuracy
from neuron_model.analysis.regime_reports import report_to_json
from neuron_model.analysis.regimes import Regime, RegimeReport
from neuron_model.analysis.verdicts import Verdict, verdict, verdict_to_json
from neuron_model.shown import Shown, counted

INTERVALS = ("interspike_interval", "interburst_interval")
"""Whose drift over temperature is told."""


@dataclass(frozen=True)
class Condition:
    """One temperature (degree Celsius): macromodel and, where it was asked, in ngspice.

    time_unit: seconds of one unit of model time there. unit_current: ampere. unit_voltage: volt.
    accuracy: of the simulation.
    """

    temperature: float
    macromodel: RegimeReport
    circuit: RegimeReport | None
    time_unit: float
    unit_current: float
    unit_voltage: float
    accuracy: Accuracy | None = None


@dataclass(frozen=True, repr=False)
class TemperatureResults(Shown):
    """One neuron at several temperatures.

    model: how the model that was trained fires. nominal: the temperature that it was mapped at and
    drifts are counted from. time_unit: seconds of one unit of the model's time, as mapped.
    """

    name: str
    technology: str
    corner: str
    laws: BiasLaws
    current: str
    duration: float
    model: RegimeReport
    nominal: float
    time_unit: float
    conditions: tuple[Condition, ...]

    def _brief(self) -> str:
        temperatures = counted(len(self.conditions), "temperature")
        return f"{self.name} on {self.technology}, {self.corner}: {temperatures}, {self.wanted}"

    @property
    def wanted(self) -> Regime:
        """The model's regime."""
        return self.model.regime

    def verdict(self, who: str, condition: Condition) -> Verdict | None:
        """What is kept of the model's firing, in seconds; None where it was not simulated.

        Args:
            who: "macromodel" or "circuit".
            condition: one of the study's.
        """
        report: RegimeReport | None = getattr(condition, who)
        if report is None:
            return None
        return verdict(self.model, report, scale=condition.time_unit / self.time_unit)

    @property
    def steady(self) -> bool:
        """Whether the regime of the model is kept at every temperature, in ngspice if asked."""
        return all(map(self._keeps_regime, self.conditions))

    @property
    def held(self) -> Held | None:
        """Around the nominal temperature, where the regime of the model is kept; None where it is
        not even there (or at the condition nearest to it)."""
        return self._held(self._keeps_regime)

    @property
    def rhythm_held(self) -> Held | None:
        """The same for the rhythm of the model."""
        return self._held(lambda c: self._decisive(c).rhythm_kept)

    def _held(self, kept: Callable[[Condition], bool]) -> Held | None:
        return held_around(self.nominal, {c.temperature: kept(c) for c in self.conditions})

    def _decisive(self, condition: Condition) -> Verdict:
        found = self.verdict("circuit", condition) or self.verdict("macromodel", condition)
        assert found is not None
        return found

    def _keeps_regime(self, condition: Condition) -> bool:
        return self._decisive(condition).regime_kept is True

    def drift(self, who: str, name: str) -> tuple[float | None, ...]:
        """Relative change of an interval in seconds from the nominal temperature, by condition.

        Args:
            who: "macromodel" or "circuit".
            name: one of INTERVALS.
        """

        def seconds(condition: Condition) -> float | None:
            report: RegimeReport | None = getattr(condition, who)
            value = getattr(report, name) if report is not None else None
            return None if value is None else value * condition.time_unit

        base = next((seconds(c) for c in self.conditions if c.temperature == self.nominal), None)
        values = [seconds(c) for c in self.conditions]
        return tuple(None if v is None or not base else v / base - 1.0 for v in values)


def results_to_json(results: TemperatureResults) -> dict[str, Any]:
    """A JSON document: regimes, verdicts, and drifts of intervals in seconds.

    ``held`` and ``rhythm_held`` are the coldest and the hottest temperature that keeps the regime
    (the rhythm) of the model, ``lost`` and ``rhythm_lost`` the next ones that do not, if any.
    """
    drifts = {
        who: {n: results.drift(who, n) for n in INTERVALS} for who in ("macromodel", "circuit")
    }
    return {
        "name": results.name,
        "technology": results.technology,
        "corner": results.corner,
        "currents": results.laws.currents.value,
        "references": results.laws.references.value,
        "current": results.current,
        "duration": results.duration,
        "wanted": results.wanted.value,
        "steady": results.steady,
        **{
            name: None if held is None else [held.low, held.high]
            for name, held in (("held", results.held), ("rhythm_held", results.rhythm_held))
        },
        **{
            name: None if held is None else [held.below, held.above]
            for name, held in (("lost", results.held), ("rhythm_lost", results.rhythm_held))
        },
        "conditions": [
            {
                "temperature": c.temperature,
                "time_unit": c.time_unit,
                "unit_current": c.unit_current,
                "unit_voltage": c.unit_voltage,
                "accuracy": None if c.accuracy is None else c.accuracy.value,
                **{
                    who: None
                    if report is None or found is None
                    else {
                        **report_to_json(report),
                        "drift": {n: drifts[who][n][i] for n in INTERVALS},
                        "verdict": verdict_to_json(found),
                    }
                    for who, report, found in (
                        ("macromodel", c.macromodel, results.verdict("macromodel", c)),
                        ("circuit", c.circuit, results.verdict("circuit", c)),
                    )
                },
            }
            for i, c in enumerate(results.conditions)
        ],
    }
