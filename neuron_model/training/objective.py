"""What training makes small: the error of the task, and what a circuit or a budget forbids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from neuron_model.network.network import Hidden, NetworkState, SpikingNetwork
from neuron_model.network.network_state import detached
from neuron_model.network.neuron import MTCNeuron
from neuron_model.network.variation import Variation, varied
from neuron_model.tasks.series import SeriesTask
from neuron_model.training import processes
from neuron_model.training.training_configuration import TrainingConfiguration


class Loss(NamedTuple):
    """total: what is made small. error: the mean square error alone, of the scaled targets.

    activity: fraction of the hidden neurons' steps in which s > 0; it has no gradient.
    """

    total: Tensor
    error: Tensor
    activity: Tensor


class Objective(nn.Module):
    """The loss of a network on windows of a task.

    mean w (y - t)^2                                        w: 1 after the washout, else 0
    + headroom_weight mean max(0, |U_m| - headroom)^2       each layer of MTC neurons
    + silence_weight  mean max(0, U_saturation - max U_m)^2 the same; max: over the batch
    + activity_weight mean s                                each hidden layer

    end: the state in which the last call left the network, without a gradient.
    """

    def __init__(
        self, network: SpikingNetwork, task: SeriesTask, configuration: TrainingConfiguration
    ) -> None:
        super().__init__()
        self.network = network
        self.task = task
        self.configuration = configuration
        self.end: NetworkState | None = None

    def forward(
        self,
        signal: Tensor,
        target: Tensor,
        variations: Sequence[Variation | None] = (),
        samples: Tensor | None = None,
        state: NetworkState | None = None,
        weight: Tensor | None = None,
    ) -> Loss:
        """Of (batch, window, inputs) and (batch, window, outputs).

        Where ``samples`` (batch,) are given, each sequence is heard by one of the ``variations``'.
        ``state`` is where the network begins, at rest if not given. ``weight`` (batch, window) says
        how much each moment counts, in the place of the washout.
        """
        with varied(self.network, variations, samples):
            hidden = self.network.hidden(signal, state)
        prediction, readout = self.network.read(
            hidden.activity, None if state is None else state.readout
        )
        self.end = detached(NetworkState(hidden.states, readout))
        if weight is None:
            washout = self.task.washout
            error = nn.functional.mse_loss(prediction[:, washout:], target[:, washout:])
        else:
            error = (weight * (prediction - target).pow(2).mean(-1)).mean()
        costs = circuit_costs(self.network, self.configuration, hidden)
        return Loss(error + costs, error, active_fraction(hidden))


def circuit_costs(
    network: SpikingNetwork, configuration: TrainingConfiguration, hidden: Hidden
) -> Tensor:
    """What a circuit or a budget forbids: the terms of :class:`Objective` behind the first."""
    c = configuration
    cost = hidden.activity.new_zeros(())
    for layer, s, voltage in zip(network.layers, hidden.outputs, hidden.voltages, strict=True):
        if c.activity_weight:
            excess = processes.mean(s.mean((0, 1))) - c.activity_target
            cost = cost + c.activity_weight * excess.clamp_min(0.0).mean()
        if isinstance(layer, MTCNeuron):
            beyond = (voltage.abs() - c.headroom).clamp_min(0.0)
            top = layer.live_parameters().u_saturation
            lacking = (top - processes.maximum(voltage.amax((0, 1)))).clamp_min(0.0)
            cost = cost + c.headroom_weight * beyond.pow(2).mean()
            cost = cost + c.silence_weight * lacking.pow(2).mean()
    return cost


def scored_loss(
    network: SpikingNetwork,
    task: SeriesTask,
    configuration: TrainingConfiguration,
    signal: Tensor,
    target: Tensor,
) -> Tensor:
    """The total of :class:`Objective`."""
    total: Tensor = Objective(network, task, configuration)(signal, target).total
    return total


@torch.no_grad()
def active_fraction(hidden: Hidden) -> Tensor:
    """Fraction of the hidden layers' neuron-steps in which s > 0, a number from 0 to 1."""
    active = torch.stack([(s > 0).sum() for s in hidden.outputs]).sum()
    return active.double() / sum(s.numel() for s in hidden.outputs)
