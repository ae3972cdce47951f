"""The time of a table's rows: which column it is, and where it has gaps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuron_model.errors import InputError
from neuron_model.suggestion import suggestion
from neuron_model.tasks.columns import Columns
from neuron_model.tasks.text_table import looks_like_time

TIME_NAMES = ("t", "time", "date", "datetime", "timestamp", "index", "sample", "step", "unix_time")
"""Of a column that counts the rows, in small letters."""

GAP = 1.5
"""A step of time that is longer than that many usual ones is a gap."""


@dataclass(frozen=True)
class RowTime:
    """The time of each row, (rows,), in seconds where it is dates, else in its column's unit."""

    name: str
    values: np.ndarray
    dates: bool


def find_time(columns: Columns, asked: str, target: str, source: str) -> RowTime | None:
    """The column that is the time; None where there is none, and the rows are evenly spaced.

    A column of dates is; and a column of numbers that rises in even steps, or one that is called
    like a time and rises, or does when it is sorted. The target is none, whatever it is called,
    unless it is called like a time and rises in even steps.

    Args:
        columns: of the table.
        asked: the name of the column; ``none`` for none; empty to look for it.
        target: the name of the column that is to be forecast.
        source: what errors call the file.

    Raises:
        InputError: the column that was asked for holds no time.
    """
    if asked == "none":
        return None
    if asked:
        if asked not in columns.order:
            raise InputError(
                f"{source}: time = {asked!r} is not one of its columns; they are "
                f"{', '.join(columns.order)}.{suggestion(asked, columns.order)}"
            )
        found = _dates(columns, asked)
        if found is None and asked in columns.values:
            found = RowTime(asked, columns.values[asked], False)
        if found is None or np.isnan(found.values).any():
            raise InputError(f"{source}: the column {asked!r} holds no time at each row.")
        return found
    names = [name for name in columns.order if name != target]
    for name in names:
        found = _dates(columns, name)
        if found is not None:
            return found
    if target.strip().lower() in TIME_NAMES and len(names):
        names.append(target)
    for name in names:
        if name in columns.values and _counts(name, columns.values[name]):
            return RowTime(name, columns.values[name], False)
    return None


def _counts(name: str, values: np.ndarray) -> bool:
    if len(values) < 3 or np.isnan(values).any():
        return False
    known = name.strip().lower() in TIME_NAMES
    steps = np.diff(np.sort(values) if known else values)
    if not (steps > 0).all():
        return False
    usual = np.median(steps)
    even = np.mean(np.abs(steps - usual) <= 0.1 * usual) > 0.8
    return bool(even or (known and (np.diff(values) > 0).all()))


def _dates(columns: Columns, name: str) -> RowTime | None:
    cells = columns.words.get(name, ())
    if not cells or not all(looks_like_time(cell) for cell in cells):
        return None
    import pandas

    day_first = bool(re.match(r"\d{1,2}\.", cells[0]))
    forms: list[dict[str, Any]] = [{"dayfirst": day_first}, {"dayfirst": not day_first}]
    if cells[0][:4].isdigit():
        forms = [{"format": "ISO8601"}, {"format": "mixed"}]
    for form in forms:
        try:
            times = pandas.to_datetime(list(cells), utc=True, **form)
        except (ValueError, OverflowError):
            continue
        seconds = (times - times[0]).total_seconds().to_numpy(dtype=float)
        return RowTime(name, seconds, True)
    return None


def interval(time: RowTime) -> float:
    """The usual step of sorted times."""
    return float(np.median(np.diff(time.values)))
