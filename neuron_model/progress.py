"""How work that takes long reports how far it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Protocol

from neuron_model.notebook import in_notebook


class Progress(Protocol):
    """Called with (done, of how many, what)."""

    def __call__(self, done: int, total: int, what: str, /) -> None: ...


def silent(done: int, total: int, what: str, /) -> None:
    """Progress that nobody is told of."""


def shows_bars() -> bool:
    """Whether there is somebody to see a bar: a terminal at standard error, or a notebook."""
    if in_notebook():
        # rich moves its bars with them
        return find_spec("ipywidgets") is not None
    if not (sys.stderr.isatty() or os.environ.get("FORCE_COLOR")):
        return False  # without rich, which takes a moment to load
    from rich.console import Console

    return Console(file=sys.stderr).is_terminal


@contextmanager
def shown_progress(given: Progress | None = None) -> Iterator[Progress]:
    """What is to be told: ``given``, or else a bar where somebody sees it, or else nobody."""
    if given is not None or not shows_bars():
        yield given or silent
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    console = Console() if in_notebook() else Console(file=sys.stderr)
    with Bars(console=console, transient=True) as bars:
        task = bars.add_task("", total=None)

        def move(done: int, total: int, what: str, /) -> None:
            bars.update(task, completed=done, total=total, description=what)

        yield move
