"""Which sizes are tried, and which of them are checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from circuits.sizing import SCALED_ROLES
from circuits.technology import Technology
from codesign.studies.identity import JSON
from codesign.studies.optimizer import CHOICE, Judged, Proposals, Space
from codesign.studies.sizing.results import SizingFigures, SizingGoal, SizingTrial, front
from codesign.studies.sizing.task import choice_from_json, figures_from_json
from codesign.studies.study import Known, Point, has_failed
from neuron_model.errors import InputError

AREA_FACTORS = (0.5, 32.0)
"""Smallest and largest factor of a role's gate area."""

# Trials that every search begins with: all areas times these.
_FIRST_FACTORS = (1.0, 2.0, 4.0, 8.0)
# Of what is drawn for the check: as many times the samples of a trial.
_CHECK_SAMPLES = 5
# How many of the cheapest promising trials are checked before the best of them is taken.
_MOST_CHECKS = 6
# Stands for what a choice that cannot be built would cost: worse than any other.
_UNBUILDABLE = (1.0, 1e12, 1e3)


@dataclass(frozen=True)
class Effort:
    """How much is tried. trials: choices. samples: samples of each. seed: of draws and proposals.

    Raises:
        InputError: no samples.
    """

    trials: int
    samples: int
    seed: int = 0

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise InputError(f"samples = {self.samples} must be at least 1.")


@dataclass(frozen=True)
class SizingPlan:
    """Trials one after the other; then the cheapest that meet the goal are checked, by area, then
    the others of the front by yield, until one meets the goal.

    The check draws _CHECK_SAMPLES times as many other samples, with measured sensitivities.
    """

    technology: Technology
    goal: SizingGoal
    effort: Effort

    @cached_property
    def proposals(self) -> Proposals:
        """Begins with the sizes that there are, then all of them larger alike."""
        effort = self.effort
        values = {"samples": effort.samples, "seed": effort.seed, "own_sensitivities": False}
        space = _space(self.technology)
        return Proposals(space, effort.trials, effort.seed, self._judged, values)

    def next(self, known: Known) -> Sequence[Point]:
        """The next trial, or the next check."""
        trial = self.proposals.next(known)
        if trial or has_failed(known):
            return trial
        trials = self.trials(known)
        for number in self._to_check(trials):
            outcome = known.get(_check(number))
            if outcome is None:
                return [self._check_point(number, self.proposals.outcomes(known)[number])]
            figures = figures_from_json(outcome)
            if figures is not None and self.goal.is_met(figures):
                break
        return []

    def trials(self, known: Known) -> tuple[SizingTrial, ...]:
        """Those that are known, in their order."""
        return tuple(
            SizingTrial(
                number,
                choice_from_json(each[CHOICE]),
                figures_from_json(each),
                each.get("reason", ""),
            )
            for number, each in enumerate(self.proposals.outcomes(known))
        )

    def checked(self, known: Known) -> dict[int, SizingFigures]:
        """Figures of the checks by the number of the trial, in their order."""
        pairs = [(n, known.get(_check(n))) for n in self._to_check(self.trials(known))]
        found = {n: figures_from_json(outcome) for n, outcome in pairs if outcome is not None}
        return {n: figures for n, figures in found.items() if figures is not None}

    def _to_check(self, trials: Sequence[SizingTrial]) -> list[int]:
        goal = self.goal
        figures = {t.number: t.figures for t in trials if t.figures is not None}
        meets = sorted(
            (n for n in figures if goal.is_met(figures[n])), key=lambda n: figures[n].area
        )
        others = sorted(
            front(trials, goal), key=lambda n: (-goal.reached(figures[n]), figures[n].area)
        )
        return list(dict.fromkeys([*meets, *others]))[:_MOST_CHECKS]

    def _check_point(self, number: int, outcome: JSON) -> Point:
        effort = self.effort
        values = {
            CHOICE: outcome[CHOICE],
            "samples": _CHECK_SAMPLES * effort.samples,
            "seed": effort.seed + 1,
            "own_sensitivities": True,
        }
        return Point(_check(number), values)

    def _judged(self, outcome: JSON) -> Judged:
        figures = figures_from_json(outcome)
        if figures is None:
            return Judged(_UNBUILDABLE, {"unbuildable": 1.0})
        excess = {name: min(value, 1e3) for name, value in self.goal.excess(figures).items()}
        costs = zip(self.goal.costs(figures), _UNBUILDABLE, strict=True)
        return Judged(
            tuple(min(cost, worst) for cost, worst in costs),
            {"regime": 0.0 if figures.nominal_fires else 1.0, **excess},
        )


def _check(number: int) -> str:
    return f"check of trial {number}"


def _space(technology: Technology) -> Space:
    limits = technology.limits
    capacitance = min(
        max(technology.membrane_capacitance, limits.capacitance[0]), limits.capacitance[1]
    )
    current = min(
        max(technology.unit_current or 0.0, limits.unit_current[0]), limits.unit_current[1]
    )
    physical = {"membrane_capacitance": capacitance, "unit_current": current}
    return Space(
        logarithmic={
            **dict.fromkeys(SCALED_ROLES, AREA_FACTORS),
            "membrane_capacitance": limits.capacitance,
            "unit_current": limits.unit_current,
        },
        first=[dict.fromkeys(SCALED_ROLES, factor) | physical for factor in _FIRST_FACTORS],
        objectives=len(_UNBUILDABLE),
    )
