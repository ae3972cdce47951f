"""What a network is worth on sequences: the class it predicts, or the numbers.

The readouts are the network's outputs, behind their low-pass. Of a sequence the decision is by
their mean over it, or by those at its end; the class is that of the largest readout.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from neuron_model.network.network import SpikingNetwork
from neuron_model.shown import Shown
from neuron_model.tasks.sequences import UNLABELED, SequenceData, SequenceSet, SequenceTask

_STEPS_AT_ONCE = 262_144
"""Of an evaluation, all its sequences together, so that long parts fit into the memory."""


@dataclass(frozen=True, repr=False)
class SequenceScores(Shown):
    """On one part of the data.

    loss: cross-entropy, or the mean square error of scaled numbers. accuracy: the fraction of
    sequences (or samples) that are told right; balanced_accuracy: the mean of that over the
    classes; confusion: (true class, predicted class), how many; None where numbers are predicted.
    nrmse: of each output, the root mean square error over the targets' deviation; empty for
    classes.
    """

    loss: float
    accuracy: float | None = None
    balanced_accuracy: float | None = None
    confusion: tuple[tuple[int, ...], ...] | None = None
    nrmse: tuple[float, ...] = ()

    @property
    def error(self) -> float:
        """What is to be small: 1 - accuracy, or the mean NRMSE."""
        return float(np.mean(self.nrmse)) if self.accuracy is None else 1.0 - self.accuracy


def looked_at(lengths: Tensor, samples: int, task: SequenceTask) -> Tensor:
    """Which samples count, (sequences, samples): after the washout, before the end; of a decision
    by the last one that one alone. A sequence as short as the washout keeps its last sample."""
    time = torch.arange(samples, device=lengths.device)
    end = lengths[:, None]
    first = torch.minimum(torch.full_like(end, task.washout), end - 1)
    return (time >= first) & (time < end)


def decided(
    readouts: Tensor, target: Tensor, lengths: Tensor, task: SequenceTask, every_sample: bool
) -> tuple[Tensor, Tensor]:
    """The readouts that decide, (decisions, outputs), and what they should have been, one for each.

    Args:
        readouts: or whatever else is to be decided by, (sequences, samples, outputs).
        target: as in :class:`~neuron_model.tasks.sequences.SequenceSet`.
        lengths: (sequences,), samples that count.
        task: its washout and decision.
        every_sample: whether there is a target at every sample.
    """
    mask = looked_at(lengths, readouts.shape[1], task)
    if every_sample:
        if target.ndim == 2:
            mask = mask & (target != UNLABELED)
        return readouts[mask], target[mask]
    if task.decision == "last":
        return readouts[torch.arange(len(readouts)), lengths - 1], target
    # where, not a product: what lies beyond a sequence may be anything
    kept = torch.where(mask[..., None], readouts, readouts.new_zeros(()))
    return kept.sum(1) / mask.sum(1, keepdim=True), target


def batch_of(
    part: SequenceSet, index: Tensor | np.ndarray, like: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Signal, target and lengths of some sequences, no longer than the longest of them."""
    chosen = np.asarray(index)
    lengths = part.lengths[chosen]
    longest = int(lengths.max(initial=1))
    target = part.target[chosen]
    if target.ndim == 3 or (target.ndim == 2 and target.dtype.kind == "i"):
        target = target[:, :longest]
    found = torch.as_tensor(target).to(like.device)
    return (
        torch.as_tensor(part.signal[chosen, :longest]).to(like),
        found if target.dtype.kind == "i" else found.to(like),
        torch.as_tensor(lengths).to(like.device),
    )


@torch.no_grad()
def decisions(
    network: SpikingNetwork, task: SequenceTask, part: SequenceSet, every_sample: bool
) -> tuple[Tensor, Tensor]:
    """:func:`decided` for all of a part, in the order of its sequences."""
    weights = network.readout.weight
    at_once = max(1, _STEPS_AT_ONCE // (network.steps_per_sample * part.signal.shape[1]))
    found = []
    for first in range(0, len(part), at_once):
        index = np.arange(first, min(first + at_once, len(part)))
        signal, target, lengths = batch_of(part, index, weights)
        found.append(decided(network(signal)[0], target, lengths, task, every_sample))
    return torch.cat([z for z, _ in found]).cpu(), torch.cat([t for _, t in found]).cpu()


def score_sequences(
    network: SpikingNetwork, task: SequenceTask, data: SequenceData, part: SequenceSet
) -> SequenceScores:
    """On a part that holds at least one sequence."""
    z, target = decisions(network, task, part, data.every_sample)
    if not data.classes:
        return number_scores(target.double().numpy(), z.double().numpy())
    loss = float(nn.functional.cross_entropy(z, target))
    return class_scores(target.numpy(), z.argmax(1).numpy(), len(data.classes), loss)


def class_scores(
    true: np.ndarray, predicted: np.ndarray, classes: int, loss: float = float("nan")
) -> SequenceScores:
    """Of the true and the predicted classes, (decisions,), both as numbers."""
    confusion = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(confusion, (true, predicted), 1)
    hits, there = np.diagonal(confusion), confusion.sum(1)
    return SequenceScores(
        loss,
        accuracy=float(hits.sum() / max(1, there.sum())),
        balanced_accuracy=float(np.mean(hits[there > 0] / there[there > 0])),
        confusion=tuple(tuple(int(n) for n in row) for row in confusion),
    )


def number_scores(true: np.ndarray, predicted: np.ndarray) -> SequenceScores:
    """Of the true and the predicted numbers, (decisions, outputs)."""
    square = (predicted - true) ** 2
    deviation = np.maximum(true.std(0), 1e-12)
    nrmse = np.sqrt(square.mean(0)) / deviation
    return SequenceScores(float(square.mean()), nrmse=tuple(nrmse.tolist()))


def trivial_scores(task: SequenceTask, data: SequenceData) -> dict[str, SequenceScores]:
    """The scores on the test part of what has learned nothing, or next to nothing, by name.

    ``most frequent class``: always that of the training part. ``nearest neighbor``: the class of
    the training sequence that is nearest sample by sample, of inputs that are scaled and held at
    their end, as the UCR archive compares; not for labels in time, nor where the parts are so large
    that it takes minutes. ``mean``: always that of the training part.
    """
    test = data.test
    if not data.classes:
        rows = _targets(task, data, test)
        return {"mean": number_scores(rows, np.zeros_like(rows))}
    true, count = _targets(task, data, test), len(data.classes)
    most = most_frequent(task, data)
    found = {"most frequent class": class_scores(true, np.full_like(true, most), count)}
    cost = len(data.training) * len(test) * data.training.signal[0].size
    if not data.every_sample and cost <= _NEIGHBOR_LIMIT:
        found["nearest neighbor"] = class_scores(true, _nearest(data), count)
    return found


def most_frequent(task: SequenceTask, data: SequenceData) -> int:
    """The number of the class that the training part has most of."""
    return int(np.bincount(_targets(task, data, data.training)).argmax())


_NEIGHBOR_LIMIT = 2_000_000_000


def _targets(task: SequenceTask, data: SequenceData, part: SequenceSet) -> np.ndarray:
    if not data.every_sample:
        return part.target
    lengths = torch.as_tensor(part.lengths)
    mask = looked_at(lengths, part.signal.shape[1], task).numpy()
    if part.target.ndim == 2:
        mask = mask & (part.target != UNLABELED)
    return np.asarray(part.target[mask])


def _nearest(data: SequenceData) -> np.ndarray:
    samples = max(data.training.signal.shape[1], data.test.signal.shape[1])
    known, asked = (_flat(part, samples) for part in (data.training, data.test))
    found = []
    for one in asked:
        found.append(data.training.target[int(((known - one) ** 2).sum(1).argmin())])
    return np.array(found)


def _flat(part: SequenceSet, samples: int) -> np.ndarray:
    """(sequences, samples * inputs), each held at its end up to ``samples``."""
    more = samples - part.signal.shape[1]
    held = np.pad(part.signal, ((0, 0), (0, more), (0, 0)), mode="edge")
    return held.reshape(len(part), -1)
