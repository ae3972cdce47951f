"""SIGINT and SIGTERM as a wish: what is under way may come to a good end first."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Whether a signal has come, and which."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __call__(self) -> bool:
        """Whether to stop."""
        return self.signal is not None

    @property
    def exit_status(self) -> int:
        """As a shell says that a signal ended a program."""
        return 128 + (self.signal or signal.SIGINT)


@contextlib.contextmanager
def interruption() -> Iterator[Interruption]:
    """While the block runs the first signal is only noted; a second one acts as it would have."""
    found = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield found  # Only the main thread may say what signals do.
        return
    before: dict[int, Any] = {}

    def noted(number: int, _frame: FrameType | None) -> None:
        found.signal = number
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in SIGNALS:
        before[number] = signal.signal(number, noted)
    try:
        yield found
    finally:
        restore()
