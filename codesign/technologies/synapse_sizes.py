"""A network's unit transistor and column mirror on a technology whose OTA has its sizes.

The unit is as the OTA's NMOS mirror, whose length suits the process (where gates leak it is short).
The PMOS mirror of a column carries all of its positive weights, and its mismatch is theirs: sixteen
times as wide as the OTA's, in four devices, and twice as long. What they do is measured; a process
on which they do not pass currents on gets none.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from circuits.structure import Size
from circuits.technology import Device, Technology
from codesign.terminal.quantities import quantity
from codesign.workbench import Workbench
from mapping.conditions import Conditions
from mapping.synapse_characteristics import SynapseCharacteristics
from netlists.cells.synapse_characterize import measure_synapses
from neuron_model.errors import CodesignError

LARGEST_GAIN_ERROR = 0.35
"""Of a unit's current: as much as an OTA's gain may be off."""

_COPIES, _WIDER, _LONGER = 4, 4.0, 2.0


def with_synapse_sizes(technology: Technology) -> Technology:
    """With ``[cells.synapse]``, by the sizes of its OTA's mirrors."""
    unit = replace(technology.size("ota", "nmos_mirror"), multiplier=1)
    mirror = technology.size("ota", "pmos_mirror")
    column = Size(
        _at_most(_WIDER * mirror.width, technology.pmos, "width"),
        _at_most(_LONGER * mirror.length, technology.pmos, "length"),
        _COPIES,
    )
    return replace(
        technology, sizes={**technology.sizes, "synapse": {"unit": unit, "pmos_mirror": column}}
    )


def without_synapse_sizes(technology: Technology) -> Technology:
    """With which no network can be exported."""
    sizes = {cell: roles for cell, roles in technology.sizes.items() if cell != "synapse"}
    return replace(technology, sizes=sizes)


def measured_synapses(
    technology: Technology, conditions: Conditions, workbench: Workbench
) -> tuple[Technology, str]:
    """The technology and how its synapses do; without them, and why, where they do not work."""
    try:
        words, works = synapses_in_words(measure_synapses(technology, conditions, workbench.engine))
    except CodesignError as error:
        words, works = str(error), False
    return (technology if works else without_synapse_sizes(technology)), words


def synapses_in_words(measured: SynapseCharacteristics) -> tuple[str, bool]:
    """Between which currents units pass them on, and whether there are any such."""
    current = measured.unit_current
    gains = np.array([[measured.gain(sign, float(i)) for i in current] for sign in (-1, 1)])
    good = (np.abs(gains - 1.0) <= LARGEST_GAIN_ERROR).all(axis=0)
    if not good.any():
        return (
            f"from {quantity(float(current[0]), 'A')} to {quantity(float(current[-1]), 'A')} a "
            f"unit passes on {gains.min():.2f} to {gains.max():.2f} of its current (allowed: 1 "
            f"with {LARGEST_GAIN_ERROR:.0%})",
            False,
        )
    ends = " to ".join(quantity(float(i), "A") for i in current[good][[0, -1]])
    (low, high), (least, most) = ((row.min(), row.max()) for row in gains[:, good])
    return (
        f"at {ends} a unit passes on {low:.2f} to {high:.2f} of its current where weights are "
        f"negative, {least:.2f} to {most:.2f} where they are positive",
        True,
    )


def _at_most(value: float, device: Device, what: str) -> float:
    """As large as is wanted, or as the device allows."""
    most: float = getattr(device, what)[1]
    return round(value, 2) if value <= most else np.floor(most * 100 + 1e-6) / 100
