"""Characteristics of made-up cells: ideal ones, and ones with every flaw that transistors have."""

from dataclasses import replace

import numpy as np

from mapping.characteristics import CellCharacteristics, MirrorTable, Orientation, OtaTable
from mapping.conditions import Conditions
from mapping.leakage import Leakage
from mapping.limits import Limits

BIASES = np.geomspace(1e-11, 5e-8, 9)
MODES = np.linspace(0.5, 1.3, 7)
REFERENCE = 0.9
SLOPE = 0.070

LIMITS = Limits(
    bias_current=(1e-11, 5e-8),
    voltage=(0.5, 1.3),
    capacitance=(2e-13, 2e-11),
    unit_current=(1e-9, 2e-8),
)


def ideal_cells(**changes: object) -> CellCharacteristics:
    """I = I_bias tanh(v / 70 mV) at every bias and common mode, and nothing else."""
    flat = np.ones((BIASES.size, MODES.size))

    def table(orientation: Orientation) -> OtaTable:
        return OtaTable(
            orientation=orientation,
            bias_current=BIASES,
            common_mode=MODES,
            gain=flat,
            slope_voltage=SLOPE * flat,
            offset=0 * flat,
            offset_current=0 * flat,
            residual=0 * flat,
            output_conductance=0 * BIASES,
            delay=0 * BIASES,
        )

    mirror = MirrorTable(BIASES, np.ones(BIASES.size), np.zeros(BIASES.size))
    parts: dict[str, object] = {
        "technology": "made_up",
        "conditions": Conditions("tt", 27.0),
        "supply": 1.8,
        "reference": REFERENCE,
        **{orientation.value: table(orientation) for orientation in Orientation},
        "source": mirror,
        "sink": mirror,
        "input_capacitance": 0.0,
        "output_capacitance": 0.0,
        "fingerprint": "ideal",
    }
    return CellCharacteristics(**(parts | changes))  # type: ignore[arg-type]


def real_cells(**changes: object) -> CellCharacteristics:
    """Flaws of the size that 180 nm transistors in weak inversion have, smooth in bias and mode.

    Gain and slope drift with both, offsets differ between the orientations, outputs conduct (more
    where they sink), a lifted tail carries more, a delay of 2 us at 1 nA goes as one over the bias,
    and every input and output has femtofarads.
    """
    decades = np.log10(BIASES / 1e-9)[:, None]
    volts = (MODES - REFERENCE)[None, :]
    flat = 0 * decades + 0 * volts
    shifts = {
        Orientation.NONINVERTING: (0.7e-3, -0.040),
        Orientation.INVERTING: (0.3e-3, -0.055),
        Orientation.FOLLOWER: (0.7e-3, -0.040),
    }

    def table(orientation: Orientation) -> OtaTable:
        offset, offset_current = shifts[orientation]
        return OtaTable(
            orientation=orientation,
            bias_current=BIASES,
            common_mode=MODES,
            gain=1.10 - 0.035 * decades + 0.08 * volts,
            slope_voltage=0.0605 * (1 + 0.02 * decades - 0.02 * volts) + flat,
            offset=offset * (1 + 0.1 * decades**2) + flat,
            offset_current=offset_current * (1 - 0.2 * decades + 0.1 * volts),
            residual=0.002 + flat,
            output_conductance=0.08 - 0.01 * decades[:, 0],
            delay=2.2e-15 / BIASES,
            conductance_skew=0.006 + 0.002 * decades[:, 0],
            drift=0.05 - 0.01 * decades + flat,
        )

    source = MirrorTable(BIASES, 1.13 - 0.03 * decades[:, 0], 0.08 + 0 * BIASES)
    sink = MirrorTable(BIASES, 1.05 - 0.01 * decades[:, 0], 0.07 + 0 * BIASES)
    parts: dict[str, object] = {
        **{orientation.value: table(orientation) for orientation in Orientation},
        "source": source,
        "sink": sink,
        "input_capacitance": 8e-15,
        "output_capacitance": 1.5e-15,
        "fingerprint": "real",
    }
    return ideal_cells(**(parts | changes))


def leaking_cells(
    leaked: float = 9e-11, divides: bool = True, **changes: object
) -> CellCharacteristics:
    """The real cells, and an OTA that delivers an eighth of its bias if it ``divides``; at 125 °C
    ``leaked`` ampere add to an OTA's tail, and a fifth of that to the one that divides."""
    cells = real_cells()
    follower = cells.follower
    divided = replace(follower, gain=follower.gain / 8, offset_current=follower.offset_current / 8)
    parts: dict[str, object] = {
        "divided": divided if divides else None,
        "leakage": Leakage(125.0, leaked, 0.0, 0.0, leaked / 5 if divides else None),
    }
    return replace(cells, **(parts | changes))  # type: ignore[arg-type]
