"""Cells as symbols and schematics of xschem, from the structure that netlists are written from.

    xschem/xschemrc               where the library lies; start xschem in this folder
    xschem/LIBRARY/CELL.sch, .sym    one of each for every subcircuit
    xschem/LIBRARY/nmos.sym, pmos.sym    the technology's transistors, as it writes them
    xschem/LIBRARY/capacitor.sym    its capacitor, where that is asked for

Parts stand in rows, and a label at each pin names its net: nets of one name are connected. Files
are in the format of xschem 2.8, whose symbols have no suffix.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from circuits.plate_capacitor import PLATES, PlateCapacitor
from circuits.structure import (
    Capacitor,
    Cell,
    Direction,
    Instance,
    Part,
    Polarity,
    Port,
    Transistor,
)
from circuits.technology import Device, Technology
from netlists.writer import plate_words, size_words

FOLDER = "xschem"

_COLUMNS = 6
_STEP = 20  # between two pins of a block
_PLACE = (300, 200)  # of a transistor or capacitor
# By terminal, of an NMOS; a PMOS has its source above.
_PINS: Mapping[str, tuple[int, int]] = {
    "drain": (20, -30),
    "gate": (-20, 0),
    "source": (20, 30),
    "bulk": (20, 0),
}
_PORT_SYMBOLS = {Direction.INPUT: "ipin", Direction.OUTPUT: "opin"}
_DIRECTIONS = {Direction.INPUT: "in", Direction.OUTPUT: "out"}


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
        lines.append(_pin(0, -30 if terminal == PLATES[0] else 30, terminal, "inout"))
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
        *(_line(*ends) for ends in ((-20, 0, -5, 0), (5, 0, 20, 0))),
    ]
    for terminal in device.terminals:
        x, y = _PINS[terminal]
        lines.append(_pin(x, -y if turned else y, terminal, "inout"))
    lines.append("T {@name} 28 -28 0 0 0.2 0.2 {}")
    return "\n".join([*lines, ""])


def _symbol(cell: Cell) -> str:
    left, right, width, height = _box(cell.ports)
    lines = [
        'G {type=subcircuit\nformat="@name @pinlist @symname"\ntemplate="name=X1"}',
        "V {}",
        "S {}",
        "E {}",
        *(
            _line(*ends)
            for ends in (
                (0, 0, width, 0),
                (0, height, width, height),
                (0, 0, 0, height),
                (width, 0, width, height),
            )
        ),
        "T {@symname} 0 -30 0 0 0.3 0.3 {}",
        "T {@name} 0 -15 0 0 0.2 0.2 {}",
    ]
    places = _pin_places(cell.ports)
    for port in cell.ports:
        x, y = places[port.name]
        lines.append(_pin(x, y, port.name, _DIRECTIONS.get(port.direction, "inout")))
        inner = 8 if x < 0 else width - 8
        lines.append(f"T {{{port.name}}} {inner} {y - 5} 0 {0 if x < 0 else 1} 0.2 0.2 {{}}")
        lines.append(_line(x, y, 0 if x < 0 else width, y))
    return "\n".join([*lines, ""])


def _schematic(cell: Cell, drawing: _Drawing) -> str:
    lines = ["G {}", "V {}", "S {}", "E {}"]
    for index, port in enumerate(cell.ports):
        symbol = _PORT_SYMBOLS.get(port.direction, "iopin")
        lines.append(
            _placed(f"devices/{symbol}", 0, index * _STEP, f"name=p{index} lab={port.name}")
        )
    count, y = len(cell.ports), 0
    for row in _rows(cell.parts):
        x, tallest = 300, 0
        for part in row:
            placed, pins, width, height = _part(part, x, y, drawing)
            lines.append(placed)
            for px, py, net in pins:
                # a label's text stands outside: right of a block's right pins and of a bulk
                outside = px > x and (isinstance(part, Instance) or py == y)
                words = f"name=l{count} sig_type=std_logic lab={net}"
                lines.append(_placed("devices/lab_pin", px, py, words, flipped=outside))
                count += 1
            x, tallest = x + width, max(tallest, height)
        y += tallest
    return "\n".join([*lines, ""])


def _part(
    part: Part, x: int, y: int, drawing: _Drawing
) -> tuple[str, list[tuple[int, int, str]], int, int]:
    """The line that places it, (x, y, net) of its pins, and the room that it takes."""
    technology, library = drawing.technology, drawing.library
    match part:
        case Transistor():
            device = technology.device(part.polarity)
            sign = -1 if part.polarity is Polarity.PMOS else 1
            nets = {
                "drain": part.drain,
                "gate": part.gate,
                "source": part.source,
                "bulk": part.bulk,
            }
            pins = [(x + _PINS[t][0], y + sign * _PINS[t][1], nets[t]) for t in device.terminals]
            words = (
                f"name={device.prefix}{part.name} model={device.model} "
                f'sizes="{" ".join(size_words(part, device))}"'
            )
            return _placed(f"{library}/{part.polarity}", x, y, words), pins, *_PLACE
        case Capacitor() if drawing.capacitor is not None:
            sizes = plate_words(part, drawing.capacitor, technology.nmos.size_style)
            words = f'name=X{part.name} model={drawing.capacitor.model} sizes="{" ".join(sizes)}"'
            placed = {PLATES[0]: (x, y - 30, part.positive), PLATES[1]: (x, y + 30, part.negative)}
            pins = [placed[terminal] for terminal in drawing.capacitor.terminals]
            return _placed(f"{library}/capacitor", x, y, words), pins, *_PLACE
        case Capacitor():
            words = f"name=C{part.name} m=1 value={part.capacitance:.6g}"
            pins = [(x, y - 30, part.positive), (x, y + 30, part.negative)]
            return _placed("devices/capa", x, y, words), pins, *_PLACE
        case Instance():
            places = _pin_places(part.cell.ports)
            pins = []
            for port, net in zip(part.cell.ports, part.nets, strict=True):
                px, py = places[port.name]
                pins.append((x + px, y + py, net))
            _, _, width, height = _box(part.cell.ports)
            block = _placed(f"{library}/{part.cell.name}", x, y, f"name=X{part.name}")
            return block, pins, width + 500, height + 120


def _rows(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """PMOS, then blocks and capacitors, then NMOS."""
    kinds: dict[str, list[Part]] = {"pmos": [], "block": [], "nmos": []}
    for part in parts:
        kinds[str(part.polarity) if isinstance(part, Transistor) else "block"].append(part)
    for kind in kinds.values():
        for first in range(0, len(kind), _COLUMNS):
            yield kind[first : first + _COLUMNS]


def _box(ports: Sequence[Port]) -> tuple[list[Port], list[Port], int, int]:
    """Ports at the left and at the right of a block, its width and its height."""
    half = (len(ports) + 1) // 2
    letters = 2 * max(len(port.name) for port in ports) + 4
    return list(ports[:half]), list(ports[half:]), _round(6 * letters), _STEP * (half + 1)


def _pin_places(ports: Sequence[Port]) -> dict[str, tuple[int, int]]:
    left, right, width, _ = _box(ports)
    found = {port.name: (-_STEP, _STEP * (i + 1)) for i, port in enumerate(left)}
    return found | {port.name: (width + _STEP, _STEP * (i + 1)) for i, port in enumerate(right)}


def _round(value: int) -> int:
    return -(-value // _STEP) * _STEP


def _line(x1: int, y1: int, x2: int, y2: int) -> str:
    return f"L 4 {x1} {y1} {x2} {y2} {{}}"


def _pin(x: int, y: int, name: str, direction: str) -> str:
    return f"B 5 {x - 2.5:g} {y - 2.5:g} {x + 2.5:g} {y + 2.5:g} {{name={name} dir={direction}}}"


def _placed(symbol: str, x: int, y: int, words: str, flipped: bool = False) -> str:
    return f"C {{{symbol}}} {x} {y} 0 {int(flipped)} {{{words}}}"
