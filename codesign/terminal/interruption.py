"""SIGINT and SIGTERM as a wish: what is under way may come to a good end first."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """A signal came where nothing is lost by ending at once."""


class Interruption:
    """Whether a signal has come, and which."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._at_once = False

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """While the block runs the first signal ends it, also one that came before.

        Raises:
            Stopped: a signal has come.
        """
        self._at_once = True
        try:
            if self():
                raise Stopped
            yield
        finally:
            self._at_once = False

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """While the block runs a signal waits: in a block of :meth:`at_once` it ends that after.

        Raises:
            Stopped: one has come, in a block of :meth:`at_once`.
        """
        before, self._at_once = self._at_once, False
        try:
            yield
        finally:
            self._at_once = before
        if before and self():
            raise Stopped

    def note(self, number: int) -> None:
        """A signal has come."""
        self.signal = number
        if self._at_once:
            raise Stopped

    def __call__(self) -> bool:
        """Whether to stop."""
        return self.signal is not None

    @property
    def exit_status(self) -> int:
        """As a shell says that a signal ended a program."""
        return 128 + (self.signal or signal.SIGINT)


@contextlib.contextmanager
def listening(noted: Callable[[int], None], once: bool = False) -> Iterator[None]:
    """While the block runs ``noted`` is told of each signal, or ``once``: of the first alone.

    In another thread than the main one nothing is told: only that one may say what signals do.
    """
    before: dict[int, Any] = {}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def handler(number: int, _frame: FrameType | None) -> None:
        if once:
            restore()
        noted(number)

    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        restore()


@contextlib.contextmanager
def interruption() -> Iterator[Interruption]:
    """While the block runs the first signal is only noted; a second one acts as it would have."""
    found = Interruption()
    with listening(found.note, once=True):
        yield found
