"""Training on sequences, and the run folder that it leaves.

As :mod:`codesign.training.train`; what is in the folder says
:mod:`neuron_model.runs.sequence_files`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from codesign.training.run_state import begin, finish, first_network, followed
from neuron_model.errors import InputError
from neuron_model.network.model_file import read_model
from neuron_model.network.network import MTCNetwork
from neuron_model.progress import Progress, silent
from neuron_model.runs.file_names import MODEL_FILE
from neuron_model.runs.run_configuration import RunConfiguration, identity
from neuron_model.runs.sequence_files import read_sequence_result, sequence_run_files
from neuron_model.runs.sequence_train import recorded_sequences
from neuron_model.shown import Shown
from neuron_model.tasks.sequence_file import SequenceFile
from neuron_model.training.sequence_scoring import SequenceScores, trivial_scores
from neuron_model.training.sequence_training import (
    SequenceCallbacks,
    SequenceResult,
    SequenceStep,
    fit_sequences,
    sequence_history,
)

Watch = Callable[[SequenceStep, bool], None]
"""Sees a step, and whether it is new, or one of those that an earlier call did."""


@dataclass(frozen=True, repr=False)
class SequenceRun(Shown):
    """A network trained on sequences, how it went, and what the trivial predictors get.

    classes: names, in the order of the readouts; empty where numbers are predicted. trivial: scores
    on the test part, by name. resumed: after how many steps this run went on from an earlier one;
    None where it began anew.
    """

    folder: Path
    network: MTCNetwork
    result: SequenceResult
    classes: tuple[str, ...]
    trivial: dict[str, SequenceScores]
    resumed: int | None = None

    def _brief(self) -> str:
        sizes = self.network.configuration.sizes_text
        return f"{self.folder}: {sizes} neurons, test error {self.result.test.error:.4g}"


def train_sequence_run(
    configuration: RunConfiguration,
    folder: Path,
    progress: Progress = silent,
    *,
    restart: bool = False,
    watch: Watch | None = None,
    stop: Callable[[], bool] | None = None,
) -> SequenceRun:
    """Train into a run folder, or go on where an earlier call with the same arguments was left.

    Args:
        configuration: of the run; its task a ``SequenceFile``.
        folder: of the run; made where it is not there.
        progress: called with how many steps are done, how many there are, and a word on them.
        restart: begin anew, whatever the folder holds.
        watch: called with each step, also with those of an earlier call.
        stop: asked after each step whether to leave, with a checkpoint.

    Raises:
        InputError: the configuration does not fit together or is not that of the run in the
            folder, the folder cannot be written, or the loss is no longer finite.
        Interrupted: ``stop`` said so.
    """
    configuration = configuration.named()
    task = _task(configuration)
    data = task.sequences()
    trivial = trivial_scores(task, data)
    network = first_network(configuration, data.inputs, data.outputs)
    whose = identity(configuration)
    left = begin(configuration, folder, restart, read_sequence_result)
    if isinstance(left, SequenceResult):
        network = read_model(folder / MODEL_FILE, configuration.network.backend)
        return SequenceRun(folder, network, left, data.classes, trivial, len(left.history))
    history = () if left is None else sequence_history(left)
    with followed(configuration, folder, history, SequenceStep, watch, progress) as steps:
        steps.begin()
        result = fit_sequences(
            network,
            task,
            configuration.training,
            configuration.limits,
            SequenceCallbacks(steps.show, steps.save, steps.checkpoint_every, stop),
            resume=left,
        )
    currents = recorded_sequences(network, data)
    finish(folder, sequence_run_files(network, task, data, result, currents, whose))
    return SequenceRun(folder, network, result, data.classes, trivial, len(history) or None)


def _task(configuration: RunConfiguration) -> SequenceFile:
    task = configuration.sequence_task
    if configuration.variation.wanted:
        raise InputError(
            "[variation] is not there for sequences yet; leave the table out, or forecast a series."
        )
    return task
