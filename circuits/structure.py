"""What a circuit is made of: transistors, capacitors and cells of them. No text, no simulator.

A cell names its nets and the role of each device; device names, terminal order and the way in
which a size is written belong to the technology, and turning it all into text to the netlister.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from neuron_model.errors import InputError
from neuron_model.shown import Shown, counted

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


class Polarity(StrEnum):
    """Which carriers a transistor conducts with."""

    NMOS = "nmos"
    PMOS = "pmos"


class Direction(StrEnum):
    """What a port does, in the letters of ``*.PININFO``."""

    INPUT = "I"
    OUTPUT = "O"
    BIDIRECTIONAL = "B"
    POWER = "P"
    GROUND = "G"


@dataclass(frozen=True)
class Size:
    """Drawn width and length in micrometres, and how many such devices lie in parallel."""

    width: float
    length: float
    multiplier: int = 1

    def __post_init__(self) -> None:
        for name in ("width", "length", "multiplier"):
            _check_positive(getattr(self, name), f"{name} of a transistor")

    @property
    def area(self) -> float:
        """Gate area of all devices in parallel, in square micrometres."""
        return self.width * self.length * self.multiplier


@dataclass(frozen=True)
class Port:
    """A net of a cell that is seen from outside."""

    name: str
    direction: Direction

    def __post_init__(self) -> None:
        check_identifier(self.name, "port")


@dataclass(frozen=True)
class Transistor:
    """A field-effect transistor.

    role: what it is for (tail, pair, mirror). comment: what it stands for.
    """

    name: str
    polarity: Polarity
    drain: str
    gate: str
    source: str
    bulk: str
    size: Size
    role: str = ""
    comment: str = ""

    @property
    def nets(self) -> tuple[str, ...]:
        """Drain, gate, source, bulk."""
        return self.drain, self.gate, self.source, self.bulk


@dataclass(frozen=True)
class Capacitor:
    """A linear capacitor of ``capacitance`` farad."""

    name: str
    positive: str
    negative: str
    capacitance: float
    role: str = ""

    def __post_init__(self) -> None:
        _check_positive(self.capacitance, f"capacitance of '{self.name}'")

    @property
    def nets(self) -> tuple[str, ...]:
        """Positive, negative."""
        return self.positive, self.negative


@dataclass(frozen=True)
class Instance:
    """A cell used inside another: ``nets`` in the order of the cell's ports."""

    name: str
    cell: Cell
    nets: tuple[str, ...]
    comment: str = ""

    def __post_init__(self) -> None:
        if len(self.nets) != len(self.cell.ports):
            raise InputError(
                f"instance '{self.name}' connects {len(self.nets)} nets to cell "
                f"'{self.cell.name}', which has {len(self.cell.ports)} ports."
            )


Part = Transistor | Capacitor | Instance


@dataclass(frozen=True, repr=False)
class Cell(Shown):
    """A block of parts with ports; becomes one ``.subckt``.

    Raises:
        InputError: a name is no identifier; two parts, ports or nets have one name, be it in
            capitals or not (SPICE does not tell them apart); or a net touches one terminal only
            (it would float).
    """

    name: str
    ports: tuple[Port, ...]
    parts: tuple[Part, ...]
    description: str = ""

    def _brief(self) -> str:
        ports, parts = counted(len(self.ports), "port"), counted(len(self.parts), "part")
        return f"{self.name}: {ports}, {parts}"

    def __post_init__(self) -> None:
        check_identifier(self.name, "cell")
        ports = [port.name for port in self.ports]
        for part in self.parts:
            check_identifier(part.name, f"part of cell '{self.name}'")
        nets = {net for part in self.parts for net in part.nets} | set(ports)
        for net in sorted(nets):
            _check_net(net, self.name)
        _check_distinct(ports, f"cell '{self.name}' has two ports")
        _check_distinct((part.name for part in self.parts), f"cell '{self.name}' has two parts")
        _check_distinct(sorted(nets), f"cell '{self.name}' has two nets")
        uses: dict[str, int] = dict.fromkeys(ports, 1)
        for part in self.parts:
            for net in part.nets:
                uses[net] = uses.get(net, 0) + 1
        floating = sorted(net for net, count in uses.items() if count < 2)
        if floating:
            raise InputError(f"cell '{self.name}': nothing else is connected to {floating}.")

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell used below this one, each once, children before parents."""
        found: dict[str, Cell] = {}
        for part in self.parts:
            if isinstance(part, Instance):
                for cell in (*part.cell.cells, part.cell):
                    known = found.setdefault(cell.name.lower(), cell)
                    if known != cell:
                        raise InputError(f"two different cells are named '{cell.name}'.")
        return tuple(found.values())

    def transistors(
        self, path: tuple[str, ...] = ()
    ) -> Iterator[tuple[tuple[str, ...], Transistor]]:
        """Every transistor of the whole hierarchy with the path of instances to it."""
        for part in self.parts:
            if isinstance(part, Instance):
                yield from part.cell.transistors((*path, part.name))
            elif isinstance(part, Transistor):
                yield (*path, part.name), part

    def capacitors(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Capacitor]]:
        """Every capacitor of the whole hierarchy with the path of instances to it."""
        for part in self.parts:
            if isinstance(part, Instance):
                yield from part.cell.capacitors((*path, part.name))
            elif isinstance(part, Capacitor):
                yield (*path, part.name), part


def check_identifier(name: str, what: str) -> str:
    """``name`` if it can be a name in a netlist: a letter, then letters, digits, underscores.

    Raises:
        InputError: it cannot.
    """
    if not _IDENTIFIER.fullmatch(name):
        raise InputError(
            f"{what} {name!r}: use a letter followed by up to 63 letters, digits or underscores."
        )
    return name


def _check_net(name: str, cell: str) -> None:
    check_identifier(name, f"net of cell '{cell}'")
    if name.lower() == "gnd":
        raise InputError(
            f"net of cell '{cell}' {name!r}: it is ground itself in SPICE, wherever it stands; "
            "make the lower supply a port of another name, such as vss."
        )


def _check_distinct(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise InputError(f"{what} named {name!r}, which SPICE cannot tell apart.")
        seen.add(name.lower())


def _check_positive(value: float, what: str) -> None:
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"{what} = {value!r}: it must be a positive number.")
