"""Which of a network's parameters learn how fast, and the optimizer that moves them."""

from __future__ import annotations

import torch
from torch import nn

from neuron_model.network.network import SpikingNetwork
from neuron_model.network.neuron import LEARNABLE
from neuron_model.training.training_configuration import TrainingConfiguration

_LINEAR = ("projection", "readout", "low_pass")


def group_of(name: str) -> str:
    """The group of a network's parameter, a field of ``Rates``, by its dotted name."""
    path = name.split(".")
    if path[0] == "projections":
        return "projection"
    if path[0] in ("readout", "low_pass"):
        return path[0]
    leaf = path[-1].removesuffix("_growth")
    if leaf == "weights":
        return "recurrent"
    return leaf if leaf in LEARNABLE else "neuron"


def rate_factor(name: str, configuration: TrainingConfiguration) -> float:
    """The learning rate of a parameter, relative to that of the neurons."""
    group = group_of(name)
    factor: float = getattr(configuration.rates, group)
    return factor * configuration.readout_rate if group in _LINEAR else factor


def learned(
    network: SpikingNetwork, configuration: TrainingConfiguration
) -> dict[str, nn.Parameter]:
    """The parameters that are learned, by name, in the network's order."""
    return {
        name: parameter
        for name, parameter in network.named_parameters()
        if parameter.requires_grad and rate_factor(name, configuration) > 0
    }


def make_optimizer(
    parameters: dict[str, nn.Parameter], configuration: TrainingConfiguration
) -> torch.optim.Optimizer:
    """An optimizer with a group for each rate; ``factor`` of a group is its relative rate."""
    by_factor: dict[float, list[nn.Parameter]] = {}
    for name, parameter in parameters.items():
        by_factor.setdefault(rate_factor(name, configuration), []).append(parameter)
    groups = [{"params": some, "factor": factor} for factor, some in by_factor.items()]
    c = configuration
    if c.optimizer == "sgd":
        return torch.optim.SGD(groups, c.learning_rate, c.momentum, weight_decay=c.weight_decay)
    kind = torch.optim.AdamW if c.optimizer == "adamw" else torch.optim.Adam
    return kind(groups, c.learning_rate, c.betas, c.epsilon, c.weight_decay)


def set_rates(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of every group, given that of the neurons."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]
