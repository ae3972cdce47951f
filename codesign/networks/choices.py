"""Currents and times of a network's circuit, where a user does not say them.

I0    the technology's, or four times its smallest: lines of synapses charge in good time
T     the longest that the followers of every neuron bear, with a C_m of at most half the
      largest capacitor: the longer, the less are the lines' delays beside it
I_r   I0, or less where the readout's pole is too slow for its largest capacitor
y     one unit is a quarter of V0, or less where y goes so far that the readout's followers slewed
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mapping.macromodel import Macromodel
from mapping.mapper import BIAS_MARGIN, MappingChoices, leakage_shortage, mapped_units
from mapping.network_mapper import NetworkChoices
from mapping.readout import SCALE, map_readout

if TYPE_CHECKING:
    from circuits.technology import Technology
    from mapping.characteristics import CellCharacteristics
    from mapping.limits import Limits
    from mapping.network_weights import NetworkWeights
    from neuron_model.model.parameters import NeuronParameters

CURRENT = 4.0
"""I0 over the technology's smallest, where its file has none."""

MEMBRANE = 0.5
"""C_m of the quickest neuron over the largest capacitor, where no follower asks for less."""

SWING = 1.5
"""Largest voltage of a readout's node from its middle, in V0: less of it leaves the weights fewer
units, more of it lets the followers slew."""

_ROOM = 0.97


def network_choices(
    layers: Sequence[NeuronParameters],
    weights: NetworkWeights,
    cells: CellCharacteristics,
    technology: Technology,
    choices: MappingChoices,
    largest_output: float,
) -> NetworkChoices:
    """I0, T, I_r and the unit of y of a network.

    Args:
        layers: trained neurons of each hidden layer.
        weights: all others of the network.
        cells: measured.
        technology: whose limits hold.
        choices: its unit current and membrane capacitor, where they are fixed, are the network's
            I0 and the largest C_m.
        largest_output: magnitude of y in use.

    Raises:
        InputError: a neuron or a readout does not fit the technology with this I0.
    """
    limits = technology.limits
    low, high = limits.unit_current
    current = choices.unit_current or technology.unit_current or min(CURRENT * low, high)
    largest = choices.membrane_capacitance or MEMBRANE * limits.capacitance[1]
    fixed = replace(
        choices,
        unit_current=current,
        membrane_capacitance=None,
        nominal_capacitance=largest,
        generator=None,
    )
    alone = [mapped_units(neuron, cells, limits, fixed)[1] for layer in layers for neuron in layer]
    time_unit = _ROOM * min(alone)
    sample = weights.sample_interval * time_unit
    nodes = [
        Macromodel(map_readout("y", float(tau) * sample, 0.0, cells, limits, fixed).node, cells)
        for tau in weights.readout_tau
    ]
    return NetworkChoices(
        unit_current=current,
        time_unit=time_unit,
        readout_current=readout_current(nodes, limits),
        scale=min(SCALE, SWING / max(largest_output, 1e-9)),
    )


def readout_current(nodes: Sequence[Macromodel], limits: Limits) -> float:
    """I_r of all readouts, whose nodes have the largest currents that their capacitors bear.

    A little less than the smallest of these, so that a capacitor has some room, but not at the cost
    of what junctions ask for.
    """
    bearable = min(node.design.unit_current for node in nodes)
    calm = max(
        BIAS_MARGIN * leakage_shortage(node, limits) * node.design.unit_current for node in nodes
    )
    return max(_ROOM * bearable, min(calm, bearable))
