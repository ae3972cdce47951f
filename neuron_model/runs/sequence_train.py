"""What comes of training a network on sequences: it tells them apart."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuron_model.atomic import write_together
from neuron_model.network.description import Network
from neuron_model.network.limits import ParameterLimits
from neuron_model.network.network import MTCNetwork, input_currents, input_interval
from neuron_model.progress import Progress, shown_progress
from neuron_model.runs.run_folder import folder_to_save_in
from neuron_model.runs.sequence_files import sequence_run_files
from neuron_model.shown import Shown
from neuron_model.tasks.sequence_arrays import recordings
from neuron_model.tasks.sequences import Recordings, SequenceData, SequenceSet, SequenceTask
from neuron_model.tasks.sequences import padded as padded_set
from neuron_model.training.recording import HELD_OUT_SAMPLES, Recording
from neuron_model.training.sequence_scoring import decisions, trivial_scores
from neuron_model.training.sequence_training import (
    SequenceCallbacks,
    SequenceResult,
    SequenceStep,
    fit_sequences,
)
from neuron_model.training.training_configuration import TrainingConfiguration


@dataclass(frozen=True, repr=False)
class TrainedOnSequences(Shown):
    """A network that has learned to tell sequences apart, or to predict numbers from them.

    module: the torch module; calling the trained network calls it. task: what it learned. result:
    each step and the scores. currents: what flows into each layer's neurons while sequences of the
    test part follow each other.
    """

    module: MTCNetwork
    task: SequenceTask
    result: SequenceResult
    currents: tuple[Recording, ...]

    @property
    def accuracy(self) -> float | None:
        """Fraction of the test part that is told right; None where numbers are predicted."""
        return self.result.test.accuracy

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the readouts."""
        return self.task.sequences().classes

    def __call__(self, signal: Tensor, state: Any = None) -> Any:
        """(batch, samples, inputs) -> (batch, samples, outputs) and the state at the end."""
        return self.module(signal, state)

    def predict(self, x: Any, lengths: Any = None) -> np.ndarray:
        """The class of each sequence (or sample), by name, or the numbers, in the data's units.

        Args:
            x: sequences in the units of the data, (sequences, samples, inputs), or a list of
                arrays.
            lengths: of those in an x that is padded.

        Returns:
            (sequences,), or (sequences, outputs) numbers; with a target at every sample those of
            all sequences behind each other.

        Raises:
            InputError: the sequences are not fit for the network.
        """
        data = self.task.sequences()
        given = recordings(x, np.zeros(len(x), dtype=np.int64), lengths)
        z, _ = decisions(self.module, self.task, as_set(given, data), data.every_sample)
        if data.classes:
            return np.array(data.classes)[z.argmax(1).numpy()]
        scale = data.target_scale
        assert scale is not None
        return np.asarray(scale.mean + scale.deviation * z.double().numpy())

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write a run folder, all of it or nothing, for ``build`` and the commands that take
        neurons; returns its path. ``read_model(folder / "model.safetensors")`` is the module again.

        Args:
            folder: of the run; made where it is not there.
            overwrite: whether a run that is there may be replaced.

        Raises:
            InputError: there is a run or a file of that name, or the folder cannot be written.
        """
        path = folder_to_save_in(folder, overwrite)
        data = self.task.sequences()
        files = sequence_run_files(
            self.module, self.task, data, self.result, self.currents, identity=""
        )
        write_together({path / name: content for name, content in files.items()})
        return path

    def _brief(self) -> str:
        sizes = " + ".join(str(size) for size in self.module.configuration.sizes)
        return f"{sizes} neurons, {score_text(self.result)}"

    def _rows(self) -> list[tuple[str, object]]:
        trivial = trivial_scores(self.task, self.task.sequences())
        return [
            ("neurons", " + ".join(str(size) for size in self.module.configuration.sizes)),
            ("classes", ", ".join(self.classes[:10]) or "numbers"),
            ("steps", len(self.result.history)),
            ("test error", round(self.result.test.error, 4)),
            ("test error before", round(self.result.before.error, 4)),
            *((f"test error of: {name}", round(s.error, 4)) for name, s in trivial.items()),
        ]


def score_text(result: SequenceResult) -> str:
    """The test score in a few words."""
    test = result.test
    if test.accuracy is None:
        return f"NRMSE {test.error:.4g}"
    return f"accuracy {100 * test.accuracy:.1f} %"


def as_set(given: Recordings, data: SequenceData) -> SequenceSet:
    """Sequences without targets, scaled as in training."""
    shape: tuple[int, ...] = () if data.classes else (data.outputs,)
    kind: Any = np.int64 if data.classes else float
    targets = [
        np.zeros((len(signal), *shape) if data.every_sample else shape, dtype=kind)
        for signal in given.signals
    ]
    return padded_set(given, targets, data.signal_scale, data.every_sample)


@torch.no_grad()
def recorded_sequences(network: MTCNetwork, data: SequenceData) -> tuple[Recording, ...]:
    """What flows into each hidden layer, the one nearest to the input first, while sequences of the
    test part follow each other without a reset: ``HELD_OUT_SAMPLES`` samples, or all there are."""
    test = data.test
    parts = [row[:length] for row, length in zip(test.signal, test.lengths, strict=True)]
    signal = np.concatenate(parts)[:HELD_OUT_SAMPLES]
    return tuple(
        Recording(input_currents(network, signal, layer), input_interval(network, layer))
        for layer in range(len(network.layers))
    )


def train_on_sequences(
    network: Network | MTCNetwork,
    task: SequenceTask,
    configuration: TrainingConfiguration,
    limits: ParameterLimits,
    progress: Progress | None,
) -> TrainedOnSequences:
    """What ``neuron_model.train`` does where the task is of sequences; arguments as there."""
    data = task.sequences()
    if isinstance(network, Network):
        network = network.module(data.inputs, data.outputs)
    with shown_progress(progress) as told:

        def show(done: SequenceStep) -> None:
            told(done.step + 1, configuration.steps, "training")

        result = fit_sequences(network, task, configuration, limits, SequenceCallbacks(show))
    return TrainedOnSequences(network, task, result, recorded_sequences(network, data))
