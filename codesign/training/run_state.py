"""The state of a run folder between one call of a training and the next.

What is in a folder belongs to one configuration; another one is refused there, unless it begins
anew.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from codesign.terminal.console import note
from neuron_model.atomic import write_atomically, write_together
from neuron_model.errors import InputError
from neuron_model.network.description import Network
from neuron_model.network.model_file import read_model
from neuron_model.network.network import MTCNetwork
from neuron_model.progress import Progress
from neuron_model.runs.file_names import (
    CHECKPOINT_FILE,
    CIRCUIT_FILE,
    CONFIG_FILE,
    CORRECTION_FILE,
    CURRENTS_FILE,
    FORECAST_FILE,
    HISTORY_FILE,
    MODEL_FILE,
    RESULT_FILE,
    START_FILE,
    TENSORBOARD_FOLDER,
    VARIATION_FILE,
)
from neuron_model.runs.run_configuration import (
    RunConfiguration,
    differences,
    identity,
    read_written_configuration,
    run_configuration_to_toml,
)
from neuron_model.runs.training_log import Step, TrainingLog, has_tensorboard
from neuron_model.training.checkpoint import read_checkpoint, write_checkpoint
from neuron_model.training.training import Snapshot

Result = TypeVar("Result")


def begin(
    configuration: RunConfiguration,
    folder: Path,
    restart: bool,
    read: Callable[[Path, str], Result | None],
) -> Result | Snapshot | None:
    """Make the folder ready; what is left there of an earlier run of the same configuration.

    ``read`` gives the result of a whole run in a folder, of an identity. See :func:`make_ready` for
    the rest, and the errors.
    """
    whose = identity(configuration)
    make_ready(configuration, folder, restart)
    result = read(folder, whose)
    if result is None:
        return read_checkpoint(folder / CHECKPOINT_FILE, whose)
    (folder / CHECKPOINT_FILE).unlink(missing_ok=True)
    return result


def make_ready(configuration: RunConfiguration, folder: Path, restart: bool) -> None:
    """Make the folder, with the configuration in it.

    Args:
        configuration: of the run.
        folder: of the run.
        restart: remove what a training has left there.

    Raises:
        InputError: the folder cannot be written, or holds the run of another configuration.
    """
    _make(folder)
    config = folder / CONFIG_FILE
    if restart:
        _clear(folder)
    elif config.is_file() and _has_learned(folder):
        _refuse_another(configuration, config)
    write_atomically(config, run_configuration_to_toml(configuration))


def first_network(configuration: RunConfiguration, inputs: int, outputs: int) -> MTCNetwork:
    """The network that training begins with: of another run, or drawn from the seed."""
    if configuration.start:
        return read_model(Path(configuration.start) / MODEL_FILE, configuration.network.backend)
    drawn = Network(configuration.layers, configuration.network, configuration.seed)
    return drawn.module(inputs, outputs)


def _has_learned(folder: Path) -> bool:
    """Whether there is anything that another configuration would make useless."""
    return any((folder / name).is_file() for name in (RESULT_FILE, CHECKPOINT_FILE, MODEL_FILE))


def _make(folder: Path) -> None:
    """Make the folder, so that one that cannot be made is known before the training."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be made into a run folder ({error.strerror or error})."
        ) from error


def _clear(folder: Path) -> None:
    """Remove what a training writes, the file that says that it is whole before all others."""
    try:
        for name in (
            RESULT_FILE,
            CHECKPOINT_FILE,
            MODEL_FILE,
            CURRENTS_FILE,
            FORECAST_FILE,
            HISTORY_FILE,
            VARIATION_FILE,
            CIRCUIT_FILE,
            CORRECTION_FILE,
            START_FILE,
        ):
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder / TENSORBOARD_FOLDER, ignore_errors=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be cleared ({error.strerror or error}).") from error


def _refuse_another(configuration: RunConfiguration, config: Path) -> None:
    hint = "Take another folder, or start anew in this one with --restart."
    try:
        there = read_written_configuration(config)
    except InputError as error:
        raise InputError(f"{error} {hint}") from error
    different = differences(configuration, there)
    if different:
        shown = "; ".join(different[:5]) + (" ..." if len(different) > 5 else "")
        raise InputError(
            f"{config.parent}: holds the run of another configuration: {shown}. {hint}"
        )


class RunSteps(Generic[Step]):
    """What becomes of the steps of a training: logs, checkpoints, progress.

    Where several processes train together only the first one keeps anything: it has a log.
    """

    def __init__(
        self,
        configuration: RunConfiguration,
        folder: Path,
        log: TrainingLog | None,
        history: Sequence[Step],
        watch: Callable[[Step, bool], None] | None,
        progress: Progress,
    ) -> None:
        self._folder, self._whose = folder, identity(configuration)
        self._log = log
        self._history: Sequence[Step] = history
        self._watch: Callable[[Step, bool], None] | None = watch
        self._progress = progress
        self._total = configuration.training.steps
        asked = configuration.log.checkpoint_every
        self.checkpoint_every = asked or max(1, min(100, self._total // 20))

    def begin(self) -> None:
        """Nothing can be refused any more: tell of the steps that were done before."""
        self._progress(len(self._history), self._total, "training")
        for done in self._history:
            if self._watch is not None:
                self._watch(done, False)

    def show(self, done: Step) -> None:
        """A step that was done now."""
        if self._log is not None:
            self._log.add(done)
        if self._watch is not None:
            self._watch(done, True)
        self._progress(done.step + 1, self._total, "training")

    def save(self, snapshot: Snapshot) -> None:
        """From which the training can go on."""
        if self._log is not None:
            self._log.flush()
            write_checkpoint(self._folder / CHECKPOINT_FILE, snapshot, self._whose)


@contextlib.contextmanager
def followed(
    configuration: RunConfiguration,
    folder: Path,
    history: Sequence[Step],
    kind: type[Step],
    watch: Callable[[Step, bool], None] | None,
    progress: Progress,
    keeps: bool = True,
) -> Iterator[RunSteps[Step]]:
    """The run's steps while the block does them.

    Args:
        configuration: of the run.
        folder: of the run.
        history: the steps that were done before.
        kind: of the steps.
        watch: called with each step, and whether it is new.
        progress: called with how many steps are done, how many there are, and a word on them.
        keeps: whether this process writes into the folder.
    """
    with contextlib.ExitStack() as stack:
        log = None
        if keeps:
            log = stack.enter_context(_open_log(configuration, folder, history, kind))
        yield RunSteps(configuration, folder, log, history, watch, progress)


def finish(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write what was trained, all of it or nothing; the checkpoint is of no more use."""
    write_together({folder / name: content for name, content in files.items()})
    (folder / CHECKPOINT_FILE).unlink(missing_ok=True)


@contextlib.contextmanager
def _open_log(
    configuration: RunConfiguration, folder: Path, history: Sequence[Step], kind: type[Step]
) -> Iterator[TrainingLog]:
    """The run's logs, open while the block runs."""
    board = configuration.log.tensorboard
    if board and not has_tensorboard():
        board = False
        note(
            "TensorBoard is not installed, so only history.csv is written; "
            "`pip install mtc-codesign[tensorboard]` brings it."
        )
    log = TrainingLog(folder, history, board, kind)
    try:
        yield log
    finally:
        log.close()
