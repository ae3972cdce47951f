"""The readout for sequences by least squares: where cross-entropy begins from."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from neuron_model.network.network import SpikingNetwork
from neuron_model.tasks.sequences import SequenceData, SequenceTask
from neuron_model.training.sequence_scoring import batch_of, decided

_STEPS_AT_ONCE = 262_144

LOGIT = 2.0
"""A readout is fitted to be this for its own class and less this for the others: odds of e^4 to 1
where there are two, which cross-entropy sharpens."""


@torch.no_grad()
def fit_sequence_readout(
    network: SpikingNetwork, task: SequenceTask, data: SequenceData, ridge: float
) -> None:
    """Set the readout to the least squares solution for the activity as it is.

    The readouts are to be +-``LOGIT`` for classes, where each class counts by its weight, or the
    scaled numbers. The low-pass is linear with a gain of 1, so filtering the activity and deciding
    on it, then weighting it, is the same as the other way round.
    """
    weights = network.readout.weight
    gram, cross = _sums(network, task, data)
    for output in range(network.outputs):
        a, y = gram[output], cross[output]
        # the last row and column are the bias's, which is not penalized
        size = (a.diagonal()[:-1].mean() / a[-1, -1].clamp_min(1e-30)).clamp_min(1e-30)
        penalty = torch.eye(len(a)).to(a) * ridge * size * a[-1, -1]
        penalty[-1, -1] = 0.0
        found = torch.linalg.lstsq(a + penalty, y[:, None], driver="gelsd").solution[:, 0]
        weights[output] = found[:-1].to(weights)
        network.readout.bias[output] = found[-1].to(weights)


def _sums(network: SpikingNetwork, task: SequenceTask, data: SequenceData) -> tuple[Tensor, Tensor]:
    """Sums of w a a' and w a y over all decisions, for each readout: a the activity and 1."""
    part, outputs = data.training, network.outputs
    width = network.readout.in_features + 1
    gram = torch.zeros(outputs, width, width, dtype=torch.float64)
    cross = torch.zeros(outputs, width, dtype=torch.float64)
    class_weights = torch.as_tensor(data.weights).double()
    at_once = max(1, _STEPS_AT_ONCE // (network.steps_per_sample * part.signal.shape[1]))
    for first in range(0, len(part), at_once):
        index = np.arange(first, min(first + at_once, len(part)))
        signal, target, lengths = batch_of(part, index, network.readout.weight)
        s = network.hidden(signal).activity
        for output in range(outputs):
            filtered = network.low_pass.channel(output, s)
            a, t = decided(filtered, target, lengths, task, data.every_sample)
            a, t = a.cpu().double(), t.cpu()
            a = torch.cat([a, torch.ones_like(a[:, :1])], dim=1)
            if data.classes:
                y = torch.where(t == output, LOGIT, -LOGIT).double()
                weighted = a * class_weights[t][:, None]
            else:
                y, weighted = t[:, output].double(), a
            gram[output] += weighted.T @ a
            cross[output] += weighted.T @ y
    return gram, cross
