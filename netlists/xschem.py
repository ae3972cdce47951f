"""Cells as symbols and schematics of xschem, from the structure that netlists are written from.

    xschem/xschemrc               where the library lies; start xschem in this folder
    xschem/LIBRARY/CELL.sch, .sym    one of each for every subcircuit
    xschem/LIBRARY/nmos.sym, pmos.sym    the technology's transistors, as it writes them
    xschem/LIBRARY/capacitor.sym    its capacitor, where that is asked for

Parts stand where :mod:`netlists.schematic_layout` puts them, with wires between them; supplies have
labels. Files are in the format of xschem 2.8, whose symbols have no suffix.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from circuits.plate_capacitor import PlateCapacitor
from circuits.structure import Capacitor, Cell, Direction, Instance, Part, Polarity, Transistor
from circuits.technology import Device, Technology
from netlists.schematic_layout import layout
from netlists.schematic_parts import (
    PLATE_PINS,
    TRANSISTOR_PINS,
    Mark,
    Side,
    block_pins,
    block_size,
)
from netlists.writer import plate_words, size_words

FOLDER = "xschem"

_PORT_SYMBOLS = {Direction.INPUT: "ipin", Direction.OUTPUT: "opin"}
_DIRECTIONS = {Direction.INPUT: "in", Direction.OUTPUT: "out"}
# Turns, and whether it is mirrored, of a label or an input whose text is to stand on that side.
_TURNED = {Side.LEFT: (0, False), Side.RIGHT: (0, True), Side.UP: (1, False), Side.DOWN: (3, False)}


def xschem_files(
    cell: Cell,
    technology: Technology,
    library: str = "mtc",
    capacitor: PlateCapacitor | None = None,
) -> dict[str, str]:
    """Texts of ``cell`` and of all cells below it, by path in the folder ``xschem``.

    library: name of the folder that they lie in. capacitor: the device that capacitors are; None:
    xschem's own capacitor.
    """
    drawing = _Drawing(technology, library, capacitor)
    files = {
        "xschemrc": (
            "# xschem started in this folder finds the cells beside this file\n"
            f"set XSCHEM_LIBRARY_PATH [pwd]:${{XSCHEM_SHAREDIR}}/xschem_library\n"
            f"set XSCHEM_START_WINDOW {{{library}/{cell.name}}}\n"
        )
    }
    for polarity in Polarity:
        device = technology.device(polarity)
        files[f"{library}/{polarity}.sym"] = _device_symbol(polarity, device)
    if capacitor is not None:
        files[f"{library}/capacitor.sym"] = _capacitor_symbol(capacitor)
    for each in (*cell.cells, cell):
        files[f"{library}/{each.name}.sym"] = _symbol(each)
        files[f"{library}/{each.name}.sch"] = _schematic(each, drawing)
    return files


@dataclass(frozen=True)
class _Drawing:
    """What parts are drawn with."""

    technology: Technology
    library: str
    capacitor: PlateCapacitor | None


def _capacitor_symbol(device: PlateCapacitor) -> str:
    """The bottom plate is bent."""
    lines = [
        'G {type=capacitor\nformat="@name @pinlist @model @sizes"\n'
        f'template="name=X1 model={device.model} sizes=xxx"}}',
        "V {}",
        "S {}",
        "E {}",
        *(_line(*ends) for ends in ((0, -30, 0, -5), (-12, -5, 12, -5), (0, 5, 0, 30))),
        *(_line(*ends) for ends in ((-12, 9, -6, 5), (-6, 5, 6, 5), (6, 5, 12, 9))),
    ]
    for terminal in device.terminals:
        lines.append(_pin(*PLATE_PINS[terminal], terminal, "inout"))
    lines.append("T {@name} 16 -10 0 0 0.2 0.2 {}")
    return "\n".join([*lines, ""])


def _device_symbol(polarity: Polarity, device: Device) -> str:
    turned = polarity is Polarity.PMOS
    lines = [
        f'G {{type={polarity}\nformat="@name @pinlist @model @sizes"\n'
        f'template="name={device.prefix}1 model={device.model} sizes=xxx"}}',
        "V {}",
        "S {}",
        "E {}",
        *(_line(*ends) for ends in ((5, -20, 5, 20), (5, -15, 20, -15), (5, 15, 20, 15))),
        *(_line(*ends) for ends in ((20, -30, 20, -15), (20, 15, 20, 30), (-5, -15, -5, 15))),
        _line(5, 0, 20, 0),
        *([_line(-20, 0, -13, 0), "A 4 -9 0 4 0 360 {}"] if turned else [_line(-20, 0, -5, 0)]),
    ]
    for terminal in device.terminals:
        x, y = TRANSISTOR_PINS[terminal]
        lines.append(_pin(x, -y if turned else y, terminal, "inout"))
    lines.append("T {@name} 28 -28 0 0 0.2 0.2 {}")
    return "\n".join([*lines, ""])


def _symbol(cell: Cell) -> str:
    width, height = block_size(cell)
    corners = ((0, 0), (width, 0), (width, height), (0, height), (0, 0))
    lines = [
        'G {type=subcircuit\nformat="@name @pinlist @symname"\ntemplate="name=X1"}',
        "V {}",
        "S {}",
        "E {}",
        *(_line(*start, *end) for start, end in itertools.pairwise(corners)),
        "T {@symname} 0 -45 0 0 0.3 0.3 {}",
        "T {@name} 0 -20 0 0 0.2 0.2 {}",
    ]
    places = block_pins(cell)
    for port in cell.ports:
        x, y, side = places[port.name]
        lines.append(_pin(x, y, port.name, _DIRECTIONS.get(port.direction, "inout")))
        if side in (Side.LEFT, Side.RIGHT):
            left = side is Side.LEFT
            inner = 8 if left else width - 8
            lines.append(f"T {{{port.name}}} {inner} {y - 5} 0 {int(not left)} 0.2 0.2 {{}}")
            lines.append(_line(x, y, 0 if left else width, y))
        else:
            lines.append(_line(x, y, x, 0 if side is Side.UP else height))
    return "\n".join([*lines, ""])


def _schematic(cell: Cell, drawing: _Drawing) -> str:
    drawn = layout(cell)
    lines = ["G {}", "V {}", "S {}", "E {}"]
    lines += [f"N {w.x1} {w.y1} {w.x2} {w.y2} {{}}" for w in drawn.wires]
    lines += [_placed(*_part(one.part, drawing), one.x, one.y) for one in drawn.placed]
    lines += [_mark(index, mark) for index, mark in enumerate(drawn.marks)]
    return "\n".join([*lines, ""])


def _mark(index: int, mark: Mark) -> str:
    """A port or a label, its text on the mark's side."""
    turns, mirrored = _TURNED[mark.side]
    if mark.port is None:
        words = f"name=l{index} sig_type=std_logic lab={mark.net}"
        return _placed("devices/lab_pin", words, mark.x, mark.y, turns, mirrored)
    symbol = _PORT_SYMBOLS.get(mark.port.direction, "iopin")
    if symbol != "ipin":  # their shape points the other way
        turns, mirrored = (turns, not mirrored) if turns == 0 else ((turns + 2) % 4, mirrored)
    words = f"name=p{index} lab={mark.net}"
    return _placed(f"devices/{symbol}", words, mark.x, mark.y, turns, mirrored)


def _part(part: Part, drawing: _Drawing) -> tuple[str, str]:
    """The symbol of a part, and what is said of it."""
    technology, library = drawing.technology, drawing.library
    match part:
        case Transistor():
            device = technology.device(part.polarity)
            sizes = " ".join(size_words(part, device))
            words = f'name={device.prefix}{part.name} model={device.model} sizes="{sizes}"'
            return f"{library}/{part.polarity}", words
        case Capacitor() if drawing.capacitor is not None:
            sizes = " ".join(plate_words(part, drawing.capacitor, technology.nmos.size_style))
            words = f'name=X{part.name} model={drawing.capacitor.model} sizes="{sizes}"'
            return f"{library}/capacitor", words
        case Capacitor():
            return "devices/capa", f"name=C{part.name} m=1 value={part.capacitance:.6g}"
        case Instance():
            return f"{library}/{part.cell.name}", f"name=X{part.name}"


def _line(x1: int, y1: int, x2: int, y2: int) -> str:
    return f"L 4 {x1} {y1} {x2} {y2} {{}}"


def _pin(x: int, y: int, name: str, direction: str) -> str:
    return f"B 5 {x - 2.5:g} {y - 2.5:g} {x + 2.5:g} {y + 2.5:g} {{name={name} dir={direction}}}"


def _placed(symbol: str, words: str, x: int, y: int, turns: int = 0, mirrored: bool = False) -> str:
    return f"C {{{symbol}}} {x} {y} {turns} {int(mirrored)} {{{words}}}"
