"""The readout by least squares, which no gradient finds as fast."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from neuron_model.network.network import SpikingNetwork
from neuron_model.network.variation import Variation, in_turn, sample_count, varied
from neuron_model.tasks.series import Series, SeriesTask, window_starts, windows_at
from neuron_model.training.training_configuration import TrainingConfiguration


@torch.no_grad()
def fit_readout(
    network: SpikingNetwork,
    task: SeriesTask,
    series: Series,
    configuration: TrainingConfiguration,
    variations: Sequence[Variation | None] = (),
) -> None:
    """Set the readout to the least squares solution for the activity as it is.

    Where there are ``variations``, it is one readout for all of their samples. The activity is that
    of windows from rest, or, where the state is carried, of as many moments in continuous runs, as
    few and long ones as there are samples.

    The low-pass is linear with a gain of 1, so filtering the activity and then weighting it is
    the same as the other way round.
    """
    generator = torch.Generator().manual_seed(configuration.seed + 1)
    batch = max(configuration.batch, 32, 2 * sample_count(variations))
    weights = network.readout.weight
    window = task.window
    if configuration.state == "carried":
        runs, moments = max(1, sample_count(variations)), batch * window
        longest = int(np.diff((0, *series.training.breaks, len(series.training))).max())
        window = min(longest, moments // runs)
        batch = max(runs, moments // window)
    allowed = window_starts(series.training, window)
    starts = allowed[torch.randint(len(allowed), (batch,), generator=generator)]
    signal, target = windows_at(series.training, window, starts, weights.dtype)
    turns = in_turn(variations, batch)
    index = None if turns is None else turns.to(weights.device)
    with varied(network, variations, index):
        s = network.hidden(signal.to(weights.device)).activity
    target = target.to(weights.device)
    for output in range(network.outputs):
        a = network.filtered(output, s)[:, task.washout :].reshape(-1, s.shape[-1]).double()
        y = target[:, task.washout :, output].reshape(-1).double()
        center, mean = a.mean(0), y.mean()
        a = a - center
        gram = a.T @ a
        # Where every neuron is silent nothing but the bias can be fitted.
        size = gram.diagonal().mean().clamp_min(1e-30)
        penalty = configuration.ridge * size * torch.eye(len(gram)).to(gram)
        weight = torch.linalg.solve(gram + penalty, a.T @ (y - mean))
        network.readout.weight[output] = weight.to(weights)
        network.readout.bias[output] = (mean - center @ weight).to(weights)
