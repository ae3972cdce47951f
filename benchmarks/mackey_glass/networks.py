"""The networks that are compared: the same around different neurons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.mackey_glass.settings import Settings
from neuron_model.baselines.adaptive_lif import AdaptiveLIF
from neuron_model.baselines.lif import LeakyLIF
from neuron_model.model.parameters import (
    OTA_FILTER,
    Element,
    Leak,
    NeuronParameters,
    OutputShape,
    Timescale,
)
from neuron_model.network.network import MTCNetwork, NetworkConfiguration, SpikingNetwork


def make_network(settings: Settings, seed: int) -> SpikingNetwork:
    """The network before training; the same for the same settings and seed."""
    draw = _mtc if settings.model in ("mtc", "mtc_ota") else _baseline
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = draw(settings, seed)
        _draw_weights(network, settings)
    for parameter in network.parameters():
        parameter.register_hook(_bounded)
    return network


def parameter_count(network: SpikingNetwork) -> int:
    """How many numbers are learned."""
    return sum(p.numel() for p in network.parameters())


_LARGEST_GRADIENT = 1e17
"""Beyond it the square of the gradient's norm, to which it is clipped, leaves float32."""


def _bounded(gradient: Tensor) -> Tensor:
    """The gradient through surrogates can explode in time: clipped, it costs a step, no more."""
    bound = _LARGEST_GRADIENT
    return torch.nan_to_num(gradient, 0.0, bound, -bound).clamp(-bound, bound)


def _baseline(settings: Settings, seed: int) -> SpikingNetwork:
    kind = AdaptiveLIF if settings.model == "adlif" else LeakyLIF
    values: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in settings.neurons.items()
    }
    return SpikingNetwork(
        [kind(size, **values) for size in settings.sizes],
        inputs=1,
        outputs=1,
        readout_tau=settings.readout_tau,
        readout_filter=settings.readout_filter,
    )


def _mtc(settings: Settings, seed: int) -> SpikingNetwork:
    generator = np.random.default_rng(seed)
    values = dict(settings.neurons)
    dt, learn = values.pop("dt"), tuple(values.pop("learn"))
    layers = tuple(_drawn_neurons(size, generator, **values) for size in settings.sizes)
    return MTCNetwork(
        NetworkConfiguration(
            1,
            1,
            layers,
            dt,
            steps_per_sample=settings.steps_per_sample,
            learn=learn,
            readout_tau=settings.readout_tau,
            readout_filter=settings.readout_filter,
        )
    )


def _drawn_neurons(
    neurons: int,
    generator: np.random.Generator,
    *,
    elements: Sequence[Sequence[Any]],
    spread: float,
    tau_slow: Sequence[float],
    tau_ultraslow: Sequence[float],
    u_rest: float,
    u_threshold: float,
    u_saturation: float,
    leak_range: float,
    output: str = OutputShape.CLIP.value,
) -> NeuronParameters:
    """A layer of circuit-shaped neurons (OTA filters, saturating leak).

    Args:
        neurons: how many.
        generator: of what is drawn.
        elements: timescale, and the centers of alpha and delta.
        spread: of alpha and delta, evenly to both sides.
        tau_slow, tau_ultraslow: least and greatest, drawn evenly in the logarithm.
        u_rest, u_threshold, u_saturation, leak_range, output: of every neuron.
    """

    def around(center: float) -> np.ndarray:
        return center + spread * generator.uniform(-1.0, 1.0, neurons)

    def between(ends: Sequence[float]) -> np.ndarray:
        return np.exp(generator.uniform(math.log(ends[0]), math.log(ends[1]), neurons))

    return NeuronParameters(
        tuple(Element(Timescale(x), around(alpha), around(delta)) for x, alpha, delta in elements),
        tau_slow=between(tau_slow),
        tau_ultraslow=between(tau_ultraslow),
        u_rest=u_rest,
        u_threshold=u_threshold,
        u_saturation=u_saturation,
        output=OutputShape(output),
        leak=Leak(range=leak_range),
        filter_fast=OTA_FILTER,
        filter_slow=OTA_FILTER,
        filter_ultraslow=OTA_FILTER,
    )


@torch.no_grad()
def _draw_weights(network: SpikingNetwork, settings: Settings) -> None:
    for index, projection in enumerate(network.projections):
        assert isinstance(projection, nn.Linear)
        gain = settings.hidden_gain if index else settings.input_gain
        projection.weight.normal_(0.0, gain / math.sqrt(projection.in_features))
        projection.bias.uniform_(*settings.bias)
