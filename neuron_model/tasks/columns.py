"""Tables of numbers that a user brings: text (CSV and its kin), NPZ, Parquet and Excel.

How text is read tells :mod:`neuron_model.tasks.text_table`; without names the columns are called
1, 2, ... In an NPZ file every array is a column (samples,) or, as (samples, k), the columns
``name_1`` to ``name_k``. Nothing in the file is ever executed.
"""

from __future__ import annotations

import hashlib
import os
import warnings
import zipfile
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from neuron_model.errors import InputError
from neuron_model.tasks.text_table import Cells, as_number, read_text_table

LARGEST_FILE = 2_000_000_000
"""Bytes."""

_FRAMES = (".parquet", ".xlsx", ".xls")

SUFFIXES = (".csv", ".tsv", ".txt", ".npz", *_FRAMES)
"""Of files that are tables."""

_LARGEST = 1e30  # float32 squares of scaled numbers stay far from overflow


@dataclass(frozen=True)
class Columns:
    """A table's columns by name, each (samples,) in float64, all of one length; NaN: missing.

    texts: the columns that hold something else than numbers, and where and what that is: such a
    column is no number to be used. words: all cells of those columns. order: names of all columns,
    in the file's order. lines: where in the file the rows stand. said: how it was read, where that
    is not as a matter of course.
    """

    values: dict[str, np.ndarray]
    texts: dict[str, str]
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()
    said: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.order:
            object.__setattr__(self, "order", (*self.values, *self.texts))

    @property
    def rows(self) -> int:
        """How many there are."""
        lengths = [len(c) for c in self.values.values()] + [len(c) for c in self.words.values()]
        return max(lengths, default=0)

    def line(self, row: int) -> int:
        """Where a row stands in the file, counted from 1."""
        return self.lines[row] if self.lines else row + 1

    def cells(self, name: str) -> tuple[str, ...]:
        """A column as texts, whole numbers without a point; empty: missing."""
        if name in self.words:
            return self.words[name]
        return tuple("" if v != v else f"{v:.15g}" for v in self.values[name].tolist())

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns of numbers, in the file's order."""
        return tuple(self.values)


def read_columns(path: str | os.PathLike[str]) -> Columns:
    """Read a table.

    Raises:
        InputError: it cannot be read or is no table; the text names the file and, where one is
            to blame, row, column and value.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: cannot be read, there is no such file.")
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: is no table; its name must end in {', '.join(SUFFIXES)}.")
    if path.stat().st_size > LARGEST_FILE:
        raise InputError(f"{path}: is larger than {LARGEST_FILE} bytes.")
    columns = _read(path, digest(path))
    if not columns.values and not columns.texts:
        raise InputError(f"{path}: holds no columns; it must have at least one of numbers.")
    return columns


def digest(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file, hex.

    Raises:
        InputError: it cannot be read.
    """
    if Path(path).exists() and not Path(path).is_file():  # a pipe would be waited for
        raise InputError(f"{path}: cannot be read, it is not a file.")
    try:
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}).") from error


@lru_cache(maxsize=1)
def _read(path: Path, _digest: str) -> Columns:
    """The last table is kept: a run looks at it several times."""
    kind = path.suffix.lower()
    if kind == ".npz":
        return _read_npz(path)
    return _read_frame(path) if kind in _FRAMES else _read_csv(path)


def _read_csv(path: Path) -> Columns:
    return _read_numbers(path) or _of_cells(read_text_table(path))


def _read_numbers(path: Path) -> Columns | None:
    """A CSV file of nothing but numbers, ten times as fast; None where it is not quite that."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            top = stream.readline()
            delimiter = max(",;\t", key=top.count)
            names = [cell.strip() for cell in top.split(delimiter)]
            if (
                '"' in top
                or top.startswith(("#", "%", "//"))
                or not all(names)
                or any(as_number(name) is not None for name in names)
                or len(set(names)) < len(names)
            ):
                return None
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that there are no rows
                table = np.loadtxt(stream, delimiter=delimiter, comments=None, ndmin=2)
    except (OSError, UnicodeDecodeError, ValueError):
        return None
    if table.shape[1] != len(names) or not len(table) or not (np.abs(table) <= _LARGEST).all():
        return None
    return Columns(dict(zip(names, np.ascontiguousarray(table.T), strict=True)), {})


def _of_cells(table: Cells) -> Columns:
    """Cell by cell, so that what is wrong can be named."""
    values: dict[str, np.ndarray] = {}
    texts: dict[str, str] = {}
    words: dict[str, tuple[str, ...]] = {}
    for index, name in enumerate(table.names):
        cells = [table.number(row[index]) for _, row in table.rows]
        bad = next(
            (i for i, c in enumerate(cells) if c is None or not (abs(c) <= _LARGEST or c != c)),
            None,
        )
        if bad is None:
            values[name] = np.array(cells, dtype=float)
        else:
            line, row = table.rows[bad]
            texts[name] = f"row {line}, column {name!r}: {row[index][:60]!r}"
            words[name] = tuple(row[index].strip() for _, row in table.rows)
    lines = tuple(line for line, _ in table.rows)
    return Columns(values, texts, words, table.names, lines, table.said)


def _read_frame(path: Path) -> Columns:
    """Parquet and Excel, through pandas and what it needs for them."""
    import pandas

    excel = path.suffix.lower() != ".parquet"
    try:
        frame = pandas.read_excel(path) if excel else pandas.read_parquet(path)
    except ImportError as error:
        needs = "openpyxl" if excel else "pyarrow"
        raise InputError(
            f"{path}: cannot be read without {needs}; pip install {needs} brings it."
        ) from error
    except Exception as error:  # what the readers raise is theirs to choose
        raise InputError(f"{path}: cannot be read ({error!s:.200}).") from error
    if frame.index.name is not None or not isinstance(frame.index, pandas.RangeIndex):
        frame = frame.reset_index()
    names = tuple(str(name) for name in frame.columns)
    if len(set(names)) < len(names) or not len(frame):
        raise InputError(f"{path}: must have rows, and every column a name of its own.")
    values: dict[str, np.ndarray] = {}
    texts: dict[str, str] = {}
    words: dict[str, tuple[str, ...]] = {}
    first = 2 if excel else 1
    for name, (_, column) in zip(names, frame.items(), strict=True):
        if pandas.api.types.is_numeric_dtype(column) and column.dtype != bool:
            numbers = column.to_numpy(dtype=float, na_value=np.nan)
            if not np.isinf(numbers).any():
                values[name] = numbers
                continue
        words[name] = tuple("" if pandas.isna(cell) else str(cell) for cell in column)
        texts[name] = f"row {first}, column {name!r}: {words[name][0][:60]!r}"
    lines = tuple(range(first, len(frame) + first))
    said = ("the first sheet",) if excel else ()
    return Columns(values, texts, words, names, lines, said)


def _read_npz(path: Path) -> Columns:
    values: dict[str, np.ndarray] = {}
    try:
        with np.load(path, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: is no NPZ file of numbers ({error}).") from error
    for name, array in arrays.items():
        if array.dtype.kind not in "iuf" or array.ndim not in (1, 2) or not len(array):
            raise InputError(
                f"{path}: the array {name} is {array.dtype} {array.shape}; it must be of numbers, "
                "(samples,) or (samples, columns)."
            )
        if array.ndim == 1:
            values[name] = array.astype(float)
        else:
            values |= {f"{name}_{k + 1}": column.astype(float) for k, column in enumerate(array.T)}
    for name, column in values.items():
        bad = np.flatnonzero(~(np.abs(column) <= _LARGEST))
        if bad.size:
            raise InputError(
                f"{path}, row {bad[0] + 1}, column {name!r}: {column[bad[0]]} is not allowed; it "
                f"must be a number from {-_LARGEST:g} to {_LARGEST:g}."
            )
    lengths = {name: len(column) for name, column in values.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise InputError(f"{path}: its arrays must be of one length; they have {listed} samples.")
    return Columns(values, {})
