"""Design centering as a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from codesign.studies.centering.evaluation import CenteringFigures, CenteringProblem, moved
from codesign.studies.centering.plan import AFTER, BEFORE, CenteringPlan
from codesign.studies.centering.task import CenteringTask, figures_from_json
from codesign.studies.executors.executor import Executor
from codesign.studies.identity import JSON
from codesign.studies.study import Results, Study, complete
from mapping.yields import Share, Yields
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters
from neuron_model.progress import Progress
from neuron_model.shown import Shown


@dataclass(frozen=True, repr=False)
class CenteringResults(Shown):
    """A centered neuron. before, after: yields of ``samples`` fresh samples, as macromodels.

    nominal: how the centered neuron fires as drawn.
    """

    parameters: NeuronParameters
    samples: int
    before: Yields
    after: Yields
    nominal: RegimeReport


def centering_study(problem: CenteringProblem, plan: CenteringPlan) -> Study:
    """The study of ``problem``. More trials add to those of a record."""
    identity = {"samples": plan.samples, "seed": plan.seed, "tolerance": plan.tolerance}
    task = CenteringTask(problem)
    return Study("centering", plan, task, identity, "centering the neuron", plan.trials)


def study_centering(
    problem: CenteringProblem,
    plan: CenteringPlan,
    executor: Executor,
    record: Path | None = None,
    progress: Progress | None = None,
) -> tuple[Results, CenteringResults | None]:
    """The neuron that most samples keep the regime of, among the trials of ``plan``; None where a
    signal stopped the search.

    Args:
        problem: of :func:`codesign.studies.centering.evaluation.centering_problem`.
        plan: how much is tried.
        executor: that is open.
        record: keeps the trials; a search that was stopped resumes from it.
        progress: see :func:`codesign.studies.study.run`.

    Raises:
        InputError: a neuron that does not fit, no mismatch coefficients, or a record of another
            search.
    """
    conclude = partial(centering_results, problem, plan)
    return complete(centering_study(problem, plan), conclude, executor, record, progress)


def centering_results(
    problem: CenteringProblem, plan: CenteringPlan, outcomes: Mapping[str, JSON]
) -> CenteringResults:
    """What the outcomes of all points say together.

    Raises:
        InputError: the neuron as it is does not fit the technology.
    """
    before, after = (_figures(outcomes[key]) for key in (BEFORE, AFTER))
    return CenteringResults(
        parameters=moved(problem.parameters, plan.chosen(outcomes)),
        samples=plan.checked_samples,
        before=_yields(before, plan.checked_samples),
        after=_yields(after, plan.checked_samples),
        nominal=after.nominal,
    )


def _figures(outcome: JSON) -> CenteringFigures:
    figures = figures_from_json(outcome)
    if figures is None:
        raise InputError(outcome["reason"])
    return figures


def _yields(figures: CenteringFigures, samples: int) -> Yields:
    shares = (figures.regime_yield, figures.rhythm_yield)
    return Yields(*(Share(round(share * samples), samples) for share in shares))
