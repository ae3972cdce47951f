"""A drawn cell: parts with the places of their pins, wires, and the names of nets.

Coordinates are those of xschem: whole numbers on a grid of 10, y downwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

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

STEP = 20
"""Between two pins of a block, and between two trunks."""

# By terminal, of an NMOS; a PMOS has its source above.
TRANSISTOR_PINS: Mapping[str, tuple[int, int]] = {
    "drain": (20, -30),
    "gate": (-20, 0),
    "source": (20, 30),
    "bulk": (20, 0),
}
PLATE_PINS: Mapping[str, tuple[int, int]] = {"top": (0, -30), "bottom": (0, 30)}


class Side(StrEnum):
    """Of a part, where a pin is; of a mark, where its text goes."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True)
class Pin:
    """A terminal of the device, or a port of the block, of that name, with the net it is on."""

    part: str
    name: str
    net: str
    x: int
    y: int
    side: Side


@dataclass(frozen=True)
class Placed:
    """A part and where its origin is: the middle of a device, the upper left corner of a block."""

    part: Part
    x: int
    y: int

    @property
    def pins(self) -> tuple[Pin, ...]:
        """All of them, in the order of terminals or ports."""
        match self.part:
            case Transistor():
                return tuple(self._transistor(self.part))
            case Capacitor():
                nets = zip(PLATE_PINS, self.part.nets, (Side.UP, Side.DOWN), strict=True)
                return tuple(
                    Pin(self.part.name, name, net, self.x, self.y + PLATE_PINS[name][1], side)
                    for name, net, side in nets
                )
            case Instance():
                places = block_pins(self.part.cell)
                return tuple(
                    Pin(
                        self.part.name,
                        port.name,
                        net,
                        self.x + places[port.name][0],
                        self.y + y,
                        side,
                    )
                    for port, net in zip(self.part.cell.ports, self.part.nets, strict=True)
                    for _, y, side in (places[port.name],)
                )

    def _transistor(self, part: Transistor) -> Iterator[Pin]:
        up = -1 if part.polarity is Polarity.PMOS else 1
        nets = dict(zip(("drain", "gate", "source", "bulk"), part.nets, strict=True))
        for name, (x, y) in TRANSISTOR_PINS.items():
            side = Side.LEFT if name == "gate" else Side.RIGHT if name == "bulk" else None
            side = side or (Side.UP if up * y < 0 else Side.DOWN)
            yield Pin(part.name, name, nets[name], self.x + x, self.y + up * y, side)


@dataclass(frozen=True)
class Wire:
    """A straight piece of a net's wire; what touches one of its ends is connected."""

    net: str
    x1: int
    y1: int
    x2: int
    y2: int


@dataclass(frozen=True)
class Mark:
    """A net's name at a point of it; port: None, or the port of the cell that it is."""

    net: str
    x: int
    y: int
    side: Side
    port: Port | None = None


@dataclass(frozen=True)
class Layout:
    """A drawn cell: every port is one mark, every net one wire tree, or labels of one name."""

    placed: tuple[Placed, ...]
    wires: tuple[Wire, ...]
    marks: tuple[Mark, ...]


def block_size(cell: Cell) -> tuple[int, int]:
    """Width and height of a block that stands for ``cell``: its name fits above it."""
    left, right, _, _ = _sides(cell.ports)
    longest = [max((len(p.name) for p in side), default=0) for side in (left, right)]
    letters = max(sum(longest) + 6, len(cell.name) + 6)
    return _round(7 * letters + 20), STEP * (max(len(left), len(right), 1) + 1)


def block_pins(cell: Cell) -> dict[str, tuple[int, int, Side]]:
    """By port (x, y, side): inputs left, outputs right, the upper supply above, ground below."""
    left, right, top, bottom = _sides(cell.ports)
    width, height = block_size(cell)
    end = width - STEP
    found = {p.name: (-STEP, STEP * (i + 1), Side.LEFT) for i, p in enumerate(left)}
    found |= {p.name: (width + STEP, STEP * (i + 1), Side.RIGHT) for i, p in enumerate(right)}
    found |= {p.name: (end - STEP * i, -STEP, Side.UP) for i, p in enumerate(top)}
    found |= {p.name: (end - STEP * i, height + STEP, Side.DOWN) for i, p in enumerate(bottom)}
    return found


def _sides(ports: Sequence[Port]) -> tuple[list[Port], list[Port], list[Port], list[Port]]:
    kinds = (
        (Direction.INPUT,),
        (Direction.OUTPUT, Direction.BIDIRECTIONAL),
        (Direction.POWER,),
        (Direction.GROUND,),
    )
    left, right, top, bottom = ([p for p in ports if p.direction in kind] for kind in kinds)
    return left, right, top, bottom


def _round(value: int) -> int:
    return -(-value // STEP) * STEP
