"""Wide-output-range operational transconductance amplifier (OTA) in weak inversion.

    I_out = I_bias tanh((V_inp - V_inn) / (2 n kT/q))

A differential pair whose two currents are mirrored to the output, one over two PMOS mirrors and
one back through an NMOS mirror, so that the output may swing from rail to rail whatever the
inputs are (C. Mead, Analog VLSI and Neural Systems, 1989, chapter 5). The bias line is the input
of the tail's mirror: what is measured of the cell includes it.
"""

from dataclasses import dataclass

from circuits.structure import Cell, Direction, Polarity, Port, Size, Transistor
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
    return _wide_range(
        "ota",
        "wide-range OTA with bias mirror: I(out) = I(ibias) tanh((inp - inn) / V0)",
        _Sizes(technology, "ota", "pmos_mirror"),
    )


def divided_ota(technology: Technology) -> Cell:
    """The OTA whose upper mirrors pass on a part of the current, sizes of ``[cells.divided_ota]``.

    What junctions take from the pair's sources and drains is a share of the bias line's current,
    not of the small one that leaves the output.
    """
    return _wide_range(
        "divided_ota",
        "OTA that divides: I(out) = I(ibias) r tanh((inp - inn) / V0), r of the upper mirrors",
        _Sizes(technology, "divided_ota", "pmos_output"),
    )


@dataclass(frozen=True)
class _Sizes:
    """Sizes of ``cell`` by role; ``output``: role of the upper mirrors' outputs."""

    technology: Technology
    cell: str
    output: str

    def of(self, role: str) -> Size:
        return self.technology.size(self.cell, role)


def _wide_range(name: str, description: str, sizes: _Sizes) -> Cell:
    def nmos(part: str, drain: str, gate: str, source: str, role: str) -> Transistor:
        size = sizes.of("tail" if role == "bias" else role)
        return Transistor(part, Polarity.NMOS, drain, gate, source, "vss", size, role)

    def pmos(part: str, drain: str, gate: str, role: str = "pmos_mirror") -> Transistor:
        return Transistor(part, Polarity.PMOS, drain, gate, "vdd", "vdd", sizes.of(role), role)

    return Cell(
        name,
        PORTS,
        (
            nmos("bias", "ibias", "ibias", "vss", "bias"),
            nmos("tail", "common", "ibias", "vss", "tail"),
            nmos("pair_p", "left", "inp", "common", "pair"),
            nmos("pair_n", "right", "inn", "common", "pair"),
            pmos("mirror_left_in", "left", "left"),
            pmos("mirror_left_out", "out", "left", sizes.output),
            pmos("mirror_right_in", "right", "right"),
            pmos("mirror_right_out", "fold", "right", sizes.output),
            nmos("fold_in", "fold", "fold", "vss", "nmos_mirror"),
            nmos("fold_out", "out", "fold", "vss", "nmos_mirror"),
        ),
        description,
    )
