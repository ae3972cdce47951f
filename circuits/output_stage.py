"""Output stage: the neuron's graded spike s as a current.

    I_s = max(0, I_bias tanh((V_m - V_threshold) / V0))

The OTA's output can only push into the mirror: below threshold the mirror is off, well above it
the OTA saturates. It approximates clip((U_m - U_threshold) / (U_saturation - U_threshold), 0, 1)
for a span of one unit, rounded towards saturation.
"""

from circuits.ota import ota
from circuits.structure import Cell, Direction, Instance, Polarity, Port, Transistor
from circuits.technology import Technology


def output_stage(technology: Technology) -> Cell:
    """OTA into an NMOS mirror that sinks I_s from the port ``s``."""
    size = technology.size("mirror", "nmos")
    ports = (
        Port("vm", Direction.INPUT),
        Port("threshold", Direction.INPUT),
        Port("s", Direction.OUTPUT),
        Port("ibias", Direction.INPUT),
        Port("vdd", Direction.POWER),
        Port("vss", Direction.GROUND),
    )
    parts = (
        Instance("ota", ota(technology), ("vm", "threshold", "gate", "ibias", "vdd", "vss")),
        Transistor("in", Polarity.NMOS, "gate", "gate", "vss", "vss", size, "mirror"),
        Transistor("out", Polarity.NMOS, "s", "gate", "vss", "vss", size, "mirror"),
    )
    return Cell(
        "output_stage", ports, parts, "s sinks I(ibias) max(0, tanh((vm - threshold) / V0))"
    )
