"""What the transistors of an OTA lose at a small bias: into their gates, and where they are off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from circuits.structure import Polarity
from circuits.technology import Technology
from netlists.cell_benches import CellBenches
from netlists.cells.models import models_for
from netlists.engine import Engine
from netlists.probe_benches import DeviceBenches
from neuron_model.errors import SimulatorError

# A role of the OTA, the kind of its transistor, how many gates share its node, and whether its
# source is at a supply: the pair's own rises until its transistors are as far off as they have to.
_ROLES = (
    ("tail", Polarity.NMOS, 2, True),
    ("nmos_mirror", Polarity.NMOS, 2, True),
    ("pmos_mirror", Polarity.PMOS, 2, True),
    ("pair", Polarity.NMOS, 1, False),
)


@dataclass(frozen=True)
class Leakage:
    """Ampere, of the OTA's transistors with half the supply from drain to source.

    bias: the drain current that is wanted. gates: into the gates of the leakiest mirror, or the
    gate of an input, at the gate voltage at which its transistor carries the bias. off: through the
    mirrors' leakiest transistor with its gate at its source; a smaller bias it cannot carry.
    """

    bias: float
    gates: float = 0.0
    off: float = 0.0


def measure_leakage(technology: Technology, corner: str, bias: float, engine: Engine) -> Leakage:
    """Of the OTA's transistors at 27 °C; what ngspice does not solve counts as nothing."""
    text = models_for(technology, corner, CellBenches(technology, "", 27.0).cells()).text
    half = technology.supply / 2
    work = [
        DeviceBenches(
            technology.device(kind), kind, technology.size("ota", role), text, technology.supply
        ).transfer(half)
        for role, kind, _, _ in _ROLES
    ]
    gates, off = [0.0], [0.0]
    for (_, kind, count, at_supply), result in zip(_ROLES, engine.attempt(work), strict=True):
        if isinstance(result, SimulatorError):
            continue
        wave = result[0]
        voltage = np.asarray(wave.axis)
        order = np.argsort(voltage if kind == Polarity.NMOS else -voltage)
        drain, gate = (np.abs(np.asarray(wave[f"i(v{node})"]))[order] for node in "dg")
        at = int(np.argmax(drain >= bias)) if drain[-1] >= bias else -1
        gates.append(count * float(gate[at]))
        if at_supply:
            off.append(float(drain[0]))
    return Leakage(bias, max(gates), max(off))
