"""A Python process of one's own: a connection to it, how it died, and how to end it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

# Not multiprocessing's spawn: that would run the user's script again (and import torch with it).
_PROGRAM = """
import sys
module, descriptor, count, *rest = sys.argv[1:]
arguments, sys.path = rest[:int(count)], rest[int(count):]
from importlib import import_module
import_module(module).main(int(descriptor), *arguments)
"""


class ChildProcess:
    """Runs ``main(descriptor, *arguments)`` of a module; it is to end when its parent does.

    What it and its libraries write is kept: the last words of a process that died.

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
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-X", "faulthandler", "-c", _PROGRAM]
                + [module, str(theirs.fileno()), str(len(arguments)), *arguments]
                + [os.path.abspath(path) for path in sys.path],
                stdin=subprocess.PIPE,
                stdout=self._words,
                stderr=self._words,
                pass_fds=(theirs.fileno(),),
                cwd=folder,
                env={**os.environ, **(environment or {})},
            )
        self.connection = Connection(ours.detach())

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
        if self._process.stdin is not None:
            self._process.stdin.close()
        self.connection.close()
        self._words.close()


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
