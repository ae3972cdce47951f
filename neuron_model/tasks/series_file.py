"""A task of the user's own: columns of a CSV or NPZ file are heard, others are to be said."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from neuron_model.errors import InputError
from neuron_model.shown import ShownSettings
from neuron_model.tasks.columns import Columns, digest, read_columns
from neuron_model.tasks.series import Series, check_cuts, cut_series, wrong

TIME_NAMES = ("t", "time", "date", "datetime", "timestamp", "index", "sample", "step")
"""Of a column that counts the rows; it is not heard unless it is asked for."""


@dataclass(frozen=True, repr=False)
class SeriesFile(ShownSettings):
    """Say the target columns ``horizon`` rows ahead of what has been heard of the input columns.

    The rows are moments, evenly spaced. Each column is scaled by the mean and the deviation of
    its training part.

    file: CSV or NPZ, as :mod:`neuron_model.tasks.columns` reads it. input: names of the columns
    that are heard; all that hold numbers but for a count of time, if not given. target: names of
    those to be said; the last of the inputs if not given. horizon: 0 says the target of the same
    row, which then may not be heard itself. window: rows of a training sequence, of which the
    first ``washout`` are heard but not scored. training_fraction: how much of the rows, from the
    first, is trained on; validation_fraction: how much after it is kept to choose by; the rest is
    tested on. sha256: of the file, where it is to be the same one; hex.

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
    sha256: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "input", tuple(self.input))
        object.__setattr__(self, "target", tuple(self.target))
        if not isinstance(self.file, str) or not self.file:
            raise wrong("series", "file", self.file, "the path of a CSV or NPZ file")
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name in ("input", "target"):
                if not all(isinstance(name, str) for name in value):
                    raise wrong("series", f.name, value, "a list of column names")
                if len(set(value)) != len(value):
                    raise wrong("series", f.name, value, "column names, each once")
            elif f.name in ("horizon", "window", "washout"):
                least = 1 if f.name == "window" else 0
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
        inputs, targets = _chosen(self, read_columns(self.file))
        return replace(self, input=inputs, target=targets, sha256=found)


def task_for(file: str | Path) -> SeriesFile:
    """The task that a file suggests: all defaults, with shorter windows where it is short.

    Raises:
        InputError: the file cannot be read or has fewer than 50 rows.
    """
    columns = read_columns(file)
    rows = _rows(columns)
    if rows < 50:
        raise InputError(f"{file}: has {rows} rows; it must have at least 50 to train on.")
    task = SeriesFile(str(file))
    inputs, targets = _chosen(task, columns)
    window = min(task.window, int(rows * task.validation_fraction) - task.horizon)
    washout = min(task.washout, window * task.washout // task.window)
    return replace(task, input=inputs, target=targets, window=window, washout=washout)


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
    return replace(task_for(file), **values)


@lru_cache(maxsize=4)
def _cut(task: SeriesFile, found: str) -> Series:
    """found: the file's SHA-256."""
    if task.sha256 and task.sha256 != found:
        raise InputError(
            f"{task.file}: has changed: its SHA-256 is {found}, not {task.sha256} as "
            "task.sha256 says."
        )
    columns = read_columns(task.file)
    inputs, targets = _chosen(task, columns)
    fractions = (task.training_fraction, task.validation_fraction)
    try:
        check_cuts("series", _rows(columns), task, task.horizon, fractions)
        return cut_series(
            np.stack([columns.values[name] for name in inputs], axis=1),
            np.stack([columns.values[name] for name in targets], axis=1),
            task.horizon,
            *fractions,
            persistence=tuple(inputs.index(t) if t in inputs else None for t in targets),
            names=(inputs, targets),
        )
    except InputError as error:
        raise InputError(f"{task.file}: {error}") from error


def _chosen(task: SeriesFile, columns: Columns) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the columns that are heard and that are to be said."""
    for key, names in (("input", task.input), ("target", task.target)):
        for name in names:
            if name in columns.texts:
                raise InputError(
                    f"{task.file}, {columns.texts[name]} is not allowed; it must be a number."
                )
            if name not in columns.values:
                raise InputError(
                    f"{task.file}: {key} = {name!r} is not one of its columns; they are "
                    f"{', '.join((*columns.names, *columns.texts))}."
                )
    inputs = task.input or tuple(
        name for name in (*columns.names, *columns.texts) if name.strip().lower() not in TIME_NAMES
    )
    if not inputs:
        inputs = columns.names
    bad = next((name for name in inputs if name in columns.texts), None)
    if bad is not None or not inputs:
        where = columns.texts[bad] if bad is not None else next(iter(columns.texts.values()))
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
    return inputs, targets


def _rows(columns: Columns) -> int:
    return max((len(column) for column in columns.values.values()), default=0)
