"""Monte Carlo samples of a neuron as a study: predicted and, where it is asked, simulated."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from codesign.studies.executors.executor import Executor
from codesign.studies.identity import JSON
from codesign.studies.mismatch.drawn_neuron import DrawnNeuron
from codesign.studies.mismatch.plan import MismatchPlan, samples_of
from codesign.studies.mismatch.results import MismatchResults, Sample
from codesign.studies.mismatch.task import MismatchTask
from codesign.studies.sample_reports import LONGER
from codesign.studies.study import Results, Study, complete
from codesign.terminal.interruption import Interruption
from netlists.accuracy import Accuracy
from neuron_model.analysis.rhythm import model_regime
from neuron_model.progress import Progress

_ACCURACIES = (Accuracy.FAST, Accuracy.TIGHT)


def mismatch_plan(drawn: DrawnNeuron, accuracy: Accuracy | None) -> MismatchPlan:
    """All samples of ``drawn``; ``accuracy``: of ngspice, None predicts only."""
    model = model_regime(drawn.neuron.model, drawn.drive)
    duration = drawn.drive.duration
    longer = drawn.drive.lasting(LONGER * duration).duration
    return MismatchPlan(drawn.drawing.samples, duration, longer, model, accuracy)


def mismatch_study(drawn: DrawnNeuron, plan: MismatchPlan) -> Study:
    """The study of ``drawn``. More samples, and ngspice, add to those of a record."""
    drawing = drawn.drawing
    task = MismatchTask(drawn.neuron, drawing.seed, drawing.process, drawn.measured, drawn)
    # what the names of points stand for
    identity = {"tolerances": [each.identity for each in _ACCURACIES]}
    return Study("mismatch", plan, task, identity, "Monte Carlo samples", share=samples_of)


def study_mismatch(
    drawn: DrawnNeuron,
    executor: Executor,
    accuracy: Accuracy | None = None,
    record: Path | None = None,
    progress: Progress | None = None,
    stop: Interruption | None = None,
) -> tuple[Results, MismatchResults | None]:
    """How every sample of ``drawn`` fires; None where a signal stopped it.

    Args:
        drawn: the samples.
        executor: that is open.
        accuracy: of ngspice; None predicts only.
        record: keeps what is known of each sample; a study that was stopped resumes from it.
        progress, stop: see :func:`codesign.studies.study.run`.

    Raises:
        InputError: the record is of something else, or cannot be read or written.
        SimulatorError: a sample could not be simulated.
    """
    plan = mismatch_plan(drawn, accuracy)
    conclude = partial(mismatch_results, drawn, plan)
    return complete(mismatch_study(drawn, plan), conclude, executor, record, progress, stop)


def mismatch_results(
    drawn: DrawnNeuron, plan: MismatchPlan, outcomes: Mapping[str, JSON]
) -> MismatchResults:
    """What the outcomes of all points say together."""
    return MismatchResults(
        **drawn.told(plan.model),
        samples=tuple(
            Sample(sample, each.predicted, each.circuit, each.duration, each.accuracy)
            for sample, each in enumerate(plan.found(outcomes))
        ),
        interval_unit=drawn.built.design.time_unit,
    )
