"""What an object shows of itself: a line where it is printed, a table in a notebook."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from enum import Enum
from pathlib import PurePath
from typing import Any

import numpy as np

from neuron_model.html_table import html_table

_LONGEST_TEXT = 60
_MOST_ROWS = 40


class Shown:
    """A dataclass (of ``repr=False``) that shows no arrays of numbers.

    ``_brief`` is what stands in the brackets of its one line, ``_rows`` what a notebook's table
    says, a sequence a row, ``_columns`` the table's heads and ``_drawing`` a picture above it, as
    SVG; each has a default that goes over the fields.
    """

    _columns: Sequence[str] = ()

    def _brief(self) -> str:
        return ", ".join(f"{name} {in_short(value)}" for name, value in _fields(self))

    def _rows(self) -> Iterable[Sequence[object]]:
        return [(name, in_short(value)) for name, value in _fields(self)]

    def _drawing(self) -> str:
        return ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._brief()})"

    def _repr_html_(self) -> str:
        rows = list(self._rows())
        if len(rows) > _MOST_ROWS:
            left_out = f"and {len(rows) - _MOST_ROWS} more"
            rows = [*rows[:_MOST_ROWS], (left_out, *[""] * (len(rows[0]) - 1))]
        title = f"<div>{html.escape(repr(self))}</div>"
        return title + self._drawing() + html_table(rows, self._columns)


class ShownSettings(Shown):
    """Settings, a dataclass of ``repr=False``: what of them is not as it is by default."""

    def _brief(self) -> str:
        shown = (
            (name, repr(value) if isinstance(value, str | tuple | Shown) else in_short(value))
            for name, value in _changed(self)
        )
        return ", ".join(f"{name}={text}" for name, text in shown)


def _changed(value: Any) -> list[tuple[str, Any]]:
    found = []
    for f in fields(value):
        now = getattr(value, f.name)
        default = f.default if f.default_factory is MISSING else f.default_factory()
        if default is MISSING or now != default:
            found.append((f.name, now))
    return found


def _fields(value: Any) -> list[tuple[str, Any]]:
    every = [(f.name, getattr(value, f.name)) for f in fields(value) if f.repr]
    return [(name, part) for name, part in every if part is not None]


def in_short(value: object) -> str:
    """``value`` in a few words: of numbers their range, of anything else large its size."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | int | np.floating | np.integer):
        return f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)
    if isinstance(value, str | PurePath):
        text = str(value)
        return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 3]}..."
    if hasattr(value, "detach") and hasattr(
        value, "cpu"
    ):  # a tensor, without importing torch for those who have none
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray):
        return _numbers(value)
    if isinstance(value, Mapping):
        return counted(len(value), "entry", "entries")
    if isinstance(value, tuple | list | set | frozenset):
        if not value:
            return "none"
        if len(value) <= 4 and all(isinstance(v, str | float | int) for v in value):
            return ", ".join(in_short(v) for v in value)
        return f"{len(value)} of {type(next(iter(value))).__name__}"
    if isinstance(value, Shown):
        text = value._brief()
        return text if len(text) <= _LONGEST_TEXT else type(value).__name__
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST_TEXT else type(value).__name__


def counted(count: int, one: str, many: str = "") -> str:
    """``1 neuron``, ``3 neurons``."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def _numbers(values: np.ndarray) -> str:
    if values.size == 0:
        return "no numbers"
    if values.dtype.kind not in "iuf":
        return f"{' x '.join(map(str, values.shape))} values"
    low, high = float(values.min()), float(values.max())
    if values.size == 1 or low == high:
        return f"{low:.4g}"
    return f"{low:.4g} to {high:.4g}"
