"""What the network of a run folder, or one that ``neuron_model.train`` gave, was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from codesign.networks.correction import read_correction
from codesign.networks.forecast_task import ForecastTask
from codesign.networks.sequences_task import SequencesTask
from neuron_model.network.model_file import read_model
from neuron_model.runs.file_names import CONFIG_FILE, MODEL_FILE, START_FILE
from neuron_model.runs.run_configuration import read_written_configuration
from neuron_model.runs.sequence_train import TrainedOnSequences
from neuron_model.tasks.sequence_file import SequenceFile
from neuron_model.tasks.series import make_series

if TYPE_CHECKING:
    from codesign.networks.task import NetworkTask
    from neuron_model.runs.train import TrainedNetwork


def task_of_run(folder: Path) -> NetworkTask:
    """The network of a run folder.

    Raises:
        InputError: a file is missing or damaged, or its data cannot be made.
    """
    configuration = read_written_configuration(folder / CONFIG_FILE).named()
    network = read_model(folder / MODEL_FILE)
    if isinstance(configuration.task, SequenceFile):
        task = configuration.task
        return SequencesTask(network, task, task.sequences(), folder)
    before = correction = None
    if configuration.circuit.wanted and (folder / START_FILE).is_file():
        before = read_model(folder / START_FILE)
        correction = read_correction(folder)
    series = make_series(configuration.task)
    return ForecastTask(network, configuration.task, series, folder, before, correction)


def task_of_trained(trained: TrainedNetwork | TrainedOnSequences) -> NetworkTask:
    """The network that ``neuron_model.train`` gave."""
    if isinstance(trained, TrainedOnSequences):
        return SequencesTask(trained.module, trained.task, trained.task.sequences())
    return ForecastTask(trained.module, trained.task, make_series(trained.task))
