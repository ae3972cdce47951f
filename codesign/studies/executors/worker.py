"""The process of a worker: takes points from a connection until it closes."""

from __future__ import annotations

import pickle
import signal
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection

from codesign.studies.failure import Failure
from codesign.studies.identity import JSON
from netlists.child_process import serve_parent
from netlists.underway import Underway


@dataclass(frozen=True)
class Hello:
    """To a worker: the settings of its workbench, pickled."""

    settings: bytes


@dataclass(frozen=True)
class NewTask:
    """To a worker: the task of the points that follow, pickled."""

    task: bytes


@dataclass(frozen=True)
class Ready:
    """From a worker: it takes points."""


@dataclass(frozen=True)
class Told:
    """From a worker: how far a simulation is, or (done, of how many, what) of something else."""

    what: Underway | tuple[int, int, str]


@dataclass(frozen=True)
class Done:
    """From a worker: what became of its point."""

    outcome: JSON | Failure


@dataclass(frozen=True)
class Raised:
    """From a worker: an error that is none of the point."""

    error: bytes
    text: str

    @staticmethod
    def of(error: Exception) -> Raised:
        """The error being handled."""
        try:
            pickled = pickle.dumps(error)
            pickle.loads(pickled)
        except Exception:  # of whatever the error holds
            pickled = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
        return Raised(pickled, traceback.format_exc())

    def exception(self) -> Exception:
        """The error, with where it was raised."""
        error = pickle.loads(self.error)
        assert isinstance(error, Exception)
        error.add_note(f"In a worker:\n{self.text}")
        return error


class Teller:
    """Tells the parent how far a worker is: progress when it is about something new."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._what = ""

    def progress(self, done: int, total: int, what: str, /) -> None:
        """Of what a point needs."""
        if what != self._what:
            self._what = what
            self._connection.send(Told((done, total, what)))

    def watch(self, found: Underway) -> None:
        """Of a simulation."""
        self._connection.send(Told(found.outlined))


def main(descriptor: int) -> None:
    """Of a fresh process."""
    serve_parent()
    # so does SIGTERM where it is sent to all processes of a job
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    serve(descriptor)


def serve(descriptor: int) -> None:
    """Take points until the parent has no more."""
    connection = Connection(descriptor)
    hello = connection.recv()
    teller = Teller(connection)
    settings = pickle.loads(hello.settings)
    with settings.open(teller.progress, teller.watch) as tools:
        connection.send(Ready())
        task = None
        while True:
            try:
                message = connection.recv()
            except EOFError:
                return
            try:
                if isinstance(message, NewTask):
                    task = pickle.loads(message.task)
                    continue
                from codesign.studies.executors.serial import attempted

                assert task is not None
                connection.send(Done(attempted(task, message, tools)))
            except Exception as error:
                connection.send(Raised.of(error))
