"""Points that wait for a worker, by the work that they share."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codesign.studies.study import Point, Task


class Waiting:
    """Hands out points so that what a group of them shares is found in few processes.

    A worker gets points of the group that it is at; then of one that nobody is at, in the order of
    the points; and only where there is none, so that it would be idle, of the group that has most
    points left for each worker at it.

    Args:
        task: says which points share work (:meth:`codesign.studies.study.Task.group`).
        points: that are to be done.
    """

    def __init__(self, task: Task, points: Sequence[Point]) -> None:
        self._task = task
        self._groups: dict[Hashable, deque[Point]] = {}
        for point in points:
            self._groups.setdefault(self._group(point), deque()).append(point)
        self._untouched = deque(self._groups)
        self._at: dict[Hashable, Hashable] = {}  # group by worker
        self._count = len(points)
        self.grouped = len(self._groups) < len(points)
        """Whether it matters who gets which point."""

    def __len__(self) -> int:
        return self._count

    def take(self, worker: Hashable = None) -> Point:
        """The next point of a worker; there has to be one."""
        group = self._next(self._at.get(worker))
        self._at[worker] = group
        points = self._groups[group]
        point = points.popleft()
        if not points:
            del self._groups[group]
        self._count -= 1
        return point

    def put_back(self, point: Point, worker: Hashable = None) -> None:
        """A point that has to be done again, as the worker that took it died."""
        self._at.pop(worker, None)
        group = self._group(point)
        self._groups.setdefault(group, deque()).appendleft(point)
        if group not in self._at.values() and group not in self._untouched:
            self._untouched.appendleft(group)
        self._count += 1

    def _group(self, point: Point) -> Hashable:
        found = self._task.group(point)
        return point.key if found is None else (found,)

    def _next(self, held: Hashable) -> Hashable:
        if held in self._groups:
            return held
        if self._untouched:
            return self._untouched.popleft()
        workers = Counter(self._at.values())
        return max(self._groups, key=lambda group: len(self._groups[group]) / (1 + workers[group]))
