"""A network in a few numbers, and what is drawn from it."""

import pytest
import torch

from neuron_model.errors import InputError
from neuron_model.network.bursting_layer import BurstingLayer
from neuron_model.network.description import Network, NetworkSettings
from neuron_model.network.preset_layer import PresetLayer


def test_a_number_is_a_layer_of_so_many_bursters():
    assert Network(3) == Network(BurstingLayer(3)) == Network([3])
    assert Network(3).module(2, 1).configuration.sizes == (3,)


def test_the_same_description_draws_the_same_module_whatever_was_drawn_before():
    one = Network([2, PresetLayer(3)], NetworkSettings(dtype="float64"), seed=5)
    first = one.module(2, 1).state_dict()
    torch.rand(3)
    second, other = one.module(2, 1).state_dict(), Network([2, PresetLayer(3)]).module(2, 1)
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert first["readout.weight"].dtype == torch.float64
    assert not torch.equal(first["readout.weight"].float(), other.readout.weight)


def test_neurons_of_several_layers_have_names_of_their_own():
    names = [layer.name for layer in Network([1, 2]).module(1, 1).configuration.layers]
    assert names == ["layer_0", "layer_1"]


@pytest.mark.parametrize("layers", [(), 0, [3, -1]])
def test_layers_without_neurons_are_refused(layers: object):
    with pytest.raises(InputError, match="layer"):
        Network(layers)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("horizon", "tau"), [(0, 0.1), (1, 0.1), (5, 0.5), (10, 1.0), (675, 1.0), (None, 1.0)]
)
def test_the_readout_delays_less_than_the_forecast_is_ahead(horizon: int | None, tau: float):
    assert NetworkSettings().for_horizon(horizon).readout_tau == pytest.approx(tau)
    assert NetworkSettings(readout_tau=2.5).for_horizon(horizon).readout_tau == 2.5


def test_without_a_task_a_pole_of_the_readout_is_a_sample():
    assert Network(1).module(1, 1).configuration.readout_tau == 1.0
