"""Current mirrors that turn a bias line into a current at the membrane."""

from circuits.structure import Cell, Direction, Polarity, Port, Transistor
from circuits.technology import Technology

_SINK_PORTS = (
    Port("ibias", Direction.INPUT),
    Port("out", Direction.OUTPUT),
    Port("vss", Direction.GROUND),
)
_SOURCE_PORTS = (
    Port("ibias", Direction.INPUT),
    Port("out", Direction.OUTPUT),
    Port("vdd", Direction.POWER),
    Port("vss", Direction.GROUND),
)


def _nmos_mirror(technology: Technology, out: str) -> tuple[Transistor, Transistor]:
    size = technology.size("mirror", "nmos")
    return (
        Transistor("in", Polarity.NMOS, "ibias", "ibias", "vss", "vss", size, "mirror"),
        Transistor("out", Polarity.NMOS, out, "ibias", "vss", "vss", size, "mirror"),
    )


def current_sink(technology: Technology) -> Cell:
    """Draws the bias current out of ``out``: two NMOS transistors, ``[cells.mirror]``."""
    parts = _nmos_mirror(technology, "out")
    return Cell("current_sink", _SINK_PORTS, parts, "draws I(ibias) from out")


def current_source(technology: Technology) -> Cell:
    """Pushes the bias current into ``out``: an NMOS mirror, then a PMOS one."""
    size = technology.size("mirror", "pmos")
    parts = (
        *_nmos_mirror(technology, "fold"),
        Transistor("fold_in", Polarity.PMOS, "fold", "fold", "vdd", "vdd", size, "mirror"),
        Transistor("fold_out", Polarity.PMOS, "out", "fold", "vdd", "vdd", size, "mirror"),
    )
    return Cell("current_source", _SOURCE_PORTS, parts, "pushes I(ibias) into out")
