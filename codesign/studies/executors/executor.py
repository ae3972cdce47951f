"""What runs the task of a study at its points."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Protocol, Self

from codesign.studies.failure import Failure, Kind
from codesign.studies.identity import JSON
from netlists.underway import Underway
from neuron_model.errors import InputError, MissingDependencyError

if TYPE_CHECKING:
    from codesign.studies.study import Point, Task
    from codesign.workbench import Workbench

MOST_DEATHS = 3
"""Workers that a point may kill before it is set aside."""

Watch = Callable[[Underway], None]
"""Called a few times a second with how far a simulation is."""

Outcomes = Generator[tuple["Point", JSON | Failure], None, None]
"""Points with what became of them, as they finish."""


class Executor(Protocol):
    """Runs tasks; open between ``with`` and the end of the block.

    A worker that dies loses the point it was at and nothing else: the point goes to another one,
    and is set aside (:attr:`Kind.KILLED`) once it has killed MOST_DEATHS workers. The same task at
    the same point gives the same digits in every executor.

    tools: of this process, with an engine that may use all cores.
    """

    @property
    def tools(self) -> Workbench:
        """Of this process."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...

    def run(self, task: Task, points: Sequence[Point]) -> Outcomes:
        """Each point with its outcome, or why it has none, as soon as it is known.

        Points come in any order. Closed early, it ends what is under way.

        Raises:
            Exception: what a task raised, but for InputError and SimulatorError, which are
                failures of the point.
        """
        ...


def check_workers(workers: int | None) -> None:
    """Of an executor; None leaves it to the executor.

    Raises:
        InputError: fewer than one.
    """
    if workers is not None and workers < 1:
        raise InputError(f"workers = {workers} is not allowed; it must be at least 1.")


def set_aside(deaths: int, how: str) -> Failure:
    """Of a point that killed so many workers; how: the last one died."""
    return Failure(Kind.KILLED, f"set aside: {deaths} workers died at it, the last one of {how}.")


def missing_extra() -> MissingDependencyError:
    """Of a cluster: what is to be installed."""
    return MissingDependencyError(
        "--cluster needs Dask; install it with pip install 'mtc-codesign[cluster]'."
    )
