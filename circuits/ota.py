"""Wide-output-range operational transconductance amplifier (OTA) in weak inversion.

    I_out = I_bias tanh((V_inp - V_inn) / (2 n kT/q))

A differential pair whose two currents are mirrored to the output, one over two PMOS mirrors and
one back through an NMOS mirror, so that the output may swing from rail to rail whatever the
inputs are (C. Mead, Analog VLSI and Neural Systems, 1989, chapter 5). The bias line is the input
of the tail's mirror: what is measured of the cell includes it.
"""

from circuits.structure import Cell, Direction, Polarity, Port, Transistor
from circuits.technology import Technology

PORTS = (
    Port("inp", Direction.INPUT),
    Port("inn", Direction.INPUT),
    Port("out", Direction.OUTPUT),
    Port("ibias", Direction.INPUT),
    Port("vdd", Direction.POWER),
    Port("vss", Direction.GROUND),
)


def ota(technology: Technology) -> Cell:
    """The OTA with its bias mirror: ten transistors, sizes of ``[cells.ota]``."""
    size = technology.size
    tail, pair = size("ota", "tail"), size("ota", "pair")
    top, bottom = size("ota", "pmos_mirror"), size("ota", "nmos_mirror")

    def nmos(name: str, drain: str, gate: str, source: str, role: str) -> Transistor:
        sizes = {"bias": tail, "tail": tail, "pair": pair, "nmos_mirror": bottom}
        return Transistor(name, Polarity.NMOS, drain, gate, source, "vss", sizes[role], role)

    def pmos(name: str, drain: str, gate: str) -> Transistor:
        return Transistor(name, Polarity.PMOS, drain, gate, "vdd", "vdd", top, "pmos_mirror")

    return Cell(
        "ota",
        PORTS,
        (
            nmos("bias", "ibias", "ibias", "vss", "bias"),
            nmos("tail", "common", "ibias", "vss", "tail"),
            nmos("pair_p", "left", "inp", "common", "pair"),
            nmos("pair_n", "right", "inn", "common", "pair"),
            pmos("mirror_left_in", "left", "left"),
            pmos("mirror_left_out", "out", "left"),
            pmos("mirror_right_in", "right", "right"),
            pmos("mirror_right_out", "fold", "right"),
            nmos("fold_in", "fold", "fold", "vss", "nmos_mirror"),
            nmos("fold_out", "out", "fold", "vss", "nmos_mirror"),
        ),
        "wide-range OTA with bias mirror: I(out) = I(ibias) tanh((inp - inn) / V0)",
    )
