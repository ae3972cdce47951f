"""Which designs a refinement simulates: each follows from what was seen of those before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from codesign.building.mapped_neuron import MappedNeuron
from codesign.studies import identity
from codesign.studies.refinement.results import Iteration, Refinement, best_of, errors_of
from codesign.studies.refinement.task import RefinementTask
from codesign.studies.study import Asked, Point
from codesign.validation.validation import validation_from_json
from mapping.calibration.identification import ClampCurves
from mapping.design import NeuronDesign, designs_to_json
from mapping.macromodel import Macromodel
from mapping.mapper import MappingChoices, map_neuron
from mapping.refinement import (
    CLAMP,
    Correction,
    Observation,
    added,
    aim,
    correction,
    named_after,
    residual,
    slower,
    timed,
)
from neuron_model.analysis.rhythm import model_regime
from neuron_model.analysis.verdicts import timing
from neuron_model.model.parameters import NeuronParameters

LEAST_GAIN = 0.02
"""An iteration that takes less than this share off the error is no improvement."""
SMALLEST_SHARE = 0.25
"""A correction smaller than this share of the whole is not tried."""

Told = Callable[[Sequence[Iteration]], None]


@dataclass(frozen=True)
class Ends:
    """When a refinement stops.

    goal: largest error, of what a validation allows. iterations: how many at most.
    """

    goal: float = 1.0
    iterations: int = 8


ENDS = Ends()
"""Unless told."""


def refined(
    loop: RefinementLoop, choices: MappingChoices, ends: Ends = ENDS, told: Told | None = None
) -> Refinement:
    """Simulate, correct and simulate again until the goal is met or nothing improves any more."""
    neuron, goal = loop.neuron, ends.goal
    nominal = neuron.design
    iterations: list[Iteration] = []
    reason = f"{ends.iterations} iterations were made"
    known, share = Correction(), 1.0

    def add(what: str, step: float, applied: Correction, design: NeuronDesign) -> bool:
        made = loop.simulated(what, step, applied, design, known)
        better = not iterations or _better(made, best_of(iterations))
        iterations.append(replace(made, accepted=better))
        if told:
            told(iterations)
        return better

    add("mapped", 1.0, Correction(), nominal)
    known = loop.missed(best_of(iterations))
    if neuron.conditions != nominal.conditions and not iterations[0].meets(goal):
        here = loop.mapped(neuron.parameters, nominal, choices)
        if add("mapped on the cells as they are here", 1.0, Correction(), here):
            known = loop.missed(best_of(iterations))
    while not best_of(iterations).meets(goal) and len(iterations) < ends.iterations:
        best = best_of(iterations)
        applied = loop.next_correction(best, share)
        if add("corrected", share, applied, loop.mapped_for(applied, nominal, choices)):
            known = loop.missed(best_of(iterations))
            continue
        share /= 2
        if share < SMALLEST_SHARE:
            reason = "the improvement stopped"
            break
    if best_of(iterations).meets(goal):
        reason = "it passes" if goal >= 1 else f"every error is below {goal:g} of what is allowed"
    return Refinement(
        name=neuron.parameters.name,
        technology=neuron.technology.name,
        conditions=neuron.conditions,
        goal=goal,
        iterations=tuple(iterations),
        reason=reason,
    )


def _better(made: Iteration, best: Iteration) -> bool:
    if made.validation.passed != best.validation.passed:
        return made.validation.passed
    return made.error < best.error * (1 - LEAST_GAIN)


@dataclass(frozen=True, eq=False)
class RefinementLoop:
    """A neuron, the task of its circuits, and what asks for a simulation."""

    neuron: MappedNeuron
    task: RefinementTask
    asked: Asked

    def simulated(
        self,
        what: str,
        share: float,
        applied: Correction,
        design: NeuronDesign,
        known: Correction,
    ) -> Iteration:
        """A design in ngspice, or as the record has it."""
        values = {"design": designs_to_json([design]), "known": asdict(known)}
        content: Any
        (content,) = self.asked([Point(identity.key([design, known]), values)])
        validation = validation_from_json(content["validation"]).neurons[0]
        curves = ClampCurves(CLAMP, np.array([content["total"]]), np.array([content["blocks"]]))
        return Iteration(what, share, applied, design, validation, errors_of(validation), curves)

    def missed(self, best: Iteration) -> Correction:
        """What parameters of the macromodel missed of the best circuit."""
        built = self.task.built(best.design, Correction()).predicted
        # the validation's macromodel may have been corrected: anew, with this one
        report, circuit = model_regime(built, self.neuron.drive), best.validation.circuit
        compared, same = timing(report, circuit), report.regime == circuit.regime
        seen = Observation(
            best.curves,
            _one_more(compared.isi_error) if same else None,
            _one_more(compared.ibi_error) if same else None,
        )
        return correction(best.design, built, seen)

    def next_correction(self, best: Iteration, share: float) -> Correction:
        """The best one's, moved by ``share`` of what was seen of its circuit."""
        against, same = best.validation.against_model, best.validation.regimes_match
        shaped = best.validation.circuit_shaped and same and not best.validation.driven
        seen = Observation(
            best.curves,
            _one_more(against.isi_error) if shaped else None,
            _one_more(against.ibi_error) if shaped else None,
        )
        errors = {
            c.timescale: np.interp(CLAMP, c.voltage, c.circuit - c.model)
            for c in best.validation.iv
        }
        return slower(added(best.applied, residual(self._model, errors), share), seen, share)

    @property
    def _model(self) -> NeuronParameters:
        """With the elements of the design."""
        model = self.neuron.model
        return replace(model, elements=tuple(e for e in model.elements if e.alpha != 0))

    def mapped(
        self, parameters: NeuronParameters, nominal: NeuronDesign, choices: MappingChoices
    ) -> NeuronDesign:
        """Mapped on the cells at the conditions of the simulation: the same I0, and a capacitor
        that leaves a unit of time as many seconds."""
        limits = self.neuron.technology.limits
        fixed = replace(
            choices,
            unit_current=nominal.unit_current,
            membrane_capacitance=nominal.membrane_capacitance,
        )
        first = map_neuron(parameters, self.task.measured, limits, replace(fixed, generator=None))
        scaled = nominal.membrane_capacitance * nominal.time_unit / first.time_unit
        low, high = limits.capacitance
        fixed = replace(fixed, membrane_capacitance=min(max(scaled, low), high))
        return map_neuron(parameters, self.task.measured, limits, fixed)

    def mapped_for(
        self, applied: Correction, nominal: NeuronDesign, choices: MappingChoices
    ) -> NeuronDesign:
        """Mapped so that a circuit which is off by ``applied`` comes out as the model."""
        model = self._model
        design = named_after(self.mapped(aim(model, applied), nominal, choices), model)
        return timed(Macromodel(design, self.task.measured), applied, self.neuron.technology.limits)


def _one_more(error: float | None) -> float | None:
    return None if error is None else 1 + error
