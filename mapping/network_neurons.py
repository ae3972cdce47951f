"""The neurons and readouts of a network: one I0, one time unit, biases that the lines leave over.

C_m      = T I0 tau_m / V0           one T: V0 is each neuron's own
I_comp   + ... = I0 (i_bias + b)     b: bias of the network less offsets and keep-alive
I_bias,s = I_s / A                   the output stage drives its line's diode with I_s
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mapping.characteristics import CellCharacteristics
from mapping.design import NeuronDesign, OutputDesign
from mapping.limits import Limits, check_within
from mapping.mapper import MappingChoices, map_neuron
from mapping.network_design import NetworkDesign
from mapping.network_mapper import OUTPUT
from mapping.network_weights import NetworkWeights
from mapping.readout import ReadoutDesign, map_readout
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters


def map_layers(
    layers: Sequence[NeuronParameters],
    network: NetworkDesign,
    cells: CellCharacteristics,
    limits: Limits,
    choices: MappingChoices,
) -> tuple[tuple[NeuronDesign, ...], ...]:
    """The designs of all neurons, layer by layer; they are called l0_n0, l0_n1 and so on.

    Args:
        layers: trained, each with all of its neurons.
        network: their lines and biases.
        cells, limits: of the technology.
        choices: of each neuron; currents and capacitors are the network's.

    Raises:
        InputError: a neuron does not fit, or the layers are not those of the network.
    """
    found = []
    for number, neurons in enumerate(layers):
        target, line = network.target(f"layer{number}"), network.line(f"s{number}")
        if neurons.neurons != len(target.bias):
            raise InputError(
                f"layer {number} has {neurons.neurons} neurons; the network's design has "
                f"{len(target.bias)}."
            )
        found.append(
            tuple(
                _neuron(
                    replace(
                        one,
                        name=f"l{number}_n{index}",
                        i_bias=float(one.i_bias) + float(target.bias[index]),
                    ),
                    network,
                    line.full_scale,
                    cells,
                    limits,
                    choices,
                )
                for index, one in enumerate(neurons[i] for i in range(neurons.neurons))
            )
        )
    return tuple(found)


def _neuron(
    neuron: NeuronParameters,
    network: NetworkDesign,
    full_scale: float,
    cells: CellCharacteristics,
    limits: Limits,
    choices: MappingChoices,
) -> NeuronDesign:
    current = network.unit_current
    first = map_neuron(
        neuron,
        cells,
        limits,
        replace(choices, unit_current=current, membrane_capacitance=None, generator=None),
    )
    # V0 hangs on I0 and not on C_m
    capacitance = check_within(
        f"neuron '{neuron.name}' with tau_m = {float(neuron.tau_m):g} of {network.time_unit:.3g} s",
        network.time_unit * current * float(neuron.tau_m) / first.unit_voltage,
        limits.capacitance,
        "F",
        "choose another time unit or I0",
    )
    design = map_neuron(
        neuron,
        cells,
        limits,
        replace(choices, unit_current=current, membrane_capacitance=capacitance),
    )
    return feeding(design, full_scale, cells, limits)


def feeding(
    design: NeuronDesign, full_scale: float, cells: CellCharacteristics, limits: Limits
) -> NeuronDesign:
    """``design`` with an output stage that drives a line with ``full_scale`` ampere at s = 1.

    Raises:
        InputError: its bias current is beyond the limits.
    """
    output = design.output
    # the offset of before is taken out: it is another one at another bias
    before = cells.noninverting.at(output.bias_current, output.threshold_voltage)
    at = cells.noninverting.at(full_scale, output.threshold_voltage)
    at = cells.noninverting.at(full_scale / at.gain, output.threshold_voltage)
    bias = check_within(
        f"neuron '{design.name}': output stage of a line of {full_scale:.3g} A: bias current",
        full_scale / at.gain,
        limits.bias_current,
        "A",
        "use fewer neurons or weights on a line, or a longer time unit",
    )
    threshold = output.threshold_voltage + before.offset - at.offset
    return replace(design, output=OutputDesign(bias, threshold, full_scale))


def map_readouts(
    weights: NetworkWeights,
    network: NetworkDesign,
    cells: CellCharacteristics,
    limits: Limits,
    choices: MappingChoices,
) -> tuple[ReadoutDesign, ...]:
    """The designs of all outputs, called y0, y1 and so on.

    Raises:
        InputError: one does not fit, or its pole asks for a smaller current than the network has.
    """
    bias = network.target(OUTPUT).bias
    found = []
    for index, tau in enumerate(weights.readout_tau):
        name = f"{OUTPUT}{index}"
        made = map_readout(
            name,
            float(tau) * weights.sample_interval * network.time_unit,
            float(bias[index]),
            cells,
            limits,
            replace(choices, unit_current=network.readout_current, generator=None),
            network.scale,
        )
        if made.node.unit_current < network.readout_current * (1 - 1e-9):
            raise InputError(
                f"network: readout '{name}' with poles of {made.time_constant:.3g} s needs "
                f"{made.node.unit_current:.3g} A for its capacitor, but readout_current is "
                f"{network.readout_current:.3g} A: use a smaller readout_current."
            )
        found.append(made)
    return tuple(found)
