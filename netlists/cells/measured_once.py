"""What takes long to measure: kept in the cache, and measured by one process at a time."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from neuron_model.errors import InputError

Value = TypeVar("Value")


def digest(content: object) -> str:
    """Of what decides a measurement, as JSON has it."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def measured_once(
    path: Path,
    read: Callable[[Path], Value],
    measure: Callable[[], Value],
    write: Callable[[Path, Value], object],
    fresh: bool = False,
) -> Value:
    """What the cache holds at ``path``, else what ``measure`` gives, which it holds from then on.

    A second process that asks for the same waits for the first one, and reads what it kept. A file
    that cannot be read is replaced. ``fresh`` measures in any case.

    Raises:
        Exception: what ``measure`` raises; InputError where the cache cannot be written.
    """
    known = None if fresh else _known(path, read)
    if known is not None:
        return known
    with _turn(path):
        known = None if fresh else _known(path, read)
        if known is not None:
            return known
        value = measure()
        write(path, value)
        return value


def _known(path: Path, read: Callable[[Path], Value]) -> Value | None:
    if not path.is_file():
        return None
    try:
        return read(path)
    except InputError:
        return None


@contextlib.contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Wait until no other process measures this; on file systems without locks nobody waits."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            # beside the folder of what was measured, which holds nothing else
            lock = path.parent.parent / "locks" / f"{path.parent.name}_{path.stem}.lock"
            lock.parent.mkdir(parents=True, exist_ok=True)
            fcntl.flock(stack.enter_context(lock.open("a")), fcntl.LOCK_EX)
        yield
