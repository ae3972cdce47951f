"""The neurons and readouts of a network: one I0, one time unit, biases that the lines leave over.

    C_m      = T I0 tau_m / V0           one T: V0 is each neuron's own
    I_comp   + ... = I0 (i_bias + b)     b: bias of the network less offsets and keep-alive
    I_bias,s = I_s / B                   the output stage drives its line's diode with I_s

Everything else of a neuron is mapped as if it stood alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mapping.characteristics import CellCharacteristics
from mapping.design import NeuronDesign, OutputDesign
from mapping.limits import Limits, check_within
from mapping.mapper import MappingChoices, map_neuron, mapped_units
from mapping.network_design import OUTPUT, LineDesign, NetworkDesign
from mapping.network_weights import NetworkWeights
from mapping.readout import ReadoutDesign, map_readout
from mapping.synapse_characteristics import Stage, SynapseCharacteristics
from mapping.time_unit import membrane_capacitance
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters

_ROUNDS = 4


def map_layers(
    layers: Sequence[NeuronParameters],
    network: NetworkDesign,
    cells: CellCharacteristics,
    synapses: SynapseCharacteristics,
    limits: Limits,
    choices: MappingChoices,
) -> tuple[tuple[NeuronDesign, ...], ...]:
    """The designs of all neurons, layer by layer; they are called l0_n0, l0_n1 and so on.

    Args:
        layers: trained, each with all of its neurons.
        network: their lines and biases.
        cells, synapses, limits: of the technology.
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
        driver = LineDriver(line, cells, synapses)
        designs = []
        for index, bias in enumerate(target.bias):
            one = neurons[index]
            one = replace(one, name=f"l{number}_n{index}", i_bias=float(one.i_bias) + float(bias))
            designs.append(driver.driven_by(_neuron(one, network, cells, limits, choices), limits))
        found.append(tuple(designs))
    return tuple(found)


def _neuron(
    neuron: NeuronParameters,
    network: NetworkDesign,
    cells: CellCharacteristics,
    limits: Limits,
    choices: MappingChoices,
) -> NeuronDesign:
    current = network.unit_current
    # V0 hangs on I0 and not on C_m
    unit_voltage, _ = mapped_units(
        neuron,
        cells,
        limits,
        replace(choices, unit_current=current, membrane_capacitance=None, generator=None),
    )
    capacitance = check_within(
        f"neuron '{neuron.name}' with tau_m = {float(neuron.tau_m):g} of {network.time_unit:.3g} s",
        membrane_capacitance(network.time_unit, unit_voltage, current, float(neuron.tau_m)),
        limits.capacitance,
        "F",
        "choose another time unit or I0",
    )
    fixed = replace(choices, unit_current=current, membrane_capacitance=capacitance)
    return map_neuron(neuron, cells, limits, fixed)


@dataclass(frozen=True)
class LineDriver:
    """The output stages of the neurons that drive ``line``, on measured cells."""

    line: LineDesign
    cells: CellCharacteristics
    synapses: SynapseCharacteristics

    def driven_by(self, design: NeuronDesign, limits: Limits) -> NeuronDesign:
        """``design`` with an output stage that drives the line with its full scale at s = 1.

        Raises:
            InputError: its bias current is beyond the limits.
        """
        threshold, full_scale = float(design.volts(design.u_threshold)), self.line.full_scale
        bias = full_scale / self.synapses.stage(self.line.unit_current).gain
        for _ in range(_ROUNDS):
            bias = full_scale / self.stage(bias, threshold).gain
        check_within(
            f"neuron '{design.name}': output stage of a line of {full_scale:.3g} A: bias current",
            bias,
            limits.bias_current,
            "A",
            "use fewer neurons or weights on a line, or a longer time unit",
        )
        offset = self.stage(bias, threshold).offset
        return replace(design, output=OutputDesign(bias, threshold - offset, full_scale))

    def stage(self, bias: float, threshold: float) -> Stage:
        """An output stage on the line with its own bias (ampere) and threshold (volt).

        It was measured at one bias, with its threshold at the reference; from there it goes as the
        OTA does whose output is at the reference.
        """
        measured, table = self.synapses.stage(self.line.unit_current), self.cells.noninverting
        there = table.at(measured.bias_current, self.cells.reference)
        here = table.at(bias, threshold)
        return Stage(
            bias,
            measured.gain * here.gain / there.gain,
            measured.offset + here.offset - there.offset,
            measured.slope_voltage * here.slope_voltage / there.slope_voltage,
        )


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
