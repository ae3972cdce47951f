"""Tables on standard output: no number is ever folded.

Columns that a terminal has no room for go to a second block, which begins with the columns that
name the rows; columns without any entry go. Only prose is wrapped, between words.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import IO

from codesign.terminal.quantities import MISSING

LEAST_PROSE = 30
"""A column of prose gets at least this many letters, or goes to a block of its own."""

_UNIT = re.compile(r"(?<=\d) (?=(?:%|°C|tau_m|[afpnµmk]?(?:A|V|s|W|J|F|Hz)|µm²)(?![\w²]))")
"""The blank between a number and its unit."""

_FRAME, _BETWEEN = 4, 3  # letters at both ends of a line, and between two columns
_NOTHING = {"", MISSING}


def terminal_width() -> int | None:
    """Letters in a line of the terminal at standard output; None: a pipe or file, without end."""
    if not (sys.stdout.isatty() or os.environ.get("FORCE_COLOR")):
        return None
    return shutil.get_terminal_size().columns


def say(text: str) -> None:
    """Print a sentence on standard output, wrapped between words where that is a terminal."""
    print(wrapped(text, terminal_width()))


def wrapped(text: str, width: int | None, indent: str = "  ") -> str:
    """``text`` in lines of at most ``width`` letters; words, such as paths, and numbers with their
    units stay whole.

    indent: of the second line and those after it.
    """
    if width is None:
        return text
    return "\n".join(
        "\n".join(
            textwrap.wrap(
                _UNIT.sub("\N{NO-BREAK SPACE}", line),
                width,
                subsequent_indent=indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
        for line in text.splitlines()
    ).replace("\N{NO-BREAK SPACE}", " ")


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], keys: int = 1
) -> None:
    """Print a table on standard output; cells are shown as they are, numbers with four digits.

    keys: so many of the first columns name a row; each block begins with them.
    """
    _write(sys.stdout, title, columns, rows, keys)


def table_text(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    keys: int = 1,
    width: int | None = None,
) -> str:
    """The same as text without colors, for lines of ``width`` letters (None: without end)."""
    text = io.StringIO()
    _write(text, title, columns, rows, keys, width)
    return text.getvalue()


def _write(
    file: IO[str],
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    keys: int,
    width: int | None = None,
) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if file is sys.stdout:
        width = terminal_width()
    table = _Layout(columns, [[_cell(cell) for cell in row] for row in rows], keys)
    console = Console(file=file, width=width or table.whole_width)
    if title:
        # the table's own title would be folded at the table's width, and read as markup
        shown = wrapped(title, width)
        console.print(shown, style="table.title", markup=False, highlight=False, soft_wrap=True)
    for block in table.blocks(width):
        drawn = Table()
        for index, letters in block:
            drawn.add_column(
                escape(wrapped(table.columns[index], letters, indent="")),
                width=letters,
                justify="right" if table.is_numeric(index) else "left",
                overflow="fold",
            )
        for row in table.rows:
            drawn.add_row(*(escape(_broken(row[index], letters)) for index, letters in block))
        console.print(drawn)


class _Layout:
    """Which columns stand side by side, and how wide."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[str]], keys: int) -> None:
        kept = [i for i in range(len(columns)) if i < keys or not rows or _has_entry(rows, i)]
        self.columns = [columns[i] for i in kept]
        self.rows = [[row[i] for i in kept] for row in rows]
        self.keys = min(keys, len(kept))
        cells = [[head, *(row[i] for row in self.rows)] for i, head in enumerate(self.columns)]
        self.needed = [max(map(_letters, column)) for column in cells]
        # a head may be wrapped between its words
        bodies = [[*head.split(), *body] for head, *body in cells]
        narrow = [max(map(_letters, column), default=0) for column in bodies]
        # what a column is content with: numbers and names with no less than all of it
        self.least = [
            max(LEAST_PROSE, _longest_word(column))
            if need > LEAST_PROSE and _is_prose(column)
            else need
            for need, column in zip(narrow, cells, strict=True)
        ]

    @property
    def whole_width(self) -> int:
        """Letters of a line where nothing is wrapped."""
        return _width(self.needed)

    def is_numeric(self, index: int) -> bool:
        """Whether its entries are numbers, alone or with a unit."""
        entries = [row[index] for row in self.rows if row[index] not in _NOTHING]
        return bool(entries) and all(_begins_with_digit(entry) for entry in entries)

    def blocks(self, width: int | None) -> Iterator[list[tuple[int, int]]]:
        """(column, its width) of each block, which begins with the key columns."""
        heads = list(range(self.keys))
        others = list(range(self.keys, len(self.columns)))
        if width is None or self.whole_width <= width:
            yield [(i, self.needed[i]) for i in heads + others]
            return
        while others:
            count = 1
            while count < len(others) and self._fits(heads + others[: count + 1], width):
                count += 1
            yield self._widths(heads + others[:count], width)
            others = others[count:]
        if len(heads) == len(self.columns):
            yield self._widths(heads, width)

    def _fits(self, block: Sequence[int], width: int) -> bool:
        return _width([self.least[i] for i in block]) <= width

    def _widths(self, block: Sequence[int], width: int) -> list[tuple[int, int]]:
        """What is left over goes to prose; what is missing is taken from the widest columns."""
        found = {i: min(self.least[i], width - _FRAME) for i in block}
        while _width(list(found.values())) > width:
            widest = max(found, key=lambda i: found[i])
            found[widest] -= 1
        left = width - _width(list(found.values()))
        for i in block:
            more = min(left, self.needed[i] - found[i])
            found[i] += more
            left -= more
        return list(found.items())


def _broken(cell: str, letters: int) -> str:
    """``cell`` in lines of so many letters: between words; a path that is longer, behind a /."""
    lines: list[str] = []
    for word in cell.split(" ") if _letters(cell) > letters else [cell]:
        while _letters(word) > letters and "/" in word[1:letters]:
            cut = word.rindex("/", 1, letters) + 1
            lines.append(word[:cut])
            word = word[cut:]
        if lines and _letters(lines[-1]) + 1 + _letters(word) <= letters and lines[-1][-1:] != "/":
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)


def _width(letters: Sequence[int]) -> int:
    return _FRAME + sum(letters) + _BETWEEN * (len(letters) - 1)


def _has_entry(rows: Sequence[Sequence[str]], index: int) -> bool:
    return any(row[index] not in _NOTHING for row in rows)


def _letters(cell: str) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, cell.splitlines()), default=0)


def _longest_word(cells: Sequence[str]) -> int:
    return max(_letters(word) for cell in cells for word in cell.split() or [""])


def _is_prose(cells: Sequence[str]) -> bool:
    """Whether some entry (not the head alone) is long for its words, not for a path or a number."""
    return any(" " in cell and _letters(cell) > LEAST_PROSE for cell in cells)


def _begins_with_digit(entry: str) -> bool:
    return entry.lstrip("+-−±<>~ ")[:1].isdigit()


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if 1e4 <= abs(value) < 1e7 else f"{value:.4g}"
    return "" if value is None else str(value)
