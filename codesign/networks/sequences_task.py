"""A trained network with the sequences that it tells apart, or predicts numbers from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from codesign.networks.limits import SCORED, SEQUENCES
from codesign.networks.task import Heard, NetworkTask
from neuron_model.errors import InputError
from neuron_model.tasks.sequences import SequenceSet
from neuron_model.training.sequence_scoring import decided, score_sequences

if TYPE_CHECKING:
    from neuron_model.network.network import MTCNetwork
    from neuron_model.tasks.sequences import SequenceData, SequenceTask

_MOST_HEARD = 300
"""Training sequences for a mean."""


@dataclass(frozen=True, eq=False)
class SequencesTask(NetworkTask):
    """network: trained. task, data: what it learned. folder: of its run, if it has one."""

    network: MTCNetwork
    task: SequenceTask
    data: SequenceData
    folder: Path | None = None

    @property
    def input_range(self) -> np.ndarray:
        """See :class:`NetworkTask`."""
        parts = self.data.training, self.data.validation, self.data.test
        ends = [s.signal.reshape(-1, self.data.inputs) for s in parts if len(s)]
        signal = np.concatenate(ends).astype(float)
        return np.stack([signal.min(0), signal.max(0)], axis=1)

    @cached_property
    def test_signal(self) -> np.ndarray:
        """The test sequences one behind the other, without what they are padded with."""
        return np.concatenate(_unpadded(self.data.test)).astype(float)

    @property
    def least_samples(self) -> int:
        """Two."""
        return 2

    @property
    def usual_samples(self) -> int:
        """As many whole sequences as SCORED samples hold, one at least."""
        ends = np.cumsum(self.data.test.lengths)
        return int(ends[max(0, int(np.searchsorted(ends, SCORED, side="right")) - 1)])

    @cached_property
    def training(self) -> Heard:
        """See :class:`NetworkTask`; each sequence begins from rest. Of a large part some of them,
        spread evenly over it."""
        every = _unpadded(self.data.training)
        return self.hear(*every[:: -(-len(every) // _MOST_HEARD)])

    def test_error(self, network: MTCNetwork) -> tuple[str, float]:
        """Of classes 1 - accuracy, of numbers the mean NRMSE."""
        found = score_sequences(network, self.task, self.data, self.data.test)
        return "error (1 - accuracy)" if self.data.classes else "NRMSE", found.error

    def spread(self, count: int | None = None) -> np.ndarray:
        """Indices of ``count`` test sequences, spread evenly over the part, which archives often
        sort by class; of SEQUENCES, or all there are, if not given.

        Raises:
            InputError: there are not so many.
        """
        most = len(self.data.test)
        count = min(SEQUENCES, most) if count is None else count
        if not 1 <= count <= most:
            raise InputError(
                f"sequences = {count} is not allowed; it must be from 1 to {most}, the sequences "
                "of the test part."
            )
        return np.arange(count) * most // count

    def starts(self) -> np.ndarray:
        """Where each test sequence begins in :attr:`test_signal`, (sequences,)."""
        lengths = self.data.test.lengths
        return np.cumsum(lengths) - lengths

    def decided(self, readouts: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What readouts decide: classes as numbers, (decisions,), or numbers, (decisions, outputs).

        Args:
            readouts: of the sequences one behind the other, (samples, outputs).
            chosen: indices of the test sequences, (sequences,).

        Returns:
            The decisions, and what they should have been.
        """
        part = self.data.test
        lengths = part.lengths[chosen]
        padded = np.zeros((len(chosen), int(lengths.max()), readouts.shape[1]))
        for row, own in zip(padded, np.split(readouts, np.cumsum(lengths)[:-1]), strict=True):
            row[: len(own)] = own
        target = part.target[chosen]
        if self.data.every_sample:
            target = target[:, : padded.shape[1]]
        z, wanted = decided(
            torch.tensor(padded),
            torch.tensor(target),
            torch.tensor(lengths),
            self.task,
            self.data.every_sample,
        )
        return (z.argmax(1) if self.data.classes else z).numpy(), wanted.numpy()


def _unpadded(part: SequenceSet) -> list[np.ndarray]:
    return [row[:length] for row, length in zip(part.signal, part.lengths, strict=True)]
