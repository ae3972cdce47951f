"""Schematics of cells as SVG, drawn from the structure that netlists are written from.

Every part is drawn with its terminals, and every terminal with its net, as in the netlist; nets of
one name are connected. PMOS transistors stand above NMOS transistors, in the netlist's order.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence

from circuits.structure import Capacitor, Cell, Instance, Part, Polarity, Transistor

_HEIGHT = 128  # of a place for a transistor or capacitor
_PIN = 17  # between two pins of a block
_LETTER = 6.6
_STYLE = (
    "text{font:12px ui-monospace,monospace;fill:currentColor}"
    ".net{fill:#0072b2}.name{font-weight:600}"
    "line,path,circle,rect{stroke:currentColor;stroke-width:1.4;fill:none}"
    ".stub{stroke:#0072b2;stroke-width:1}"
)


def schematic(cell: Cell, columns: int = 6) -> str:
    """The SVG of ``cell``, parts in rows of ``columns``; it takes the text color of its page."""
    rows = list(_rows(cell.parts, columns))
    drawn, y, widest = [], 8.0, 0.0
    for row in rows:
        x, tallest = 8.0, 0.0
        for part in row:
            text, width, height = _part(part, x, y)
            drawn.append(text)
            x, tallest = x + width, max(tallest, height)
        y, widest = y + tallest, max(widest, x)
    ports = "ports: " + " ".join(port.name for port in cell.ports)
    lines = _wrapped(ports, max(24, int(widest / _LETTER) - 4))
    drawn += [_text(12, y + 16 + 16 * i, line) for i, line in enumerate(lines)]
    height = y + 16 * len(lines) + 16
    title = html.escape(f"{cell.name}: {cell.description}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {widest + 8:.0f} {height:.0f}" '
        f'role="img" style="width:100%;max-width:{widest + 8:.0f}px;height:auto">'
        f"<title>{title}</title><style>{_STYLE}</style>{''.join(drawn)}</svg>"
    )


def _rows(parts: Sequence[Part], columns: int) -> Iterator[list[Part]]:
    """PMOS, then blocks and capacitors, then NMOS."""
    kinds: tuple[list[Part], ...] = ([], [], [])
    for part in parts:
        if not isinstance(part, Transistor):
            kinds[1].append(part)
        elif part.polarity is Polarity.PMOS:
            kinds[0].append(part)
        else:
            kinds[2].append(part)
    for index, kind in enumerate(kinds):
        count = min(columns, 3) if index == 1 else columns
        for first in range(0, len(kind), count):
            yield kind[first : first + count]


def _part(part: Part, x: float, y: float) -> tuple[str, float, float]:
    match part:
        case Transistor():
            return _transistor(part, x, y), _place(part), _HEIGHT
        case Capacitor():
            return _capacitor(part, x, y), _place(part), _HEIGHT
        case Instance():
            return _block(part, x, y)


def _place(part: Transistor | Capacitor) -> float:
    """Letters: a gate's net before the channel, the name behind it."""
    return 120 + max(6, len(part.name)) * 1.15 * _LETTER


def _transistor(part: Transistor, x: float, y: float) -> str:
    gate, channel, middle = x + 62, x + 70, y + 60
    pmos = part.polarity is Polarity.PMOS
    top, bottom = (part.source, part.drain) if pmos else (part.drain, part.source)
    source = middle - 12 if pmos else middle + 12
    size = part.size
    sized = f"{size.width:g}/{size.length:g}" + (
        f" x{size.multiplier}" if size.multiplier > 1 else ""
    )
    drawn = [
        _line(gate, middle - 16, gate, middle + 16),
        _line(channel, middle - 18, channel, middle + 18),
        _line(channel, middle - 12, channel + 18, middle - 12),
        _line(channel, middle + 12, channel + 18, middle + 12),
        _line(channel + 18, middle - 12, channel + 18, middle - 30, "stub"),
        _line(channel + 18, middle + 12, channel + 18, middle + 30, "stub"),
        # the arrow at the source points to the channel of a PMOS, away from that of an NMOS
        f'<path d="M{channel + 6:g} {source:g} l{5 if not pmos else 6:g} '
        f'{-4 if pmos else -4} v8 z" style="fill:currentColor" '
        f'transform="{_turned(channel + 8, source, pmos)}"/>',
        _text(channel + 18, middle - 34, top, "net", "middle"),
        _text(channel + 18, middle + 42, bottom, "net", "middle"),
        _text(channel + 10, middle + 4, part.name, "name"),
        _text(x + 4, y + _HEIGHT - 6, sized),
    ]
    if pmos:
        drawn.append(f'<circle cx="{gate - 4:g}" cy="{middle:g}" r="4"/>')
    end = gate - (8 if pmos else 0)
    drawn.append(_line(end, middle, x + 50, middle, "stub"))
    drawn.append(_text(x + 48, middle + 4, part.gate, "net", "end"))
    return "".join(drawn)


def _turned(x: float, y: float, pmos: bool) -> str:
    return f"rotate({0 if pmos else 180} {x:g} {y:g})"


def _capacitor(part: Capacitor, x: float, y: float) -> str:
    middle, at = y + 60, x + 70
    value = f"{part.capacitance * 1e12:.4g} pF"
    return "".join(
        [
            _line(at - 16, middle - 4, at + 16, middle - 4),
            _line(at - 16, middle + 4, at + 16, middle + 4),
            _line(at, middle - 4, at, middle - 30, "stub"),
            _line(at, middle + 4, at, middle + 30, "stub"),
            _text(at, middle - 34, part.positive, "net", "middle"),
            _text(at, middle + 42, part.negative, "net", "middle"),
            _text(at + 22, middle - 2, part.name, "name"),
            _text(at + 22, middle + 14, value),
        ]
    )


def _block(part: Instance, x: float, y: float) -> tuple[str, float, float]:
    """A box: its inputs left, the rest right, each with the port's name inside, the net outside."""
    pairs = list(zip((p.name for p in part.cell.ports), part.nets, strict=True))
    half = math.ceil(len(pairs) / 2)
    left, right = pairs[:half], pairs[half:]
    outside_left = max(len(net) for _, net in left) * _LETTER + 10
    outside_right = max((len(net) for _, net in right), default=0) * _LETTER + 10
    inside = max(
        max(len(port) for port, _ in left) + max((len(port) for port, _ in right), default=0) + 2,
        len(part.name),
        len(part.cell.name),
    )
    width = inside * _LETTER + 16
    height = half * _PIN + 12
    box, top = x + outside_left, y + 36
    drawn = [
        _text(box, y + 16, part.name, "name"),
        _text(box, y + 30, part.cell.name),
        f'<rect x="{box:g}" y="{top:g}" width="{width:g}" height="{height:g}" rx="3"/>',
    ]
    for pins, side in ((left, -1), (right, 1)):
        edge = box if side < 0 else box + width
        for index, (port, net) in enumerate(pins):
            at = top + 14 + index * _PIN
            inner, outer = ("start", "end") if side < 0 else ("end", "start")
            drawn += [
                _line(edge, at, edge + 6 * side, at, "stub"),
                _text(edge - 5 * side, at + 4, port, "", inner),
                _text(edge + 9 * side, at + 4, net, "net", outer),
            ]
    return "".join(drawn), outside_left + width + outside_right + 14, 36 + height + 10


def _line(x1: float, y1: float, x2: float, y2: float, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"{named}/>'


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{named}>{html.escape(text)}</text>'


def _wrapped(text: str, letters: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, letters, subsequent_indent="  ")
