"""The file ``history.csv`` of a run folder: a row for each training step.

# format = 1
step,loss,error,...
0,0.7642,0.7351,...
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any, TypeVar

from neuron_model.errors import InputError
from neuron_model.file_format import HISTORY, KEY
from neuron_model.text_file import read_text
from neuron_model.training.sequence_training import SequenceStep
from neuron_model.training.training import TrainingStep

HEAD = f"# {KEY} = {HISTORY.version}\n"
"""The first line; many readers of CSV pass over it where they are told that # begins a comment."""

Step = TypeVar("Step", TrainingStep, SequenceStep)
"""What a training step saw: of a series or of sequences."""


def history_csv(history: Iterable[Step], kind: type[Step]) -> str:
    """A row for each training step, under the names of its fields; None is left empty."""
    stream = io.StringIO()
    stream.write(HEAD)
    csv.writer(stream, lineterminator="\n").writerow([f.name for f in fields(kind)])
    for done in history:
        write_step(stream, done)
    return stream.getvalue()


def write_step(stream: Any, done: TrainingStep | SequenceStep) -> None:
    """The row of a step."""
    row = ["" if value is None else value for value in astuple(done)]
    csv.writer(stream, lineterminator="\n").writerow(row)


def read_history_table(path: Path) -> csv.DictReader[str]:
    """The rows, by the names of the columns.

    Raises:
        InputError: it is of another version, or cannot be read.
    """
    head, _, table = read_text(path).partition("\n")
    said = re.fullmatch(rf"# {KEY} = (\d{{1,6}})\r?", head)
    try:
        HISTORY.check(int(said[1]) if said else None, str(path.parent))
    except InputError as error:
        raise type(error)(f"{path}: {error}") from error
    return csv.DictReader(io.StringIO(table))


def read_steps(path: Path, kind: type[Step]) -> tuple[Step, ...]:
    """The steps that :func:`history_csv` wrote.

    Raises:
        InputError: as :func:`read_history_table`.
        KeyError, TypeError, ValueError: it is the history of something else, or cut off.
    """
    names = [f.name for f in fields(kind)]
    steps = []
    for row in read_history_table(path):
        values: dict[str, Any] = {name: float(row[name]) if row[name] else None for name in names}
        steps.append(kind(**values | {"step": int(row["step"])}))
    return tuple(steps)


def upgraded_history(path: Path) -> str | None:
    """The file with a version, which those of before do not have; None where it has one.

    Raises:
        InputError: it cannot be read.
    """
    text = read_text(path)
    return None if text.startswith("#") else HEAD + text
