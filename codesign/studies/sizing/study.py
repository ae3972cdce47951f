"""Search for cell sizes as a study: yield against area and energy, within a budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from circuits.technology_file import write_sized_technology
from codesign.studies.executors.executor import Executor
from codesign.studies.identity import JSON
from codesign.studies.sizing.evaluation import SizingProblem, sized_technology
from codesign.studies.sizing.plan import Effort, SizingPlan
from codesign.studies.sizing.results import (
    SizingFigures,
    SizingGoal,
    SizingResults,
    front,
    sizing_to_json,
)
from codesign.studies.sizing.task import SizingTask
from codesign.studies.study import Results, Study, complete
from codesign.terminal.quantities import drawn_by
from codesign.validation.validate import short_stimulus
from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.file_format import SIZING
from neuron_model.progress import Progress

RECORD_FILE = "search.jsonl"
TECHNOLOGY_FILE = "technology.toml"
SIZING_FILE = "sizing.json"
FIGURE_FILE = "sizing.png"
_RECORD_OF_BEFORE = "search.db"


def sizing_study(problem: SizingProblem, goal: SizingGoal, effort: Effort) -> Study:
    """The study of ``problem``. More trials add to those of a record."""
    plan = SizingPlan(problem.technology, goal, effort)
    identity = {"goal": goal, "samples": effort.samples, "seed": effort.seed}
    return Study("sizing", plan, SizingTask(problem), identity, "trying sizes", effort.trials)


def study_sizing(
    problem: SizingProblem,
    goal: SizingGoal,
    effort: Effort,
    executor: Executor,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> tuple[Results, SizingResults | None]:
    """Try some choices, check the cheapest that meet the goal, and select one; None where a signal
    stopped it.

    Args:
        problem: of :func:`codesign.studies.sizing.evaluation.sizing_problem`.
        goal: target and budget.
        effort: how many trials in all, those that ``folder`` holds already among them.
        executor: that is open.
        folder: keeps the trials; None keeps them in memory.
        progress: see :func:`codesign.studies.study.run`.

    Raises:
        InputError: a folder that holds another search.
        SimulatorError: ngspice failed.
    """
    record = None if folder is None else folder / RECORD_FILE
    if folder is not None and (folder / _RECORD_OF_BEFORE).exists():
        raise InputError(
            f"{folder / _RECORD_OF_BEFORE}: holds trials as an earlier version kept them, which "
            "this one does not read; choose another folder, or remove the file."
        )
    study = sizing_study(problem, goal, effort)
    conclude = partial(sizing_results, problem, goal, effort)
    return complete(study, conclude, executor, record, progress)


def sizing_results(
    problem: SizingProblem, goal: SizingGoal, effort: Effort, outcomes: Mapping[str, JSON]
) -> SizingResults:
    """What the outcomes of all points say together: the best of those that were checked."""
    plan = SizingPlan(problem.technology, goal, effort)
    trials, checked = plan.trials(outcomes), plan.checked(outcomes)
    best = max(checked, key=lambda n: _merit(checked[n], goal), default=None)
    drive = problem.drive
    return SizingResults(
        name=problem.parameters.name,
        technology=problem.technology.name,
        regime=problem.model.regime.value,
        current=short_stimulus(drive.stimulus),
        duration=drive.duration,
        seed=effort.seed,
        goal=goal,
        trials=trials,
        start=0,
        front=front(trials, goal),
        chosen=best,
        checked=None if best is None else checked[best],
        mismatch_set=problem.technology.mismatch.name,
    )


def _merit(figures: SizingFigures, goal: SizingGoal) -> tuple[bool, bool, float]:
    within = all(value <= 0.0 for value in goal.excess(figures).values())
    return goal.is_met(figures), within and figures.nominal_fires, goal.reached(figures)


def write_sizing(
    folder: Path, problem: SizingProblem, study: SizingResults, base: str | Path, name: str
) -> Path | None:
    """Write outcome, picture and, where something was chosen, the technology file into ``folder``.

    Args:
        folder: where the files go.
        problem: what was searched for.
        study: the outcome.
        base: the technology as it was named: a built-in name, or a path.
        name: of the sized technology.

    Returns:
        The technology file, which ``--technology`` of every command takes.
    """
    from codesign.pictures.plots import save_figure
    from codesign.studies.sizing.picture import sizing_figure
    from codesign.terminal.console import plain

    write_atomically(folder / SIZING_FILE, SIZING.json_text(plain(sizing_to_json(study))))
    save_figure(sizing_figure(study), folder / FIGURE_FILE)
    if study.chosen is None or study.checked is None:
        return None
    technology = sized_technology(problem.technology, study.trials[study.chosen].choice)
    comment = (
        f"Sizes for {study.name} under {study.current}: of {study.checked.samples} samples"
        f"{drawn_by(study.mismatch_set)}, macromodel, "
        f"{study.checked.share('regime').percent} keep the regime of the model "
        f"({study.regime.replace('_', ' ')}), {study.checked.share('rhythm').percent} its rhythm."
    )
    path = folder / TECHNOLOGY_FILE
    return write_sized_technology(path, replace(technology, name=name), base, comment)
