"""Readouts fitted to samples: one for all of them, or one for each."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor

from neuron_model.network.network import MTCNetwork
from neuron_model.network.variation import Variation, sample_count, varied
from neuron_model.tasks.series import Part, Series, SeriesTask, nrmse, scored_windows
from neuron_model.training.readout_fit import fit_readout
from neuron_model.training.training_configuration import TrainingConfiguration

RIDGE = 1e-6
"""Of a sample's own readout, relative to the size of the activity."""


def with_common_readout(
    network: MTCNetwork,
    task: SeriesTask,
    series: Series,
    training: TrainingConfiguration,
    samples: Sequence[Variation | None],
) -> MTCNetwork:
    """The network with the readout that serves ``samples`` best, all of them together."""
    other = copy.deepcopy(network)
    fit_readout(other, task, series, training, samples)
    return other


@torch.no_grad()
def errors_with_own_readouts(
    network: MTCNetwork,
    task: SeriesTask,
    series: Series,
    part: Part,
    samples: Sequence[Variation | None],
) -> tuple[float, ...]:
    """NRMSE on ``part`` of each sample, its readout fitted to it on the training part.

    That is what can be done where the readout is no part of the sample: least squares over the
    whole training part, with a small ridge. The low-pass stays.
    """
    errors = []
    for sample in range(sample_count(samples)):
        activity, target = _heard(network, task, series.training, samples, sample)
        center, mean = activity.mean(0), target.mean()
        centered = activity - center
        gram = centered.T @ centered
        penalty = RIDGE * gram.diagonal().mean().clamp_min(1e-30)
        eye = torch.eye(len(gram), dtype=gram.dtype)
        weight = torch.linalg.solve(gram + penalty * eye, centered.T @ (target - mean))
        activity, target = _heard(network, task, part, samples, sample)
        errors.append(nrmse((activity - center) @ weight + mean, target))
    return tuple(errors)


def _heard(
    network: MTCNetwork,
    task: SeriesTask,
    part: Part,
    samples: Sequence[Variation | None],
    sample: int,
) -> tuple[Tensor, Tensor]:
    """The low-passed activity (moments, neurons) of one sample, and the target (moments,)."""
    signal, target = scored_windows(task, part, network.readout.weight.dtype)
    with varied(network, samples, torch.full((len(signal),), sample)):
        activity = network.hidden(signal).activity
    activity = network.low_pass.channel(0, activity)[:, task.washout :]
    return activity.flatten(0, 1).double(), target[:, task.washout :].flatten().double()
