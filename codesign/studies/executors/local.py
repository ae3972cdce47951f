"""On the cores of this machine: a process each.

One connection a worker carries its points, outcomes and progress, so that a worker that is killed
takes nothing with it that others need. (pebble's pool was looked at: it tells which task's worker
died as well, but all its workers share one pipe and its lock, it sends the task with each point,
and it starts processes that run the user's script again.)
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Self

import cloudpickle

from codesign.studies.executors.executor import (
    MOST_DEATHS,
    Outcomes,
    Watch,
    check_workers,
    set_aside,
)
from codesign.studies.executors.serial import SerialExecutor
from codesign.studies.executors.waiting import Waiting
from codesign.studies.executors.worker import (
    Done,
    Hello,
    NewTask,
    Raised,
    Ready,
    Told,
    serve,
)
from codesign.workbench import Workbench, WorkbenchSettings
from netlists.child_process import Child, ChildProcess, ForkedProcess
from netlists.underway import Underway
from neuron_model.progress import Progress, silent

if TYPE_CHECKING:
    from codesign.studies.study import Point, Task

# Workers are processes that compute: threads of their own would only be in each other's way.
_ENVIRONMENT = dict.fromkeys(
    ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"
)


class LocalExecutor:
    """Runs tasks in ``workers`` processes, each with its own ngspice.

    A single point is run in this process, where ngspice may use all cores. Workers start when they
    are needed and stay until the executor is closed. What a task is made of goes to them by
    cloudpickle, so that it may stand in a script or a notebook.

    Args:
        workers: how many; a core each if not given.
        settings: of each workbench.
        progress: of what a point needs.
        watch: called with how far a simulation is, in whichever process.

    Raises:
        InputError: fewer than one worker.
    """

    def __init__(
        self,
        workers: int | None = None,
        settings: WorkbenchSettings | None = None,
        progress: Progress = silent,
        watch: Watch | None = None,
    ) -> None:
        check_workers(workers)
        self.workers = workers or os.cpu_count() or 1
        self._settings = settings or WorkbenchSettings()
        self._progress = progress
        self._watch = watch
        self._here = SerialExecutor(self.workers, settings, progress, watch)
        self._idle: list[_Worker] = []
        self._busy: list[_Worker] = []

    def __enter__(self) -> Self:
        self._here.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._end_idle()
        self._here.__exit__(*exception)

    @property
    def tools(self) -> Workbench:
        """Of this process."""
        return self._here.tools

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Of the workers, those that are at a point first."""
        return tuple(worker.process.process_id for worker in (*self._busy, *self._idle))

    def run(self, task: Task, points: Sequence[Point]) -> Outcomes:
        """Points side by side; see :class:`codesign.studies.executors.executor.Executor`."""
        if self.workers == 1 or len(points) == 1:
            yield from self._here.run(task, points)
            return
        packed = cloudpickle.dumps(task)
        count = min(self.workers, len(points))
        share = self.workers // count
        if any(worker.share != share for worker in self._idle):
            self._end_idle()
        waiting, deaths = Waiting(task, points), Counter[str]()
        busy = self._busy
        try:
            while waiting or busy:
                while waiting and len(busy) < count:
                    worker = self._idle.pop() if self._idle else _Worker(self._settings, share)
                    busy.append(worker)
                    worker.take(waiting.take(worker), packed)
                for worker in _with_news(busy):
                    point, message = worker.point, worker.process.receive()
                    match message:
                        case Ready():
                            worker.is_ready()
                        case Told():
                            self._tell(message)
                        case Done(outcome):
                            busy.remove(worker)
                            self._idle.append(worker)
                            yield point, outcome
                        case Raised():
                            raise message.exception()
                        case _:
                            busy.remove(worker)
                            how = worker.process.end()
                            if not worker.ready:
                                raise RuntimeError(f"a worker could not start ({how})")
                            deaths[point.key] += 1
                            if deaths[point.key] < MOST_DEATHS:
                                waiting.put_back(point, worker)
                            else:
                                yield point, set_aside(deaths[point.key], how)
        finally:
            # left early: by an error, a signal, or because the caller wants no more
            while busy:
                busy.pop().process.kill()

    def _tell(self, message: Told) -> None:
        if isinstance(message.what, Underway):
            if self._watch:
                self._watch(message.what)
        else:
            self._progress(*message.what)

    def _end_idle(self) -> None:
        while self._idle:
            self._idle.pop().process.kill()


def _process() -> Child:
    """A copy of this process, which has imported all that a task needs, or else a fresh one."""
    if ForkedProcess.is_safe():
        return ForkedProcess(serve, _ENVIRONMENT)
    return ChildProcess(serve.__module__, environment=_ENVIRONMENT)


class _Worker:
    """A process that runs tasks, and the point that it is at.

    share: processes of ngspice that it may use. ready: whether it has come to take points.
    """

    point: Point

    def __init__(self, settings: WorkbenchSettings, share: int) -> None:
        self.process = _process()
        self.share = share
        self.ready = False
        self._task: bytes | None = None
        self._wanted = b""
        self.process.send(Hello(cloudpickle.dumps(replace(settings, workers=share))))

    def take(self, point: Point, task: bytes) -> None:
        """Do a point, as soon as it is ready."""
        self.point, self._wanted = point, task
        if self.ready:
            self.is_ready()

    def is_ready(self) -> None:
        """Send what it is to do: the task only where it has another one."""
        self.ready = True
        if self._task is not self._wanted:
            self._task = self._wanted
            self.process.send(NewTask(self._wanted))
        self.process.send(self.point)


def _with_news(busy: Sequence[_Worker]) -> list[_Worker]:
    """Those that have something to say, or died; waits for one."""
    ready = wait([worker.process.connection for worker in busy])
    return [worker for worker in busy if worker.process.connection in ready]
