"""Text that is meant as a table, as programs and people write it, taken apart into cells.

What it is separated by, whether its numbers have a decimal comma, where its names, units and
comments stand, and its encoding are told from the text itself; what was told is said.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from neuron_model.errors import InputError

MISSING = frozenset(("", "nan", "na", "n/a", "#n/a", "null", "none", "nil", "-", "--", "?", "."))
"""Cells, in small letters, that stand for a value that is not there."""

_COMMENTS = ("#", "%", "//")
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas", " ": "spaces"}
_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_SAMPLE = 200  # rows that are looked at to tell the form


@dataclass(frozen=True)
class Cells:
    """A table of texts.

    names: of the columns. rows: (line in the file, a text for each column). comma: whether numbers
    have a decimal comma. said: how it was read, where that is not as a matter of course.
    """

    names: tuple[str, ...]
    rows: list[tuple[int, list[str]]]
    comma: bool
    said: tuple[str, ...]

    def number(self, cell: str) -> float | None:
        """The number of a cell; NaN where it is missing, None where it is another text."""
        return as_number(cell, self.comma)


def as_number(cell: str, comma: bool = False) -> float | None:
    """The number of a cell; NaN where it is missing, None where it is another text, or infinite."""
    text = cell.strip()
    if text.lower() in MISSING:
        return math.nan
    if comma and _COMMA.fullmatch(text):
        text = text.replace(",", ".")
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None


def read_text_table(path: Path) -> Cells:
    """Take a text file apart.

    Raises:
        InputError: it cannot be read, holds no rows, or its rows have not the same number of
            cells; the text names the row.
    """
    said: list[str] = []
    lines = _lines(path, said)
    if not lines:
        raise InputError(f"{path}: is empty; it must hold rows of numbers.")
    delimiter, comma = _form([line for _, line in lines[:_SAMPLE]])
    try:
        # A quoted cell may go over several lines: the number is that of its first one.
        rows = [(number, _split(line, delimiter)) for number, line in lines]
    except csv.Error as error:
        raise InputError(f"{path}: cannot be read as a table ({error}).") from error
    if delimiter not in ("", ","):
        said.append(f"columns separated by {_DELIMITERS[delimiter]}")
    if comma:
        said.append("decimal commas")
    _drop_trailing(rows, delimiter, said)
    _drop_titles(rows, comma, said)
    head = rows[0][0]
    names = _names(path, rows, comma, said)
    if names is None:
        names = [str(i + 1) for i in range(len(rows[0][1]))]
    else:
        first = rows[0]
        del rows[0]
        if not rows:
            raise InputError(f"{path}: has column names but no rows of numbers.")
        if len(rows) > 1 and _is_units(rows, len(first[1]), comma):
            said.append(f"row {rows[0][0]} are units: {', '.join(c.strip() for c in rows[0][1])}")
            del rows[0]
    for line, row in rows:
        if len(row) != len(names):
            raise InputError(
                f"{path}, row {line}: has {len(row)} cells; it must have {len(names)}, as row "
                f"{head} does."
            )
    return Cells(tuple(names), rows, comma, tuple(said))


def _lines(path: Path, said: list[str]) -> list[tuple[int, str]]:
    """The lines that hold something, with their numbers, from the first that is no comment."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}).") from error
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        if wide or b"\0" in content:
            raise InputError(f"{path}: cannot be read as text ({error}).") from error
        text = content.decode("latin-1")
        said.append("encoding latin-1")
    if "\0" in text:
        raise InputError(f"{path}: cannot be read as text, it holds the byte 0.")
    numbered = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip(" \t\r,;|")]
    skipped = 0
    while numbered and numbered[0][1].lstrip().startswith(_COMMENTS):
        del numbered[0]
        skipped += 1
    if skipped:
        said.append(f"{skipped} line{'s' * (skipped > 1)} of comments left out")
    if numbered and re.fullmatch(r"sep=.", numbered[0][1].strip()):
        del numbered[0]
    return numbered


def _split(line: str, delimiter: str) -> list[str]:
    if delimiter == "":
        return [line.strip().strip('"')]
    if delimiter == " ":
        return next(csv.reader([" ".join(line.split())], delimiter=" "))
    return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))


def _form(lines: list[str]) -> tuple[str, bool]:
    """What separates the columns, empty where there is one alone; whether there is decimal comma.

    A separator makes as many cells of nearly every line, and some column of numbers.
    """
    if _is_one_column_of_commas(lines):
        return "", True
    for delimiter in _DELIMITERS:
        rows = [_split(line, delimiter) for line in lines]
        body = rows[1:] or rows
        width, often = Counter(map(len, body)).most_common(1)[0]
        if width < 2 or often < 0.9 * len(body):
            continue
        whole = [row for row in body if len(row) == width]
        comma = delimiter != "," and any(_COMMA.fullmatch(c.strip()) for row in whole for c in row)
        for column in zip(*whole, strict=True):
            numbers = [as_number(cell, comma) for cell in column]
            if 2 * sum(n is not None and not math.isnan(n) for n in numbers) > len(column):
                return delimiter, comma
    # One column of numbers, or a table of which nothing can be made but what its commas say.
    commas = any(_COMMA.fullmatch(line.strip()) for line in lines[1:])
    best = max(",;\t", key=lines[0].count)
    return (best, False) if best in lines[0] else ("", commas)


def _is_one_column_of_commas(lines: list[str]) -> bool:
    """Whether ``5,123`` are numbers with a decimal comma, not two columns.

    They are where the head is one name, or where what is behind the commas has leading zeros and
    always as many digits, as no whole numbers have.
    """
    head = as_number(lines[0], True) is None
    body = lines[1:] if head else lines
    cells = [line.strip().strip('"') for line in body]
    if not body or not all(re.fullmatch(r"[+-]?\d+(,\d+)?", cell) for cell in cells):
        return False
    ends = [cell.partition(",")[2] for cell in cells if "," in cell]
    if not ends:
        return False
    if head:
        return not any(d in lines[0] for d in ",;\t|")
    alike = len({len(end) for end in ends}) == 1 and len(ends[0]) > 1
    return alike and len(ends) == len(cells) and any(end.startswith("0") for end in ends)


def _drop_trailing(rows: list[tuple[int, list[str]]], delimiter: str, said: list[str]) -> None:
    """A separator at the end of every line makes no column."""
    if delimiter in ("", " "):
        return
    width = max(len(row) for _, row in rows)
    body = rows[1:] or rows
    if width > 1 and all(len(row) == width and not row[-1].strip() for _, row in body):
        head = rows[0][1]
        if len(head) == width and head[-1].strip():
            return  # a column of its own, which is empty
        for _, row in rows:
            del row[width - 1 :]
        said.append("the empty last column left out")


def _drop_titles(rows: list[tuple[int, list[str]]], comma: bool, said: list[str]) -> None:
    """Lines above the names, as programs write them over what they export, are left out.

    Some have fewer cells than the rows, and what follows upon them is names alone: over a table
    that begins with values, a short row is its names, with one too few of them.
    """
    widths = [len(row) for _, row in rows[:_SAMPLE]]
    width = Counter(widths).most_common(1)[0][0]
    above = 1 + max((i for i, found in enumerate(widths) if found != width), default=-1)
    if above == 0 or above == len(widths) or max(widths[:above]) > width:
        return
    if not all(_is_word(cell, comma) for cell in rows[above][1]):
        return
    what = "line" if above == 1 else "lines"
    said.append(f"{above} {what} above the names left out")
    del rows[:above]


def _names(
    path: Path, rows: list[tuple[int, list[str]]], comma: bool, said: list[str]
) -> list[str] | None:
    """The names in the first row; None where it holds values."""
    line, top = rows[0]
    cells = [cell.strip() for cell in top]
    if not any(_is_word(cell, comma) for cell in cells):
        if not _are_steps(cells, [row for _, row in rows[1:_SAMPLE]]):
            return None
        said.append(f"row {line}, whole numbers in steps, are names")
    if not cells[0] and len(cells) > 1 and all(cells[1:]):
        cells[0] = "index"  # as pandas writes it
    twice = next((name for name in cells if cells.count(name) > 1), None)
    if twice is not None or "" in cells:
        what = "an empty name" if twice is None or not twice else f"two columns named {twice!r}"
        raise InputError(
            f"{path}, row {line}: has {what}; every column must have a name of its own."
        )
    return cells


def _is_word(cell: str, comma: bool) -> bool:
    """Whether a cell can only be a name: neither missing, nor a number, nor a date or a time."""
    if as_number(cell, comma) is not None or cell.lower().lstrip("+-") in ("inf", "infinity"):
        return False
    try:
        float(cell)
    except ValueError:
        return not looks_like_time(cell)
    return False


def looks_like_time(cell: str) -> bool:
    """Whether a cell looks like a date or a time of day."""
    return bool(re.match(r"\s*\d{1,4}([-/.:]\d{1,4}){1,2}([T ,:Z+].*)?$", cell))


def _are_steps(cells: list[str], body: list[list[str]]) -> bool:
    """Whether whole numbers in equal steps stand over columns that have no whole numbers."""
    if len(cells) < 2 or not body or not all(re.fullmatch(r"\d{1,9}", cell) for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    steps = {b - a for a, b in zip(numbers, numbers[1:], strict=False)}
    whole = sum(bool(re.fullmatch(r"[+-]?\d+", cell.strip())) for row in body for cell in row)
    return len(steps) == 1 and steps != {0} and whole == 0


def _is_units(rows: list[tuple[int, list[str]]], width: int, comma: bool) -> bool:
    """Whether the first row has words wherever the ones below it have numbers."""
    first, body = rows[0][1], [row for _, row in rows[1:_SAMPLE] if len(row) == width]
    if len(first) != width or not body:
        return False
    words = []
    for cell, column in zip(first, zip(*body, strict=True), strict=True):
        numbers = [as_number(one, comma) for one in column]
        if any(n is not None and not math.isnan(n) for n in numbers) and None not in numbers:
            words.append(as_number(cell, comma) is None)
    return bool(words) and all(words)
