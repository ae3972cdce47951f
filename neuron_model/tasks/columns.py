"""Tables of numbers that a user brings: CSV (comma, semicolon or tab) and NPZ.

A CSV file may begin with a line of column names; without one the columns are called 1, 2, ... In
an NPZ file every array is a column (samples,) or, as (samples, k), the columns ``name_1`` to
``name_k``. Nothing in the file is ever executed.
"""

from __future__ import annotations

import csv
import hashlib
import math
import os
import warnings
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from neuron_model.errors import InputError

LARGEST_FILE = 2_000_000_000
"""Bytes."""

SUFFIXES = (".csv", ".tsv", ".txt", ".npz")
"""Of files that are tables."""

_LARGEST = 1e30  # float32 squares of scaled numbers stay far from overflow


@dataclass(frozen=True)
class Columns:
    """A table's columns by name, each (samples,) in float64, all of one length.

    texts: the columns of a CSV file that hold something else than numbers, and where and what
    that is: such a column may not be used.
    """

    values: dict[str, np.ndarray]
    texts: dict[str, str]

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
    return _read_npz(path) if path.suffix.lower() == ".npz" else _read_csv(path)


def _read_csv(path: Path) -> Columns:
    return _read_numbers(path) or _read_cells(path)


def _read_numbers(path: Path) -> Columns | None:
    """A CSV file of nothing but numbers, ten times as fast; None where it is not quite that."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            top = stream.readline()
            delimiter = _delimiter(top)
            names = [cell.strip() for cell in top.split(delimiter)]
            if (
                '"' in top
                or not all(_is_word(name) for name in names)
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


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)


def _read_cells(path: Path) -> Columns:
    """Cell by cell, so that what is wrong can be named."""
    try:
        # utf-8-sig: spreadsheets begin their files with a byte order mark.
        with open(path, newline="", encoding="utf-8-sig") as stream:
            first = stream.readline()
            stream.seek(0)
            delimiter = _delimiter(first)
            # (line in the file, cells)
            reader = csv.reader(stream, delimiter=delimiter, skipinitialspace=True)
            rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as CSV ({error}).") from error
    if not rows:
        raise InputError(f"{path}: is empty; it must hold rows of numbers.")
    _, top = rows[0]
    has_names = any(_is_word(cell) for cell in top)
    names = [cell.strip() for cell in top] if has_names else [str(i + 1) for i in range(len(top))]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None or "" in names:
        what = "an empty name" if twice is None or not twice else f"two columns named {twice!r}"
        raise InputError(f"{path}, row 1: has {what}; every column must have a name of its own.")
    body = rows[1:] if has_names else rows
    if not body:
        raise InputError(f"{path}: has column names but no rows of numbers.")
    for line, row in body:
        if len(row) != len(names):
            raise InputError(
                f"{path}, row {line}: has {len(row)} cells; it must have {len(names)}, as row "
                f"{rows[0][0]} does."
            )
    values: dict[str, np.ndarray] = {}
    texts: dict[str, str] = {}
    for index, name in enumerate(names):
        cells = [_number(row[index]) for _, row in body]
        bad = next((i for i, cell in enumerate(cells) if cell is None), None)
        if bad is None:
            values[name] = np.array(cells, dtype=float)
        else:
            line, row = body[bad]
            texts[name] = f"row {line}, column {name!r}: {row[index][:60]!r}"
    return Columns(values, texts)


def _is_word(cell: str) -> bool:
    """Whether the cell can only be a name: neither empty nor any number, NaN included."""
    try:
        float(cell)
    except ValueError:
        return bool(cell.strip())
    return False


def _number(cell: str) -> float | None:
    """The cell's number, None where it is none that can be used (NaN, infinity, a word)."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) <= _LARGEST and "_" not in cell else None


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
