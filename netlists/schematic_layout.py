"""Where the parts of a cell stand in a schematic, and the wires between them.

    cells of transistors    PMOS          a wire goes from a pin straight into a channel between two
                            channel       rows, to the trunk of its net
                            NMOS on NMOS
                            channel
                            NMOS on vss
    cells of blocks         channel | blocks, one below the other | channel

Channel routing as of printed boards: a trunk a net and channel, at a place of its own; pins of two
rows never stand over each other, so that no two wires lie on each other. Wires that cross are not
connected; where they are, a wire ends. Supplies, and pins that no channel reaches, have labels.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from circuits.structure import Cell, Direction, Instance, Polarity, Port, Transistor
from netlists.schematic_parts import STEP, Layout, Mark, Pin, Placed, Side, Wire, block_size

_COLUMN = 180  # between two transistors of a row
_ROW = 60  # from the middle of a row to the channel beside it
_STAGGER = 10  # from row to row: pins of two rows are never in one line
_GAP = 100  # between two blocks
_MARGIN = 60  # from the outermost pins to the first trunk, or the end of one
_LETTER = 10  # room for one of a name
_MOST_ORDERED = 16  # parts in a row whose order is looked for


def layout(cell: Cell) -> Layout:
    """Parts, wires and marks of ``cell``; the same each time."""
    if all(isinstance(part, Transistor) for part in cell.parts):
        return _Router(cell).rows(_transistor_rows(cell))
    return _Router(cell).blocks()


def _supplies(cell: Cell) -> set[str]:
    kinds = (Direction.POWER, Direction.GROUND)
    return {port.name for port in cell.ports if port.direction in kinds}


def _transistor_rows(cell: Cell) -> list[list[Transistor]]:
    """PMOS; NMOS on other NMOS; NMOS on a supply. Empty rows go."""
    supplies = _supplies(cell)
    transistors = [part for part in cell.parts if isinstance(part, Transistor)]
    nmos = [t for t in transistors if t.polarity is Polarity.NMOS]
    rows = [
        [t for t in transistors if t.polarity is Polarity.PMOS],
        [t for t in nmos if t.source not in supplies],
        [t for t in nmos if t.source in supplies],
    ]
    return _ordered([row for row in rows if row])


def _ordered(rows: list[list[Transistor]]) -> list[list[Transistor]]:
    """Rows with parts that are on the same nets near each other: exchanged in pairs as long as
    that makes the trunks shorter."""

    def cost() -> int:
        ends: dict[str, list[int]] = {}
        for row in rows:
            for index, part in enumerate(row):
                for net in (part.drain, part.gate, part.source):
                    ends.setdefault(net, []).append(index)
        return sum(max(found) - min(found) for found in ends.values())

    best, better = cost(), True
    while better:
        better = False
        for row in rows:
            if len(row) > _MOST_ORDERED:
                continue
            for i, j in itertools.combinations(range(len(row)), 2):
                row[i], row[j] = row[j], row[i]
                found = cost()
                if found < best:
                    best, better = found, True
                else:
                    row[i], row[j] = row[j], row[i]
    return rows


@dataclass
class _Trunk:
    """Of one net in one channel: its place across, and where along it wires come in."""

    at: int
    ends: list[int] = field(default_factory=list)


@dataclass
class _Router:
    """Makes wires and marks of placed parts."""

    cell: Cell
    wires: list[Wire] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ports: dict[str, Port] = {port.name: port for port in self.cell.ports}
        self.supplies = _supplies(self.cell)
        self.marked: set[str] = set()
        self.pins_of: dict[str, int] = {}
        for part in self.cell.parts:
            # a bulk has a label of its own
            nets = part.nets[:3] if isinstance(part, Transistor) else part.nets
            for net in nets:
                self.pins_of[net] = self.pins_of.get(net, 0) + 1

    def rows(self, rows: Sequence[Sequence[Transistor]]) -> Layout:
        """Rows of transistors, channel k above row k."""
        placed = [
            [Placed(part, k * _STAGGER + _COLUMN * i, 0) for i, part in enumerate(row)]
            for k, row in enumerate(rows)
        ]
        channels = _Channels(placed, self)
        y = 0
        for k, row in enumerate(placed):
            nets = sorted(channels.nets(k), key=self._first)
            y += _ROW if nets or k else 0
            for net in nets:
                channels.trunks[k, net] = _Trunk(y - _ROW + STEP // 2)
                y += STEP
            placed[k] = [Placed(p.part, p.x, y) for p in row]
            y += _ROW
        for row in placed:
            for pin in (pin for one in row for pin in one.pins):
                self._to(channels.trunk(pin), pin, along_x=True)
        through = max(p.x for row in placed for p in row) + _COLUMN
        for net in sorted({net for _, net in channels.trunks}, key=self._first):
            for a, b in itertools.pairwise(channels.of_net(net)):
                self.wires.append(Wire(net, through, a.at, through, b.at))
                a.ends.append(through)
                b.ends.append(through)
                through += STEP
        for (_, net), trunk in channels.trunks.items():
            if net not in self.marked:
                trunk.ends.append(-_MARGIN if net in self.ports else min(trunk.ends))
                self._mark(net, trunk.ends[-1], trunk.at, Side.LEFT)
            self._draw(net, trunk, along_x=True)
        return self._done([one for row in placed for one in row], -_MARGIN, y)

    def blocks(self) -> Layout:
        """Blocks and devices, one below the other, with a channel on either side."""
        placed, y = [], 0
        for part in self.cell.parts:
            block = isinstance(part, Instance)
            height = block_size(part.cell)[1] if isinstance(part, Instance) else 80
            placed.append(Placed(part, 0 if block else 60, y if block else y + 40))
            y += height + _GAP
        pins = [pin for one in placed for pin in one.pins]
        # beyond the names at pins that no wire comes to
        single = [p for p in pins if not self.wired(p) and p.net not in self.supplies]
        room = {
            side: max((len(p.net) for p in single if p.side is side), default=0) * _LETTER + _MARGIN
            for side in (Side.LEFT, Side.RIGHT)
        }
        edges = {
            Side.LEFT: min(p.x for p in pins) - room[Side.LEFT],
            Side.RIGHT: max(p.x for p in pins) + room[Side.RIGHT],
        }
        trunks = {side: self._beside(side, pins, edges[side]) for side in edges}
        for pin in pins:
            side = Side.LEFT if pin.side is Side.LEFT else Side.RIGHT
            self._to(trunks[side].get(pin.net) if self.wired(pin) else None, pin, along_x=False)
        top = min(p.y for p in pins) - 60
        for net in sorted(set(trunks[Side.LEFT]) & set(trunks[Side.RIGHT]), key=self._first):
            left, right = trunks[Side.LEFT][net], trunks[Side.RIGHT][net]
            self._draw(net, _Trunk(top, [left.at, right.at]), along_x=True)
            left.ends.append(top)
            right.ends.append(top)
            self._mark(net, left.at, top, Side.LEFT)
            top -= STEP
        for found in trunks.values():
            for net, trunk in found.items():
                if net not in self.marked:
                    trunk.ends.append(min(trunk.ends) - STEP)
                    self._mark(net, trunk.at, trunk.ends[-1], Side.UP)
                self._draw(net, trunk, along_x=False)
        return self._done(placed, edges[Side.LEFT] - _MARGIN, y)

    def _beside(self, side: Side, pins: Sequence[Pin], edge: int) -> dict[str, _Trunk]:
        """Trunks of the channel on one side, the shortest nearest to the blocks."""
        ends: dict[str, list[int]] = {}
        for pin in pins:
            if self.wired(pin) and (pin.side is Side.LEFT) == (side is Side.LEFT):
                ends.setdefault(pin.net, []).append(pin.y)
        order = sorted(ends, key=lambda net: (max(ends[net]) - min(ends[net]), self._first(net)))
        sign = -1 if side is Side.LEFT else 1
        return {net: _Trunk(edge + sign * i * STEP) for i, net in enumerate(order)}

    def wired(self, pin: Pin) -> bool:
        """Whether a wire goes from it to others, and no label stands at it."""
        return pin.net not in self.supplies and self.pins_of[pin.net] > 1 and pin.name != "bulk"

    def _first(self, net: str) -> int:
        """Place of the first part on the net, for an order that is always the same."""
        return next(i for i, part in enumerate(self.cell.parts) if net in part.nets)

    def _to(self, trunk: _Trunk | None, pin: Pin, along_x: bool) -> None:
        """The wire from a pin to a trunk that runs along x or y; a label where there is none."""
        if trunk is None:
            self._mark(pin.net, pin.x, pin.y, pin.side)
            return
        ends = (pin.x, trunk.at) if along_x else (trunk.at, pin.y)
        self.wires.append(Wire(pin.net, pin.x, pin.y, *ends))
        trunk.ends.append(pin.x if along_x else pin.y)

    def _draw(self, net: str, trunk: _Trunk, along_x: bool) -> None:
        """In pieces that end wherever something comes in."""
        for a, b in itertools.pairwise(sorted(set(trunk.ends))):
            ends = (a, trunk.at, b, trunk.at) if along_x else (trunk.at, a, trunk.at, b)
            self.wires.append(Wire(net, *ends))

    def _mark(self, net: str, x: int, y: int, side: Side) -> None:
        """The net's name; of a port the port itself, the first time, but of a supply."""
        port = None if net in self.supplies or net in self.marked else self.ports.get(net)
        if net not in self.supplies:
            self.marked.add(net)
        self.marks.append(Mark(net, x, y, side, port))

    def _done(self, placed: Sequence[Placed], left: int, bottom: int) -> Layout:
        """With the ports that have no mark of their own: the supplies."""
        unmarked = [port for name, port in self.ports.items() if name not in self.marked]
        for i, port in enumerate(unmarked):
            self.marks.append(Mark(port.name, left, bottom + i * STEP, Side.LEFT, port))
        return Layout(tuple(placed), tuple(self.wires), tuple(self.marks))


class _Channels:
    """Which channel each pin of rows of transistors goes to, and the trunks in them."""

    def __init__(self, rows: Sequence[Sequence[Placed]], router: _Router) -> None:
        self.trunks: dict[tuple[int, str], _Trunk] = {}
        self._row_of = {one.part.name: k for k, row in enumerate(rows) for one in row}
        self._count = len(rows)
        self._of: dict[tuple[str, str], int] = {}
        self._nets: dict[int, set[str]] = {}
        pins = [pin for row in rows for one in row for pin in one.pins if router.wired(pin)]
        # gates may go up or down: to where drains and sources of their net are
        for pin in sorted(pins, key=lambda pin: pin.side is Side.LEFT):
            sides: tuple[Side, ...] = (pin.side,)
            if pin.side is Side.LEFT:
                sides = (
                    (Side.DOWN, Side.UP) if self._row_of[pin.part] == 0 else (Side.UP, Side.DOWN)
                )
            near = [c for c in (self._beside(pin.part, side) for side in sides) if c is not None]
            there = [c for c in near if pin.net in self._nets.get(c, set())]
            for channel in (there or near)[:1]:
                self._of[pin.part, pin.name] = channel
                self._nets.setdefault(channel, set()).add(pin.net)

    def _beside(self, part: str, side: Side) -> int | None:
        row = self._row_of[part]
        channel = row if side is Side.UP else row + 1
        return channel if channel < self._count else None

    def nets(self, channel: int) -> set[str]:
        """What has a trunk there."""
        return self._nets.get(channel, set())

    def trunk(self, pin: Pin) -> _Trunk | None:
        """Where a pin's wire goes; None: nowhere."""
        channel = self._of.get((pin.part, pin.name))
        return None if channel is None else self.trunks[channel, pin.net]

    def of_net(self, net: str) -> list[_Trunk]:
        """From the first channel on."""
        return [self.trunks[key] for key in sorted(self.trunks) if key[1] == net]
