"""Silicon area of a cell: what its transistors' gates and its capacitors' plates take up."""

from dataclasses import dataclass

from circuits.structure import Cell
from circuits.technology import Technology


@dataclass(frozen=True)
class Area:
    """Square micrometres of ``gates`` (W L of every transistor) and ``capacitors``.

    transistors: how many, devices in parallel counted one by one. Sources and drains, wells and
    wires are the layout's and not in it; capacitors of metal may lie above the transistors.
    """

    transistors: int
    gates: float
    capacitors: float

    @property
    def total(self) -> float:
        """Gates and capacitors side by side, square micrometres."""
        return self.gates + self.capacitors


def area(cell: Cell, technology: Technology) -> Area:
    """Of ``cell`` and everything below it; a capacitor takes its value over the density."""
    sizes = [transistor.size for _, transistor in cell.transistors()]
    return Area(
        transistors=sum(size.multiplier for size in sizes),
        gates=sum(size.area for size in sizes),
        capacitors=sum(part.capacitance for _, part in cell.capacitors())
        / technology.capacitance_density,
    )
