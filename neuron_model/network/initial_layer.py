"""What a hidden layer is before training: its neurons, and what flows into them."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import torch
from torch import nn

from neuron_model.model.parameters import NeuronParameters
from neuron_model.network.network import MTCNetwork


class InitialLayer(Protocol):
    """A layer to draw: neurons, how many; input_gain, least and greatest size of a weight."""

    @property
    def neurons(self) -> int:
        """How many."""

    @property
    def input_gain(self) -> tuple[float, float]:
        """Least and greatest magnitude of a weight, over the square root of the inputs."""

    def draw_neurons(self, generator: np.random.Generator) -> NeuronParameters:
        """Their first parameters."""

    def draw_bias(self, generator: np.random.Generator) -> np.ndarray:
        """The constant current of each neuron, (neurons,)."""


@torch.no_grad()
def draw_inputs(
    network: MTCNetwork, layer: InitialLayer, generator: np.random.Generator, index: int = 0
) -> None:
    """Set a projection: weights of either sign, and a current at which neurons fire.

    Args:
        network: whose projection to hidden layer ``index`` is set.
        layer: what that layer is drawn from.
        generator: of the random numbers.
        index: 0 is the layer nearest to the input.
    """
    projection = network.projections[index]
    assert isinstance(projection, nn.Linear)
    weight, bias = projection.weight, projection.bias
    shape = tuple(weight.shape)
    size = generator.uniform(*layer.input_gain, shape) / math.sqrt(shape[1])
    weight.copy_(torch.as_tensor(size * generator.choice([-1.0, 1.0], shape)))
    bias.copy_(torch.as_tensor(layer.draw_bias(generator)))
