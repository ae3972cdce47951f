"""What the user sees: results on standard output, progress on standard error.

With ``--json`` a command prints exactly one JSON document on standard output and nothing else
there; progress stays on standard error and is plain where that is no terminal.
"""

import contextlib
import dataclasses
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table


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


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table on standard output; cells are shown as they are, numbers with four digits."""
    table = Table()
    for column in columns:
        table.add_column(escape(column), overflow="fold")
    for row in rows:
        table.add_row(*(escape(_cell(cell)) for cell in row))
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        # A pipe has no width: a table that is folded at 80 columns is of no use to grep.
        console = Console(file=sys.stdout, width=240)
    if title:
        # the table's own title would be folded at the table's width, and read as markup
        console.print(title, style="table.title", markup=False, highlight=False, soft_wrap=True)
    console.print(table)


def fitting(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int, least: int) -> int:
    """How many of the first columns a table of ``width`` letters has room for; ``least`` at least.

    Nothing is to be folded.
    """
    used = 1
    for index, column in enumerate(columns):
        used += 3 + max(map(len, (column, *(row[index] for row in rows))))
        if used > width:
            return max(index, least)
    return len(columns)


def note(message: str) -> None:
    """Say on standard error what is being done."""
    print(message, file=sys.stderr, flush=True)


@contextlib.contextmanager
def progress(description: str, total: float | None = None) -> Iterator[Callable[..., None]]:
    """Show progress on standard error while the block runs.

    Yields:
        ``advance(steps=1, description=None)``. On a terminal it moves a bar; elsewhere a line is
        printed at the start and whenever the description changes.

    Args:
        description: what is being done.
        total: how many steps there are, where that is known.
    """
    console = Console(file=sys.stderr)
    if not console.is_terminal:
        note(description)

        def say(steps: float = 1, description: str | None = None) -> None:
            if description is not None:
                note(description)

        yield say
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(description, total=total)

        def move(steps: float = 1, description: str | None = None) -> None:
            bars.update(task, advance=steps, description=description)

        yield move


@contextlib.contextmanager
def step_progress(description: str) -> Iterator[Callable[[int, int, str], None]]:
    """Progress of work that tells (done, of how many, what); several kinds of it may follow."""
    with progress(description) as advance:
        shown = ""

        def step(done: int, total: int, what: str) -> None:
            nonlocal shown
            text = f"{what} ({done} of {total})"
            # elsewhere than on a terminal, only what is new is said
            if what != shown or sys.stderr.isatty():
                shown = what
                advance(1, description=text if sys.stderr.isatty() else what)

        yield step


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)
