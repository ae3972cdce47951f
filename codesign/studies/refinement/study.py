"""ngspice in the loop as a study: a neuron is simulated, corrected and simulated again."""

from __future__ import annotations

from pathlib import Path

from codesign.building.circuit import default_choices
from codesign.building.mapped_neuron import MappedNeuron
from codesign.studies.executors.executor import Executor
from codesign.studies.refinement.plan import ENDS, Ends, RefinementLoop, Told, refined
from codesign.studies.refinement.results import Refinement
from codesign.studies.refinement.task import RefinementTask
from codesign.studies.study import Asked, Results, Study, converse
from codesign.validation.validation import VALIDATION
from mapping.mapper import MappingChoices
from netlists.accuracy import Accuracy


def refinement_study(task: RefinementTask) -> Study:
    """The study of a neuron, told as a loop: each design that is simulated is a point."""
    return Study("refinement", None, task, {"validation": VALIDATION.version})


def study_refinement(
    neuron: MappedNeuron,
    executor: Executor,
    choices: MappingChoices | None = None,
    ends: Ends = ENDS,
    accuracy: Accuracy = Accuracy.AUTO,
    record: Path | None = None,
    told: Told | None = None,
) -> tuple[Results, Refinement | None]:
    """Simulate a neuron, and correct its design until it meets the goal; None where a signal
    stopped it.

    The first design is that of ``neuron``; the second, where that was mapped under other
    conditions, is mapped on the cells as they are here. From then on what ngspice shows is taken
    out: see :mod:`mapping.refinement`. A correction that does not help is halved.

    Args:
        neuron: one, with the conditions of the simulation and the drive by which it is judged.
        executor: that is open.
        choices: by which it was mapped.
        ends: when to stop.
        accuracy: of the responses.
        record: file that keeps each simulation; a loop that was stopped is resumed from it.
        told: called with all iterations after each one.

    Raises:
        InputError: the neuron does not fit, or the record is of something else.
        SimulatorError: a circuit could not be simulated.
    """
    chosen = choices or default_choices(neuron.technology)
    cells = executor.tools.cells(neuron.technology, neuron.conditions)
    task = RefinementTask.of(neuron, cells, accuracy)

    def loop(asked: Asked) -> Refinement:
        return refined(RefinementLoop(neuron, task, asked), chosen, ends, told)

    return converse(refinement_study(task), loop, executor, record)
