"""Leak: several OTAs whose tanh curves, side by side, add up to a straight line.

    I = -sum_i w_i tanh((V_m - V_i) / V0)

One OTA saturates at +-1 unit; sections spaced by one to two units stay linear to a few parts in a
thousand over the whole range that they cover. Their bias currents are the weights.
"""

from circuits.ota import ota
from circuits.structure import Cell, Direction, Instance, Port
from circuits.technology import Technology


def leak(technology: Technology, sections: int) -> Cell:
    """``sections`` OTAs from the references ``ref0``... to ``vm``, each with its bias line."""
    numbers = range(sections)
    ports = (
        Port("vm", Direction.BIDIRECTIONAL),
        *(Port(f"ref{i}", Direction.INPUT) for i in numbers),
        *(Port(f"ibias{i}", Direction.INPUT) for i in numbers),
        Port("vdd", Direction.POWER),
        Port("vss", Direction.GROUND),
    )
    amplifier = ota(technology)
    parts = tuple(
        Instance(f"section{i}", amplifier, (f"ref{i}", "vm", "vm", f"ibias{i}", "vdd", "vss"))
        for i in numbers
    )
    return Cell(
        f"leak_{sections}", ports, parts, f"linear leak: {sections} OTA sections side by side"
    )
