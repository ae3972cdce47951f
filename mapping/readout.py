"""The readout of a network: a node whose leak is a linear resistor, and three followers behind it.

    C dV/dt        = I_in - I_r (V - V_ref) / V0          the first pole, tau = C V0 / I_r
    C_k dV_k/dt    = A I_k tanh((V_(k-1) - V_k) / V0_k)   three more, tau = C_k V0_k / (A I_k)
    V_y            = V_ref + offset + scale y             y = four equal poles of (W s + b)
    scale          = node_scale H^3                       H = 1 / (1 + G V0_k / A)

One unit of y is a part of V0 at the node, so that the followers hardly slew; each of them loses a
little to its output conductance G (over its bias).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from mapping.characteristics import CellCharacteristics
from mapping.design import FollowerDesign, NeuronDesign
from mapping.limits import Limits, check_within
from mapping.macromodel import Macromodel
from mapping.mapper import (
    BIAS_MARGIN,
    MappingChoices,
    leakage_shortage,
    least_follower_bias,
    map_neuron,
)
from neuron_model.model.parameters import NeuronParameters, Timescale

FOLLOWERS = 3
"""Behind the node: as many poles as a network's low-pass has stages, less one."""

SCALE = 0.25
"""One unit of y, in V0: at 1 V0 the followers slew, and a network's error grows to twice."""

DEFAULT_CHOICES = MappingChoices()
"""The smallest current, nine leak sections over 5.5 V0 each way."""

_ROUNDS = 8
# Of the largest capacitor: the drawn one changes by some per cent while it is solved for.
_ROOM = 0.95


@dataclass(frozen=True)
class ReadoutDesign:
    """One output of a network.

    node: the leak, the compensation and the capacitor of the node, as a neuron without elements;
    its unit current is I_r (A). followers: one design, drawn FOLLOWERS times. time_constant: s, of
    each pole. node_scale, scale: volt for a unit of y, at the node and of V_y. offset: volt, V_y -
    V_ref at y = 0.
    """

    node: NeuronDesign
    follower: FollowerDesign
    time_constant: float
    node_scale: float
    scale: float
    offset: float

    @property
    def resting(self) -> float:
        """y of its bias alone."""
        return self.node.i_bias * self.node.unit_voltage / self.node_scale

    def current(self, y: float) -> float:
        """Into the node for ``y`` units, ampere."""
        return y * self.node_scale / self.node.unit_voltage * self.node.unit_current

    def units(self, volts: Any) -> Any:
        """y of an output voltage."""
        return (volts - self.node.reference_voltage - self.offset) / self.scale


def map_readout(
    name: str,
    time_constant: float,
    bias: float,
    characteristics: CellCharacteristics,
    limits: Limits,
    choices: MappingChoices = DEFAULT_CHOICES,
    scale: float = SCALE,
) -> ReadoutDesign:
    """The readout whose four poles have ``time_constant`` seconds each.

    Args:
        name: of the output.
        time_constant: s.
        bias: constant current into the node, in I_r: what the weights' bias and the columns'
            keep-alive current ask for.
        characteristics, limits: of the cells.
        choices: its unit_current is the largest I_r (ampere; None: the smallest that junctions
            allow), which a slow pole makes smaller; its leak is the node's.
        scale: one unit of y at the node, in V0.

    Raises:
        InputError: a capacitor, a bias or the time constant does not fit; limit and remedy named.
    """
    resting = NeuronParameters(elements=(), name=name, i_bias=bias)
    free = replace(choices, membrane_capacitance=None)
    first = map_neuron(resting, characteristics, limits, free)
    unit_voltage = first.unit_voltage
    largest = _ROOM * limits.capacitance[1] * unit_voltage / time_constant
    if largest < first.unit_current:
        # what junctions ask for, the more the larger the bias, comes before the capacitor's room
        calm = map_neuron(resting, characteristics, limits, replace(free, unit_current=None))
        short = leakage_shortage(Macromodel(calm, characteristics), limits)
        largest = max(largest, BIAS_MARGIN * short * calm.unit_current)
    current = max(min(first.unit_current, largest), limits.unit_current[0])
    capacitance = check_within(
        f"readout '{name}' with poles of {time_constant:.3g} s and I_r = {current:.3g} A",
        current * time_constant / unit_voltage,
        limits.capacitance,
        "F",
        "train with another readout_tau (learn_readout_tau = false keeps it), choose another time "
        "unit, or widen limits.capacitance",
    )
    node = map_neuron(
        resting,
        characteristics,
        limits,
        replace(choices, unit_current=current, membrane_capacitance=capacitance),
    )
    follower = _follower(name, time_constant, characteristics, limits, choices)
    at = characteristics.follower.at(follower.bias_current, characteristics.reference)
    kept = 1.0 / (1.0 + at.output_conductance * at.slope_voltage / at.gain)
    return ReadoutDesign(
        node=node,
        follower=follower,
        time_constant=time_constant,
        node_scale=scale * unit_voltage,
        scale=scale * unit_voltage * kept**FOLLOWERS,
        offset=sum(follower.shift * kept**k for k in range(1, FOLLOWERS + 1)),
    )


def _follower(
    name: str,
    time_constant: float,
    characteristics: CellCharacteristics,
    limits: Limits,
    choices: MappingChoices,
) -> FollowerDesign:
    """Bias and capacitor by the measured gain and slope at the bias itself."""
    c_low, c_high = limits.capacitance
    least = least_follower_bias(False, characteristics, limits)
    loads = characteristics.input_capacitance + characteristics.output_capacitance
    at = characteristics.follower.at(least, characteristics.reference)
    smallest = 1.1 * least * at.gain * time_constant / at.slope_voltage
    at = characteristics.follower.at(limits.bias_current[1], characteristics.reference)
    largest = _ROOM * limits.bias_current[1] * at.gain * time_constant / at.slope_voltage - loads
    # a quick pole: no larger than the largest bias charges in time
    capacitance = min(max(min(choices.nominal_capacitance, largest), smallest, c_low), c_high)
    made = FollowerDesign(Timescale.FAST, least, capacitance, 0.0, time_constant)
    for _ in range(_ROUNDS):
        at = characteristics.follower.at(made.bias_current, characteristics.reference)
        bias = (capacitance + loads) * at.slope_voltage / (at.gain * time_constant)
        settled = math.atanh(at.offset_current / at.gain) * at.slope_voltage
        made = replace(made, bias_current=bias, shift=settled - at.offset)
    check_within(
        f"readout '{name}' with poles of {time_constant:.3g} s: a follower's bias current",
        made.bias_current,
        (least, limits.bias_current[1]),
        "A",
        "train with another readout_tau (learn_readout_tau = false keeps it), or choose another "
        "time unit",
    )
    return made
