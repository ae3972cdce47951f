"""A worker as its parent sees it: a process with one ngspice in it."""

import tempfile
from pathlib import Path
from typing import Any

from netlists.child_process import ChildProcess


class WorkerProcess(ChildProcess):
    """One process with one ngspice in it; it ends when its parent does."""

    def __init__(self, library_path: str) -> None:
        # ngspice writes some of its warnings to files in its folder, and runs a start-up file
        # there or else in the user's home: such a file may change the compatibility mode and the
        # number of threads, and with them the answers. An empty one keeps it from the others.
        self._folder = tempfile.TemporaryDirectory(prefix="ngspice-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        (folder / ".spiceinit").write_text("* nothing\n")
        super().__init__(
            f"{__package__}.worker",
            (library_path,),
            {
                "OMP_NUM_THREADS": "1",
                "OMP_THREAD_LIMIT": "1",
                "SPICE_USERINIT_DIR": self._folder.name,
            },
            folder,
        )
        self.jobs_taken = 0

    def send(self, message: Any) -> None:
        """Give it a :class:`netlists.job.Job`."""
        self.jobs_taken += 1
        super().send(message)

    def kill(self) -> None:
        """End the process at once and let go of all that belongs to it."""
        super().kill()
        self._folder.cleanup()
