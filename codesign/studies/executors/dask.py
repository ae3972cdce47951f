"""On a cluster of Dask: one that runs, one that a queue starts, or one on this machine.

Tasks travel once, by a plugin of the workers, points and outcomes one by one. Dask tells of a
worker that died, and charges it to all points that were sent there: those that this happens to
twice are run again alone, so that none is set aside for what another one did. Where points share
work, each worker is sent as many as it does at once, of the group that it is at.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import uuid
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import cloudpickle

from codesign.studies.executors.executor import (
    MOST_DEATHS,
    Outcomes,
    Watch,
    check_workers,
    missing_extra,
    set_aside,
)
from codesign.studies.executors.serial import SerialExecutor
from codesign.studies.executors.waiting import Waiting
from codesign.workbench import Workbench, WorkbenchSettings
from netlists.underway import Underway
from neuron_model.errors import InputError
from neuron_model.progress import Progress, silent

if TYPE_CHECKING:
    from distributed import Client, Future

    from codesign.studies.study import Point, Task

LOCAL = "local"
"""Stands for a cluster of this machine, which the executor starts and ends."""

# Points that are on their way at once, for each thread of the cluster, and at least.
_AHEAD, _LEAST_AHEAD = 4, 64
_CONNECTING = 30.0  # seconds
_PATIENCE = 1.0  # seconds between two looks for workers that have come
_SETTINGS = {
    # every death is told, and counted here
    "distributed.scheduler.allowed-failures": 0,
    # no point waits at a worker that may die of another one
    "distributed.scheduler.worker-saturation": 1.0,
}


class DaskExecutor:
    """Runs tasks on the workers of a cluster.

    Args:
        cluster: the address of a scheduler, a file of
            :mod:`codesign.studies.executors.queue_file`, or LOCAL.
        workers: that are started, where the executor starts them: of a local cluster (a core each
            if not given), of a queue (as its file says).
        settings: of each workbench.
        progress: of what a point needs.
        watch: called with how far a simulation is.

    Raises:
        InputError: fewer than one worker.
        MissingDependencyError: Dask is not installed.
    """

    def __init__(
        self,
        cluster: str,
        workers: int | None = None,
        settings: WorkbenchSettings | None = None,
        progress: Progress = silent,
        watch: Watch | None = None,
    ) -> None:
        check_workers(workers)
        try:
            import distributed  # noqa: F401
        except ImportError as error:
            raise missing_extra() from error
        self._cluster = cluster
        self._workers = workers
        self._settings = replace(settings or WorkbenchSettings(), workers=1)
        self._progress = progress
        self._watch = watch
        self._here = SerialExecutor(os.cpu_count() or 1, settings, progress, watch)
        self._stack = contextlib.ExitStack()
        self._client: Client | None = None

    def __enter__(self) -> Self:
        """
        Raises:
            InputError: there is no such cluster, or its file is not usable.
        """
        self._stack.enter_context(self._here)
        self._client = self._stack.enter_context(_connected(self._cluster, self._workers))
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    @property
    def tools(self) -> Workbench:
        """Of this process."""
        return self._here.tools

    @property
    def client(self) -> Client:
        """Of the cluster."""
        assert self._client is not None, "the executor is not open"
        return self._client

    def run(self, task: Task, points: Sequence[Point]) -> Outcomes:
        """Points on the cluster; see :class:`codesign.studies.executors.executor.Executor`."""
        from distributed import KilledWorker

        run = _Run(self.client, cloudpickle.dumps(task), cloudpickle.dumps(self._settings))
        waiting, deaths = Waiting(task, points), Counter[str]()
        suspects: deque[Point] = deque()
        with run.open():
            alone = False
            while waiting or suspects or run.under_way:
                if not (alone and run.under_way):
                    run.submit(waiting)
                    alone = bool(suspects) and not run.under_way
                    if alone:
                        run.send([suspects.popleft()])
                for point, address, outcome in self._finished(run):
                    if not isinstance(outcome, Exception):
                        yield point, outcome
                        continue
                    if not isinstance(outcome, KilledWorker):
                        raise outcome
                    error = outcome
                    deaths[point.key] += error.allowed_failures + 1
                    if alone and deaths[point.key] >= MOST_DEATHS:
                        how = f"the one at {error.last_worker.address}"
                        yield point, set_aside(deaths[point.key], how)
                    elif deaths[point.key] >= MOST_DEATHS - 1:
                        suspects.append(point)
                    else:
                        waiting.put_back(point, address)

    def _finished(self, run: _Run) -> list[tuple[Point, str | None, Any]]:
        """Points that are finished now, whom they were sent to, and what came of them or an error;
        waits for news."""
        found = run.news()
        for each in found:
            if isinstance(each, Underway):
                if self._watch:
                    self._watch(each)
            elif not isinstance(each, str):
                self._progress(*each)
        return run.collected([each for each in found if isinstance(each, str)])


class _Sent(NamedTuple):
    """A point on its way; address: of the worker that it was sent to, None for any."""

    point: Point
    address: str | None
    future: Future


class _Run:
    """A task on the cluster, and the points that are on their way, by a name for each attempt."""

    def __init__(self, client: Client, task: bytes, settings: bytes) -> None:
        self._client = client
        self._token = f"study-{uuid.uuid4().hex}"
        self._content = task, settings
        self._news: SimpleQueue[Any] = SimpleQueue()
        self._attempts = 0
        self._most = _LEAST_AHEAD
        self.under_way: dict[str, _Sent] = {}

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """While the block runs the cluster knows the task."""
        from codesign.studies.executors.dask_worker import StudyPlugin

        self._client.register_plugin(StudyPlugin(self._token, *self._content))
        self._client.subscribe_topic(self._token, self._told)
        try:
            yield
        finally:
            self._client.cancel([sent.future for sent in self.under_way.values()], force=True)
            self._client.unsubscribe_topic(self._token)
            self._client.unregister_worker_plugin(self._token)

    def submit(self, waiting: Waiting) -> None:
        """Send points on their way, as many as the cluster has use for."""
        if not waiting:
            return
        if waiting.grouped:
            self._submit_by_worker(waiting)
            return
        if len(self.under_way) > self._most // 2:
            return
        # workers come and go
        threads = sum(self._client.nthreads().values())
        self._most = max(_LEAST_AHEAD, _AHEAD * threads)
        count = min(len(waiting), self._most - len(self.under_way))
        self.send([waiting.take() for _ in range(count)])

    def _submit_by_worker(self, waiting: Waiting) -> None:
        there = Counter(sent.address for sent in self.under_way.values())
        for address, threads in self._client.nthreads().items():
            count = min(len(waiting), threads - there[address])
            self.send([waiting.take(address) for _ in range(count)], address)

    def send(self, points: Sequence[Point], address: str | None = None) -> None:
        """Send these, to a worker if one is given; to another where it is gone."""
        from codesign.studies.executors.dask_worker import run_point

        if not points:
            return
        names = [f"{self._token}-{self._attempts + index}" for index in range(len(points))]
        self._attempts += len(points)
        futures = self._client.map(
            run_point,
            [self._token] * len(points),
            [point.key for point in points],
            [dict(point.values) for point in points],
            key=[(self._token, name) for name in names],
            pure=False,
            workers=address,
            allow_other_workers=address is not None,
        )
        for name, point, future in zip(names, points, futures, strict=True):
            self.under_way[name] = _Sent(point, address, future)
            future.add_done_callback(lambda _, name=name: self._news.put(name))

    def collected(self, names: Sequence[str]) -> list[tuple[Point, str | None, Any]]:
        """Of attempts that have finished: the point, whom it was sent to, what came of it or the
        error that it ended with."""
        ended = [self.under_way.pop(name) for name in names]
        errors = [s.future.exception() if s.future.status == "error" else None for s in ended]
        good = [s.future for s, error in zip(ended, errors, strict=True) if error is None]
        # all at once: one way to the workers and back
        results = iter(self._client.gather(good))
        return [
            (sent.point, sent.address, next(results) if error is None else error)
            for sent, error in zip(ended, errors, strict=True)
        ]

    def news(self) -> list[Any]:
        """Names of what has finished, and what workers tell; waits for the first, but not for long:
        there may be workers that have come and have nothing to do."""
        found = []
        with contextlib.suppress(Empty):
            found.append(self._news.get(timeout=_PATIENCE))
        while not self._news.empty():
            found.append(self._news.get())
        return found

    def _told(self, event: tuple[float, bytes]) -> None:
        self._news.put(pickle.loads(event[1]))


@contextlib.contextmanager
def _connected(cluster: str, workers: int | None) -> Iterator[Client]:
    """A client of the cluster, which ends with the block where it was started for it."""
    import logging

    import dask
    from distributed import Client, LocalCluster

    # that a worker died is told by the study, that it ends is no news
    for name in logging.getLogger().manager.loggerDict:
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)
    with dask.config.set(_SETTINGS), contextlib.ExitStack() as stack:
        if cluster == LOCAL:
            started: Any = LocalCluster(
                n_workers=workers or os.cpu_count() or 1,
                threads_per_worker=1,
                dashboard_address=None,
                memory_limit=0,
                silence_logs=logging.CRITICAL,
            )
        elif cluster.endswith(".toml"):
            from codesign.studies.executors.queue_file import queue_cluster

            started = queue_cluster(cluster, workers)
        else:
            if workers is not None:
                raise InputError("--workers: a cluster that runs has the workers that it has.")
            started = cluster
        if not isinstance(started, str):
            stack.enter_context(started)
        try:
            client = Client(started, timeout=_CONNECTING, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(
                f"--cluster {cluster}: there is no cluster of Dask ({error}); give the address of "
                "its scheduler, such as tcp://10.0.0.1:8786, a TOML file, or local."
            ) from error
        yield stack.enter_context(client)
