"""Readouts fitted to chips: one for all of them, or one for each."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor

from neuron_model.network.network import MTCNetwork
from neuron_model.network.variation import Variation, chip_count, varied
from neuron_model.tasks.series import Part, Series, SeriesTask, nrmse, scored_windows
from neuron_model.training.readout_fit import fit_readout
from neuron_model.training.training_configuration import TrainingConfiguration

RIDGE = 1e-6
"""Of a chip's own readout, relative to the size of the activity."""


def with_common_readout(
    network: MTCNetwork,
    task: SeriesTask,
    series: Series,
    training: TrainingConfiguration,
    chips: Sequence[Variation | None],
) -> MTCNetwork:
    """The network with the readout that serves ``chips`` best, all of them together."""
    other = copy.deepcopy(network)
    fit_readout(other, task, series, training, chips)
    return other


@torch.no_grad()
def errors_with_own_readouts(
    network: MTCNetwork,
    task: SeriesTask,
    series: Series,
    part: Part,
    chips: Sequence[Variation | None],
) -> tuple[float, ...]:
    """NRMSE on ``part`` of each chip, its readout fitted to it on the training part.

    That is what can be done where the readout is no part of the chip: least squares over the whole
    training part, with a small ridge. The low-pass stays.
    """
    errors = []
    for chip in range(chip_count(chips)):
        activity, target = _heard(network, task, series.training, chips, chip)
        center, mean = activity.mean(0), target.mean()
        centered = activity - center
        gram = centered.T @ centered
        penalty = RIDGE * gram.diagonal().mean().clamp_min(1e-30)
        eye = torch.eye(len(gram), dtype=gram.dtype)
        weight = torch.linalg.solve(gram + penalty * eye, centered.T @ (target - mean))
        activity, target = _heard(network, task, part, chips, chip)
        errors.append(nrmse((activity - center) @ weight + mean, target))
    return tuple(errors)


def _heard(
    network: MTCNetwork,
    task: SeriesTask,
    part: Part,
    chips: Sequence[Variation | None],
    chip: int,
) -> tuple[Tensor, Tensor]:
    """The low-passed activity (moments, neurons) of one chip, and the target (moments,)."""
    signal, target = scored_windows(task, part, network.readout.weight.dtype)
    with varied(network, chips, torch.full((len(signal),), chip)):
        activity = network.hidden(signal).activity
    activity = network.low_pass.channel(0, activity)[:, task.washout :]
    return activity.flatten(0, 1).double(), target[:, task.washout :].flatten().double()
