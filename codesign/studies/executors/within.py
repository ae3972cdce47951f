"""In this process, on tools that are open: for a study that is a part of a point of another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from codesign.studies.executors.executor import Outcomes
from codesign.studies.executors.serial import attempted
from codesign.workbench import Workbench

if TYPE_CHECKING:
    from codesign.studies.study import Point, Task


@dataclass(frozen=True)
class WithinExecutor:
    """Runs tasks one after the other with ``tools``, which stay open."""

    tools: Workbench

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def run(self, task: Task, points: Sequence[Point]) -> Outcomes:
        """One after the other, in their order."""
        for point in points:
            yield point, attempted(task, point, self.tools)
