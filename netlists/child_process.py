"""A Python process of one's own: a connection to it, how it died, and how to end it.

A fresh one (:class:`ChildProcess`) imports all that it needs; a copy of this one
(:class:`ForkedProcess`) has it, but may only be made where nothing else runs in this process.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import gc
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any, Protocol

_END_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl
_LEFT_TO_THE_PARENT = (signal.SIGINT, signal.SIGTERM)

# Not multiprocessing's spawn: that would run the user's script again (and import torch with it).
_PROGRAM = """
import sys
module, descriptor, count, *rest = sys.argv[1:]
arguments, sys.path = rest[:int(count)], rest[int(count):]
from importlib import import_module
import_module(module).main(int(descriptor), *arguments)
"""


class _Process(Protocol):
    """What there is to know of a process that was started, and to do to it."""

    pid: int

    def wait(self, timeout: float | None = None) -> int:
        """Its status, as subprocess has it; TimeoutExpired where it still runs."""
        ...

    def kill(self) -> None:
        """With SIGKILL."""
        ...


class Child:
    """A process at the other end of a connection.

    What it and its libraries write is kept: the last words of a process that died.
    """

    def __init__(self, process: _Process, connection: Connection, words: IO[bytes]) -> None:
        self._process = process
        self._words = words
        self.connection = connection

    @property
    def process_id(self) -> int:
        """The process's number."""
        return self._process.pid

    def send(self, message: Any) -> None:
        """Tell it something; that it is gone is noticed when its answer is waited for."""
        with contextlib.suppress(OSError):
            self.connection.send(message)

    def receive(self) -> Any:
        """What it has to say (waits for it), or none where the process is gone."""
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            return None

    def end(self) -> str:
        """End the process whatever it does; its status and last words in one line."""
        try:
            # A process that closed its connection is about to have a status of its own.
            self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            self._process.kill()
        status = self._process.wait()
        self._words.seek(0, os.SEEK_END)
        self._words.seek(max(0, self._words.tell() - 4000))
        words = self._words.read().decode(errors="replace").splitlines()
        self.kill()
        told = [line.strip() for line in words if line.strip()]
        return "; ".join([_describe(status), *told[:1]])

    def kill(self) -> None:
        """End the process at once and let go of all that belongs to it."""
        self._process.kill()
        self._process.wait()
        self.connection.close()
        self._words.close()


class ChildProcess(Child):
    """Runs ``main(descriptor, *arguments)`` of a module; it is to end when its parent does.

    Args:
        module: that has ``main``; the descriptor is of a :class:`Connection`.
        arguments: of ``main``.
        environment: beside the parent's.
        folder: that it runs in; the parent's if not given.
    """

    def __init__(
        self,
        module: str,
        arguments: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        ours, theirs = socket.socketpair()
        words = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-X", "faulthandler", "-c", _PROGRAM]
                + [module, str(theirs.fileno()), str(len(arguments)), *arguments]
                + [os.path.abspath(path) for path in sys.path],
                stdin=subprocess.PIPE,
                stdout=words,
                stderr=words,
                pass_fds=(theirs.fileno(),),
                cwd=folder,
                env={**os.environ, **(environment or {})},
            )
        self._input = process.stdin
        super().__init__(process, Connection(ours.detach()), words)

    def kill(self) -> None:
        """End the process at once and let go of all that belongs to it."""
        super().kill()
        if self._input is not None:
            self._input.close()


class ForkedProcess(Child):
    """Runs ``serve(descriptor)`` in a copy of this process; it ends when this one does.

    Only where :meth:`is_safe`: a lock that another thread holds would stay locked in the copy.

    Args:
        serve: the descriptor is of a :class:`Connection`.
        environment: beside the parent's; libraries that are loaded do not look again.
    """

    def __init__(self, serve: Callable[[int], None], environment: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair()
        words = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        with theirs, warnings.catch_warnings():
            # Python 3.12 warns of threads, those of OpenBLAS too, which ends them for the fork
            warnings.simplefilter("ignore", DeprecationWarning)
            parent = os.getpid()

            def run() -> None:
                _become_child(words.fileno(), environment, parent)
                serve(theirs.fileno())

            process = _Forked(run)
        super().__init__(process, Connection(ours.detach()), words)

    @staticmethod
    def is_safe() -> bool:
        """Whether this process has one thread, and no torch: its threads are not seen here, and
        do not outlive a fork."""
        return (
            sys.platform == "linux" and threading.active_count() == 1 and "torch" not in sys.modules
        )


class _Forked:
    """The process itself; see :class:`_Process`. (multiprocessing's fork waits, when this process
    ends, for copies that do not heed SIGTERM.)"""

    def __init__(self, run: Callable[[], None]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        # A signal for both of them waits until the copy can leave it to its parent.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _LEFT_TO_THE_PARENT)
        try:
            self.pid = os.fork()
            if not self.pid:
                for number in _LEFT_TO_THE_PARENT:
                    signal.signal(number, signal.SIG_IGN)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if not self.pid:
            status = 1
            try:
                run()
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                os._exit(status)
        self._status: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        end = None if timeout is None else time.monotonic() + timeout
        while self._status is None:
            pid, status = os.waitpid(self.pid, 0 if end is None else os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
            elif end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired("a copy of this process", timeout or 0.0)
            else:
                time.sleep(0.01)
        return self._status

    def kill(self) -> None:
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)


def _become_child(words: int, environment: Mapping[str, str], parent: int) -> None:
    """In the copy: what is the parent's stays untouched; it ends when the parent does."""
    ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    gc.freeze()  # nothing of the parent's is ever collected, and closed or removed, here
    os.dup2(words, 1)
    os.dup2(words, 2)
    sys.stdout = sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    faulthandler.enable(file=2)
    os.environ.update(environment)


def serve_parent(before_the_end: Callable[[], None] = lambda: None) -> None:
    """In the child: leave Ctrl-C to the parent, and end when it does, however it went."""
    # Ctrl-C reaches the whole process group; it is the parent that decides what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        # Standard input is a pipe that only the parent can write to, and never does: reading ends
        # when the parent is gone, and also while this process is at work.
        sys.stdin.buffer.read()
        before_the_end()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _describe(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
