"""One point after the other, in this process."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from codesign.studies.executors.executor import Outcomes
from codesign.studies.failure import Failure
from codesign.studies.identity import JSON
from codesign.studies.tools import Tools, ToolSettings, Watch
from neuron_model.errors import InputError, SimulatorError
from neuron_model.progress import Progress

if TYPE_CHECKING:
    from codesign.studies.study import Point, Task


class SerialExecutor:
    """Runs tasks in this process.

    Args:
        workers: processes of ngspice that one point may use.
        settings: of the tools.
        progress: of what a point needs.
        watch: called with how far a simulation is.
    """

    def __init__(
        self,
        workers: int = 1,
        settings: ToolSettings | None = None,
        progress: Progress | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._workers = workers
        self._settings = settings or ToolSettings()
        self._progress = progress
        self._watch = watch
        self._stack = ExitStack()
        self._tools: Tools | None = None

    def __enter__(self) -> Self:
        opened = self._settings.opened(self._workers, self._progress, self._watch)
        self._tools = self._stack.enter_context(opened)
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    @property
    def tools(self) -> Tools:
        """The tools that tasks get as well."""
        assert self._tools is not None, "the executor is not open"
        return self._tools

    def run(self, task: Task, points: Sequence[Point]) -> Outcomes:
        """One after the other, in their order."""
        for point in points:
            yield point, attempted(task, point, self.tools)


def attempted(task: Task, point: Point, tools: Tools) -> JSON | Failure:
    """The outcome of a point, or what it failed of."""
    try:
        return task(point, tools)
    except (InputError, SimulatorError) as error:
        return Failure.of(error)
