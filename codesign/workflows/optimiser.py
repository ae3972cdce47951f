"""A search with Optuna that can be left and gone on with.

Optuna's tree-structured Parzen estimator proposes (several objectives: Y. Ozaki et al., GECCO
2020); each trial is kept in an SQLite file as soon as it is done. The seed of a proposal is that of
the search plus the number of trials before it: a search that was stopped, by whatever, proposes
what it would have proposed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from neuron_model.errors import InputError
from neuron_model.progress import Progress, silent

if TYPE_CHECKING:
    import optuna

_MOST_TRIALS = 100_000
_NAME = "sizing"

Range = tuple[float, float]


@dataclass(frozen=True)
class Search:
    """What is searched.

    logarithmic, linear: smallest and largest value of each number, by name, and how it is spread.
    first: choices to begin with. objectives: how many numbers are made small together.
    fingerprint: of all that decides what a trial gives; a file of another one is refused.
    """

    logarithmic: Mapping[str, Range]
    linear: Mapping[str, Range] = field(default_factory=dict)
    first: Sequence[Mapping[str, float]] = ()
    objectives: int = 1
    fingerprint: str = ""

    @property
    def space(self) -> dict[str, optuna.distributions.BaseDistribution]:
        """As Optuna has it."""
        from optuna.distributions import FloatDistribution

        logs = {name: FloatDistribution(*ends, log=True) for name, ends in self.logarithmic.items()}
        return {**logs, **{name: FloatDistribution(*ends) for name, ends in self.linear.items()}}


def run_search(
    search: Search,
    objective: Callable[[optuna.Trial], Sequence[float]],
    trials: int,
    seed: int,
    path: Path | None = None,
    progress: Progress = silent,
    what: str = "searching",
) -> list[optuna.trial.FrozenTrial]:
    """The first ``trials`` trials, those that ``path`` holds already among them.

    Args:
        search: what is searched.
        objective: of a trial that has its values: what is to be made small, finite numbers. It may
            keep attributes and constraints (0 or less where they are kept) with the trial.
        trials: how many.
        seed: of the proposals.
        path: the SQLite file that keeps trials; None keeps them in memory.
        progress: called before each trial with how many are done.
        what: that progress says.

    Raises:
        InputError: a number that is not allowed, or a file that holds another search.
    """
    import optuna

    if not 1 <= trials <= _MOST_TRIALS:
        raise InputError(f"trials = {trials} must be from 1 to {_MOST_TRIALS}.")
    if seed < 0:
        raise InputError(f"seed = {seed} must not be negative.")
    space = search.space
    with _quiet(), _kept(path, search) as kept:
        study = _study(search, kept.trials)
        while (done := len(study.trials)) < trials:
            progress(done, trials, what)
            study.sampler = optuna.samplers.TPESampler(
                seed=seed + done, multivariate=True, constant_liar=False
            )
            if done < len(search.first):
                study.enqueue_trial(dict(search.first[done]))
            trial = study.ask(space)
            study.tell(trial, list(objective(trial)))
            kept.add_trial(study.trials[-1])
        return study.trials[:trials]


def _study(search: Search, trials: Sequence[optuna.trial.FrozenTrial] = ()) -> optuna.Study:
    import optuna

    study = optuna.create_study(directions=["minimize"] * search.objectives, study_name=_NAME)
    study.add_trials(trials)
    return study


@contextlib.contextmanager
def _kept(path: Path | None, search: Search) -> Iterator[optuna.Study]:
    """The study of the trials that are done; in the file, where there is one.

    Raises:
        InputError: it cannot be opened, or is of another search.
    """
    import optuna

    if path is None:
        yield _study(search)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    except Exception as error:  # of SQLAlchemy and its drivers, which share no other class
        raise InputError(f"{path}: cannot be used to keep trials ({error}).") from error
    try:
        study = optuna.create_study(
            storage=storage,
            study_name=_NAME,
            directions=["minimize"] * search.objectives,
            load_if_exists=True,
        )
        known = study.user_attrs.get("fingerprint")
        if known is None:
            study.set_user_attr("fingerprint", search.fingerprint)
        elif known != search.fingerprint:
            raise InputError(
                f"{path}: holds the search of another neuron, current, technology, mismatch set, "
                "target, budget, number of chips or seed; choose another folder, or remove it."
            )
        yield study
    finally:
        storage.remove_session()
        storage.engine.dispose()


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
