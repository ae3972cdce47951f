import numpy as np
import pytest
import torch

from mapping.network_weights import trained_weights
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters
from neuron_model.network.network import MTCNetwork, NetworkConfiguration
from tests.mapping.neurons import EXCITABLE

RANGES = np.array([[-1.0, 1.0], [0.0, 2.0]])


def network(recurrent: bool) -> MTCNetwork:
    torch.manual_seed(0)
    layers = tuple(NeuronParameters.stack([EXCITABLE] * size) for size in (3, 2))
    configuration = NetworkConfiguration(
        inputs=2,
        outputs=1,
        layers=layers,
        dt=0.5,
        steps_per_sample=4,
        readout_tau=1.5,
        recurrent=recurrent,
    )
    return MTCNetwork(configuration, dtype=torch.float64)


@pytest.mark.parametrize("recurrent", [False, True])
def test_weights_are_those_of_the_trained_network(recurrent):
    trained = network(recurrent)
    weights = trained_weights(trained, RANGES)
    assert weights.sizes == (3, 2)
    for index, layer in enumerate(weights.layers):
        projection = trained.projections[index]
        assert np.array_equal(layer.weights, projection.weight.detach().numpy())
        assert np.array_equal(layer.bias, projection.bias.detach().numpy())
        own = trained.neuron_layers[index].weights
        if own is None:
            assert layer.recurrent is None
            assert not recurrent
        else:
            assert np.array_equal(layer.recurrent, own.detach().numpy())
        assert layer.tau_m == EXCITABLE.tau_m
    assert np.array_equal(weights.readout, trained.readout.weight.detach().numpy())
    assert weights.readout_tau == pytest.approx([1.5])
    assert weights.sample_interval == 2.0


def test_weights_of_a_network_that_diverged_are_refused():
    trained = network(recurrent=False)
    with torch.no_grad():
        trained.readout.weight[0, 1] = float("inf")
    with pytest.raises(InputError, match=r"readout: weight \[0, 1\] is inf"):
        trained_weights(trained, RANGES)


@pytest.mark.parametrize("ranges", [RANGES[:1], RANGES[:, ::-1], np.zeros((2, 3))])
def test_ranges_that_do_not_fit_are_refused(ranges):
    with pytest.raises(InputError, match=r"network: (layer 0|an input|range)"):
        trained_weights(network(recurrent=False), ranges)
