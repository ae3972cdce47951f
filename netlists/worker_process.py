"""A worker as its parent sees it: a process, a connection to it, and how to end it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

from netlists.job import Job, Progress, Reply

# Not multiprocessing's spawn: that would run the user's script again (and import torch with it).
_PROGRAM = """
import sys
descriptor, library, *sys.path = sys.argv[1:]
from netlists.worker import main
main(int(descriptor), library)
"""


class WorkerProcess:
    """One process with one ngspice in it; it ends when its parent does."""

    def __init__(self, library_path: str) -> None:
        ours, theirs = socket.socketpair()
        # ngspice writes some of its warnings to files in its folder, and runs a start-up file
        # there or else in the user's home: such a file may change the compatibility mode and the
        # number of threads, and with them the answers. An empty one keeps it from the others.
        self._folder = tempfile.TemporaryDirectory(prefix="ngspice-", ignore_cleanup_errors=True)
        Path(self._folder.name, ".spiceinit").write_text("* nothing\n")
        # What ngspice or a crash writes past PySpice; the last words of a process that died.
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the worker)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-X", "faulthandler", "-c", _PROGRAM]
                + [str(theirs.fileno()), library_path, *map(os.path.abspath, sys.path)],
                stdin=subprocess.PIPE,
                stdout=self._words,
                stderr=self._words,
                pass_fds=(theirs.fileno(),),
                cwd=self._folder.name,
                env=os.environ
                | {"OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1"}
                | {"SPICE_USERINIT_DIR": self._folder.name},
            )
        self.connection = Connection(ours.detach())
        self.jobs_taken = 0

    @property
    def process_id(self) -> int:
        """The process's number."""
        return self._process.pid

    def send(self, job: Job) -> None:
        """Give it a job; a worker that is gone is noticed when its reply is waited for."""
        self.jobs_taken += 1
        with contextlib.suppress(OSError):
            self.connection.send(job)

    def receive(self) -> Reply | Progress | None:
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
        self._folder.cleanup()


def _describe(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
