"""How the same cells are written for other tools: one grammar each, of which the writer is told.

SPICE     ngspice and what reads its language
CDL       layout tools and LVS: MOS transistors are M elements, / stands before a cell's name
SPECTRE   Cadence Spectre's own language: nets in parentheses, // comments, \\ at a line's end
XYCE      Sandia's Xyce: SPICE, with PARAMS: before what a subcircuit is given
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Dialect(StrEnum):
    """A language that cells are written in."""

    SPICE = "spice"
    CDL = "cdl"
    SPECTRE = "spectre"
    XYCE = "xyce"


@dataclass(frozen=True)
class Grammar:
    """The words of a dialect.

    ending: of a file's name. head: lines that a file begins with. comment: before a comment.
    begin, end: of a subcircuit. pins: before the list of its ports with what they do. opened,
    closed: around the nets of a part. cell_mark: before the name of a cell that is used.
    parameters_mark: before the sizes of a device that is a subcircuit. transistor: letter that a
    transistor's name begins with, whatever the technology says. broken, continued: at the end of a
    line that goes on, and at the beginning of the next. capacitor: after a capacitor's nets.
    """

    ending: str = ".spice"
    head: tuple[str, ...] = ()
    comment: str = "* "
    begin: str = ".subckt"
    end: str = ".ends"
    pins: str = "*.PININFO "
    opened: str = ""
    closed: str = ""
    cell_mark: str = ""
    parameters_mark: str = ""
    transistor: str = ""
    broken: str = ""
    continued: str = "+ "
    capacitor: str = "{farad}"


GRAMMARS = {
    Dialect.SPICE: Grammar(),
    Dialect.CDL: Grammar(
        ending=".cdl", begin=".SUBCKT", end=".ENDS", cell_mark="/ ", transistor="M"
    ),
    Dialect.SPECTRE: Grammar(
        ending=".scs",
        head=("simulator lang=spectre",),
        comment="// ",
        begin="subckt",
        end="ends",
        pins="// pins: ",
        opened="(",
        closed=")",
        broken=" \\",
        continued="    ",
        capacitor="capacitor c={farad}",
    ),
    Dialect.XYCE: Grammar(ending=".cir", parameters_mark="PARAMS: "),
}
