"""What a whole network draws from its supply, by part, from its design and its mean activity.

    neurons     sum over neurons of (I_supply - bias lines)        see mapping.estimates
    synapses    sum k I_u A_n <s>               positive weights: from the fold of their column
    columns     sum k I_u A_p <s> + I_keep (A_n + A_p)             the mirrors' other halves
    readout     the nodes and their followers
    inputs      <x + offset> I_x
    bias lines  all bias currents, from the supply themselves

Negative weights take their current out of a membrane, where amplifiers or a mirror have put it: it
is counted there. <s> is the mean over time of a line's activity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mapping.characteristics import CellCharacteristics
from mapping.design import NeuronDesign
from mapping.estimates import node_current, supply_current
from mapping.macromodel import Macromodel
from mapping.network_design import NetworkDesign
from mapping.network_mapper import INPUT
from mapping.readout import FOLLOWERS, ReadoutDesign
from mapping.synapse_characteristics import SynapseCharacteristics

NEURONS, SYNAPSES, COLUMNS = "neurons", "synapses", "columns"
READOUT, INPUTS, BIAS_LINES = "readout", "inputs", "bias lines"
PARTS = (NEURONS, SYNAPSES, COLUMNS, READOUT, INPUTS, BIAS_LINES)
"""Of a network, for area and power."""


def network_currents(
    design: NetworkDesign,
    layers: Sequence[Sequence[NeuronDesign]],
    readouts: Sequence[ReadoutDesign],
    cells: CellCharacteristics,
    synapses: SynapseCharacteristics,
    activity: Mapping[str, np.ndarray],
) -> dict[str, float]:
    """Ampere from the supply by part, those of the bias lines apart.

    Args:
        design, layers, readouts: of the network.
        cells, synapses: measured.
        activity: of each source's lines the mean over time, by the source's name, (lines,): of
            neurons s, of inputs x as in training.
    """
    neurons = [Macromodel(neuron, cells) for layer in layers for neuron in layer]
    own = sum(supply_current(one) for one in neurons)
    biases = sum(_bias_current(one.design) + one.design.output.bias_current for one in neurons)
    nodes = [Macromodel(readout.node, cells) for readout in readouts]
    behind = sum(_behind(readout, cells) for readout in readouts)
    node_biases = sum(
        _bias_current(readout.node) + FOLLOWERS * readout.follower.bias_current
        for readout in readouts
    )
    folded, mirrored = _column_currents(design, synapses, activity)
    entry = design.line(INPUT)
    heard = float(np.sum(activity[INPUT] + entry.offset)) * entry.full_scale
    keeps = any(bool(target.keeps.any()) for target in design.targets)
    return {
        NEURONS: own - biases,
        SYNAPSES: folded,
        COLUMNS: mirrored,
        READOUT: sum(node_current(node) for node in nodes) + behind - node_biases,
        INPUTS: heard,
        BIAS_LINES: biases + node_biases + (design.keep_current if keeps else 0.0),
    }


def _column_currents(
    design: NetworkDesign,
    synapses: SynapseCharacteristics,
    activity: Mapping[str, np.ndarray],
) -> tuple[float, float]:
    """(in the folds from the synapses, in the mirrors and from the keep-alive transistors)."""
    folded = mirrored = 0.0
    for projection in design.projections:
        line = design.line(projection.source)
        signal = activity[projection.source] + line.offset
        unit = line.unit_current * float(np.maximum(projection.units, 0).sum(axis=0) @ signal)
        folded += synapses.gain(-1, line.unit_current) * unit
        mirrored += synapses.gain(1, line.unit_current) * unit
    at = design.keep_current / design.keep_units
    both = synapses.gain(-1, at) + synapses.gain(1, at)
    count = sum(int(target.keeps.sum()) for target in design.targets)
    return folded, mirrored + count * design.keep_current * both


def _behind(readout: ReadoutDesign, cells: CellCharacteristics) -> float:
    """The three followers of a readout."""
    bias = readout.follower.bias_current
    gain = cells.follower.at(bias, cells.reference).gain
    return FOLLOWERS * bias * (1.0 + 2.0 * gain)


def _bias_current(design: NeuronDesign) -> float:
    """All bias lines but the output stage's."""
    amplifiers = sum(amplifier.bias_current for amplifier in design.amplifiers)
    followers = sum(follower.bias_current for follower in design.followers)
    return design.compensation_bias + amplifiers + followers
