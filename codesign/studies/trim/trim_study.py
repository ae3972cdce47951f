"""The outcome of a trim: how chips fire before and after, and what it took to get there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from codesign.validation.regime_reports import regime_counts, report_to_json
from codesign.validation.yields import Yields, yields, yields_to_json
from mapping.conditions import Conditions
from mapping.trim.knobs import OFFSET
from mapping.trim.trim import Trimmed
from neuron_model.analysis.regimes import Regime, RegimeReport


@dataclass(frozen=True)
class TrimOutcome:
    """Chips of one kind (as-built models, or netlists in ngspice).

    before: how each fires with the codes as drawn.
    """

    before: tuple[RegimeReport, ...]
    trimmed: Trimmed

    def yields(self, model: RegimeReport) -> tuple[Yields, Yields]:
        """Of the chips before and after; ``model``: how the one that was trained fires."""
        return yields(model, self.before), yields(model, self.trimmed.reports)


@dataclass(frozen=True)
class TrimStudy:
    """All chips of one neuron at one corner and temperature (degree Celsius).

    model: how the model that was trained fires. nominal: how the chip as drawn fires. budget: the
    most patterns a chip may take. circuit: in ngspice; None where it was not asked for. process:
    whether chips differ as a whole as well. mismatch_set: the technology's set of coefficients that
    devices were drawn by.
    """

    name: str
    technology: str
    conditions: Conditions
    seed: int
    current: str
    duration: float
    model: RegimeReport
    nominal: RegimeReport
    budget: int
    as_built: TrimOutcome
    circuit: TrimOutcome | None = None
    process: bool = False
    mismatch_set: str = ""

    @property
    def wanted(self) -> Regime:
        """The model's regime."""
        return self.model.regime

    @property
    def outcomes(self) -> dict[str, TrimOutcome]:
        """By who was trimmed."""
        circuit = {"circuit": self.circuit} if self.circuit is not None else {}
        return {"as_built": self.as_built, **circuit}

    @property
    def knobs(self) -> tuple[str, ...]:
        """Ports of the lines that were trimmed."""
        return tuple(knob.port for knob in self.as_built.trimmed.knobs)


def moves(trimmed: Trimmed) -> np.ndarray:
    """How far each knob was moved: relative for currents, millivolt for references, in I0 for the
    offset; (chips, knobs)."""
    columns = []
    for index, knob in enumerate(trimmed.knobs):
        moved = trimmed.values[:, index] - knob.drawn
        if knob.port == OFFSET:
            columns.append(moved / knob.per_unit)
        elif knob.is_reference:
            columns.append(1e3 * moved)
        else:
            columns.append(moved / knob.drawn)
    return np.stack(columns, axis=1)


def trim_study_to_json(study: TrimStudy) -> dict[str, Any]:
    """A JSON document: yields, measurements and what each chip was set to."""
    return {
        "name": study.name,
        "technology": study.technology,
        "corner": study.conditions.corner,
        "temperature": study.conditions.temperature,
        "samples": len(study.as_built.before),
        "seed": study.seed,
        "process": study.process,
        "mismatch_set": study.mismatch_set,
        "current": study.current,
        "duration": study.duration,
        "wanted": study.wanted.value,
        "knobs": [
            {"port": k.port, "drawn": k.drawn, "low": k.codes[0], "high": k.codes[-1]}
            for k in study.as_built.trimmed.knobs
        ],
        "budget": {"patterns": study.budget},
        "model": report_to_json(study.model),
        "nominal": report_to_json(study.nominal),
        **{who: _outcome(outcome, study.model) for who, outcome in study.outcomes.items()},
    }


def _outcome(outcome: TrimOutcome, model: RegimeReport) -> dict[str, Any]:
    trimmed = outcome.trimmed
    before, after = outcome.yields(model)
    ports = [knob.port for knob in trimmed.knobs]
    return {
        "yield": {"before": yields_to_json(before), "after": yields_to_json(after)},
        "regimes": {
            "before": regime_counts(outcome.before),
            "after": regime_counts(trimmed.reports),
        },
        "measurements": {
            "currents": int(trimmed.currents.max()),
            "patterns": {
                "mean": float(trimmed.patterns.mean()),
                "median": float(np.median(trimmed.patterns)),
                "most": int(trimmed.patterns.max()),
            },
        },
        "chips": [
            {
                "sample": sample,
                "patterns": int(trimmed.patterns[sample]),
                "lines": dict(zip(ports, map(float, trimmed.values[sample]), strict=True)),
                "before": report_to_json(outcome.before[sample]),
                "after": report_to_json(trimmed.reports[sample]),
            }
            for sample in range(len(outcome.before))
        ],
    }
