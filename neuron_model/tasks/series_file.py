"""A task of the user's own: columns of a table are heard, others are to be said."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from neuron_model.errors import InputError
from neuron_model.shown import ShownSettings
from neuron_model.suggestion import suggestion
from neuron_model.tasks.columns import Columns, digest, read_columns
from neuron_model.tasks.prepared_table import MISSING, Preparation, PreparedTable, prepare
from neuron_model.tasks.series import (
    Part,
    Series,
    check_cuts,
    cut_series,
    cuts,
    scored_moments,
    window_starts,
    wrong,
)
from neuron_model.tasks.table_time import find_time


@dataclass(frozen=True, repr=False)
class SeriesFile(ShownSettings):
    """Say the target columns ``horizon`` rows ahead of what has been heard of the input columns.

    The rows are moments, evenly spaced but for gaps, which no window crosses. Each column is scaled
    by the mean and the deviation of its training part.

    file: a table, as :mod:`neuron_model.tasks.columns` reads it. input: names of the columns
    that are heard; if not given all that hold numbers, but for a time and what does not change.
    target: names of those to be said; the last column if not given, whatever it is called. horizon:
    0 says the target of the same row, which then may not be heard itself. window: rows of a
    training sequence, of which the first ``washout`` are heard but not scored; 0: 90 and 40, less
    where the table is short. time: the column that says when each row was, by which they are
    sorted; empty: looked for (:func:`neuron_model.tasks.table_time.find_time`); ``none``: there is
    none. missing, interpolate_rows, resample: as in
    :class:`~neuron_model.tasks.prepared_table.Preparation`. training_fraction: how much of the
    rows, from the first, is trained on; validation_fraction: how much after it is kept to choose
    by; the rest is tested on. sha256: of the file, where it is to be the same one; hex.

    Raises:
        InputError: a value is not usable; the text names it.
    """

    file: str
    input: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    horizon: int = 1
    window: int = 90
    washout: int = 40
    training_fraction: float = 0.7
    validation_fraction: float = 0.1
    time: str = ""
    missing: str = "interpolate"
    interpolate_rows: int = 5
    resample: float = 0.0
    sha256: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "input", tuple(self.input))
        object.__setattr__(self, "target", tuple(self.target))
        if not isinstance(self.file, str) or not self.file:
            raise wrong("series", "file", self.file, "the path of a table")
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name in ("input", "target"):
                if not all(isinstance(name, str) for name in value):
                    raise wrong("series", f.name, value, "a list of column names")
                if len(set(value)) != len(value):
                    raise wrong("series", f.name, value, "column names, each once")
            elif f.name in ("horizon", "window", "washout", "interpolate_rows"):
                least = 0
                whole = isinstance(value, int) and not isinstance(value, bool)
                if not whole or not least <= value <= 10**7:
                    allowed = f"a whole number from {least} to 10000000"
                    raise wrong("series", f.name, value, allowed)
            elif f.name.endswith("fraction") and (
                isinstance(value, bool) or not isinstance(value, int | float)
            ):
                raise wrong("series", f.name, value, "a number from 0 to 1")
        if not isinstance(self.sha256, str):
            raise wrong("series", "sha256", self.sha256, "a SHA-256 as text")
        if not isinstance(self.time, str):
            raise wrong("series", "time", self.time, "the name of a column, or none")
        if self.missing not in MISSING:
            raise wrong("series", "missing", self.missing, f"one of {', '.join(MISSING)}")
        number = isinstance(self.resample, int | float) and not isinstance(self.resample, bool)
        if not number or not 0 <= self.resample <= 1e12:
            raise wrong("series", "resample", self.resample, "a number from 0 to 1e12")

    def series(self) -> Series:
        """The data, scaled and cut.

        Raises:
            InputError: the file cannot be read, is not the one of ``sha256``, is too short, or
                has no such columns; the text names file, row, column and value.
        """
        return _cut(self, digest(self.file))

    def named(self) -> SeriesFile:
        """The same with the columns and the file's SHA-256 written out.

        Raises:
            InputError: as :meth:`series`.
        """
        found = digest(self.file)
        inputs, targets, time, table = _table(self, found)
        task = self
        if not self.window:
            rows = len(next(iter(table.values.values())))
            first, second = cuts(rows, self.training_fraction, self.validation_fraction)
            shortest = min(n for n in (first, second - first, rows - second) if n)
            window = max(1, min(90, shortest - self.horizon))
            task = replace(self, window=window, washout=min(self.washout, window * 40 // 90))
        return replace(task, input=inputs, target=targets, time=time, sha256=found)

    def said(self) -> str:
        """In one line: what is heard and forecast, and what was done to the table.

        Raises:
            InputError: as :meth:`series`.
        """
        inputs, targets, _, table = _table(self, digest(self.file))
        ahead = f"{self.horizon} row{'s' * (self.horizon != 1)} ahead"
        done = "; ".join(table.said)
        return f"hears {', '.join(inputs)} and learns {', '.join(targets)}, {ahead}" + (
            f" ({done})." if done else "."
        )


def task_for(file: str | Path, **values: Any) -> SeriesFile:
    """The task that a file suggests: all defaults, with shorter windows where it is short.

    Args:
        file: the table.
        values: of :class:`SeriesFile`, for fields that are not to have their default.

    Raises:
        InputError: the file cannot be read or has fewer than 50 rows.
    """
    rows = read_columns(file).rows
    if rows < 50:
        raise InputError(f"{file}: has {rows} rows; it must have at least 50 to train on.")
    return SeriesFile(str(file), **{"window": 0, **values}).named()


def series(file: str | Path, /, **values: Any) -> SeriesFile:
    """The task that a file suggests, with ``values`` for fields of :class:`SeriesFile`.

    ``series("my.csv", target="level", horizon=10)``: forecast the column ``level`` ten rows ahead.

    Raises:
        InputError: the file cannot be read or has fewer than 50 rows, there is no such field, or a
            value is not usable.
    """
    known = sorted({f.name for f in fields(SeriesFile)} - {"file"})
    for name in values:
        if name not in known:
            raise InputError(f"series: {name} is not known; there are {', '.join(known)}.")
    for key in ("input", "target"):
        if isinstance(values.get(key), str):
            values[key] = (values[key],)
    return task_for(file, **values)


@lru_cache(maxsize=4)
def _cut(task: SeriesFile, found: str) -> Series:
    """found: the file's SHA-256."""
    if task.sha256 and task.sha256 != found:
        raise InputError(
            f"{task.file}: has changed: its SHA-256 is {found}, not {task.sha256} as "
            "task.sha256 says."
        )
    if not task.window:
        task = replace(task.named(), sha256=task.sha256)
    inputs, targets, _, table = _table(task, found)
    fractions = (task.training_fraction, task.validation_fraction)
    try:
        rows = len(table.values[inputs[0]])
        check_cuts("series", rows, task, task.horizon, fractions)
        cut = cut_series(
            np.stack([table.values[name] for name in inputs], axis=1),
            np.stack([table.values[name] for name in targets], axis=1),
            task.horizon,
            *fractions,
            persistence=tuple(inputs.index(t) if t in inputs else None for t in targets),
            names=(inputs, targets, table.breaks),
        )
        for name, part in (("test", cut.test), ("validation", cut.validation)):
            _check_part(task, targets, name, part)
        _check_part(task, (), "training", cut.training)
        return cut
    except InputError as error:
        raise InputError(f"{task.file}: {error}") from error


def _check_part(task: SeriesFile, targets: tuple[str, ...], name: str, part: Part) -> None:
    """Windows fit between its gaps, and what is scored changes."""
    if not len(part):
        return
    if not len(window_starts(part, task.window)):
        raise wrong(
            "series",
            "window",
            task.window,
            f"shorter: the {name} part has gaps, and none of its stretches is as long",
        )
    scored = part.target[scored_moments(part, task.washout)]
    for index, target in enumerate(targets):
        if np.ptp(scored[:, index]) == 0:
            raise InputError(
                f"the target {target!r} does not change in the {name} part (a stuck sensor?), so "
                "its NRMSE is not defined; take another target or other fractions."
            )


@lru_cache(maxsize=4)
def _table(
    task: SeriesFile, _found: str
) -> tuple[tuple[str, ...], tuple[str, ...], str, PreparedTable]:
    """Names of inputs and targets, of the time or ``none``, and the rows, ready."""
    columns = read_columns(task.file)
    last = task.target[-1] if task.target else (columns.order[-1] if columns.order else "")
    time = find_time(columns, task.time, last, task.file)
    skipped = time.name if time is not None else ""
    inputs, targets = _chosen(task, columns, skipped)
    how = Preparation(task.missing, task.interpolate_rows, float(task.resample))
    names = tuple(dict.fromkeys((*inputs, *targets)))
    table = prepare(columns, names, time, how, task.file)
    said = [*columns.said, *table.said]
    if not task.input:
        first, _ = cuts(
            len(table.values[names[0]]), task.training_fraction, task.validation_fraction
        )
        still = tuple(n for n in inputs if n not in targets and not np.ptp(table.values[n][:first]))
        inputs = tuple(name for name in inputs if name not in still)
    # A named task, which says its inputs, tells the same.
    unused = [
        name
        for name, column in columns.values.items()
        if name not in (*inputs, *targets, skipped) and np.nanmax(column) == np.nanmin(column)
    ]
    if unused:
        said.append(f"left out, as constant: {', '.join(unused)}")
    return inputs, targets, skipped or "none", replace(table, said=tuple(said))


def _chosen(
    task: SeriesFile, columns: Columns, time: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the columns that are heard and that are to be said; time: that is neither."""
    for key, names in (("input", task.input), ("target", task.target)):
        for name in names:
            if name in columns.texts:
                raise InputError(
                    f"{task.file}, {columns.texts[name]} is not allowed; it must be a number."
                )
            if name not in columns.values:
                raise InputError(
                    f"{task.file}: {key} = {name!r} is not one of its columns; they are "
                    f"{', '.join(columns.order)}.{suggestion(name, columns.values)}"
                )
    inputs = task.input or tuple(name for name in columns.order if name != time)
    bad = next((name for name in inputs if name in columns.texts), None)
    if bad is not None or not inputs:
        where = columns.texts[bad] if bad is not None else f"the column {time!r}"
        raise InputError(
            f"{task.file}, {where} is not allowed; it must be a number, or task.input must name "
            "other columns."
        )
    targets = task.target or inputs[-1:]
    both = next((name for name in targets if name in inputs), None)
    if task.horizon == 0 and both is not None:
        raise InputError(
            f"series: horizon = 0 is not allowed; it must be at least 1, as the target {both!r} "
            "is heard in the same row."
        )
    empty = next((n for n in (*inputs, *targets) if np.isnan(columns.values[n]).all()), None)
    if empty is not None:
        raise InputError(f"{task.file}: the column {empty!r} holds no value.")
    return inputs, targets
