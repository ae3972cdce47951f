"""The macromodel of a network: without delays it is the network that was trained."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from neuron_model.errors import InputError
from neuron_model.network.circuit_network import (
    Circuit,
    CircuitNetwork,
    ColumnModel,
    LineModel,
    MirrorModel,
    OutputModel,
    take_over,
)
from neuron_model.network.network import MTCNetwork
from neuron_model.network.variation import Variation
from tests.codesign.networks.networks import small_network, two_neurons

QUICK, SLOW = LineModel(1e-6, 1e-4), LineModel(0.2, 1e-4)
FREE = (0.0, 0.0)
KEEP = 0.5
# drawn, gain and falling of a mirror that passes on what it gets
IDEAL = (1.0, 1.0, 0.0)


def circuit_of(
    trained: MTCNetwork,
    line: LineModel,
    column_tau: float = 1e-6,
    steps: tuple[float, float] = FREE,
    mirror: tuple[float, float, float] = IDEAL,
) -> Circuit:
    weights = (*trained.projections, trained.readout)
    columns = [
        ColumnModel(
            weights=layer.weight.detach().clone(),
            bias=layer.bias.detach().clone(),
            steps=steps,
            mean=torch.full_like(layer.weight[0], 0.3),
            offset=torch.zeros_like(layer.weight[0]),
            constant=torch.full_like(layer.bias, -KEEP)
            + (layer.bias if layer is weights[-1] else 0.0),
            mirror=MirrorModel(torch.full_like(layer.bias, KEEP), *mirror, column_tau),
        )
        for layer in weights
    ]
    layers = []
    for layer, projection in zip(trained.neuron_layers, trained.projections, strict=True):
        neurons = layer.parameters_now()
        # the bias of the network is part of what a circuit's neurons have of their own
        own = neurons.with_values({"i_bias": neurons.i_bias + projection.bias.detach().numpy()})
        layers.append(Variation(1, own, neurons, always=True))
    return Circuit(tuple(layers), tuple(columns), (line,) * (len(layers) + 1))


def heard_through(
    circuit: Circuit | None, trained: MTCNetwork, step: float | None = None
) -> CircuitNetwork:
    made = CircuitNetwork(trained, step or trained.configuration.dt)
    made.circuit = circuit
    return made


def signal() -> torch.Tensor:
    # above 0, as currents into lines are
    wave = 1.2 + np.sin(2 * np.pi * np.arange(30) / 18)
    return torch.tensor(wave)[None, :, None]


@torch.no_grad()
def forecast(network: MTCNetwork) -> torch.Tensor:
    return network(signal())[0]


FINE = 0.01
"""A step whose half, by which a circuit's lines come after the network's, is nothing."""


def test_without_delays_it_says_what_the_trained_network_says():
    trained = two_neurons()
    circuit = circuit_of(trained, QUICK)
    y, wanted = (forecast(heard_through(one, trained, FINE)) for one in (circuit, None))
    assert float(wanted.std()) > 0.1
    assert float((y - wanted).abs().max()) < 0.01 * float(wanted.std())


def test_delays_change_it_and_gradients_reach_every_weight():
    trained = two_neurons()
    made = heard_through(circuit_of(trained, SLOW, 0.1), trained)
    y, _ = made(signal())
    wanted = forecast(trained)
    assert float((y.detach() - wanted).abs().max()) > 0.02 * float(wanted.std())
    y.sum().backward()
    for name, weight in made.named_parameters():
        assert bool(torch.isfinite(weight.grad).all()), name
        assert float(weight.grad.abs().sum()) > 0, name


def test_an_output_says_y_later_and_with_a_gain_of_its_own():
    trained = two_neurons()
    plain = heard_through(circuit_of(trained, QUICK), trained, FINE)
    outputs = OutputModel(*(torch.tensor([value]) for value in (0.9, 0.2, 0.5)))
    made = heard_through(replace(plain.circuit, outputs=outputs), trained, FINE)
    y, before = forecast(made)[0, :, 0], forecast(plain)[0, :, 0]
    interval = made.steps_per_sample * made.configuration.dt
    samples = np.arange(30)
    later = np.interp(samples - 0.5 / interval, samples, before.numpy())
    assert np.abs(y.numpy() - (0.9 * later + 0.2))[8:].max() < 0.05 * float(before.std())
    # which the fit of a readout counts on
    s = torch.rand(1, 30 * made.steps_per_sample, 2).double()
    wanted = 0.9 * made.low_pass.channel(0, made._later(s, torch.tensor(0.5)))
    assert torch.allclose(made.filtered(0, s), wanted)


def test_a_sample_comes_in_a_line_from_the_one_before():
    trained = two_neurons()
    circuit = circuit_of(trained, QUICK)
    made = heard_through(replace(circuit, ramp=0.2), trained, 0.1)
    with torch.no_grad():
        lines = made.input_lines(torch.tensor([1.0, 2.0, 2.0]).double()[None, :, None])[0, :, 0]
    steps = made.steps_per_sample
    assert torch.allclose(lines[:steps], torch.tensor(1.0).double(), atol=1e-3)
    begun = lines[steps : steps + 3].tolist()
    assert begun == pytest.approx([1.25, 1.75, 2.0], rel=0.01)
    assert torch.allclose(lines[steps + 3 :], torch.tensor(2.0).double(), atol=0.01)


def test_a_run_in_two_halves_is_the_run_in_one():
    trained = small_network((2, 2))
    made = heard_through(replace(circuit_of(trained, SLOW, 0.1), ramp=0.2), trained)
    with torch.no_grad():
        whole = made(signal())[0]
        first, state = made(signal()[:, :13])
        second, _ = made(signal()[:, 13:], state)
    assert torch.allclose(torch.cat([first, second], 1), whole, atol=1e-3)


def test_what_is_learned_moves_the_circuit_as_it_moves_the_network():
    trained = two_neurons()
    made = heard_through(circuit_of(trained, QUICK), trained, FINE)
    other = two_neurons()
    with torch.no_grad():
        other.projections[0].weight.mul_(1.1)
        other.projections[0].bias.add_(0.05)
        other.neuron_layers[0].delta.add_(0.02)
        other.neuron_layers[0].alpha_growth.add_(0.03)
        other.readout.weight.mul_(0.9)
    take_over(other, made)
    wanted, before = (forecast(heard_through(None, one, FINE)) for one in (other, trained))
    assert torch.allclose(forecast(made), wanted, atol=0.01)
    assert not torch.allclose(forecast(made), before, atol=0.05)


def test_a_lines_s_is_that_of_the_voltage_amid_a_step_times_its_gain():
    trained = two_neurons()
    made = heard_through(circuit_of(trained, LineModel(1e-6, 1e-4, gain=1.1)), trained)
    begun = made.initial_state(1).layers[0]
    rising = torch.tensor([0.2, 0.4, 0.4], dtype=torch.float64)[None, :, None].expand(1, 3, 2)
    s, _ = made.line(0, rising, begun.membrane, begun.line)
    (layer,) = made.circuit.layers
    low, high = (torch.as_tensor(v) for v in (layer.built.u_threshold, layer.built.u_saturation))
    amid = torch.stack(
        [(begun.membrane[0] + 0.2) / 2, torch.full((2,), 0.3), torch.full((2,), 0.4)]
    )
    wanted = 1.1 * torch.tanh((amid - low) / (high - low)).clamp(min=0.0)
    assert torch.allclose(s[0], wanted.double(), atol=1e-3)


def test_weights_are_whole_units_and_their_gradient_goes_straight_through():
    column = circuit_of(two_neurons(), QUICK, steps=(0.05, 0.06)).columns[0]
    weights = torch.tensor([[0.31], [-0.31]], dtype=torch.float64, requires_grad=True)
    built = column.built(weights)
    assert torch.allclose(built.detach(), torch.tensor([[0.3], [-0.3]], dtype=torch.float64))
    built.sum().backward()
    assert torch.equal(weights.grad, torch.ones_like(weights))


def test_a_mirrors_gain_falls_with_its_current_its_keep_alive_current_included():
    mirror = MirrorModel(torch.tensor([0.5, 0.0]), 0.9, 1.1, 0.02, 1e-6)
    folded = torch.tensor([0.0, 2.0])[None, :, None].expand(1, 2, 2)
    delivered, _ = mirror(folded, 0.1, mirror.at_rest(1))
    assert delivered[0, 0].tolist() == pytest.approx([1.1 * 0.5**0.98, 0.0], rel=1e-3)
    # the second target has no mirror
    assert delivered[0, 1].tolist() == pytest.approx([1.1 * 2.3**0.98, 2.0], rel=1e-3)


def test_followers_begin_where_their_offset_lets_them_settle():
    trained = two_neurons()
    circuit = circuit_of(trained, QUICK)
    (layer,) = circuit.layers
    moved = replace(layer.built, filter_slow=replace(layer.built.filter_slow, offset=-0.05))
    made = heard_through(replace(circuit, layers=(replace(layer, built=moved),)), trained)
    begun = made.initial_state(1).layers[0]
    kappa = torch.as_tensor(moved.filter_slow.kappa)
    assert begun.membrane.tolist() == begun.fast.tolist() == [[0.0, 0.0]]
    rate = torch.tanh(kappa * (begun.membrane - begun.slow)) / kappa - 0.05
    assert rate.abs().max() < 1e-9


def test_layers_that_feed_themselves_have_none():
    with pytest.raises(InputError, match="feed themselves"):
        CircuitNetwork(small_network((2,), recurrent=True), 0.1)
