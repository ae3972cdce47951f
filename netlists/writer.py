"""Cells as netlists: the one place where circuits become lines, in SPICE or another dialect.

    cell     -> .subckt NAME PORTS ... .ends NAME      children first, each once
    device   -> Xname d g s b MODEL w=2 l=8 m=1 ad=0.58 as=0.58 pd=4.58 ps=4.58
                                                       as the technology writes it
    capacitor -> Cname a b 4e-12, or Xname top bottom MODEL w=29.6 l=29.605 m=2
    header   -> comments: provenance, then *.PININFO in each subcircuit

The text holds no analysis, no option, no library and no node 0: it is a cell library that a
colleague can read, check against a layout or paste into another test bench.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from circuits.diffusion import junctions
from circuits.plate_capacitor import PLATES, PlateCapacitor
from circuits.structure import Capacitor, Cell, Instance, Part, Size, Transistor
from circuits.technology import Device, SizeStyle, Technology
from netlists.dialects import GRAMMARS, Dialect, Grammar
from netlists.model_cards import DeviceUse
from netlists.safe_text import clean_comment

_LINE = 100


def cell_text(
    cell: Cell,
    technology: Technology,
    header: Sequence[str] = (),
    dialect: Dialect = Dialect.SPICE,
    capacitor: PlateCapacitor | None = None,
) -> str:
    """``cell`` and all cells below it as subcircuits, under ``header`` as comment lines.

    Models and sizes are those of ``technology``; capacitors are the device ``capacitor``, or C
    elements where it is None. Control characters in the header are replaced, so
    that a comment stays one line.
    """
    grammar = GRAMMARS[dialect]
    writing = _Writing(technology, grammar, capacitor)
    lines = [f"{grammar.comment}{clean_comment(line)}".rstrip() for line in header]
    if dialect is Dialect.CDL:
        plain = technology.nmos.size_style is SizeStyle.PLAIN
        lines.append(f"*.SCALE {'MICRON' if plain else 'METER'}")
    lines += grammar.head
    for each in (*cell.cells, cell):
        lines += ["", *_subcircuit(each, writing)]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class _Writing:
    """What a part is written with."""

    technology: Technology
    grammar: Grammar
    capacitor: PlateCapacitor | None


def device_uses(cell: Cell, technology: Technology) -> tuple[DeviceUse, ...]:
    """Every model and size that ``cell`` needs, each once: what to cut out of the library."""
    uses: set[DeviceUse] = set()
    for _, transistor in cell.transistors():
        size, device = transistor.size, technology.device(transistor.polarity)
        uses.add(DeviceUse(device.model, size.width, size.length, device.prefix))
    return tuple(sorted(uses, key=lambda use: (use.name, use.width_um, use.length_um)))


def _subcircuit(cell: Cell, writing: _Writing) -> list[str]:
    grammar = writing.grammar
    lines = _comment(cell.description, grammar)
    ports = " ".join(port.name for port in cell.ports)
    lines += _wrapped(f"{grammar.begin} {cell.name} {ports}", grammar)
    # in pieces that each say what they are: a comment does not go on in a next line
    whole = Grammar(continued=grammar.pins)
    pins = " ".join(f"{port.name}:{port.direction.value}" for port in cell.ports)
    lines += _wrapped(f"{grammar.pins}{pins}", whole)
    for part in cell.parts:
        lines += _part(part, writing)
    return [*lines, f"{grammar.end} {cell.name}"]


def _part(part: Part, writing: _Writing) -> list[str]:
    grammar = writing.grammar
    match part:
        case Transistor():
            device = writing.technology.device(part.polarity)
            line = _transistor(part, device, grammar)
            return [*_comment(part.comment, grammar), *_wrapped(line, grammar)]
        case Capacitor() if writing.capacitor is not None:
            style = writing.technology.nmos.size_style
            return _wrapped(_plates(part, writing.capacitor, style, grammar), grammar)
        case Capacitor():
            value = grammar.capacitor.format(farad=f"{part.capacitance:.6g}")
            return [f"C{part.name} {_nets(part.nets, grammar)} {value}"]
        case Instance():
            nets = _nets(part.nets, grammar)
            line = f"X{part.name} {nets} {grammar.cell_mark}{part.cell.name}"
            return [*_comment(part.comment, grammar), *_wrapped(line, grammar)]


def _nets(nets: Sequence[str], grammar: Grammar) -> str:
    return f"{grammar.opened}{' '.join(nets)}{grammar.closed}"


def _comment(text: str, grammar: Grammar) -> list[str]:
    return [f"{grammar.comment}{clean_comment(text)}"] if text else []


def _transistor(part: Transistor, device: Device, grammar: Grammar) -> str:
    by_terminal = {
        "drain": part.drain,
        "gate": part.gate,
        "source": part.source,
        "bulk": part.bulk,
    }
    nets = _nets([by_terminal[terminal] for terminal in device.terminals], grammar)
    prefix = grammar.transistor or device.prefix
    mark = grammar.parameters_mark if prefix == "X" else ""
    sizes = " ".join(size_words(part, device))
    return f"{prefix}{part.name} {nets} {device.model} {mark}{sizes}"


def _plates(part: Capacitor, device: PlateCapacitor, style: SizeStyle, grammar: Grammar) -> str:
    by_plate = dict(zip(PLATES, part.nets, strict=True))
    nets = _nets([by_plate[plate] for plate in device.terminals], grammar)
    sizes = " ".join(plate_words(part, device, style))
    return f"X{part.name} {nets} {device.model} {grammar.parameters_mark}{sizes}"


def plate_words(part: Capacitor, device: PlateCapacitor, style: SizeStyle) -> list[str]:
    """What follows the model of a capacitor of the process: sides and multiplier."""
    size = device.drawn(part.capacitance)
    sides = [f"{device.width}={_length(size.width, style)}"]
    sides.append(f"{device.length}={_length(size.length, style)}")
    return sides + [f"{name}={size.multiplier}" for name in device.multiplier]


def size_words(part: Transistor, device: Device) -> list[str]:
    """What follows a transistor's model: sizes, multiplier, junctions, parameters of the device."""
    parameters = [f"{name}={value:g}" for name, value in device.parameters.items()]
    return [*_size(part.size, device), *parameters]


def _size(size: Size, device: Device) -> list[str]:
    style = device.size_style
    sides = zip(device.size_parameters, (size.width, size.length), strict=True)
    words = [f"{name}={_length(side, style)}" for name, side in sides]
    words += [f"{name}={size.multiplier}" for name in device.multiplier]
    if device.diffusion is not None:
        drawn = junctions(size, device.diffusion)
        values = (
            _area(drawn.drain_area, style),
            _area(drawn.source_area, style),
            _length(drawn.drain_perimeter, style),
            _length(drawn.source_perimeter, style),
        )
        names = device.diffusion.parameters
        words += [f"{name}={value}" for name, value in zip(names, values, strict=True)]
    return words


def _length(micrometres: float, style: SizeStyle) -> str:
    return _written(micrometres, style, "u", 1e-6)


def _area(square_micrometres: float, style: SizeStyle) -> str:
    return _written(square_micrometres, style, "p", 1e-12)


def _written(value: float, style: SizeStyle, suffix: str, unit: float) -> str:
    match style:
        case SizeStyle.PLAIN:
            return f"{value:g}"
        case SizeStyle.MICRO:
            return f"{value:g}{suffix}"
        case SizeStyle.METRE:
            return f"{value * unit:g}"


def _wrapped(line: str, grammar: Grammar) -> list[str]:
    """``line`` in pieces of at most 100 characters, broken at blanks."""
    pieces: list[str] = []
    current = ""
    for word in line.split(" "):
        if current and len(current) + 1 + len(word) + len(grammar.broken) > _LINE:
            pieces.append(current + grammar.broken)
            current = grammar.continued + word
        else:
            current = f"{current} {word}" if current else word
    return [*pieces, current]
