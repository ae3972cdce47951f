"""Training of a network, and the run folder that it leaves."""

import csv
import io
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch

from codesign.run_configuration import RunConfiguration, run_configuration_to_toml
from codesign.workflows.characterize import Progress
from codesign.workflows.source import MODEL_FILE, write_drives
from neuron_model.atomic import write_atomically
from neuron_model.bursting_layer import draw_inputs, draw_neurons
from neuron_model.errors import InputError
from neuron_model.model_file import write_model
from neuron_model.network import MTCNetwork, input_currents
from neuron_model.tasks.series import make_series, trivial_nrmse
from neuron_model.training import (
    TrainingConfiguration,
    TrainingResult,
    TrainingStep,
    train,
)

CONFIG_FILE = "config.toml"
HISTORY_FILE = "history.csv"

HELD_OUT_SAMPLES = 2000
"""Of the test part, from its start: what the circuits are driven with later."""


@dataclass(frozen=True)
class TrainedRun:
    """A trained network, how it went, and what the trivial predictors cost on the same task."""

    folder: Path
    network: MTCNetwork
    result: TrainingResult
    trivial: dict[str, float]

    @property
    def nrmse(self) -> float:
        """Of the trained network on the part of the task that it was not trained on."""
        return self.result.nrmse


def demo_configuration(seed: int = 0) -> RunConfiguration:
    """The small network of `codesign demo`: 16 neurons, Mackey-Glass, under a minute."""
    return RunConfiguration(seed=seed, training=TrainingConfiguration(seed=seed))


def make_network(configuration: RunConfiguration) -> MTCNetwork:
    """The network before training, drawn from the seed."""
    generator = np.random.default_rng(configuration.seed)
    network_configuration = configuration.network.network(
        draw_neurons(configuration.layer, generator)
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(configuration.seed)
        network = MTCNetwork(network_configuration)
    draw_inputs(network, configuration.layer, generator)
    return network


def train_run(
    configuration: RunConfiguration,
    folder: Path,
    progress: Progress | None = None,
) -> TrainedRun:
    """Train, and write config.toml, model.safetensors, history.csv and currents.npz.

    Args:
        configuration: of the run.
        folder: of the run; made where it is not there. Nothing in it changes before the training
            is over.
        progress: called with how many steps are done, how many there are, and a word on them.

    Raises:
        InputError: the configuration does not fit together, the folder cannot be written, or the
            loss is no longer finite.
    """
    network = make_network(configuration)
    _make(folder)

    def show(done: TrainingStep) -> None:
        if progress is not None:
            progress(done.step + 1, configuration.training.steps, "training")

    result = train(
        network,
        configuration.task,
        configuration.training,
        configuration.limits,
        show,
    )
    series = make_series(configuration.task)
    heard = series.test.signal[:HELD_OUT_SAMPLES]
    interval = network.configuration.sample_interval
    write_atomically(folder / CONFIG_FILE, run_configuration_to_toml(configuration))
    write_atomically(folder / HISTORY_FILE, history_csv(result))
    write_drives(folder, input_currents(network, heard), interval)
    write_model(folder / MODEL_FILE, network)
    return TrainedRun(folder, network, result, trivial_nrmse(configuration.task, series))


def _make(folder: Path) -> None:
    """Make the folder, so that one that cannot be made is known before the training."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be made into a run folder ({error.strerror or error})."
        ) from error


def history_csv(result: TrainingResult) -> str:
    """A row for each training step."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    names = [f.name for f in fields(TrainingStep)]
    writer.writerow(names)
    writer.writerows([[getattr(done, name) for name in names] for done in result.history])
    return stream.getvalue()
