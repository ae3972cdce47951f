"""Where a filter comes to rest."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters, Timescale


def settled_offset(
    parameters: NeuronParameters,
    timescale: Timescale,
    u: Any = 0.0,
    atanh: Callable[[Any], Any] = np.arctanh,
) -> Any:
    """U_x - U_m of a filter that has come to rest: 0 unless it has an offset or an amplifier.

        0 = tanh(kappa (U_m - U_x)) / kappa + offset - conductance U_m / kappa

    An amplifier's output stands at U_x, a few hundredths from U_m; that, its skew and its drift
    change the offset by some per cent of itself, and have no part in it.

    Args:
        parameters: one neuron.
        timescale: of the filter.
        u: U_m, whatever ``atanh`` takes. Without an amplifier it is not needed.
        atanh: numpy's for a float or an array, sympy's for an expression.

    Raises:
        InputError: |kappa offset| is 1 or more: the filter slews for ever.
    """
    shape = parameters.filter(timescale)
    conductance = shape.amplifier.conductance if shape.amplifier else 0.0
    if (shape.offset == 0.0 and conductance == 0.0) or parameters.is_instant(timescale):
        return 0.0
    if shape.is_linear:
        return float(shape.offset)
    reach = float(shape.kappa * shape.offset)
    if not abs(reach) < 1.0:
        raise InputError(
            f"neuron '{parameters.name}': filter_{timescale}.offset = {shape.offset:g} is not "
            f"allowed here; it must be less than 1 / kappa = {1 / shape.kappa:g} in size, or the "
            "filter never settles."
        )
    if conductance == 0.0:
        return math.atanh(reach) / float(shape.kappa)
    return atanh(reach - conductance * u) / float(shape.kappa)
