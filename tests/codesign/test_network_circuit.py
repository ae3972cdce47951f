"""A network of transistors alone, in one deck, against torch with the same weights."""

import numpy as np
import pytest
import torch

from circuits.network import network_circuit
from circuits.technology import load_technology
from codesign.building.circuit import default_choices
from mapping.conditions import Conditions
from mapping.network_mapper import NetworkChoices, map_network
from mapping.network_neurons import map_layers, map_readouts
from mapping.network_weights import trained_weights
from netlists.cells.characterize import characterize
from netlists.cells.models import models_for
from netlists.cells.synapse_characterize import measure_synapses
from netlists.network_benches import NetworkBenches, network_response
from netlists.writer import cell_text
from neuron_model.model.parameters import OTA_FILTER, Element, NeuronParameters, Timescale
from neuron_model.network.network import MTCNetwork, NetworkConfiguration

GENERIC = load_technology("generic")
NOMINAL = Conditions("tt", 27.0)
STEP, STEPS = 0.1, 40
CHOICES = NetworkChoices(unit_current=4e-9, time_unit=8e-5, readout_current=1.7e-9, scale=0.5)


def excitable(tau_slow: float) -> NeuronParameters:
    return NeuronParameters(
        elements=(Element(Timescale.FAST, -2.0, 0.0), Element(Timescale.SLOW, 2.0, 0.0)),
        name="excitable",
        tau_slow=tau_slow,
        filter_slow=OTA_FILTER,
        output="ota",
        i_bias=-1.3,
    )


def network() -> MTCNetwork:
    """One input drives two neurons against each other, a third one takes their difference."""
    layers = (
        NeuronParameters.stack([excitable(20.0), excitable(23.0)]),
        NeuronParameters.stack([excitable(23.0)]),
    )
    configuration = NetworkConfiguration(
        inputs=1, outputs=1, layers=layers, dt=STEP, steps_per_sample=STEPS, readout_tau=2.0
    )
    net = MTCNetwork(configuration, dtype=torch.float64)
    values = (
        ([[1.5], [-1.2]], [0.2, 0.1]),
        ([[1.5, -0.8]], [0.2]),
    )
    with torch.no_grad():
        for projection, (weight, bias) in zip(net.projections, values, strict=True):
            projection.weight.copy_(torch.tensor(weight))
            projection.bias.copy_(torch.tensor(bias))
        net.readout.weight.copy_(torch.tensor([[1.2]]))
        net.readout.bias.copy_(torch.tensor([0.1]))
    return net


@pytest.mark.ngspice
def test_a_network_of_transistors_says_what_torch_says(cache, engine):
    net = network()
    weights = trained_weights(net, np.array([[-1.5, 1.5]]))
    cells = characterize(GENERIC, NOMINAL, engine)
    synapses = measure_synapses(GENERIC, NOMINAL, engine)
    design = map_network(weights, synapses, GENERIC.limits, CHOICES)
    choices = default_choices(GENERIC)
    trained = [layer.parameters_now() for layer in net.neuron_layers]
    neurons = map_layers(trained, design, cells, synapses, GENERIC.limits, choices)
    readouts = map_readouts(weights, design, cells, GENERIC.limits, choices)
    circuit = network_circuit("network", design, neurons, readouts, GENERIC)
    benches = NetworkBenches(
        circuit,
        design,
        neurons,
        readouts,
        models_for(GENERIC, NOMINAL.corner, [circuit.cell]).text,
        cell_text(circuit.cell, GENERIC),
        NOMINAL.temperature,
    )
    series = 1.2 * np.sin(2 * np.pi * np.arange(24) / 18)[:, None]
    found = network_response(engine.run(benches.stream(series, STEP * STEPS)), benches)

    signal = torch.tensor(series)[None]
    with torch.no_grad():
        y = net(signal)[0][0, :, 0].numpy()
        voltages = [v[0].numpy() for v in net.hidden(signal).voltages]
    at_ends = np.arange(1, len(series) + 1) * STEP * STEPS
    # lines and columns make it late, by a part of tau_m each: apart from that it says the same
    errors = {
        lag: difference(y[:-1], np.interp(at_ends[:-1] + lag, found.time, found.outputs[:, 0]))
        for lag in np.arange(0.0, STEP * STEPS, STEP)
    }
    assert errors[0.0] < 0.3 * y.std()
    late = min(errors, key=lambda lag: errors[lag])
    assert late < 3.0
    assert errors[late] < 0.06 * y.std()
    time = np.arange(1, STEPS * len(series) + 1) * STEP
    for index, voltage in enumerate(np.concatenate(voltages, axis=1).T):
        built = np.interp(time, found.time, found.membranes[:, index])
        assert upward(built) == upward(voltage)
        assert difference(built, voltage) < 0.3 * voltage.std()


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean((one - other) ** 2)))


def upward(voltage: np.ndarray) -> int:
    """Crossings of 0."""
    return int(((voltage[1:] > 0) & (voltage[:-1] <= 0)).sum())
