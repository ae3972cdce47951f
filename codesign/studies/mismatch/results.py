"""The outcome of a mismatch study: how each drawn sample fires, predicted and in ngspice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from codesign.studies.drawn_results import DrawnResults
from mapping.yields import Yields, yields, yields_to_json
from netlists.accuracy import Accuracy
from neuron_model.analysis.regime_reports import RHYTHM, regime_counts, report_to_json
from neuron_model.analysis.regimes import Regime, RegimeReport
from neuron_model.analysis.verdicts import QUANTITIES
from neuron_model.shown import counted

_LEAST_PAIRS = 3


@dataclass(frozen=True)
class Sample:
    """One sample: what parameters of the macromodel predict, and what ngspice found (None: not
    asked).

    duration: for how long both were run, in model time. accuracy: of the simulation.
    """

    sample: int
    macromodel: RegimeReport
    circuit: RegimeReport | None = None
    duration: float = 0.0
    accuracy: Accuracy | None = None


@dataclass(frozen=True)
class Agreement:
    """Prediction against ngspice over the samples that were simulated.

    regime: share of samples whose regimes are the same. By quantity of RHYTHM, over ``compared``
    samples that fire tonically in the same regime in both: error, median and 90th percentile of
    |ngspice / prediction - 1|, None where no sample does; correlation, Pearson's r, None where
    fewer than three do or nothing varies. disagreeing: samples whose regimes differ.
    """

    samples: int
    regime: float
    error: dict[str, tuple[float, float] | None]
    correlation: dict[str, float | None]
    compared: dict[str, int]
    disagreeing: tuple[int, ...]


@dataclass(frozen=True, repr=False, kw_only=True)
class MismatchResults(DrawnResults):
    """All samples of one neuron; interval_unit: seconds of one unit of model time."""

    samples: tuple[Sample, ...]
    interval_unit: float

    def _brief(self) -> str:
        keep = sum(sample.macromodel.regime is self.model.regime for sample in self.samples)
        where = f"{self.name} on {self.technology}, {self.conditions}"
        samples = counted(len(self.samples), "sample")
        return f"{where}: {keep} of {samples} keep {self.model.regime.words}"

    @property
    def predicted_yield(self) -> Yields:
        """Of the samples by the macromodel."""
        return yields(self.model, [sample.macromodel for sample in self.samples])

    @property
    def circuit_yield(self) -> Yields | None:
        """The same in ngspice, over the samples that were simulated; None where none was."""
        circuits = [sample.circuit for sample in self.samples if sample.circuit is not None]
        return yields(self.model, circuits) if circuits else None

    @property
    def agreement(self) -> Agreement | None:
        """Prediction against ngspice; None where no sample was simulated."""
        pairs = [(c.macromodel, c.circuit) for c in self.samples if c.circuit is not None]
        if not pairs:
            return None
        differing = tuple(
            c.sample
            for c in self.samples
            if c.circuit is not None and c.circuit.regime != c.macromodel.regime
        )
        columns = {name: _pairs(pairs, name) for name in RHYTHM}
        return Agreement(
            samples=len(pairs),
            regime=1.0 - len(differing) / len(pairs),
            error={name: relative_errors(values) for name, values in columns.items()},
            correlation={name: _correlation(values) for name, values in columns.items()},
            compared={name: len(values) for name, values in columns.items()},
            disagreeing=differing,
        )


def rhythm(results: MismatchResults, name: str) -> np.ndarray:
    """(samples, 2): a quantity of RHYTHM of the samples that both fire tonically in one regime."""
    pairs = [(c.macromodel, c.circuit) for c in results.samples if c.circuit is not None]
    return np.array(_pairs(pairs, name), dtype=float).reshape(-1, 2)


def _pairs(
    pairs: Sequence[tuple[RegimeReport, RegimeReport]], name: str
) -> list[tuple[float, float]]:
    tonic = (Regime.TONIC_SPIKING, Regime.TONIC_BURSTING)
    values = [
        (getattr(built, name), getattr(circuit, name))
        for built, circuit in pairs
        if built.regime == circuit.regime and built.regime in tonic
    ]
    return [(float(x), float(y)) for x, y in values if x is not None and y is not None]


def relative_errors(pairs: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """Median and 90th percentile of |y / x - 1| over (x, y); None without any."""
    if not len(pairs):
        return None
    x, y = np.array(pairs, dtype=float).T
    median, high = np.quantile(np.abs(y / x - 1.0), (0.5, 0.9))
    return float(median), float(high)


def agreement_in_words(found: Agreement) -> list[str]:
    """A line for each quantity that was compared."""
    lines = []
    for name, error in found.error.items():
        if error is None:
            continue
        r = found.correlation[name]
        lines.append(
            f"{QUANTITIES[name]}: relative error {error[0]:.2%} (median), {error[1]:.2%} (90th "
            f"percentile){'' if r is None else f', r = {r:.3f}'}, {found.compared[name]} samples"
        )
    return lines


def _correlation(values: list[tuple[float, float]]) -> float | None:
    if len(values) < _LEAST_PAIRS:
        return None
    x, y = np.array(values).T
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return float(np.corrcoef(x, y)[0, 1])


def results_to_json(results: MismatchResults) -> dict[str, Any]:
    """A JSON document: yield, agreement and what each sample does."""
    agreement = results.agreement
    return {
        **results.head(len(results.samples)),
        "yield": {
            "macromodel": yields_to_json(results.predicted_yield),
            "circuit": yields_to_json(results.circuit_yield),
        },
        "regimes": {
            "macromodel": regime_counts([c.macromodel for c in results.samples]),
            "circuit": regime_counts([c.circuit for c in results.samples if c.circuit is not None]),
        },
        "agreement": agreement
        and {
            "samples": agreement.samples,
            "regime": agreement.regime,
            "error": {
                name: error and {"median": error[0], "percentile_90": error[1]}
                for name, error in agreement.error.items()
            },
            "correlation": agreement.correlation,
            "compared": agreement.compared,
            "disagreeing": list(agreement.disagreeing),
        },
        **results.reports(),
        "outcomes": [
            {
                "sample": c.sample,
                "duration": c.duration,
                "macromodel": report_to_json(c.macromodel),
                "circuit": report_to_json(c.circuit) if c.circuit is not None else None,
                "accuracy": None if c.accuracy is None else c.accuracy.value,
            }
            for c in results.samples
        ],
    }
