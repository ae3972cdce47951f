"""Neurons of one network: all with one unit of time, so that their signals mean the same.

    C_m = T I0 tau_m / V0,   T = min over the neurons of what each has alone

Alone, a neuron takes the smallest I0 and the C_m that its slowest follower allows, so that T is the
largest that it can have: at most C_max V0 / (I_min tau_max), with the follower's largest capacitor
and smallest bias. The smallest of all fits every follower; where C_m would fall below its limit, I0
rises instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mapping.characteristics import CellCharacteristics
from mapping.design import NeuronDesign
from mapping.limits import Limits
from mapping.mapper import MappingChoices, map_neuron
from mapping.time_unit import membrane_capacitance
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters

_ROOM = 1.1
"""What C_m keeps above its limit where I0 rises, for V0 moves with it, and for what cells add."""


def map_neurons(
    neurons: Sequence[NeuronParameters],
    cells: CellCharacteristics,
    limits: Limits,
    choices: MappingChoices,
) -> tuple[NeuronDesign, ...]:
    """The designs of all neurons, with one unit of time.

    Where ``choices`` fix C_m, the neurons keep it, and each has the unit of time that follows.

    Raises:
        InputError: a neuron does not fit; where it would alone, the text says that it is the common
            unit of time that does not suit it.
    """
    alone = tuple(map_neuron(one, cells, limits, choices) for one in neurons)
    if choices.membrane_capacitance is not None or len(alone) < 2:
        return alone
    time_unit = min(design.time_unit for design in alone)
    return tuple(
        design
        if design.time_unit == time_unit
        else _timed(one, design, time_unit, cells, limits, choices)
        for one, design in zip(neurons, alone, strict=True)
    )


def _timed(
    neuron: NeuronParameters,
    alone: NeuronDesign,
    time_unit: float,
    cells: CellCharacteristics,
    limits: Limits,
    choices: MappingChoices,
) -> NeuronDesign:
    """The neuron with ``time_unit``, which is at most the one that it has alone."""
    tau_m, least = float(neuron.tau_m), limits.capacitance[0]

    def mapped(current: float, capacitance: float) -> NeuronDesign:
        fixed = replace(choices, unit_current=current, membrane_capacitance=capacitance)
        try:
            return map_neuron(neuron, cells, limits, fixed)
        except InputError as error:
            raise InputError(
                f"{error} It fits with a unit of time of its own, {alone.time_unit:.4g} s, but "
                f"another neuron of the network needs {time_unit:.4g} s: make their time constants "
                "more alike."
            ) from error

    current, unit_voltage = alone.unit_current, alone.unit_voltage
    capacitance = membrane_capacitance(time_unit, unit_voltage, current, tau_m)
    if capacitance < least and choices.unit_current is None:
        current = _ROOM * least * unit_voltage / (time_unit * tau_m)
        unit_voltage = mapped(current, _ROOM * least).unit_voltage
    # V0 hangs on I0, and on C_m by some parts in a million
    return mapped(current, membrane_capacitance(time_unit, unit_voltage, current, tau_m))
