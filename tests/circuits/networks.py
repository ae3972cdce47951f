"""A small network for tests: one input, two layers of two neurons, the second one recurrent."""

from dataclasses import replace

import numpy as np

from circuits.network import NetworkCircuit, network_circuit
from circuits.technology import Technology
from mapping.design import NeuronDesign
from mapping.mapper import MappingChoices
from mapping.network_design import NetworkDesign
from mapping.network_mapper import NetworkChoices, map_network
from mapping.network_neurons import map_layers, map_readouts
from mapping.network_weights import LayerWeights, NetworkWeights
from mapping.readout import ReadoutDesign
from neuron_model.model.parameters import NeuronParameters
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import EXCITABLE
from tests.mapping.synapses import made_up_synapses

CHOICES = NetworkChoices(unit_current=4e-9, time_unit=1.5e-4, readout_current=2e-9)
NEURON_CHOICES = MappingChoices(leak_sections=5)
# The second neuron of the first layer has no fan-out, the last weight into the second layer is 0.
WEIGHTS = NetworkWeights(
    layers=(
        LayerWeights(np.array([[1.0], [-2.0]]), np.array([0.2, -0.1])),
        LayerWeights(np.array([[1.5, 0.0], [-0.5, 0.0]]), np.zeros(2), np.array([[0, -1], [1, 0]])),
    ),
    readout=np.array([[1.0, -3.0]]),
    readout_bias=np.array([0.1]),
    readout_tau=np.array([1.0]),
    sample_interval=2.0,
    inputs=np.array([[-1.0, 1.0]]),
)


def layer(size: int) -> NeuronParameters:
    return NeuronParameters.stack(
        [replace(EXCITABLE, name=f"n{i}", tau_slow=20.0 + i) for i in range(size)]
    )


def small_design() -> NetworkDesign:
    return map_network(WEIGHTS, made_up_synapses(), LIMITS, CHOICES)


def small_neurons(
    design: NetworkDesign, sizes: tuple[int, int] = (2, 2)
) -> tuple[tuple[NeuronDesign, ...], ...]:
    layers = [layer(size) for size in sizes]
    return map_layers(layers, design, real_cells(), made_up_synapses(), LIMITS, NEURON_CHOICES)


def small_readouts(design: NetworkDesign) -> tuple[ReadoutDesign, ...]:
    return map_readouts(WEIGHTS, design, real_cells(), LIMITS, NEURON_CHOICES)


def small_circuit(design: NetworkDesign, technology: Technology) -> NetworkCircuit:
    return network_circuit(
        "network", design, small_neurons(design), small_readouts(design), technology
    )
