"""Optuna as the plan of a study: it proposes the next choice from what is known of those before.

Optuna's tree-structured Parzen estimator proposes (several objectives: Y. Ozaki et al., GECCO
2020). The seed of a proposal is that of the search plus the number of trials before it: a search
that was stopped, by whatever, proposes what it would have proposed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codesign.studies.failure import Failure
from codesign.studies.identity import JSON
from codesign.studies.study import Known, Point
from neuron_model.errors import InputError

if TYPE_CHECKING:
    import optuna

CHOICE = "choice"
"""Of the values of a point, and of its outcome: the numbers that were chosen, by name."""

_MOST_TRIALS = 100_000

Range = tuple[float, float]


@dataclass(frozen=True)
class Space:
    """What is searched.

    logarithmic, linear: smallest and largest value of each number, by name, and how it is spread.
    first: choices to begin with. objectives: how many numbers are made small together.
    """

    logarithmic: Mapping[str, Range]
    linear: Mapping[str, Range] = field(default_factory=dict)
    first: Sequence[Mapping[str, float]] = ()
    objectives: int = 1

    @property
    def distributions(self) -> dict[str, optuna.distributions.BaseDistribution]:
        """As Optuna has it."""
        from optuna.distributions import FloatDistribution

        logs = {name: FloatDistribution(*ends, log=True) for name, ends in self.logarithmic.items()}
        return {**logs, **{name: FloatDistribution(*ends) for name, ends in self.linear.items()}}


@dataclass(frozen=True)
class Judged:
    """What a trial is worth. costs: to be made small, finite. constraints: 0 or less where kept."""

    costs: tuple[float, ...]
    constraints: Mapping[str, float]


class Proposals:
    """The trials of a search as points of a study, one after the other.

    Args:
        space: what is searched.
        trials: how many.
        seed: of the proposals.
        judge: the worth of a trial, from its outcome, which has its CHOICE.
        values: of every point, beside its choice.

    Raises:
        InputError: a number that is not allowed.
    """

    def __init__(
        self,
        space: Space,
        trials: int,
        seed: int,
        judge: Callable[[JSON], Judged],
        values: Mapping[str, JSON],
    ) -> None:
        if not 1 <= trials <= _MOST_TRIALS:
            raise InputError(f"trials = {trials} must be from 1 to {_MOST_TRIALS}.")
        if seed < 0:
            raise InputError(f"seed = {seed} must not be negative.")
        self._space = space
        self._trials = trials
        self._seed = seed
        self._judge = judge
        self._values = values
        # what Optuna knows already, so that it is not taught again for each proposal
        self._optuna: optuna.Study | None = None

    def next(self, known: Known) -> list[Point]:
        """The next trial; none where all are known, or one has failed for reasons outside it."""
        done = len(self.outcomes(known))
        name = _name(done)
        if done >= self._trials or name in known:
            return []
        return [Point(name, {**self._values, CHOICE: self._proposed(done, known)})]

    def outcomes(self, known: Known) -> list[JSON]:
        """Of all trials that are known, in their order."""
        found: list[JSON] = []
        while len(found) < self._trials:
            outcome = known.get(_name(len(found)))
            if outcome is None or isinstance(outcome, Failure):
                break
            found.append(outcome)
        return found

    def _proposed(self, done: int, known: Known) -> dict[str, float]:
        if done < len(self._space.first):
            return dict(self._space.first[done])
        import optuna

        with _quiet():
            study = self._taught(self.outcomes(known))
            study.sampler = optuna.samplers.TPESampler(
                seed=self._seed + done, multivariate=True, constant_liar=False
            )
            # asked of a copy: what is told of a trial is told with its outcome
            asked = optuna.create_study(
                directions=study.directions, sampler=study.sampler, study_name="asked"
            )
            asked.add_trials(study.trials)
            return {n: float(v) for n, v in asked.ask(self._space.distributions).params.items()}

    def _taught(self, outcomes: Sequence[JSON]) -> optuna.Study:
        import optuna

        study = self._optuna
        if study is None:
            study = optuna.create_study(directions=["minimize"] * self._space.objectives)
            self._optuna = study
        for outcome in outcomes[len(study.trials) :]:
            judged = self._judge(outcome)
            study.add_trial(
                optuna.trial.create_trial(
                    values=list(judged.costs),
                    params=dict(outcome[CHOICE]),
                    distributions=self._space.distributions,
                    constraints=dict(judged.constraints),
                )
            )
        return study


def _name(number: int) -> str:
    return f"trial {number}"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without Optuna's own lines."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
