"""One point after the other, in this process."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from codesign.studies.executors.executor import Outcomes, Watch
from codesign.studies.failure import Failure, NotOfThePoint
from codesign.studies.identity import JSON
from codesign.workbench import Workbench, WorkbenchSettings
from neuron_model.errors import InputError, SimulatorError
from neuron_model.progress import Progress, silent

if TYPE_CHECKING:
    from codesign.studies.study import Point, Task


class SerialExecutor:
    """Runs tasks in this process.

    Args:
        workers: processes of ngspice that one point may use.
        settings: of each workbench.
        progress: of what a point needs.
        watch: called with how far a simulation is.
    """

    def __init__(
        self,
        workers: int = 1,
        settings: WorkbenchSettings | None = None,
        progress: Progress = silent,
        watch: Watch | None = None,
    ) -> None:
        self._settings = replace(settings or WorkbenchSettings(), workers=workers)
        self._progress = progress
        self._watch = watch
        self._stack = ExitStack()
        self._tools: Workbench | None = None

    def __enter__(self) -> Self:
        opened = self._settings.open(self._progress, self._watch)
        self._tools = self._stack.enter_context(opened)
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    @property
    def tools(self) -> Workbench:
        """The tools that tasks get as well."""
        assert self._tools is not None, "the executor is not open"
        return self._tools

    def run(self, task: Task, points: Sequence[Point]) -> Outcomes:
        """One after the other, in their order."""
        for point in points:
            yield point, attempted(task, point, self.tools)


def attempted(task: Task, point: Point, tools: Workbench) -> JSON | Failure:
    """The outcome of a point, or what it failed of."""
    try:
        return task(point, tools)
    except NotOfThePoint as wrapped:
        raise wrapped.error from wrapped
    except (InputError, SimulatorError) as error:
        return Failure.of(error)
