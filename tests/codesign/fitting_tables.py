"""Whether a table fits a terminal: of every table that a test prints (see conftest)."""

from __future__ import annotations

import re
from typing import Any

import codesign.terminal.tables as tables

WIDTHS = (80, 120)
_LONGEST = 40  # a word as long as that may be a path, which has to be broken somewhere
_draw = tables._write


def check_table(title: str, columns: Any, rows: Any, keys: int) -> None:
    """Every cell is whole at 80 and at 120 columns, and no line is longer than that."""
    for width in WIDTHS:
        text = tables.table_text("", columns, rows, keys, width)
        assert max(map(len, text.splitlines())) <= width, title
        lines = [line for line in text.splitlines() if line[:1] in "│┃"]
        cells = {cell.strip() for line in lines for cell in re.split("[│┃]", line)}
        words = {word for cell in cells for word in cell.split()}
        for row in rows:
            for cell in map(tables._cell, row):
                whole = len(cell) <= tables.LEAST_PROSE or " " not in cell
                for part in [cell.strip()] if whole else cell.split():
                    assert len(part) > _LONGEST or part in (cells if whole else words | {""}), (
                        f"{title}: {part!r} is folded at {width} columns"
                    )


def checking(file: Any, title: str, columns: Any, rows: Any, keys: int, width: Any = None) -> None:
    """Writes a table as it is asked to; one for people is checked first."""
    if width is None:
        check_table(title, columns, [tuple(row) for row in rows], keys)
    _draw(file, title, columns, rows, keys, width)
