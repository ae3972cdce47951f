"""PySpice's ``NgSpiceShared``, made to work with ngspice 35 and later and to say what went wrong.

PySpice 1.5 takes every line that ngspice writes to its standard error for a failure, logs a failed
load without raising, and does not notice that ngspice gave up.
Only a worker process imports this module: one process can hold one instance, ever.
"""

import logging
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from PySpice.Spice.NgSpice import Shared as pyspice_shared
from PySpice.Spice.NgSpice.SimulationType import LAST_VERSION, SIMULATION_TYPE

from netlists.remarks import is_remark

# "tran: 12.3%", as often as ngspice likes
_SHARE = re.compile(r"tran: *([0-9.]+)%")


class LibraryDiedError(Exception):
    """ngspice has left through its exit routine: this process can not use it any more."""


class QuietNgSpice(pyspice_shared.NgSpiceShared):
    """One ngspice: what it says is kept and told apart, its exit noticed (``died``).

    ``lines`` holds what ngspice wrote since ``lines`` was last cleared, both of its streams in
    their order; ``errors`` those lines of standard error that are not remarks. ``on_share`` is
    called with the share of a transient analysis that is done, 0 to 1.
    """

    def __init__(self, library_path: str) -> None:
        logging.getLogger("PySpice").setLevel(logging.CRITICAL + 1)
        for version in range(LAST_VERSION + 1, 100):
            SIMULATION_TYPE.setdefault(version, SIMULATION_TYPE["last"])
        self.LIBRARY_PATH = library_path
        self.lines: list[str] = []
        self.errors: list[str] = []
        self.died = False
        self.on_share: Callable[[float], None] = lambda share: None
        super().__init__()

    def send_char(self, message: str, ngspice_id: int) -> int:
        """Keep what ngspice wrote, and judge again what PySpice took for an error."""
        stream, _, line = str(message).partition(" ")
        self.lines.append(line)
        if stream == "stderr" and not is_remark(line):
            self.errors.append(line)
        self._error_in_stderr = self._error_in_stdout = False
        return 0

    def send_stat(self, message: str, ngspice_id: int) -> int:
        """Pass on how far a transient analysis is."""
        found = _SHARE.match(str(message))
        if found:
            self.on_share(float(found[1]) / 100.0)
        return 0

    @staticmethod
    def _exit(status: int, immediate: bool, quit_: bool, ngspice_id: int, user_data: Any) -> int:
        pyspice_shared.ffi.from_handle(user_data).died = True
        return status

    def execute(self, command: str) -> None:
        """Run one command; what it wrote is in ``lines`` and ``errors``.

        Raises:
            LibraryDiedError: ngspice gave up.
        """
        try:
            self.exec_command(command)
        except NameError as error:  # PySpice's way to say that ngspice returned non-zero
            self._check_alive(error)
            self.errors.append(str(error))
        self._check_alive(None)

    def load(self, deck: str) -> None:
        """Forget the circuit before and load this one; what went wrong is in ``errors``.

        Raises:
            LibraryDiedError: ngspice gave up.
        """
        try:
            self.load_circuit(deck)
        except NameError as error:
            self._check_alive(error)
            self.errors.append(str(error))
        self._check_alive(None)

    def _check_alive(self, cause: Exception | None) -> None:
        if self.died or any("cannot recover" in line for line in self.lines):
            raise LibraryDiedError from cause

    def clear(self) -> None:
        """Forget what ngspice wrote so far."""
        self.lines.clear()
        self.errors.clear()

    def read_plot(self, name: str) -> dict[str, np.ndarray]:
        """All vectors of a plot, by ngspice's own names, in its order."""
        # PySpice's public way out of a vector wraps every number in a unit.
        return {key: vector._data for key, vector in self.plot(None, name).items()}
