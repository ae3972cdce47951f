"""Files of sequences: NPZ, the text format of the UCR and UEA archives (``.ts``), CSV with labels.

NPZ: ``x`` (sequences, samples, inputs) and ``y``, and where sequences are shorter than x
``lengths``; for a test part of its own ``x_test``, ``y_test``, ``lengths_test``. What y may be says
:func:`neuron_model.tasks.sequence_arrays.sequences`.

TS (aeon's and sktime's): lines of ``@name value``, then after ``@data`` a sequence a line, its
inputs and last its label or number behind colons, the samples of an input behind commas. A file
``NAME_TRAIN.ts`` has its test part in ``NAME_TEST.ts`` beside it.

CSV: a row a sample, in the order of time; one column holds the label, text or whole numbers.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from neuron_model.errors import InputError
from neuron_model.memory import refuse_beyond
from neuron_model.suggestion import suggestion
from neuron_model.tasks.columns import read_columns
from neuron_model.tasks.sequence_arrays import recordings
from neuron_model.tasks.sequences import Recordings

LARGEST_FILE = 2_000_000_000
"""Bytes."""

SUFFIXES = (".npz", ".ts", ".csv", ".tsv", ".txt", ".parquet", ".xlsx", ".xls")


def check_file(path: Path) -> None:
    """Refuse what is no such file.

    Raises:
        InputError: as said.
    """
    if not path.is_file():
        why = "it is not a file" if path.exists() else "there is no such file"
        raise InputError(f"{path}: cannot be read, {why}.")
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: holds no sequences; its name must end in {', '.join(SUFFIXES)}.")
    if path.stat().st_size > LARGEST_FILE:
        raise InputError(f"{path}: is larger than {LARGEST_FILE} bytes.")


def tested_beside(path: Path) -> Path | None:
    """Where the test part of ``NAME_TRAIN.ts`` lies; None where there is none."""
    if not path.stem.upper().endswith("_TRAIN"):
        return None
    end = "_TEST" if path.stem.endswith("_TRAIN") else "_test"
    other = path.with_name(path.stem[: -len("_TRAIN")] + end + path.suffix)
    return other if other.is_file() else None


def read_npz(path: Path) -> tuple[Recordings, Recordings | None]:
    """The sequences, and those to test on where the file has such.

    Raises:
        InputError: it is no such file; the text names the array.
    """
    check_file(path)
    try:
        with np.load(path, allow_pickle=False) as content:
            _check_claims(path, content.zip)
            arrays = {name: content[name] for name in content.files}
    except (OSError, EOFError, ValueError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: is no NPZ file of arrays ({error}).") from error
    known = ("x", "y", "lengths", "x_test", "y_test", "lengths_test")
    for name in arrays:
        if name not in known:
            raise InputError(
                f"{path}: the array {name} is not known; there are {', '.join(known)}."
            )
    for name in ("x", "y"):
        if name not in arrays:
            raise InputError(f"{path}: has no array {name}; it must hold x and y.")
    if ("x_test" in arrays) != ("y_test" in arrays):
        raise InputError(f"{path}: must hold both x_test and y_test, or neither.")

    def part(end: str) -> Recordings:
        x = arrays[f"x{end}"]
        if x.dtype.kind not in "iuf" or x.ndim not in (2, 3):
            raise InputError(
                f"{path}: x{end} is {x.dtype} {x.shape}; it must be of numbers, (sequences, "
                "samples, inputs)."
            )
        try:
            return recordings(x, arrays[f"y{end}"], arrays.get(f"lengths{end}"))
        except InputError as error:
            raise InputError(f"{path}: {error}") from error

    return part(""), part("_test") if "x_test" in arrays else None


def _check_claims(path: Path, archive: zipfile.ZipFile) -> None:
    """What the arrays' heads say that they hold, before any of it is made room for."""
    for entry in archive.infolist():
        with archive.open(entry) as stream:
            version = np.lib.format.read_magic(stream)
            if version == (1, 0):
                shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
            else:
                shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
        size = float(dtype.itemsize)
        for count in shape:
            size *= count
        what = f"{path}: the array {entry.filename.removesuffix('.npy')}, {dtype} {shape},"
        refuse_beyond(size, what, "give a smaller one")


def has_sequences(path: Path) -> bool:
    """Whether an NPZ file holds x and y."""
    try:
        with np.load(path, allow_pickle=False) as content:
            return {"x", "y"} <= set(content.files)
    except (OSError, EOFError, ValueError, AttributeError, zipfile.BadZipFile):
        return False


def read_ts(path: Path) -> Recordings:
    """The sequences of one file.

    Raises:
        InputError: it is no such file; the text names the line.
    """
    check_file(path)
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}).") from error
    head: dict[str, str] = {}
    start = None
    for number, line in enumerate(lines, 1):
        words = line.strip()
        if words.lower() == "@data":
            start = number
            break
        if words.startswith("@"):
            name, _, value = words[1:].partition(" ")
            head[name.lower()] = value.strip()
    if start is None:
        raise InputError(f"{path}: has no line @data; it is no file of sequences.")
    if head.get("timestamps", "false").lower().startswith("true"):
        raise InputError(
            f"{path}: @timestamps is true, which is not read; give evenly timed samples."
        )
    numbers = head.get("targetlabel", "false").lower().startswith("true")
    if not numbers and not head.get("classlabel", "false").lower().startswith("true"):
        raise InputError(f"{path}: has no labels: @classLabel or @targetlabel must be true.")
    signals, targets = [], []
    for number, line in enumerate(lines[start:], start + 1):
        if line.strip() and not line.startswith(("#", "%")):
            signal, label = _ts_line(path, number, line)
            signals.append(signal)
            targets.append(_ts_number(path, number, label) if numbers else np.str_(label))
    return Recordings(signals, targets)


def _ts_line(path: Path, number: int, line: str) -> tuple[np.ndarray, str]:
    *inputs, label = line.strip().split(":")
    columns = [
        np.array([_ts_number(path, number, cell) for cell in one.split(",")]) for one in inputs
    ]
    if not columns or len({len(column) for column in columns}) > 1:
        raise InputError(
            f"{path}, line {number}: has inputs of {[len(c) for c in columns]} samples; they must "
            "all have as many."
        )
    return np.stack(columns, axis=1), label.strip()


def _ts_number(path: Path, number: int, cell: str) -> Any:
    try:
        value = float(cell)
    except ValueError as error:
        raise InputError(
            f"{path}, line {number}: {cell.strip()[:40]!r} is not allowed; it must be a number."
        ) from error
    if not np.isfinite(value):
        raise InputError(f"{path}, line {number}: {cell.strip()!r} is no finite number.")
    return np.float64(value)


def read_labeled_table(
    path: Path, label: str, inputs: tuple[str, ...], sequence: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, tuple[str, ...]]:
    """A CSV table with a column of labels.

    Args:
        path: of the file.
        label: the name of the column; the last one if empty.
        inputs: names of the columns that are inputs; all others of numbers if empty.
        sequence: the column that says which sequence a row is of; none if empty.

    Returns:
        The inputs (rows, inputs), the labels (rows,) as texts, the sequence's name of each row
        where there are any, and the names of the inputs.

    Raises:
        InputError: it cannot be read, or has no such columns.
    """
    check_file(path)
    columns = read_columns(path)
    names = columns.order
    label = label or names[-1]
    for what, name in (("label", label), *((("sequence", sequence),) if sequence else ())):
        if name not in names:
            raise InputError(
                f"{path}: {what} = {name!r} is not one of its columns; they are "
                f"{', '.join(names)}.{suggestion(name, names)}"
            )
    chosen = inputs or tuple(n for n in columns.names if n not in (label, sequence))
    for name in chosen:
        if name in columns.texts:
            raise InputError(f"{path}, {columns.texts[name]} is not allowed; it must be a number.")
        if name not in columns.values:
            raise InputError(
                f"{path}: input = {name!r} is not one of its columns; they are "
                f"{', '.join(names)}.{suggestion(name, names)}"
            )
    if not chosen:
        raise InputError(f"{path}: has no column of numbers beside the label {label!r}.")
    rows = np.stack([columns.values[name] for name in chosen], axis=1)
    missing = np.argwhere(np.isnan(rows))
    if len(missing):
        row, column = missing[0]
        raise InputError(
            f"{path}, row {columns.line(int(row))}, column {chosen[column]!r}: is missing; it must "
            "be a number."
        )
    labels = np.array(columns.cells(label))
    if (labels == "").any():
        raise InputError(
            f"{path}: the label of sample {int(np.argmax(labels == '')) + 1} is empty; every row "
            "must have one."
        )
    of = np.array(columns.cells(sequence)) if sequence else None
    return rows, labels, of, chosen


def last_column(path: Path) -> list[str]:
    """The cells of a table's last column, without its head; none where it is no such table."""
    try:
        columns = read_columns(path)
    except InputError:
        return []
    return list(columns.cells(columns.order[-1])) if columns.order else []


def is_number(text: str) -> bool:
    """Whether a cell is empty or can be read as a number."""
    try:
        float(text.replace(",", ".") or "0")
    except ValueError:
        return False
    return True
