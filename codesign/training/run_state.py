"""The state of a run folder between one call of a training and the next.

What is in a folder belongs to one configuration; another one is refused there, unless it begins
anew.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from codesign.terminal.console import note
from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.network.description import Network
from neuron_model.network.model_file import read_model
from neuron_model.network.network import MTCNetwork
from neuron_model.runs.file_names import (
    CHECKPOINT_FILE,
    CIRCUIT_FILE,
    CONFIG_FILE,
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
    read_written_configuration,
    run_configuration_to_toml,
)
from neuron_model.runs.training_log import Step, TrainingLog, has_tensorboard


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


@contextlib.contextmanager
def open_log(
    configuration: RunConfiguration, folder: Path, history: Sequence[Step], kind: type[Step]
) -> Iterator[TrainingLog]:
    """The run's logs, open while the block runs.

    Args:
        configuration: of the run.
        folder: of the run.
        history: the steps that were done before.
        kind: of the steps.
    """
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
