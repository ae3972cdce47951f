"""What a training writes beside its result: a CSV row for each step, and a log for TensorBoard.

Both are such that a run which was killed and resumed has each step once: the CSV file is
written anew from the checkpoint's history, and TensorBoard is told from which step on to forget.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.runs.file_names import HISTORY_FILE, TENSORBOARD_FOLDER
from neuron_model.runs.history_file import Step, history_csv, write_step
from neuron_model.training.sequence_training import SequenceStep
from neuron_model.training.training import TrainingStep

_TAGS = {
    "loss": "training/loss",
    "error": "training/error",
    "gradient_norm": "training/gradient_norm",
    "learning_rate": "training/learning_rate",
    "activity": "training/activity",
    "validation_nrmse": "validation/nrmse",
    "validation_stream_nrmse": "validation/stream_nrmse",
    "validation_error": "validation/error",
    "validation_loss": "validation/loss",
}


class TrainingLog:
    """The logs of a run, open for the steps to come.

    Args:
        folder: of the run.
        history: the steps that were done before, of which nothing more may be found behind.
        tensorboard: whether to write for TensorBoard as well; see :func:`has_tensorboard`.
        kind: of the steps.

    Raises:
        InputError: the files cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        history: Iterable[Step],
        tensorboard: bool,
        kind: type[Step],
    ) -> None:
        before = tuple(history)
        path = write_atomically(folder / HISTORY_FILE, history_csv(before, kind))
        self._path = path
        try:
            self._csv = open(path, "a", newline="", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise InputError(f"{path}: cannot be written ({error.strerror}).") from error
        self._board: Any = _board(folder / TENSORBOARD_FOLDER, len(before)) if tensorboard else None

    def add(self, done: TrainingStep | SequenceStep) -> None:
        """Write one more step.

        Raises:
            InputError: the disk is full.
        """
        try:
            write_step(self._csv, done)
            self._csv.flush()
        except OSError as error:
            raise InputError(f"{self._path}: cannot be written ({error.strerror}).") from error
        if self._board is not None:
            for name, tag in _TAGS.items():
                value = getattr(done, name, None)
                if value is not None:
                    self._board.add_scalar(tag, value, done.step)

    def flush(self) -> None:
        """See to it that everything is in the files, before a checkpoint says so."""
        if self._board is not None:
            self._board.flush()

    def close(self) -> None:
        """Close the files."""
        self._csv.close()
        if self._board is not None:
            self._board.close()


def has_tensorboard() -> bool:
    """Whether TensorBoard is installed."""
    try:
        import torch.utils.tensorboard  # noqa: F401
    except ImportError:
        return False
    return True


def _board(folder: Path, step: int) -> Any:
    from torch.utils.tensorboard import SummaryWriter

    if not step:
        shutil.rmtree(folder, ignore_errors=True)
    return SummaryWriter(str(folder), purge_step=step or None)
