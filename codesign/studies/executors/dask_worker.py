"""What runs in a worker of Dask: the task of a study, with tools that stay from point to point."""

from __future__ import annotations

import contextlib
import pickle
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from distributed import Worker, WorkerPlugin, get_worker

from codesign.studies.executors.serial import attempted
from codesign.studies.failure import Failure
from codesign.studies.identity import JSON
from codesign.studies.study import Point, Task
from codesign.workbench import Workbench
from netlists.underway import Underway

# Seconds between two words of one worker: there may be a thousand of them.
_QUIET = 2.0


@dataclass(eq=False)
class Here:
    """A study in this process. A worker may have several threads: each has tools of its own."""

    token: str
    packed_task: bytes
    packed_settings: bytes
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    threads: threading.local = field(default_factory=threading.local)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self) -> tuple[Task, Workbench]:
        """Of this thread."""
        if not hasattr(self.threads, "tools"):
            teller = _Teller(self.token)
            settings = pickle.loads(self.packed_settings)
            with self.lock:
                opened = settings.open(teller.progress, teller.watch)
                self.threads.tools = self.stack.enter_context(opened)
            self.threads.task = pickle.loads(self.packed_task)
        return self.threads.task, self.threads.tools


_STUDIES: dict[str, Here] = {}


class StudyPlugin(WorkerPlugin):
    """Brings a study to every worker, also to those that come later."""

    def __init__(self, token: str, task: bytes, settings: bytes) -> None:
        self.name = token
        self._content = token, task, settings

    def setup(self, worker: Worker) -> None:
        """In the worker's process."""
        _STUDIES[self.name] = Here(*self._content)

    def teardown(self, worker: Worker) -> None:
        """The same."""
        here = _STUDIES.pop(self.name, None)
        if here is not None:
            here.stack.close()


def run_point(token: str, key: str, values: Mapping[str, Any]) -> JSON | Failure:
    """The outcome of a point of the study that a plugin brought."""
    task, tools = _STUDIES[token].get()
    return attempted(task, Point(key, values), tools)


class _Teller:
    """Tells the client how far this worker is, by events of a topic that is the study's token."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._what = ""
        self._last = 0.0

    def progress(self, done: int, total: int, what: str, /) -> None:
        """Of what a point needs: when it is about something new."""
        if what != self._what:
            self._what = what
            self._say((done, total, what))

    def watch(self, found: Underway) -> None:
        """Of a simulation."""
        if time.monotonic() - self._last > _QUIET:
            self._last = time.monotonic()
            self._say(found.outlined)

    def _say(self, what: Underway | tuple[int, int, str]) -> None:
        get_worker().log_event(self._topic, pickle.dumps(what))
