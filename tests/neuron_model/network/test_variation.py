"""Samples of a layer: each sequence hears its own, and the gradient reaches what is trained."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from neuron_model.errors import InputError
from neuron_model.model.parameters import OTA_FILTER, Amplifier, Element, Leak, NeuronParameters
from neuron_model.network.network import MTCNetwork, NetworkConfiguration, NetworkState
from neuron_model.network.neuron import MTCNeuron
from neuron_model.network.variation import Variation, varied

TRAINED = NeuronParameters(
    (
        Element("fast", np.array([-2.0, -1.8]), np.array([0.0, 0.1])),
        Element("slow", np.array([2.0, 2.1]), np.array([0.0, -0.1])),
    ),
    tau_slow=np.array([20.0, 30.0]),
    filter_slow=OTA_FILTER,
)


def built(samples: int, seed: int = 0) -> NeuronParameters:
    """Every number off by some per cent, and a section of the leak as one more element."""
    rng = np.random.default_rng(seed)

    def many(value, spread=0.05):
        return np.tile(np.broadcast_to(value, 2), samples) * (
            1 + spread * rng.normal(size=2 * samples)
        )

    elements = [
        Element(e.timescale, many(e.alpha), many(e.delta), many(1)) for e in TRAINED.elements
    ]
    return replace(
        TRAINED,
        elements=(*elements, Element("fast", many(0.8), many(0.0), many(1))),
        tau_slow=many(TRAINED.tau_slow),
        i_bias=0.1 * rng.normal(size=2 * samples),
        leak=Leak(conductance=0.2),
    )


def make_network(recurrent: bool = False) -> MTCNetwork:
    torch.manual_seed(0)
    learn = ("alpha", "delta", "tau", "kappa")
    configuration = NetworkConfiguration(1, 1, (TRAINED,), dt=0.5, learn=learn, recurrent=recurrent)
    network = MTCNetwork(configuration, dtype=torch.float64)
    torch.nn.init.constant_(network.projections[0].bias, 1.0)
    if recurrent:
        (layer,) = network.neuron_layers
        layer.weights.data.copy_(torch.tensor([[0.3, -1.5], [2.0, 0.4]]))
    return network


@pytest.mark.parametrize("recurrent", [False, True])
def test_each_sequence_is_the_input_of_its_own_sample(recurrent: bool):
    network, variation = make_network(recurrent), Variation(3, built(3), TRAINED)
    signal = torch.randn(4, 30, 1, dtype=torch.float64)
    index = torch.tensor([2, 0, 1, 2])
    with varied(network, [variation], index):
        first = network.hidden(signal[:, :12])
        state = NetworkState(first.states, torch.zeros(4, 4, 1, dtype=torch.float64))
        second = network.hidden(signal[:, 12:], state)
    assert (first.activity > 0).any()
    heard = torch.cat([first.voltages[0], second.voltages[0]], 1)
    for sequence, sample in enumerate(index.tolist()):
        two = [variation.built[2 * sample + neuron] for neuron in (0, 1)]
        alone = MTCNeuron(NeuronParameters.stack(two), dt=0.5, dtype=torch.float64)
        alone.weights = network.neuron_layers[0].weights
        current = network.projections[0](signal[sequence : sequence + 1])
        _, expected, _ = alone(current, return_voltage=True)
        close = {"rtol": 1e-10, "atol": 1e-12}
        torch.testing.assert_close(heard[sequence : sequence + 1], expected, **close)


def test_afterwards_the_network_is_the_trained_one():
    network, signal = make_network(), torch.randn(2, 10, 1, dtype=torch.float64)
    before, _ = network(signal)
    with varied(network, [Variation(1, built(1), TRAINED)], torch.zeros(2, dtype=torch.long)):
        other, _ = network(signal)
    after, _ = network(signal)
    assert torch.equal(before, after)
    assert not torch.equal(before, other)


def test_samples_in_detail_run_though_the_kernels_do_not_know_them():
    network, plain = make_network(), built(2)
    first, *others = plain.elements
    amplifier = Amplifier(np.full(4, 0.2), np.full(4, 0.1), skew=np.full(4, 0.02))
    detailed = replace(plain, elements=(replace(first, amplifier=amplifier), *others))
    signal = torch.randn(1, 8, 1, dtype=torch.float64)
    with varied(network, [Variation(2, detailed, TRAINED)], torch.tensor([1])):
        heard = network.hidden(signal).voltages[0]
    second = NeuronParameters.stack([detailed[2], detailed[3]])
    alone = MTCNeuron(second, dt=0.5, dtype=torch.float64)
    _, expected, _ = alone(network.projections[0](signal), return_voltage=True)
    torch.testing.assert_close(heard, expected, rtol=1e-10, atol=1e-12)


def test_samples_follow_what_is_trained():
    network = make_network()
    layer = network.neuron_layers[0]
    variation = Variation(2, built(2), TRAINED)
    index = torch.tensor([1])
    with torch.no_grad():
        layer.delta += 0.25
        layer.alpha_growth += 0.1
        layer.tau_growth -= 0.2
    moved = variation.follow(layer.live_parameters(), index)
    sample = slice(2, 4)
    expected = variation.built.elements[1]
    close = {"rtol": 1e-12, "atol": 0}
    np.testing.assert_allclose(
        moved.elements[1].delta.detach(), expected.delta[sample] + 0.25, **close
    )
    np.testing.assert_allclose(
        moved.elements[1].alpha.detach(), expected.alpha[sample] * np.exp(0.1), **close
    )
    np.testing.assert_allclose(
        moved.tau_slow.detach(), variation.built.tau_slow[sample] * np.exp(-0.2), **close
    )
    # what is not trained is as it was built
    np.testing.assert_allclose(moved.elements[2].alpha, variation.built.elements[2].alpha[sample])


@pytest.mark.parametrize("recurrent", [False, True])
def test_the_gradient_goes_straight_through(recurrent: bool):
    network = make_network(recurrent)
    variation, index = Variation(2, built(2), TRAINED), torch.tensor([1, 0, 1])
    signal = torch.randn(3, 12, 1, dtype=torch.float64)
    names = ["alpha_growth", "delta", "tau_growth", "kappa_growth", "weights"][: 4 + recurrent]
    leaves = [getattr(network.neuron_layers[0], name) for name in names]

    def run(*values):
        given = {f"layers.0.{name}": value for name, value in zip(names, values, strict=True)}
        with varied(network, [variation], index):
            return torch.func.functional_call(network, given, (signal,))[0]

    assert torch.autograd.gradcheck(run, [v.detach().clone().requires_grad_() for v in leaves])


def test_what_does_not_go_together_is_refused():
    with pytest.raises(InputError, match="4 neurons were built; 3 samples of 2 need 6"):
        Variation(3, built(2), TRAINED)
    turned = replace(built(2), elements=built(2).elements[1:])
    with pytest.raises(InputError, match="must be the trained ones'"):
        Variation(2, turned, TRAINED)
    network = make_network()
    with (
        varied(network, [Variation(2, built(2), TRAINED)], torch.zeros(3, dtype=torch.long)),
        pytest.raises(InputError, match="3 samples for 1 sequences"),
    ):
        network(torch.zeros(1, 5, 1, dtype=torch.float64))
