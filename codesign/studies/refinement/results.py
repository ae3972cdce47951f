"""What a refinement found: its iterations, and why it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from codesign.validation.validation import NeuronValidation
from mapping.calibration.identification import ClampCurves
from mapping.conditions import Conditions
from mapping.design import NeuronDesign
from mapping.refinement import Correction
from neuron_model.analysis.verdicts import IV_LIMIT
from neuron_model.shown import Shown, counted

_WRONG_REGIME = 10.0


@dataclass(frozen=True, eq=False)
class Iteration:
    """One design, as ngspice found it.

    what: how it came about. applied: by what its circuit was expected to be off. error: root mean
    square of ``errors``, each over what a validation allows. accepted: whether it was
    the best so far.
    """

    what: str
    share: float
    applied: Correction
    design: NeuronDesign
    validation: NeuronValidation
    errors: dict[str, float]
    curves: ClampCurves
    accepted: bool = True

    @property
    def error(self) -> float:
        """Over all of them; 1 is where a validation begins to fail."""
        return float(np.sqrt(np.mean(np.square(list(self.errors.values())))))

    def meets(self, goal: float) -> bool:
        """Whether it passes and no error is above ``goal``."""
        return self.validation.passed and max(self.errors.values()) <= goal


@dataclass(frozen=True, eq=False, repr=False)
class Refinement(Shown):
    """All iterations of one neuron; reason: why it ended."""

    name: str
    technology: str
    conditions: Conditions
    goal: float
    iterations: tuple[Iteration, ...]
    reason: str

    def _brief(self) -> str:
        verdict = "passed" if self.passed else "not passed"
        runs = counted(len(self.iterations), "iteration")
        return f"{self.name} on {self.technology}, {self.conditions}: {runs}, {verdict}"

    @property
    def best(self) -> Iteration:
        """The last one that was accepted."""
        return best_of(self.iterations)

    @property
    def passed(self) -> bool:
        """Whether the best one meets the goal."""
        return self.best.meets(self.goal)


def best_of(iterations: Sequence[Iteration]) -> Iteration:
    """The last one that was accepted."""
    return [i for i in iterations if i.accepted][-1]


def errors_of(validation: NeuronValidation) -> dict[str, float]:
    """Each error over what a validation allows; the rhythm's where the model is circuit-shaped."""
    errors = {f"iv_{c.timescale}": c.nrmse / IV_LIMIT for c in validation.iv}
    if not validation.driven:
        errors["regime"] = 0.0 if validation.regimes_match else _WRONG_REGIME
    if validation.circuit_shaped and not validation.driven:
        errors |= {d.quantity: d.used for d in validation.verdicts["model"].deviations}
    return errors


def refinement_to_json(refinement: Refinement) -> dict[str, Any]:
    """All iterations of a neuron, without curves."""
    return {
        "name": refinement.name,
        "technology": refinement.technology,
        "corner": refinement.conditions.corner,
        "temperature": refinement.conditions.temperature,
        "goal": refinement.goal,
        "reason": refinement.reason,
        "passed": refinement.passed,
        "error": {
            "before": refinement.iterations[0].error,
            "after": refinement.best.error,
        },
        "iterations": [iteration_to_json(i) for i in refinement.iterations],
    }


def iteration_to_json(i: Iteration) -> dict[str, Any]:
    """One of them."""
    found = i.validation
    return {
        "design": i.what,
        "share": i.share,
        "error": i.error,
        "errors": i.errors,
        "accepted": i.accepted,
        "passed": found.passed,
        "reasons": list(found.reasons),
        "iv": {c.timescale.value: c.nrmse for c in found.iv},
        "regime": {"model": found.model.regime.value, "circuit": found.circuit.regime.value},
        "timing": {
            "model": asdict(found.against_model),
            "macromodel": asdict(found.against_macromodel),
        },
    }
