"""Memory: what there is, and a word for what would need more."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from neuron_model.errors import InputError

_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Where Linux says how much a container may have."""

_UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50}


def memory() -> int | None:
    """Bytes of this machine, or of the container that it is seen from; None where unknown."""
    found = []
    with contextlib.suppress(AttributeError, OSError, ValueError):  # only POSIX says it
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in _LIMITS:
        try:
            text = path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if text.isdigit():
            found.append(int(text))
    return min((size for size in found if size > 0), default=None)


def refuse_beyond(need: float, what: str, remedy: str) -> None:
    """Refuse what takes more bytes than there are.

    Args:
        need: bytes, the least that it takes.
        what: takes them, as a sentence begins.
        remedy: what to do about it, as a sentence ends.

    Raises:
        InputError: as said.
    """
    there = memory()
    if there is not None and need > there:
        raise InputError(
            f"{what} would need at least {size_text(need)} of memory; there are "
            f"{size_text(there)}: {remedy}."
        )


def size_text(count: float) -> str:
    """Bytes as a person says them."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} PB"


def out_of_memory(error: BaseException) -> InputError | None:
    """What to say of numpy's, torch's or Python's own word that there is no memory left; None where
    ``error`` is something else."""
    text = str(error)
    # torch has a type of its own for GPUs alone
    torch_cpu = isinstance(error, RuntimeError) and "can't allocate memory" in text
    if not (
        isinstance(error, MemoryError) or torch_cpu or "OutOfMemoryError" in type(error).__name__
    ):
        return None
    there = memory()
    has = "" if there is None else f"; there are {size_text(there)}"
    wanted = _wanted(text)
    needs = (
        "needs more memory than there is left"
        if wanted is None
        else (f"needs {size_text(wanted)} of memory at once")
    )
    return InputError(
        f"this {needs}{has}. Give smaller data, fewer neurons, or a smaller batch, window or "
        "steps_per_sample."
    )


def _wanted(text: str) -> float | None:
    numpy = re.search(r"allocate ([0-9.]+) ([KMGTP]?i?B) for an array", text)
    if numpy and numpy[2] in _UNITS:
        return float(numpy[1]) * _UNITS[numpy[2]]
    torch_cpu = re.search(r"tried to allocate ([0-9]+) bytes", text)
    return float(torch_cpu[1]) if torch_cpu else None
