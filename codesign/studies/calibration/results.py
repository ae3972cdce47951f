"""The outcome of a trim: how samples fire before and after, and what it took to get there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from codesign.studies.drawn_results import DrawnResults
from mapping.calibration.knobs import OFFSET
from mapping.calibration.search import Calibrated
from mapping.yields import Yields, yields, yields_to_json
from neuron_model.analysis.regime_reports import regime_counts, report_to_json
from neuron_model.analysis.regimes import RegimeReport


@dataclass(frozen=True)
class CalibrationOutcome:
    """Samples of one kind (macromodels, or netlists in ngspice).

    before: how each fires with the codes as drawn.
    """

    before: tuple[RegimeReport, ...]
    calibrated: Calibrated

    def yields(self, model: RegimeReport) -> tuple[Yields, Yields]:
        """Of the samples before and after; ``model``: how the one that was trained fires."""
        return yields(model, self.before), yields(model, self.calibrated.reports)


@dataclass(frozen=True, repr=False, kw_only=True)
class CalibrationResults(DrawnResults):
    """All samples of one neuron.

    budget: the most patterns a sample may take. circuit: in ngspice; None where it was not asked
    for.
    """

    budget: int
    macromodel: CalibrationOutcome
    circuit: CalibrationOutcome | None = None

    @property
    def outcomes(self) -> dict[str, CalibrationOutcome]:
        """By who was calibrated."""
        circuit = {"circuit": self.circuit} if self.circuit is not None else {}
        return {"macromodel": self.macromodel, **circuit}

    @property
    def knobs(self) -> tuple[str, ...]:
        """Ports of the lines that were calibrated."""
        return tuple(knob.port for knob in self.macromodel.calibrated.knobs)


def moves(calibrated: Calibrated) -> np.ndarray:
    """How far each knob was moved: relative for currents, millivolt for references, in I0 for the
    offset; (samples, knobs)."""
    columns = []
    for index, knob in enumerate(calibrated.knobs):
        moved = calibrated.values[:, index] - knob.drawn
        if knob.port == OFFSET:
            columns.append(moved / knob.per_unit)
        elif knob.is_reference:
            columns.append(1e3 * moved)
        else:
            columns.append(moved / knob.drawn)
    return np.stack(columns, axis=1)


def results_to_json(study: CalibrationResults) -> dict[str, Any]:
    """A JSON document: yields, measurements and what each sample was set to."""
    return {
        **study.head(len(study.macromodel.before)),
        "knobs": [
            {"port": k.port, "drawn": k.drawn, "low": k.codes[0], "high": k.codes[-1]}
            for k in study.macromodel.calibrated.knobs
        ],
        "budget": {"patterns": study.budget},
        **study.reports(),
        **{who: _outcome(outcome, study.model) for who, outcome in study.outcomes.items()},
    }


def _outcome(outcome: CalibrationOutcome, model: RegimeReport) -> dict[str, Any]:
    calibrated = outcome.calibrated
    before, after = outcome.yields(model)
    ports = [knob.port for knob in calibrated.knobs]
    return {
        "yield": {"before": yields_to_json(before), "after": yields_to_json(after)},
        "regimes": {
            "before": regime_counts(outcome.before),
            "after": regime_counts(calibrated.reports),
        },
        "measurements": {
            "currents": int(calibrated.currents.max()),
            "patterns": {
                "mean": float(calibrated.patterns.mean()),
                "median": float(np.median(calibrated.patterns)),
                "most": int(calibrated.patterns.max()),
            },
        },
        "samples": [
            {
                "sample": sample,
                "patterns": int(calibrated.patterns[sample]),
                "lines": dict(zip(ports, map(float, calibrated.values[sample]), strict=True)),
                "before": report_to_json(outcome.before[sample]),
                "after": report_to_json(calibrated.reports[sample]),
            }
            for sample in range(len(outcome.before))
        ],
    }
