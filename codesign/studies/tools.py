"""What a task is handed beside its point, and how a worker gets it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from netlists.engine import Engine
from netlists.underway import Underway
from neuron_model.progress import Progress

Watch = Callable[[Underway], None]
"""Called a few times a second with how far a simulation is."""


class Tools(Protocol):
    """ngspice, and whom to tell how far it is: one set in each worker.

    progress: of what a point needs, as (done, of how many, what).
    """

    @property
    def engine(self) -> Engine:
        """ngspice of this worker."""
        ...

    @property
    def progress(self) -> Progress | None:
        """Whom to tell."""
        ...


@dataclass(frozen=True)
class WorkerTools:
    """The tools of one worker."""

    engine: Engine
    progress: Progress | None = None


@dataclass(frozen=True)
class ToolSettings:
    """What tools are made of: it can be pickled, and goes to every worker.

    time_limit: seconds for a simulation of a neuron; None: by its length.
    """

    time_limit: float | None = None

    @contextlib.contextmanager
    def opened(
        self, workers: int, progress: Progress | None = None, watch: Watch | None = None
    ) -> Iterator[Tools]:
        """Tools with an engine of so many processes, which end with the block."""
        with Engine(workers, timeout=None, watch=watch, time_limit=self.time_limit) as engine:
            yield WorkerTools(engine, progress)
