"""ngspice in the loop: a neuron is simulated, corrected and simulated again until it passes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from circuits.technology import Technology
from codesign.measured_record import MeasuredRecord
from codesign.validation import (
    NeuronValidation,
    Validation,
    is_current,
    validation_from_json,
    validation_to_json,
)
from codesign.verdicts import IV_LIMIT, timing
from codesign.workflows.characterize import characterize
from codesign.workflows.circuit import (
    BuiltNeuron,
    assemble,
    default_choices,
    design_neuron,
    nominal_corner,
)
from codesign.workflows.rhythm import model_regime
from codesign.workflows.validate import Task, validate
from mapping.characteristics import CellCharacteristics
from mapping.design import NeuronDesign, designs_to_json
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
from mapping.trim.identification import ClampCurves
from netlists.accuracy import Accuracy
from netlists.bench import Bench, Step
from netlists.engine import Engine, Result
from netlists.mismatch_benches import line_settings
from netlists.neuron_benches import clamp_current
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters, Timescale
from neuron_model.progress import Progress

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


@dataclass(frozen=True, eq=False)
class Refinement:
    """All iterations of one neuron; reason: why it ended."""

    name: str
    technology: str
    corner: str
    temperature: float
    goal: float
    iterations: tuple[Iteration, ...]
    reason: str

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


def refine(
    parameters: NeuronParameters,
    technology: Technology,
    engine: Engine,
    drive: Drive,
    corner: str | None = None,
    temperature: float = 27.0,
    choices: MappingChoices | None = None,
    goal: float = 1.0,
    most: int = 8,
    record: Path | None = None,
    progress: Progress | None = None,
    told: Callable[[Sequence[Iteration]], None] | None = None,
    accuracy: Accuracy = Accuracy.AUTO,
) -> Refinement:
    """Map a neuron, simulate it, and correct the design until it meets ``goal``.

    The first design is the mapping's, at the nominal corner and 27 degC; the second, elsewhere, is
    mapped on the cells as they are there. From then on what ngspice shows is taken out: see
    :mod:`mapping.refinement`. A correction that does not help is halved.

    Args:
        parameters: one neuron.
        technology: to build on.
        engine: ngspice.
        drive: by which it is judged.
        corner, temperature: of the simulation.
        choices: of the mapping.
        goal: largest error, of what a validation allows.
        most: iterations.
        record: file that keeps each simulation; a loop that was stopped goes on from it.
        progress: of simulations.
        told: called with all iterations after each one.
        accuracy: of the responses.

    Raises:
        InputError: the neuron does not fit, or the record is of something else.
        SimulatorError: a circuit could not be simulated.
    """
    corner = corner or nominal_corner(technology)
    choices = choices or default_choices(technology)
    nominal = design_neuron(parameters, technology, engine, progress, choices)
    measured = characterize(technology, corner, temperature, engine, progress)
    loop = _Loop(parameters[0], technology, engine, drive, measured, record, progress, accuracy)
    iterations: list[Iteration] = []
    reason = f"{most} iterations were made"
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
    elsewhere = (corner, temperature) != (nominal.corner, nominal.temperature)
    if elsewhere and not iterations[0].meets(goal):
        here = loop.mapped(parameters, nominal, choices)
        if add("mapped on the cells as they are here", 1.0, Correction(), here):
            known = loop.missed(_best(iterations))
    while not _best(iterations).meets(goal) and len(iterations) < most:
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
        parameters.name, technology.name, corner, temperature, goal, tuple(iterations), reason
    )


def _best(iterations: Sequence[Iteration]) -> Iteration:
    return [i for i in iterations if i.accepted][-1]


def _better(made: Iteration, best: Iteration) -> bool:
    if made.validation.passed != best.validation.passed:
        return made.validation.passed
    return made.error < best.error * (1 - LEAST_GAIN)


@dataclass(frozen=True, eq=False)
class _Loop:
    parameters: NeuronParameters
    technology: Technology
    engine: Engine
    drive: Drive
    measured: CellCharacteristics
    record: Path | None
    progress: Progress | None
    accuracy: Accuracy

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", MeasuredRecord(self.record, self._fingerprint()))

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
        key = hashlib.sha256(
            json.dumps([designs_to_json([design]), asdict(known)]).encode()
        ).hexdigest()
        records: MeasuredRecord = self._known  # type: ignore[attr-defined]
        # a record of another version's validation is made anew
        if key not in records or not is_current(records[key]["validation"]):
            records.add(key, self._run(built))
        content = records[key]
        validation = validation_from_json(content["validation"]).neurons[0]
        curves = ClampCurves(CLAMP, np.array([content["total"]]), np.array([content["blocks"]]))
        return Iteration(what, share, applied, design, validation, errors_of(validation), curves)

    def missed(self, best: Iteration) -> Correction:
        """What as-built parameters missed of the best circuit."""
        built = self._built(best.design, Correction()).as_built
        # the validation's as-built model may have been corrected: anew, with this one
        report, circuit = model_regime(built, self.drive), best.validation.circuit
        compared, same = timing(report, circuit), report.regime == circuit.regime
        seen = Observation(
            best.curves,
            _one_more(compared.interval_error) if same else None,
            _one_more(compared.pause_error) if same else None,
        )
        return correction(best.design, built, seen)

    def next_correction(self, best: Iteration, share: float) -> Correction:
        """The best one's, moved by ``share`` of what was seen of its circuit."""
        against, same = best.validation.against_model, best.validation.regimes_match
        shaped = best.validation.circuit_shaped and same and not best.validation.driven
        seen = Observation(
            best.curves,
            _one_more(against.interval_error) if shaped else None,
            _one_more(against.pause_error) if shaped else None,
        )
        errors = {
            c.timescale: np.interp(CLAMP, c.voltage, c.circuit - c.model)
            for c in best.validation.iv
        }
        return slower(added(best.applied, residual(self._model, errors), share), seen, share)

    @property
    def _model(self) -> NeuronParameters:
        """With the elements of the design."""
        elements = tuple(e for e in self.parameters.elements if e.alpha != 0)
        return replace(self.parameters, elements=elements)

    def mapped(
        self, parameters: NeuronParameters, nominal: NeuronDesign, choices: MappingChoices
    ) -> NeuronDesign:
        """Mapped on the cells at the conditions of the simulation: the same I0, and a capacitor
        that leaves a unit of time as many seconds."""
        limits = self.technology.limits
        fixed = replace(
            choices,
            unit_current=nominal.unit_current,
            membrane_capacitance=nominal.membrane_capacitance,
        )
        first = map_neuron(parameters, self.measured, limits, replace(fixed, generator=None))
        scaled = nominal.membrane_capacitance * nominal.time_unit / first.time_unit
        low, high = limits.capacitance
        fixed = replace(fixed, membrane_capacitance=min(max(scaled, low), high))
        return map_neuron(parameters, self.measured, limits, fixed)

    def mapped_for(
        self, applied: Correction, nominal: NeuronDesign, choices: MappingChoices
    ) -> NeuronDesign:
        """Mapped so that a circuit which is off by ``applied`` comes out as the model."""
        model = self._model
        design = named_after(self.mapped(aim(model, applied), nominal, choices), model)
        return timed(design, applied, self.measured, self.technology.limits)

    def _built(self, design: NeuronDesign, known: Correction) -> BuiltNeuron:
        built = assemble(self.parameters, design, self.technology, self.measured)
        return replace(built, as_built=known.applied(built.as_built))

    def _run(self, built: BuiltNeuron) -> dict[str, Any]:
        found = validate([Task(built, self.drive)], self.engine, self.progress, self.accuracy)
        whole = Validation(self.technology.name, built.corner, built.temperature, found)
        clamp = self.engine.run(clamp_bench(built))
        total, blocks = clamp_curves(clamp, built)
        return {
            "validation": validation_to_json(whole),
            "total": total.tolist(),
            "blocks": blocks.tolist(),
        }

    def _fingerprint(self) -> str:
        content = [
            [list(map(str, pair)) for pair in self.parameters.named_values()],
            [list(x) for x in (self.drive.stimulus.times, self.drive.stimulus.values)],
            self.drive.duration,
            self.measured.fingerprint,
            [self.measured.corner, self.measured.temperature],
            self.accuracy.identity,
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _one_more(error: float | None) -> float | None:
    return None if error is None else 1 + error


def clamp_bench(built: BuiltNeuron) -> Bench:
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


def clamp_curves(result: Result, built: BuiltNeuron) -> tuple[np.ndarray, np.ndarray]:
    """(total (points,), blocks (elements, points)) of a :func:`clamp_bench`, in I0."""
    total, *without = [clamp_current(wave, built.design) for wave in result.waveforms]
    return total, np.stack([total - each for each in without])
