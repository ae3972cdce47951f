"""Schematics of cells as SVG: the same drawings that `codesign export --xschem` writes.

Parts, wires and names of nets are where :mod:`netlists.schematic_layout` puts them. A dot joins
wires that meet; supplies have names. Bulks are left out: they are at the supplies.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator

from circuits.structure import Capacitor, Cell, Direction, Instance, Polarity, Transistor
from netlists.schematic_layout import layout
from netlists.schematic_parts import Layout, Mark, Pin, Placed, Side, block_pins, block_size

_LETTER = 7.3  # width, of the 12 px monospace
_STYLE = (
    "text{font:12px ui-monospace,monospace;fill:currentColor}"
    ".net{fill:#0072b2;paint-order:stroke;stroke:var(--md-default-bg-color,#fff);stroke-width:4px}"
    ".name{font-weight:600}"
    "line,path,circle,rect{stroke:currentColor;stroke-width:1.4;fill:none}"
    ".wire{stroke:#0072b2;stroke-width:1.2}.dot{fill:#0072b2;stroke:none}"
)


def schematic(cell: Cell) -> str:
    """The SVG of ``cell``; it takes the text color of its page."""
    drawing = layout(cell)
    kinds = (Direction.POWER, Direction.GROUND)
    supplies = {port.name for port in cell.ports if port.direction in kinds}
    drawn = [
        *(_line(w.x1, w.y1, w.x2, w.y2, "wire") for w in drawing.wires),
        *_dots(drawing),
        *(text for one in drawing.placed for text in _part(one)),
        *(text for mark in _shown(drawing) for text in _mark(mark, supplies)),
    ]
    left, top, right, bottom = _extent(drawing)
    width, height = right - left, bottom - top
    title = html.escape(f"{cell.name}: {cell.description}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left:g} {top:g} {width:g} {height:g}" '
        # narrower screens scroll before letters are smaller than 8 px
        f'role="img" style="width:100%;max-width:{width:g}px;min-width:{width * 2 / 3:.0f}px;'
        'height:auto">'
        f"<title>{title}</title><style>{_STYLE}</style>{''.join(drawn)}</svg>"
    )


def _extent(drawing: Layout) -> tuple[float, float, float, float]:
    xs: list[float] = []
    ys: list[float] = []
    for one in drawing.placed:
        width, height = 40.0, 40.0
        right = _LETTER * max(len(one.part.name), 12) + 30
        if isinstance(one.part, Instance):
            width, height = block_size(one.part.cell)
            right = max(float(width), _LETTER * len(one.part.cell.name))
        xs += [one.x - 30, one.x + width, one.x + right]
        ys += [one.y - 40, one.y + height]
    for wire in drawing.wires:
        xs += [wire.x1, wire.x2]
        ys += [wire.y1, wire.y2]
    for mark in _shown(drawing):
        room = _LETTER * len(mark.net) + 26
        xs += {Side.LEFT: [mark.x - room], Side.RIGHT: [mark.x + room]}.get(
            mark.side, [mark.x - room / 2, mark.x + room / 2]
        )
        ys += [mark.y - 26, mark.y + 26]
    return min(xs) - 8, min(ys) - 8, max(xs) + 8, max(ys) + 8


def _shown(drawing: Layout) -> Iterator[Mark]:
    """All marks but those of bulks."""
    bulks = {(pin.x, pin.y) for one in drawing.placed for pin in one.pins if pin.name == "bulk"}
    return (mark for mark in drawing.marks if (mark.x, mark.y) not in bulks)


def _dots(drawing: Layout) -> Iterator[str]:
    """Where three or more ends meet."""
    ends = Counter(end for w in drawing.wires for end in ((w.x1, w.y1), (w.x2, w.y2)))
    ends.update((pin.x, pin.y) for one in drawing.placed for pin in one.pins)
    for (x, y), count in ends.items():
        if count > 2:
            yield f'<circle cx="{x:g}" cy="{y:g}" r="3" class="dot"/>'


def _part(one: Placed) -> Iterator[str]:
    match one.part:
        case Transistor():
            yield from _transistor(one.part, one.x, one.y)
        case Capacitor():
            yield from _capacitor(one.part, one.x, one.y)
        case Instance():
            yield from _block(one.part, one.x, one.y, one.pins)


def _transistor(part: Transistor, x: int, y: int) -> Iterator[str]:
    pmos = part.polarity is Polarity.PMOS
    gate = x - 13 if pmos else x - 5
    for ends in (
        (x + 5, y - 20, x + 5, y + 20),
        (x - 5, y - 15, x - 5, y + 15),
        (x - 20, y, gate, y),
        *((x + 5, y + 15 * s, x + 20, y + 15 * s) for s in (-1, 1)),
        *((x + 20, y + 15 * s, x + 20, y + 30 * s) for s in (-1, 1)),
    ):
        yield _line(*ends)
    # the arrow at the source points to the channel of a PMOS, away from that of an NMOS
    source, tip, back = (y - 15, x + 8, x + 16) if pmos else (y + 15, x + 18, x + 10)
    arrow = f"M{tip:g} {source:g} L{back:g} {source - 4:g} L{back:g} {source + 4:g} z"
    yield f'<path d="{arrow}" style="fill:currentColor"/>'
    if pmos:
        yield f'<circle cx="{x - 9:g}" cy="{y:g}" r="4"/>'
    size = part.size
    sized = f"{size.width:g}/{size.length:g}"
    sized += f" x{size.multiplier}" if size.multiplier > 1 else ""
    yield _text(x + 27, y - 3, part.name, "name")
    yield _text(x + 27, y + 12, sized)


def _capacitor(part: Capacitor, x: int, y: int) -> Iterator[str]:
    for ends in (
        (x, y - 30, x, y - 5),
        (x - 14, y - 5, x + 14, y - 5),
        (x - 14, y + 5, x + 14, y + 5),
        (x, y + 5, x, y + 30),
    ):
        yield _line(*ends)
    yield _text(x - 20, y - 3, part.name, "name", "end")
    yield _text(x - 20, y + 12, f"{part.capacitance * 1e12:.4g} pF", anchor="end")


def _block(part: Instance, x: int, y: int, pins: tuple[Pin, ...]) -> Iterator[str]:
    width, height = block_size(part.cell)
    yield f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="3"/>'
    yield _text(x, y - 22, part.name, "name")
    yield _text(x, y - 7, part.cell.name)
    for port, pin in zip(part.cell.ports, pins, strict=True):
        px, py, side = block_pins(part.cell)[port.name]
        match side:
            case Side.LEFT:
                yield _line(pin.x, pin.y, x, pin.y)
                yield _text(x + 5, pin.y + 4, port.name)
            case Side.RIGHT:
                yield _line(pin.x, pin.y, x + width, pin.y)
                yield _text(x + width - 5, pin.y + 4, port.name, anchor="end")
            case _:
                inner = y if py < 0 else y + height
                yield _line(pin.x, pin.y, pin.x, inner)
                if port.name != pin.net:
                    at = inner + (14 if py < 0 else -5)
                    yield _text(x + px, at, port.name, anchor="middle")


def _mark(mark: Mark, supplies: set[str]) -> Iterator[str]:
    """A name; of a port in a flag, of a supply at a bar."""
    x, y, name = mark.x, mark.y, mark.net
    length = _LETTER * len(name) + 10
    if mark.side in (Side.UP, Side.DOWN):
        up = mark.side is Side.UP
        if name in supplies:
            yield _line(x - 8, y, x + 8, y, "wire")
        if mark.port is None:
            yield _text(x, y + (-5 if up else 14), name, "net", "middle")
            return
        v = -6 if up else 6
        flag = f"M{x:g} {y:g} l{length / 2:g} {v} v{2.5 * v:g} h{-length:g} v{-2.5 * v:g} z"
        yield f'<path d="{flag}" class="wire"/>'
        yield _text(x, y + (-10 if up else 18), name, "net name", "middle")
        return
    sign = -1 if mark.side is Side.LEFT else 1
    if mark.port is None:
        yield _text(x + 4 * sign, y - 3, name, "net", "end" if sign < 0 else "start")
        return
    flag = f"M{x:g} {y:g} l{6 * sign:g} -8 h{length * sign:g} v16 h{-length * sign:g} z"
    yield f'<path d="{flag}" class="wire"/>'
    yield _text(x + sign * (6 + length / 2), y + 4, name, "net name", "middle")


def _line(x1: float, y1: float, x2: float, y2: float, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"{named}/>'


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{named}>{html.escape(text)}</text>'
