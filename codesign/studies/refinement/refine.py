"""ngspice in the loop: a neuron is simulated, corrected and simulated again until it passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from codesign.building.circuit import Circuit, assemble, default_choices
from codesign.building.mapped_neuron import MappedNeuron
from codesign.studies import identity
from codesign.studies.record import Record, RecordHead
from codesign.validation.rhythm import model_regime
from codesign.validation.validate import DrivenCircuit, validate
from codesign.validation.validation import (
    NeuronValidation,
    Validation,
    is_current,
    validation_from_json,
    validation_to_json,
)
from codesign.validation.verdicts import IV_LIMIT, timing
from codesign.workbench import Workbench
from mapping.calibration.identification import ClampCurves
from mapping.characteristics import CellCharacteristics
from mapping.conditions import Conditions
from mapping.design import NeuronDesign
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
from netlists.accuracy import Accuracy
from netlists.bench import Bench, Step
from netlists.engine import Result
from netlists.mismatch_benches import line_settings
from netlists.neuron_benches import clamp_current
from neuron_model.model.parameters import NeuronParameters, Timescale
from neuron_model.shown import Shown, counted

LEAST_GAIN = 0.02
"""An iteration that takes less than this share off the error is no improvement."""
SMALLEST_SHARE = 0.25
"""A correction smaller than this share of the whole is not tried."""
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
        return [i for i in self.iterations if i.accepted][-1]

    @property
    def passed(self) -> bool:
        """Whether the best one meets the goal."""
        return self.best.meets(self.goal)


def errors_of(validation: NeuronValidation) -> dict[str, float]:
    """Each error over what a validation allows; the rhythm's where the model is circuit-shaped."""
    errors = {f"iv_{c.timescale}": c.nrmse / IV_LIMIT for c in validation.iv}
    if not validation.driven:
        errors["regime"] = 0.0 if validation.regimes_match else _WRONG_REGIME
    if validation.circuit_shaped and not validation.driven:
        errors |= {d.quantity: d.used for d in validation.verdicts["model"].deviations}
    return errors


@dataclass(frozen=True)
class Ends:
    """When a refinement stops.

    goal: largest error, of what a validation allows. iterations: how many at most.
    """

    goal: float = 1.0
    iterations: int = 8


_ENDS = Ends()


def refine(
    neuron: MappedNeuron,
    workbench: Workbench,
    choices: MappingChoices | None = None,
    ends: Ends = _ENDS,
    record: Path | None = None,
    told: Callable[[Sequence[Iteration]], None] | None = None,
    accuracy: Accuracy = Accuracy.AUTO,
) -> Refinement:
    """Simulate a neuron, and correct its design until it meets the goal.

    The first design is that of ``neuron``; the second, where that was mapped under other
    conditions, is mapped on the cells as they are here. From then on what ngspice shows is taken
    out: see :mod:`mapping.refinement`. A correction that does not help is halved.

    Args:
        neuron: one, with the conditions of the simulation and the drive by which it is judged.
        workbench: ngspice, and who is told of simulations.
        choices: by which it was mapped.
        ends: when to stop.
        record: file that keeps each simulation; a loop that was stopped is resumed from it.
        told: called with all iterations after each one.
        accuracy: of the responses.

    Raises:
        InputError: the neuron does not fit, or the record is of something else.
        SimulatorError: a circuit could not be simulated.
    """
    choices = choices or default_choices(neuron.technology)
    cells = workbench.cells(neuron.technology, neuron.conditions)
    with Record.opened(record, _head(neuron, cells, accuracy)) as known:
        return _refined(_Loop(neuron, cells, workbench, known, accuracy), choices, ends, told)


def _refined(
    loop: _Loop,
    choices: MappingChoices,
    ends: Ends,
    told: Callable[[Sequence[Iteration]], None] | None,
) -> Refinement:
    neuron, goal = loop.neuron, ends.goal
    nominal = neuron.design
    iterations: list[Iteration] = []
    reason = f"{ends.iterations} iterations were made"
    known, share = Correction(), 1.0

    def add(what: str, step: float, applied: Correction, design: NeuronDesign) -> bool:
        made = loop.simulated(what, step, applied, design, known)
        better = not iterations or _better(made, _best(iterations))
        iterations.append(replace(made, accepted=better))
        if told:
            told(iterations)
        return better

    add("mapped", 1.0, Correction(), nominal)
    known = loop.missed(_best(iterations))
    if neuron.conditions != nominal.conditions and not iterations[0].meets(goal):
        here = loop.mapped(neuron.parameters, nominal, choices)
        if add("mapped on the cells as they are here", 1.0, Correction(), here):
            known = loop.missed(_best(iterations))
    while not _best(iterations).meets(goal) and len(iterations) < ends.iterations:
        best = _best(iterations)
        applied = loop.next_correction(best, share)
        if add("corrected", share, applied, loop.mapped_for(applied, nominal, choices)):
            known = loop.missed(_best(iterations))
            continue
        share /= 2
        if share < SMALLEST_SHARE:
            reason = "the improvement stopped"
            break
    if _best(iterations).meets(goal):
        reason = "it passes" if goal >= 1 else f"every error is below {goal:g} of what is allowed"
    return Refinement(
        name=neuron.parameters.name,
        technology=neuron.technology.name,
        conditions=neuron.conditions,
        goal=goal,
        iterations=tuple(iterations),
        reason=reason,
    )


def _best(iterations: Sequence[Iteration]) -> Iteration:
    return [i for i in iterations if i.accepted][-1]


def _better(made: Iteration, best: Iteration) -> bool:
    if made.validation.passed != best.validation.passed:
        return made.validation.passed
    return made.error < best.error * (1 - LEAST_GAIN)


@dataclass(frozen=True, eq=False)
class _Loop:
    neuron: MappedNeuron
    cells: CellCharacteristics
    workbench: Workbench
    record: Record
    accuracy: Accuracy

    def simulated(
        self,
        what: str,
        share: float,
        applied: Correction,
        design: NeuronDesign,
        known: Correction,
    ) -> Iteration:
        """A design in ngspice, or as the record has it."""
        built = self._built(design, known)
        key = identity.key([design, known])
        content: Any = self.record.entries.get(key)
        # a record of another version's validation is made anew
        if content is None or not is_current(content["validation"]):
            content = self.record.add(key, self._run(built))
        validation = validation_from_json(content["validation"]).neurons[0]
        curves = ClampCurves(CLAMP, np.array([content["total"]]), np.array([content["blocks"]]))
        return Iteration(what, share, applied, design, validation, errors_of(validation), curves)

    def missed(self, best: Iteration) -> Correction:
        """What parameters of the macromodel missed of the best circuit."""
        built = self._built(best.design, Correction()).predicted
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
        first = map_neuron(parameters, self.cells, limits, replace(fixed, generator=None))
        scaled = nominal.membrane_capacitance * nominal.time_unit / first.time_unit
        low, high = limits.capacitance
        fixed = replace(fixed, membrane_capacitance=min(max(scaled, low), high))
        return map_neuron(parameters, self.cells, limits, fixed)

    def mapped_for(
        self, applied: Correction, nominal: NeuronDesign, choices: MappingChoices
    ) -> NeuronDesign:
        """Mapped so that a circuit which is off by ``applied`` comes out as the model."""
        model = self._model
        design = named_after(self.mapped(aim(model, applied), nominal, choices), model)
        return timed(Macromodel(design, self.cells), applied, self.neuron.technology.limits)

    def _built(self, design: NeuronDesign, known: Correction) -> Circuit:
        built = assemble(self.neuron.model, design, self.neuron.technology, self.cells)
        return replace(built, correction=known)

    def _run(self, built: Circuit) -> dict[str, Any]:
        found = validate([DrivenCircuit(built, self.neuron.drive)], self.workbench, self.accuracy)
        whole = Validation(self.neuron.technology.name, built.conditions, found)
        clamp = self.workbench.engine.run(clamp_bench(built))
        total, blocks = clamp_curves(clamp, built)
        return {
            "validation": validation_to_json(whole),
            "total": total.tolist(),
            "blocks": blocks.tolist(),
        }


def _head(neuron: MappedNeuron, cells: CellCharacteristics, accuracy: Accuracy) -> RecordHead:
    """Of a record. The design is not part of it: each one that is simulated has its own entry."""
    decides = {
        "parameters": neuron.parameters,
        "drive": neuron.drive,
        "technology": neuron.technology,
        "conditions": neuron.conditions,
        "cells": cells.fingerprint,
        "tolerances": accuracy.identity,
    }
    return RecordHead("refine", 1, identity.content(decides))


def _one_more(error: float | None) -> float | None:
    return None if error is None else 1 + error


def clamp_bench(built: Circuit) -> Bench:
    """The steady curve at CLAMP with all blocks on, and with each element's bias off."""
    low, high, step = float(CLAMP[0]), float(CLAMP[-1]), float(CLAMP[1] - CLAMP[0])
    bench = built.benches.iv(
        Timescale.ULTRASLOW, low, high, step, float(built.parameters[0].u_rest)
    )
    steps: list[Step] = [*bench.analyses]
    for a in built.design.elements:
        steps += line_settings({f"ib_{a.name}": 0.0})
        steps += bench.analyses
        steps += line_settings({f"ib_{a.name}": a.bias_current})
    return replace(bench, analyses=tuple(steps))


def clamp_curves(result: Result, built: Circuit) -> tuple[np.ndarray, np.ndarray]:
    """(total (points,), blocks (elements, points)) of a :func:`clamp_bench`, in I0."""
    total, *without = [clamp_current(wave, built.design) for wave in result.waveforms]
    return total, np.stack([total - each for each in without])
