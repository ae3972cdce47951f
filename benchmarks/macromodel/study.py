"""The random neurons at one corner as a study: what is asked of each, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from benchmarks.macromodel.comparison import Comparison
from benchmarks.macromodel.neurons import RandomNeuron, random_neuron
from benchmarks.macromodel.record import (
    CIRCUIT,
    MACROMODEL,
    Finding,
    finding_from_json,
    finding_to_json,
    fingerprints,
)
from circuits.technology import Technology, nominal_corner
from codesign.building.circuit import Circuit, assemble, default_choices
from codesign.studies.identity import JSON
from codesign.studies.study import Asked, Point, Study, Task
from codesign.validation.close_calls import firing_close_calls
from codesign.validation.validate import circuit_regime, supply
from codesign.workbench import Workbench
from mapping.characteristics import CellCharacteristics
from mapping.conditions import NOMINAL_TEMPERATURE, Conditions
from mapping.design import NeuronDesign
from mapping.estimates import static_power
from mapping.macromodel import Macromodel
from mapping.mapper import map_neuron
from netlists.accuracy import FAST_ERROR, Accuracy
from netlists.neuron_benches import response
from neuron_model.analysis.rhythm import at_boundary, model_regime, perturbations
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters


def drawn_neurons(
    technology: Technology, tools: Workbench, seed: int, indices: Sequence[int]
) -> tuple[RandomNeuron, ...]:
    """Neurons ``indices`` of ``seed``, mapped at the nominal corner, 27 °C."""
    corner = nominal_corner(technology)
    measured = tools.cells(technology, Conditions(corner, NOMINAL_TEMPERATURE))

    def design(parameters: NeuronParameters, capacitance: float) -> NeuronDesign:
        choices = replace(default_choices(technology), membrane_capacitance=capacitance)
        return map_neuron(parameters, measured, technology.limits, choices)

    return tuple(random_neuron(seed, index, design) for index in indices)


@dataclass(frozen=True)
class FiringTask(Task):
    """How a random neuron fires by its macromodel or in ngspice, and what it draws.

    technology, corner: that the record is of, in words. What a finding depends on is its point's
    key: what ngspice found stays valid when macromodels change.
    """

    version: ClassVar[int] = 1

    technology: str
    corner: str
    described: Technology = field(metadata={"identity": False})
    cells: CellCharacteristics = field(metadata={"identity": False})
    neurons: tuple[RandomNeuron, ...] = field(metadata={"identity": False})

    def __call__(self, point: Point, tools: Workbench) -> JSON:
        """A finding. A point's values: ``neuron``, its place; ``accuracy`` of ngspice, None by
        the macromodel; ``nearby``, which perturbed drive, None for its own."""
        accuracy, nearby = point.values["accuracy"], point.values["nearby"]
        one = self.neurons[point.values["neuron"]]
        built = self.circuit(one, Accuracy(accuracy) if accuracy else None)
        drive = perturbations(built.predicted, one.drive)[nearby] if nearby else one.drive
        found = simulated(built, tools, drive) if accuracy else predicted(built, drive)
        return finding_to_json(found)

    def circuit(self, one: RandomNeuron, accuracy: Accuracy | None = None) -> Circuit:
        """Of a neuron; with benches of this accuracy."""
        built = assemble(one.parameters, Macromodel(one.design, self.cells), self.described)
        return replace(built, benches=built.benches.at(accuracy)) if accuracy else built


def predicted(built: Circuit, drive: Drive) -> Finding:
    """What parameters of the macromodel say."""
    power = static_power(built.macromodel)
    return Finding(model_regime(built.predicted, drive), power, power)


def simulated(built: Circuit, tools: Workbench, drive: Drive) -> Finding:
    """What ngspice says."""
    stimulus = drive.stimulus
    bench = built.benches.transient(
        np.array(stimulus.times), np.array(stimulus.values), drive.duration
    )
    run = response(tools.engine.run(bench), built.design)
    report = circuit_regime(built, run, drive.onset)
    drawn = supply(built, run, report, drive)
    return Finding(report, drawn.static_power, drawn.mean_power)


def firing_study(task: FiringTask) -> Study:
    """The study of all neurons at a corner, told as a loop (:func:`compared`)."""
    where = f"{task.technology}, {task.corner}"
    return Study("macromodel_benchmark", None, task, label=f"random neurons on {where}")


def compared(
    task: FiringTask, asked: Asked, accuracy: Accuracy = Accuracy.TIGHT, recorded: bool = False
) -> list[Comparison]:
    """Each neuron, or those alone that ngspice was asked of before (``recorded``)."""
    places = range(len(task.neurons))
    first = {place: _circuit(task, place, accuracy.first) for place in places}
    chosen = [p for p in places if not recorded or first[p].key in asked.known]
    models = {place: list(_by_macromodel(task, place)) for place in chosen}
    wanted = [point for p in chosen for point in (*models[p], first[p])]
    asked(list({point.key: point for point in wanted}.values()))
    taken = {place: (accuracy.first, first[place]) for place in chosen}
    if accuracy.repeats:
        tight = {
            place: (Accuracy.TIGHT, _circuit(task, place, Accuracy.TIGHT))
            for place in chosen
            if _hangs(task, asked, place, models[place], first[place])
        }
        asked([point for _, point in tight.values()])
        taken |= tight
    return [_comparison(task, asked, p, models[p], *taken[p], accuracy) for p in chosen]


def _by_macromodel(task: FiringTask, place: int) -> Iterator[Point]:
    """The neuron's own drive, then its perturbations."""
    one = task.neurons[place]
    built = task.circuit(one)
    drives: list[tuple[str | None, Drive]] = [(None, one.drive)]
    drives += perturbations(built.predicted, one.drive).items()
    for nearby, drive in drives:
        values = {"neuron": place, "accuracy": None, "nearby": nearby}
        yield Point(fingerprints(built, drive)[MACROMODEL], values)


def _circuit(task: FiringTask, place: int, accuracy: Accuracy) -> Point:
    one = task.neurons[place]
    key = fingerprints(task.circuit(one, accuracy), one.drive)[CIRCUIT]
    return Point(key, {"neuron": place, "accuracy": accuracy.value, "nearby": None})


def _hangs(
    task: FiringTask, asked: Asked, place: int, models: Sequence[Point], circuit: Point
) -> bool:
    """Whether a verdict hangs on how exactly it was simulated."""
    one = task.neurons[place]
    macromodel, *nearby = (_finding(asked, point).report for point in models)
    model = model_regime(one.parameters, one.drive)
    found = _finding(asked, circuit).report
    close = firing_close_calls(model, macromodel, found, False, FAST_ERROR)
    return any(close) or at_boundary(macromodel, tuple(nearby))


def _comparison(
    task: FiringTask,
    asked: Asked,
    place: int,
    models: Sequence[Point],
    taken: Accuracy,
    circuit: Point,
    accuracy: Accuracy,
) -> Comparison:
    one = task.neurons[place]
    macromodel, *nearby = (_finding(asked, point) for point in models)
    tight = _circuit(task, place, Accuracy.TIGHT)
    is_known = accuracy is not Accuracy.TIGHT and tight.key in asked.known
    return Comparison(
        one.parameters.name,
        macromodel,
        _finding(asked, circuit),
        one.drive,
        one.design.time_unit,
        tuple(each.report for each in nearby),
        model_regime(one.parameters, one.drive),
        taken,
        _finding(asked, tight) if is_known else None,
    )


def _finding(asked: Asked, point: Point) -> Finding:
    (found,) = asked([point])
    return finding_from_json(found)
