"""What whole units leave of a network's weights, taken out where it is constant: in the biases.

    b' = b + (W - W_built) <s>

<s> is the mean activity of the lines. A weight that is rounded changes a current by its error times
s; the mean of that goes into the compensation, and only what s moves about its mean is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from mapping.network_design import NetworkDesign
from mapping.network_mapper import OUTPUT
from mapping.network_weights import NetworkWeights


def centered_biases(
    weights: NetworkWeights, design: NetworkDesign, activity: Mapping[str, np.ndarray]
) -> NetworkWeights:
    """The weights with biases that take the mean of the rounding errors out.

    Args:
        weights: trained.
        design: of them, with its whole units.
        activity: mean of each source's lines, by its name: of neurons s, of inputs x.
    """

    def missing(target: str) -> np.ndarray:
        into = design.into(target)
        return -np.sum([p.error @ activity[p.source] for p in into], axis=0)

    layers = tuple(
        replace(layer, bias=layer.bias + missing(f"layer{index}"))
        for index, layer in enumerate(weights.layers)
    )
    return replace(weights, layers=layers, readout_bias=weights.readout_bias + missing(OUTPUT))
