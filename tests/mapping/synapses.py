"""Characteristics of made-up synapses."""

import numpy as np

from mapping.characteristics import MirrorTable
from mapping.conditions import Conditions
from mapping.synapse_characteristics import SynapseCharacteristics

CURRENTS = np.geomspace(3e-11, 5e-9, 5)


def made_up_synapses(
    negative: float = 1.06, positive: float = 1.12, charge: float = 6e-15
) -> SynapseCharacteristics:
    """Gains that fall by a few per cent with the current, gates that cost a little more."""
    falling = 1.0 - 0.01 * np.log10(CURRENTS / 1e-10)
    return SynapseCharacteristics(
        technology="made_up",
        conditions=Conditions("tt", 27.0),
        negative=MirrorTable(CURRENTS, negative * falling, 0.1 + 0 * CURRENTS),
        positive=MirrorTable(CURRENTS, positive * falling, 0.02 + 0 * CURRENTS),
        line_charge=charge * (1.0 + 0.1 * np.log10(CURRENTS / 1e-10)),
        stage_bias=16 * CURRENTS,
        stage_gain=1.15 * falling,
        stage_offset=0.0 * falling,
        stage_slope=0.07 + 0 * falling,
        mirror_current=16 * CURRENTS,
        mirror_gain=positive / negative + 0 * CURRENTS,
        column_charge=5e-14,
        silent_current=3e-14,
        unit_area=8.0,
        fingerprint="made up",
    )
