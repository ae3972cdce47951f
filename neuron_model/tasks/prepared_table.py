"""A table's rows made ready to be learned: in the order of time, at even steps, none missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neuron_model.errors import InputError
from neuron_model.tasks.columns import Columns
from neuron_model.tasks.table_time import GAP, RowTime, interval

MISSING = ("interpolate", "drop", "refuse")
"""What may be done with rows of which a value is missing."""


@dataclass(frozen=True)
class PreparedTable:
    """Columns by name, (rows,) each; breaks: rows behind a gap; said: what was done."""

    values: dict[str, np.ndarray]
    breaks: tuple[int, ...]
    said: tuple[str, ...]


@dataclass(frozen=True)
class Preparation:
    """What to do with a table's rows.

    missing: ``interpolate`` fills up to ``interpolate_rows`` rows in a line from the value before
    to the one behind, and drops longer holes; ``drop`` drops the rows; ``refuse`` is an error.
    Where rows are dropped is a gap. resample: the step of time to which rows are averaged; 0: as
    is.
    """

    missing: str = "interpolate"
    interpolate_rows: int = 5
    resample: float = 0.0


def prepare(
    columns: Columns,
    names: Sequence[str],
    time: RowTime | None,
    how: Preparation,
    source: str,
) -> PreparedTable:
    """The columns ``names``, ready.

    Raises:
        InputError: times repeat or are too uneven, or a value is missing and that is refused; the
            text names row and column.
    """
    said: list[str] = []
    table = np.stack([columns.values[name] for name in names], axis=1)
    lines = np.array([columns.line(row) for row in range(len(table))])
    breaks = np.zeros(len(table), dtype=bool)
    if time is not None:
        order = np.argsort(time.values, kind="stable")
        if (np.diff(order) < 0).any():
            said.append(f"rows sorted by {time.name!r}")
        table, lines = table[order], lines[order]
        time = RowTime(time.name, time.values[order], time.dates)
        twice = np.flatnonzero(np.diff(time.values) == 0)
        if twice.size and not how.resample:
            raise InputError(
                f"{source}, row {lines[twice[0] + 1]}: has the same time as row "
                f"{lines[twice[0]]} in {time.name!r}; give every row its own, or [task] resample "
                'or time = "none".'
            )
        unit = " s" if time.dates else ""
        if how.resample:
            table, lines = _resampled(table, lines, time, how.resample)
            breaks = np.zeros(len(table), dtype=bool)
            said.append(f"averaged to one row every {how.resample:g}{unit} of {time.name!r}")
        else:
            step = interval(time)
            breaks[1:] = np.diff(time.values) > GAP * step
            said.append(f"{time.name!r} is the time, a row every {step:g}{unit}")
            _check_even(breaks, time, step, source)
    elif how.resample:
        raise InputError(f"{source}: resample = {how.resample:g} needs a column of time.")
    gaps = int(breaks.sum())
    if gaps:
        said.append(f"{gaps} gap{'s' * (gaps > 1)} in time, which no window crosses")
    table, breaks = _filled(table, breaks, lines, names, how, said, source)
    values = {name: np.ascontiguousarray(table[:, i]) for i, name in enumerate(names)}
    return PreparedTable(values, tuple(np.flatnonzero(breaks).tolist()), tuple(said))


def _check_even(breaks: np.ndarray, time: RowTime, step: float, source: str) -> None:
    if breaks.mean() > 0.1:
        steps = np.diff(time.values)
        raise InputError(
            f"{source}: the times in {time.name!r} are {steps.min():g} to {steps.max():g} apart, "
            f"mostly {step:g}: too uneven. Give [task] resample, the step to which rows are "
            'averaged, or time = "none".'
        )


def _resampled(
    table: np.ndarray, lines: np.ndarray, time: RowTime, step: float
) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the rows in each step, NaN where there are none."""
    which = np.floor((time.values - time.values[0]) / step + 1e-9).astype(np.int64)
    count = int(which[-1]) + 1
    if count > 100 * len(table):
        raise InputError(
            f"resample = {step:g} is not allowed; it makes {count} rows of {len(table)}, and must "
            "make at most 100 of each."
        )
    there = ~np.isnan(table)
    sums, counts = np.zeros((count, table.shape[1])), np.zeros((count, table.shape[1]))
    np.add.at(sums, which, np.where(there, table, 0.0))
    np.add.at(counts, which, there)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(counts > 0, sums / counts, np.nan)
    nearest = np.minimum(np.searchsorted(which, np.arange(count)), len(lines) - 1)
    return means, lines[nearest]


def _filled(
    table: np.ndarray,
    breaks: np.ndarray,
    lines: np.ndarray,
    names: Sequence[str],
    how: Preparation,
    said: list[str],
    source: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Without missing values; the rows behind a gap."""
    missing = np.isnan(table)
    count = int(missing.sum())
    if not count:
        return table, breaks
    row, column = np.argwhere(missing)[0]
    if how.missing == "refuse":
        raise InputError(
            f"{source}, row {lines[row]}, column {names[column]!r}: is missing; it must be a "
            'number, or [task] missing must be "interpolate" or "drop".'
        )
    table = table.copy()
    if how.missing == "interpolate":
        stretch = np.cumsum(breaks)
        for k in range(table.shape[1]):
            _interpolate(table[:, k], stretch, how.interpolate_rows)
    left = np.isnan(table)
    if count - left.sum():
        said.append(f"{count - int(left.sum())} missing values interpolated")
    gone = left.any(1)
    if gone.any():
        said.append(f"{int(gone.sum())} rows with missing values dropped, a gap each")
        breaks = breaks.copy()
        breaks[1:] |= gone[:-1]
        # A break in a row that goes is one of the next row that stays.
        for at in np.flatnonzero(breaks & gone):
            breaks[at + 1 : at + 2] = True
    kept = breaks[~gone]
    kept[:1] = False
    return table[~gone], kept


def _interpolate(column: np.ndarray, stretch: np.ndarray, most: int) -> None:
    """Fill holes of at most ``most`` rows inside of a stretch, in place."""
    there = np.flatnonzero(~np.isnan(column))
    for a, b in zip(there[:-1], there[1:], strict=True):
        if 1 < b - a <= most + 1 and stretch[a] == stretch[b]:
            column[a : b + 1] = np.linspace(column[a], column[b], b - a + 1)
