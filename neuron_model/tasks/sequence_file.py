"""A task of sequences from a file: each has a label, or a label at every sample."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from neuron_model.errors import InputError
from neuron_model.tasks.columns import digest
from neuron_model.tasks.sequence_arrays import Splits
from neuron_model.tasks.sequence_tables import (
    has_sequences,
    is_number,
    last_column,
    read_labeled_table,
    read_npz,
    read_ts,
    tested_beside,
)
from neuron_model.tasks.sequences import Recordings, SequenceData


@dataclass(frozen=True)
class SequenceFile:
    """Tell sequences, or the samples of recordings, apart by their labels.

    file: NPZ, TS or CSV, as :mod:`neuron_model.tasks.sequence_tables` reads it. test_file: of the
    same kind, what is tested on; ``NAME_TEST.ts`` beside ``NAME_TRAIN.ts`` if not given, else a
    part of ``file``. Of a CSV file: label: the column with the label, the last one if not given;
    input: names of the inputs, all others of numbers if not given; sequence: the column that says
    which sequence a row is of, which then has one label where all its rows agree. Without it
    the rows are one recording, in the order of time, with a label at every sample: it is cut into
    windows of ``window`` rows, each from rest; those at its end are tested on.

    washout, decision, balance, test_fraction, validation_fraction: as in
    :class:`~neuron_model.tasks.sequence_arrays.Splits`. sha256: of the file, where it is to be the
    same one; hex.

    Raises:
        InputError: a value is not usable; the text names it.
    """

    file: str
    test_file: str = ""
    label: str = ""
    input: tuple[str, ...] = ()
    sequence: str = ""
    window: int = 100
    washout: int = 0
    decision: str = "mean"
    balance: bool = True
    test_fraction: float = 0.25
    validation_fraction: float = 0.2
    sha256: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "input", tuple(self.input))
        for name in ("file", "test_file", "label", "sequence", "sha256"):
            value = getattr(self, name)
            if not isinstance(value, str) or (name == "file" and not value):
                raise InputError(f"sequences: {name} = {value!r} is not allowed; it must be text.")
        if not all(isinstance(name, str) for name in self.input):
            raise InputError(
                f"sequences: input = {self.input!r} is not allowed; it must be names of columns."
            )
        whole = isinstance(self.window, int) and not isinstance(self.window, bool)
        if not whole or not 2 <= self.window <= 10**7:
            raise InputError(
                f"sequences: window = {self.window!r} is not allowed; it must be a whole number "
                "from 2 to 10000000."
            )
        self._splits()

    def _splits(self) -> Splits:
        return Splits(**{f.name: getattr(self, f.name) for f in fields(Splits)})

    def sequences(self) -> SequenceData:
        """The data.

        Raises:
            InputError: a file cannot be read, is not the one of ``sha256``, or holds no sequences
                with labels; the text names file and place.
        """
        other = self._test_path()
        return _read(self, digest(self.file), digest(other) if other else "")

    def named(self) -> SequenceFile:
        """The same with the test file and the file's SHA-256 written out.

        Raises:
            InputError: as :meth:`sequences`.
        """
        other = self._test_path()
        return replace(self, test_file=str(other or ""), sha256=digest(self.file))

    def _test_path(self) -> Path | None:
        return Path(self.test_file) if self.test_file else tested_beside(Path(self.file))


def sequence_task_for(file: str | Path) -> SequenceFile | None:
    """The task that a file of sequences suggests, all defaults; None where it is of another kind.

    A TS file, an NPZ file of x and y, or a table whose last column holds a few words, each several
    times; of a short table the windows are short.

    Raises:
        InputError: the file cannot be read.
    """
    path = Path(file)
    if path.suffix.lower() == ".ts":
        return SequenceFile(str(path))
    if path.suffix.lower() == ".npz":
        return SequenceFile(str(path)) if has_sequences(path) else None
    labels = last_column(path)
    different = set(labels)
    if not 2 <= len(different) <= max(2, len(labels) // 10) or any(map(is_number, different)):
        return None
    window = max(2, min(100, round(0.75 * len(labels)) // 8))
    return SequenceFile(str(path), window=window)


@lru_cache(maxsize=2)
def _read(task: SequenceFile, found: str, _other: str) -> SequenceData:
    """found, _other: the SHA-256 of file and test file."""
    if task.sha256 and task.sha256 != found:
        raise InputError(
            f"{task.file}: has changed: its SHA-256 is {found}, not {task.sha256} as "
            "task.sha256 says."
        )
    path, other = Path(task.file), task._test_path()
    if path.suffix.lower() == ".npz":
        given, test = read_npz(path)
        if other is not None:
            test, _ = read_npz(other)
    elif path.suffix.lower() == ".ts":
        given, test = read_ts(path), None if other is None else read_ts(other)
    else:
        given, test = _of_table(task, path, testing=other is None)
        if other is not None:
            test, _ = _of_table(task, other, testing=False)
    return task._splits().data(given, test, task.file)


def _of_table(
    task: SequenceFile, path: Path, testing: bool
) -> tuple[Recordings, Recordings | None]:
    """The sequences of a table, and where ``testing`` the end of a single recording."""
    rows, labels, of, _ = read_labeled_table(path, task.label, task.input, task.sequence)
    if of is not None:
        return _grouped(rows, labels, of), None
    cut = len(rows) - (round(task.test_fraction * len(rows)) if testing else 0)
    training = _windows(rows[:cut], labels[:cut], task.window)
    if len(training) < 2:
        raise InputError(
            f"{path}: {cut} rows are {len(training)} windows of window = {task.window} rows to "
            "train on; give a smaller window."
        )
    return training, _windows(rows[cut:], labels[cut:], task.window) if testing else None


def _grouped(rows: np.ndarray, labels: np.ndarray, of: np.ndarray) -> Recordings:
    """A sequence for each name, in the order in which they come first."""
    names = list(dict.fromkeys(of.tolist()))
    places = [np.flatnonzero(of == name) for name in names]
    one_each = all(len(set(labels[place].tolist())) == 1 for place in places)
    targets = [labels[place[0]] if one_each else labels[place] for place in places]
    return Recordings([rows[place] for place in places], targets)


def _windows(rows: np.ndarray, labels: np.ndarray, window: int) -> Recordings:
    """One after the other, the last one shorter."""
    starts = range(0, len(rows), window)
    return Recordings(
        [rows[s : s + window] for s in starts], [labels[s : s + window] for s in starts]
    )
