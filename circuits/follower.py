"""Follower-integrator: an OTA with its output on its inverting input and on a capacitor.

    C dV_out/dt = I_bias tanh((V_in - V_out) / V0)

C. Mead, Analog VLSI and Neural Systems, 1989, chapter 9: a one-pole low-pass that slews when the
difference exceeds V0. The capacitance is part of the cell's name: followers that differ in it alone
stand in one deck. It is drawn to six digits, finer than any layout's grid, so that the name is
short and says all of it. A slow one may divide its bias by the OTA's mirrors: with
:func:`circuits.ota.divided_ota` the bias that junctions leak into is several times the current that
charges the capacitor.
"""

from circuits.ota import divided_ota, ota
from circuits.structure import Capacitor, Cell, Direction, Instance, Port
from circuits.technology import Technology

_DIGITS = 6  # of a capacitance in femtofarads, in its cell and in the cell's name


def follower(
    name: str,
    technology: Technology,
    capacitance: float,
    description: str,
    divided: bool = False,
) -> Cell:
    """The cell ``name``, with the femtofarads of its capacitor to the lower supply.

    capacitance: farad, drawn to six digits. divided: its OTA is the one that divides.
    """
    drawn = float(f"{capacitance:.{_DIGITS}g}")
    femtofarads = f"{drawn * 1e15:.{_DIGITS}g}".replace(".", "p").replace("+", "")
    amplifier = divided_ota(technology) if divided else ota(technology)
    ports = (
        Port("in", Direction.INPUT),
        Port("out", Direction.OUTPUT),
        Port("ibias", Direction.INPUT),
        Port("vdd", Direction.POWER),
        Port("vss", Direction.GROUND),
    )
    parts = (
        Instance("ota", amplifier, ("in", "out", "out", "ibias", "vdd", "vss")),
        Capacitor("integrator", "out", "vss", drawn, "integrator"),
    )
    return Cell(f"{name}_{femtofarads}f", ports, parts, description)
