"""What the user sees: results on standard output, progress on standard error.

With ``--json`` a command prints exactly one JSON document on standard output and nothing else
there; progress stays on standard error and is plain where that is no terminal.
"""

import contextlib
import dataclasses
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuron_model.notebook import in_notebook
from neuron_model.progress import shows_bars

if TYPE_CHECKING:
    from codesign.workbench import Workbench
    from netlists.underway import Underway

QUIET = 20.0
"""Seconds between two lines on a simulation where standard error is no terminal."""

# letters of a terminal whose bars are short
_NARROW = 100

# of words of simulations that run side by side
_LATELY = 8


def plain(value: Any) -> Any:
    """``value`` as what JSON can say: NaN and infinity become null.

    Understood are dataclasses, named tuples, mappings, sequences, sets, enums, paths, and whatever
    has ``tolist`` (numpy arrays and scalars, torch tensors).

    Raises:
        TypeError: something else.
    """
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return [plain(item) for item in sorted(value)]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def print_json(document: Any) -> None:
    """Print one JSON document on standard output."""
    print(json.dumps(plain(document), indent=2, allow_nan=False, ensure_ascii=False))


def note(message: str) -> None:
    """Say on standard error what is being done."""
    print(message, file=sys.stderr, flush=True)


@contextlib.contextmanager
def progress(description: str, total: float | None = None) -> Iterator[Callable[..., None]]:
    """Show progress on standard error while the block runs.

    Yields:
        ``advance(steps=1, description=None, done=None, total=None)``. On a terminal it moves a bar,
        by some steps or to ``done`` of ``total``; elsewhere a line is printed at the start and
        whenever there is a description.

    Args:
        description: what is being done.
        total: how many steps there are, where that is known.
    """
    if not shows_bars():
        note(description)

        def tell(
            steps: float = 1,
            description: str | None = None,
            done: float | None = None,
            total: float | None = None,
        ) -> None:
            if description is not None:
                note(description)

        yield tell
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.table import Column
    from rich.text import Text

    class _Counted(MofNCompleteColumn):
        """How many of how many, where it is known of how many."""

        def render(self, task: Task) -> Text:
            return Text("") if task.total is None else super().render(task)

    console = Console() if in_notebook() else Console(file=sys.stderr)
    columns = (
        SpinnerColumn(),
        BarColumn(20 if console.width < _NARROW else 40),
        _Counted(),
        TimeElapsedColumn(table_column=Column(no_wrap=True, min_width=7)),
        # the last one: where there is no room it is the words that are cut
        TextColumn(
            "{task.description}",
            markup=False,
            table_column=Column(no_wrap=True, overflow="ellipsis"),
        ),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(description, total=total)

        def move(
            steps: float = 1,
            description: str | None = None,
            done: float | None = None,
            total: float | None = None,
        ) -> None:
            step = None if done is not None else steps
            bars.update(task, total=total, completed=done, advance=step, description=description)

        yield move


class StepProgress:
    """Progress of work that tells (done, of how many, what); several kinds of it may follow.

    Args:
        advance: of :func:`progress`.
        live: whether it is a terminal that is written to: there each step is shown. Elsewhere only
            what is new is said, and from time to time how far it is, which a simulation that takes
            long says as well.
        what: has been said already.
        clock: seconds that pass.
    """

    def __init__(
        self,
        advance: Callable[..., None],
        live: bool,
        what: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._advance = advance
        self._clock = clock
        self._last = clock()
        self._live = live
        self._what, self._text = what, ""
        self._said: dict[str, float] = {}
        self._count = 0
        # (count at its last word, what it said) of the simulations that run side by side
        self._running: dict[str, tuple[int, Underway]] = {}

    def __call__(self, done: int, total: int, what: str) -> None:
        """So many steps are done."""
        if self._live:  # the bar has the numbers
            self._text = what
            self._advance(1, description=what, done=done, total=total)
        elif what != self._what or self._clock() - self._last >= QUIET:
            text = what if what != self._what else f"{what} ({done} of {total})"
            self._what, self._last = what, self._clock()
            self._advance(1, description=text)

    def watch(self, found: "Underway") -> None:
        """A simulation is on its way: what :class:`netlists.engine.Engine` calls."""
        from codesign.terminal.simulation_text import underway_text

        if self._live:
            text = underway_text(self._longest(found))
            self._advance(0, description=f"{self._text}: {text}" if self._text else text)
            return
        now, name = self._clock(), found.bench.title
        if found.seconds >= QUIET and now - self._said.get(name, -math.inf) >= QUIET:
            self._said[name] = now
            self._advance(0, description=underway_text(found))

    def _longest(self, found: "Underway") -> "Underway":
        """Of those that have said something lately, the one with most left: a bar shows one."""
        self._count += 1
        self._running[found.bench.title] = self._count, found
        lately = {k: v for k, v in self._running.items() if v[0] > self._count - _LATELY}
        self._running = lately
        return max((each for _, each in lately.values()), key=lambda one: one.seconds_left or 0.0)


@contextlib.contextmanager
def step_progress(description: str) -> Iterator[StepProgress]:
    """A :class:`StepProgress` on standard error while the block runs."""
    with progress(description) as advance:
        yield StepProgress(advance, sys.stderr.isatty(), description)


@contextlib.contextmanager
def open_workbench(description: str, time_limit: float | None = None) -> Iterator["Workbench"]:
    """A workbench whose work is shown on standard error while the block runs.

    time_limit: seconds for a simulation that is about a neuron; None: what each may take.
    """
    from codesign.workbench import WorkbenchSettings

    settings = WorkbenchSettings(time_limit=time_limit)
    with step_progress(description) as progress, settings.open(progress, progress.watch) as bench:
        yield bench


@contextlib.contextmanager
def shown_workbench(description: str, given: "Workbench | None" = None) -> Iterator["Workbench"]:
    """A workbench for a call from Python, while the block runs.

    It is the ``given`` one, or one that shows a bar where there is somebody to see it, and says
    nothing elsewhere.
    """
    if given is not None:
        yield given
    elif shows_bars():
        with open_workbench(description) as workbench:
            yield workbench
    else:
        from codesign.workbench import WorkbenchSettings

        with WorkbenchSettings().open() as workbench:
            yield workbench
