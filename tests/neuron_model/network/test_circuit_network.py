"""The macromodel of a network: without delays it is the network that was trained."""

import numpy as np
import torch

from neuron_model.network.circuit_network import CircuitNetwork, ColumnModel, LineModel
from tests.codesign.networks.networks import two_neurons

QUICK, SLOW = LineModel(1e-6, 1e-4), LineModel(0.2, 1e-4)


def circuit_of(line: LineModel, column_tau: float = 1e-6) -> tuple[CircuitNetwork, torch.nn.Module]:
    trained = two_neurons()
    weights = (trained.projections[0], trained.readout)
    columns = [
        ColumnModel(
            layer.weight.detach(), layer.bias.detach(), torch.full_like(layer.bias, 0.5), column_tau
        )
        for layer in weights
    ]
    layers = [layer.parameters_now() for layer in trained.neuron_layers]
    offset = torch.zeros(1, dtype=torch.float64)
    # inputs are above 0 here: the projection's bias is the network's
    ends = offset, trained.low_pass.log_tau.detach().double().exp()
    configuration = trained.configuration
    made = CircuitNetwork(
        layers, columns, [line, line], ends, configuration.steps_per_sample, configuration.dt
    )
    return made, trained


def signal() -> torch.Tensor:
    wave = 1.2 + np.sin(2 * np.pi * np.arange(30) / 18)
    return torch.tensor(wave)[None, :, None]


def test_without_delays_it_says_what_the_trained_network_says():
    made, trained = circuit_of(QUICK)
    with torch.no_grad():
        y, wanted = made(signal()), trained(signal())[0]
    assert float(wanted.std()) > 0.1
    assert float((y - wanted).abs().max()) < 0.01 * float(wanted.std())


def test_delays_change_it_and_gradients_reach_every_weight():
    made, trained = circuit_of(SLOW, 0.1)
    y = made(signal())
    with torch.no_grad():
        wanted = trained(signal())[0]
    assert float((y.detach() - wanted).abs().max()) > 0.02 * float(wanted.std())
    y.sum().backward()
    for column in made.columns:
        assert bool(torch.isfinite(column.weight.grad).all())
        assert float(column.weight.grad.abs().sum()) > 0
