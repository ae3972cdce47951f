"""What the synapses leave of a network's weights, taken out where it is constant: in the biases.

    b' = b + (W - W_built) <s> - (M <I> - I_wanted)

<s> is the mean activity of the lines. A weight that is rounded changes a current by its error times
s; the mean of that goes into the compensation, and only what s moves about its mean is left. So
does what a column's mirror delivers at the mean current <I> beside what gains were measured as.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from mapping.network_design import OUTPUT, NetworkDesign
from mapping.network_weights import NetworkWeights
from mapping.synapse_characteristics import SynapseCharacteristics


def centered_biases(
    weights: NetworkWeights,
    design: NetworkDesign,
    synapses: SynapseCharacteristics,
    activity: Mapping[str, np.ndarray],
) -> NetworkWeights:
    """The weights with biases that take the mean of the errors out.

    Args:
        weights: trained.
        design: of them, with its whole units.
        synapses: of the technology.
        activity: mean of each source's lines, by its name: of neurons s, of inputs x.
    """

    def missing(target: str) -> np.ndarray:
        into = design.into(target)
        rounded = np.sum([p.error @ activity[p.source] for p in into], axis=0)
        return -np.asarray(rounded + folded_error(design, synapses, target, activity))

    layers = tuple(
        replace(layer, bias=layer.bias + missing(f"layer{index}"))
        for index, layer in enumerate(weights.layers)
    )
    return replace(weights, layers=layers, readout_bias=weights.readout_bias + missing(OUTPUT))


def folded_error(
    design: NetworkDesign,
    synapses: SynapseCharacteristics,
    target: str,
    activity: Mapping[str, np.ndarray],
) -> np.ndarray:
    """What mirrors deliver beside what a design counts on, at the mean activity, (targets,).

    In units of the target's weights: I0, or y.
    """
    unit = design.weight_unit(target)
    keeps = design.target(target).keeps
    drawn = wanted = np.zeros(len(keeps))
    for projection in design.into(target):
        line = design.line(projection.source)
        current = projection.built.clip(min=0.0) @ (activity[line.name] + line.offset) * unit
        wanted = wanted + current
        drawn = drawn + current * synapses.drawn(line.unit_current)
    kept = design.keep_current / design.keep_units
    drawn = drawn + design.keep_current * synapses.gain(-1, kept)
    wanted = wanted + design.keep_current * synapses.gain(1, kept)
    return np.where(keeps, synapses.mirrored(drawn) - wanted, 0.0) / unit
