"""What comes of training a network on sequences: it tells them apart."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuron_model.network.description import Network
from neuron_model.network.limits import ParameterLimits
from neuron_model.network.network import MTCNetwork, input_currents, input_interval
from neuron_model.progress import Progress, shown_progress
from neuron_model.runs.run_configuration import RunConfiguration
from neuron_model.runs.saved_run import DescribedRun, SavedRun
from neuron_model.runs.sequence_files import read_sequence_result, sequence_run_files
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
    test part follow each other. described: how to do it again.
    """

    module: MTCNetwork
    task: SequenceTask
    result: SequenceResult
    currents: tuple[Recording, ...]
    described: DescribedRun = DescribedRun()

    @property
    def configuration(self) -> RunConfiguration | None:
        """Of the run; None for a task that is no file, which no file can describe."""
        return self.described.configuration

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
        """Write a run folder, as ``codesign train`` does, all of it or nothing; returns its path.

        ``build`` and the commands that take neurons take it. Where the task is no file the folder
        has no ``config.toml``.

        Args:
            folder: of the run; made where it is not there.
            overwrite: whether a run that is there may be replaced.

        Raises:
            InputError: there is a run or a file of that name, or the folder cannot be written.
        """
        data = self.task.sequences()
        return self.described.write(
            folder,
            lambda whose: sequence_run_files(
                self.module, self.task, data, self.result, self.currents, whose
            ),
            overwrite,
        )

    @classmethod
    def load(
        cls,
        folder: str | os.PathLike[str],
        task: SequenceTask | None = None,
        backend: str = "auto",
    ) -> TrainedOnSequences:
        """The network of a run folder, of :meth:`save` or of ``codesign train``.

        Args:
            folder: of the run.
            task: what it learned, where that is no file, which the folder does not say.
            backend: a key of ``backends.BACKENDS``, or auto.

        Raises:
            InputError: it is no run folder, or not that of sequences; its training was not
                finished, a file of it is damaged, or the data of its task are not there any more.
        """
        found = SavedRun.read(folder, backend)
        if found.configuration is not None:
            task = task or found.configuration.sequence_task
        if task is None:
            raise found.no_task("TrainedOnSequences.load")
        result = read_sequence_result(found.path)
        if result is None:
            raise found.not_finished()
        data = task.sequences()  # what has become of its data is known now
        currents = found.currents or recorded_sequences(found.module, data)
        return cls(found.module, task, result, currents, DescribedRun(found.configuration))

    def _brief(self) -> str:
        sizes = self.module.configuration.sizes_text
        return f"{sizes} neurons, {score_text(self.result)}"

    def _rows(self) -> list[tuple[str, object]]:
        trivial = trivial_scores(self.task, self.task.sequences())
        return [
            ("neurons", self.module.configuration.sizes_text),
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
    module = network.module(data.inputs, data.outputs) if isinstance(network, Network) else network
    described = DescribedRun.of(network, module, task, configuration, limits)
    with shown_progress(progress) as told:

        def show(done: SequenceStep) -> None:
            told(done.step + 1, configuration.steps, "training")

        result = fit_sequences(module, task, configuration, limits, SequenceCallbacks(show))
    return TrainedOnSequences(module, task, result, recorded_sequences(module, data), described)
