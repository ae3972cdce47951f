"""Search for cell sizes: yield against area and energy, within a budget."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circuits.sizing import SCALED_ROLES
from circuits.technology_file import write_sized_technology
from codesign.mismatch_study import drawn_by
from codesign.sizing_study import (
    SizingChoice,
    SizingFigures,
    SizingGoal,
    SizingStudy,
    SizingTrial,
    front,
    sizing_to_json,
)
from codesign.workbench import Workbench
from codesign.workflows.optimiser import Search, run_search
from codesign.workflows.sizing import SizingProblem, evaluate, sized_technology
from codesign.workflows.validate import short_stimulus
from mapping.mismatch_set import mismatch_content
from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.model.neuron_file import neuron_to_toml

if TYPE_CHECKING:
    import optuna

SEARCH_FILE = "search.db"
TECHNOLOGY_FILE = "technology.toml"
SIZING_FILE = "sizing.json"
FIGURE_FILE = "sizing.png"
AREA_FACTORS = (0.5, 32.0)
"""Smallest and largest factor of a role's gate area."""

# Trials that every search begins with: all areas times these.
_FIRST_FACTORS = (1.0, 2.0, 4.0, 8.0)
# Of what is drawn for the check: as many times the chips of a trial.
_CHECK_CHIPS = 5
# How many of the cheapest promising trials are checked before the best of them is taken.
_MOST_CHECKS = 6
# Stands for what a choice that cannot be built would cost: worse than any other.
_UNBUILDABLE = (1.0, 1e12, 1e3)


@dataclass(frozen=True)
class Effort:
    """How much is tried. trials: choices. chips: samples of each. seed: of draws and proposals."""

    trials: int
    chips: int
    seed: int = 0


def search(
    problem: SizingProblem,
    goal: SizingGoal,
    workbench: Workbench,
    effort: Effort,
    folder: Path | None = None,
) -> SizingStudy:
    """Try some choices, check the cheapest that meet the goal, and choose one.

    Args:
        problem: of :func:`codesign.workflows.sizing.sizing_problem`.
        goal: target and budget.
        workbench: to measure the cells of each choice, and to report the number of trials done.
        effort: how many trials in all, those that ``folder`` holds already among them, and samples
            of each; the check draws _CHECK_CHIPS times as many others.
        folder: keeps the trials; None keeps them in memory.

    Raises:
        InputError: a number that is not allowed, or a folder that holds another search.
        SimulatorError: ngspice failed.
    """
    chips, seed = effort.chips, effort.seed
    if chips < 1:
        raise InputError(f"chips = {chips} must be at least 1.")
    # a choice's cells are measured without a word of their own
    quiet = Workbench(workbench.engine)

    def costs(trial: optuna.Trial) -> tuple[float, ...]:
        return _run(trial, problem, goal, quiet, effort)

    done = run_search(
        _search(problem, goal, chips, seed),
        costs,
        effort.trials,
        seed,
        None if folder is None else folder / SEARCH_FILE,
        workbench.progress,
        "trying sizes",
    )
    return _chosen(problem, goal, workbench, effort, tuple(map(_trial, done)))


def _search(problem: SizingProblem, goal: SizingGoal, chips: int, seed: int) -> Search:
    """It begins with the sizes that there are, then all of them larger alike."""
    technology = problem.technology
    limits = technology.limits
    capacitance = min(
        max(technology.membrane_capacitance, limits.capacitance[0]), limits.capacitance[1]
    )
    current = min(
        max(technology.unit_current or 0.0, limits.unit_current[0]), limits.unit_current[1]
    )
    physical = {"membrane_capacitance": capacitance, "unit_current": current}
    return Search(
        logarithmic={
            **dict.fromkeys(SCALED_ROLES, AREA_FACTORS),
            "membrane_capacitance": limits.capacitance,
            "unit_current": limits.unit_current,
        },
        first=[dict.fromkeys(SCALED_ROLES, factor) | physical for factor in _FIRST_FACTORS],
        objectives=len(_UNBUILDABLE),
        fingerprint=_fingerprint(problem, goal, chips, seed),
    )


def _run(
    trial: optuna.Trial,
    problem: SizingProblem,
    goal: SizingGoal,
    workbench: Workbench,
    effort: Effort,
) -> tuple[float, ...]:
    """What a choice costs; kept with its trial are its figures, and what exceeds the budget."""
    try:
        figures = evaluate(problem, _choice(trial.params), workbench, effort.chips, effort.seed)
    except InputError as error:
        trial.set_user_attr("reason", str(error))
        trial.set_constraint("unbuildable", 1.0)
        return _UNBUILDABLE
    trial.set_user_attr("figures", json.dumps(asdict(figures)))
    trial.set_constraint("regime", 0.0 if figures.nominal_fires else 1.0)
    for name, excess in goal.excess(figures).items():
        trial.set_constraint(name, min(excess, 1e3))
    return tuple(min(c, worst) for c, worst in zip(goal.costs(figures), _UNBUILDABLE, strict=True))


def _choice(parameters: dict[str, float]) -> SizingChoice:
    return SizingChoice(
        {role: parameters[role] for role in SCALED_ROLES},
        parameters["membrane_capacitance"],
        parameters["unit_current"],
    )


def _figures(attributes: dict[str, Any]) -> SizingFigures | None:
    if "figures" not in attributes:
        return None
    return SizingFigures(**json.loads(attributes["figures"]))


def _trial(trial: optuna.trial.FrozenTrial) -> SizingTrial:
    attributes = trial.user_attrs
    choice = _choice(trial.params)
    return SizingTrial(trial.number, choice, _figures(attributes), attributes.get("reason", ""))


def _chosen(
    problem: SizingProblem,
    goal: SizingGoal,
    workbench: Workbench,
    effort: Effort,
    trials: tuple[SizingTrial, ...],
) -> SizingStudy:
    """Check by area those that meet the goal, then by yield the others of the front."""
    shown = front(trials, goal)
    figures = {t.number: t.figures for t in trials if t.figures is not None}
    meets = sorted((n for n in figures if goal.is_met(figures[n])), key=lambda n: figures[n].area)
    others = sorted(shown, key=lambda n: (-goal.reached(figures[n]), figures[n].area))
    order = list(dict.fromkeys([*meets, *others]))[:_MOST_CHECKS]
    checked: dict[int, SizingFigures] = {}
    for done, number in enumerate(order):
        workbench.progress(done, len(order), "checking the cheapest with measured sensitivities")
        checked[number] = evaluate(
            problem,
            trials[number].choice,
            Workbench(workbench.engine),
            _CHECK_CHIPS * effort.chips,
            effort.seed + 1,
            True,
        )
        if goal.is_met(checked[number]):
            break
    best = max(checked, key=lambda n: _merit(checked[n], goal), default=None)
    drive = problem.drive
    return SizingStudy(
        name=problem.parameters.name,
        technology=problem.technology.name,
        regime=problem.model.regime.value,
        current=short_stimulus(drive.stimulus),
        duration=drive.duration,
        seed=effort.seed,
        goal=goal,
        trials=trials,
        start=0,
        front=shown,
        chosen=best,
        checked=None if best is None else checked[best],
        mismatch_set=problem.technology.mismatch.name,
    )


def _merit(figures: SizingFigures, goal: SizingGoal) -> tuple[bool, bool, float]:
    within = all(value <= 0.0 for value in goal.excess(figures).values())
    return goal.is_met(figures), within and figures.nominal_fires, goal.reached(figures)


def _fingerprint(problem: SizingProblem, goal: SizingGoal, chips: int, seed: int) -> str:
    """Of what decides what a trial gives and which are proposed."""
    drive, technology = problem.drive, problem.technology
    content = [
        neuron_to_toml(problem.parameters),
        [list(drive.stimulus.times), list(drive.stimulus.values), drive.duration],
        problem.sensitivities.fingerprint,
        technology.membrane_capacitance,
        technology.unit_current,
        technology.capacitance_density,
        astuple(technology.leak),
        mismatch_content(technology.mismatch),
        [None if value == math.inf else value for value in astuple(goal)],
        [chips, seed],
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def write_sizing(
    folder: Path, problem: SizingProblem, study: SizingStudy, base: str | Path, name: str
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
    from codesign.console import plain
    from codesign.plots import save_figure
    from codesign.sizing_plots import sizing_figure

    write_atomically(
        folder / SIZING_FILE, json.dumps(plain(sizing_to_json(study)), indent=1, allow_nan=False)
    )
    save_figure(sizing_figure(study), folder / FIGURE_FILE)
    if study.chosen is None or study.checked is None:
        return None
    technology = sized_technology(problem.technology, study.trials[study.chosen].choice)
    comment = (
        f"Sizes for {study.name} under {study.current}: of {study.checked.chips} chips"
        f"{drawn_by(study.mismatch_set)}, as built, "
        f"{study.checked.share('regime').percent} keep the regime of the model "
        f"({study.regime.replace('_', ' ')}), {study.checked.share('rhythm').percent} its rhythm."
    )
    path = folder / TECHNOLOGY_FILE
    return write_sized_technology(path, replace(technology, name=name), base, comment)
