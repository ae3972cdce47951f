"""A small trained network in a run folder, without the training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from codesign.networks.forecast_task import ForecastTask
from neuron_model.atomic import write_atomically
from neuron_model.model.parameters import OTA_FILTER, Element, NeuronParameters, Timescale
from neuron_model.network.model_file import write_model
from neuron_model.network.network import MTCNetwork, NetworkConfiguration
from neuron_model.runs.file_names import CONFIG_FILE, MODEL_FILE
from neuron_model.runs.run_configuration import RunConfiguration, run_configuration_to_toml
from neuron_model.tasks.mackey_glass import MackeyGlass
from neuron_model.tasks.series import make_series

TASK = MackeyGlass(samples=400, window=24, washout=4, horizon=2)
"""Its test part has 158 moments."""


def excitable(tau_slow: float, output: str = "ota") -> NeuronParameters:
    return NeuronParameters(
        elements=(Element(Timescale.FAST, -2.0, 0.0), Element(Timescale.SLOW, 2.0, 0.0)),
        name="excitable",
        tau_slow=tau_slow,
        filter_slow=OTA_FILTER,
        output=output,
        i_bias=-1.3,
    )


def two_neurons(
    output: str = "ota", weights: tuple[float, float] = (0.8, -0.7), readout_filter: str = "exact"
) -> MTCNetwork:
    """One input drives two neurons against each other; the output is their difference."""
    layer = NeuronParameters.stack([excitable(20.0, output), excitable(23.0, output)])
    configuration = NetworkConfiguration(
        inputs=1,
        outputs=1,
        layers=(layer,),
        dt=0.1,
        steps_per_sample=40,
        readout_tau=1.0,
        readout_filter=readout_filter,
    )
    network = MTCNetwork(configuration, dtype=torch.float64)
    with torch.no_grad():
        network.projections[0].weight.copy_(torch.tensor(weights)[:, None])
        network.projections[0].bias.copy_(torch.tensor([0.3, 0.2]))
        network.readout.weight.copy_(torch.tensor([[1.4, -1.0]]))
        network.readout.bias.copy_(torch.tensor([0.1]))
    return network


def small_network(sizes: tuple[int, ...], recurrent: bool = False, seed: int = 1) -> MTCNetwork:
    """One input, layers of excitable neurons and random weights, one output."""
    layers = tuple(
        NeuronParameters.stack([excitable(20.0 + 3.0 * (i % 5)) for i in range(size)])
        for size in sizes
    )
    configuration = NetworkConfiguration(
        inputs=1,
        outputs=1,
        layers=layers,
        dt=0.1,
        steps_per_sample=40,
        readout_tau=1.0,
        readout_filter="exact",
        recurrent=recurrent,
    )
    network = MTCNetwork(configuration, dtype=torch.float64)
    generator = torch.Generator().manual_seed(seed)

    def drawn(like: torch.Tensor, scale: float) -> torch.Tensor:
        return scale * torch.randn(like.shape, generator=generator, dtype=torch.float64)

    with torch.no_grad():
        for index, projection in enumerate(network.projections):
            weight = projection.weight
            weight.copy_(drawn(weight, 0.9 if index == 0 else 1.6 / weight.shape[1] ** 0.5))
            projection.bias.copy_(0.25 + drawn(projection.bias, 0.03))
        for layer in network.neuron_layers:
            if layer.weights is not None:
                layer.weights.copy_(drawn(layer.weights, 1.2 / layer.neurons**0.5))
        readout = network.readout.weight
        readout.copy_(drawn(readout, 1.5 / readout.shape[1] ** 0.5))
        network.readout.bias.fill_(0.1)
    return network


def task_of(network: MTCNetwork) -> ForecastTask:
    return ForecastTask(network, TASK, make_series(TASK))


def write_run(folder: Path, network: MTCNetwork) -> Path:
    """A run folder as a training leaves it, as far as an export reads it."""
    write_model(folder / MODEL_FILE, network)
    configuration = replace(RunConfiguration(), task=TASK)
    write_atomically(folder / CONFIG_FILE, run_configuration_to_toml(configuration))
    return folder
