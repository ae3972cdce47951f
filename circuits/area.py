"""Silicon area of a cell: what its transistors and its capacitors' plates take up."""

from collections.abc import Iterable
from dataclasses import dataclass

from circuits.diffusion import diffusion_area
from circuits.structure import Capacitor, Cell, Transistor
from circuits.technology import Technology


@dataclass(frozen=True)
class Area:
    """Square micrometres of ``gates`` (W L of every transistor), ``diffusions`` (drains and
    sources; 0 where the technology does not give their length) and ``capacitors``.

    transistors: how many, devices in parallel counted one by one. Wells, wires and what a layout
    leaves between devices are not in it; capacitors of metal may lie above the transistors.
    """

    transistors: int
    gates: float
    capacitors: float
    diffusions: float = 0.0

    @property
    def total(self) -> float:
        """Gates, diffusions and capacitors side by side, square micrometres."""
        return self.gates + self.diffusions + self.capacitors


def area(cell: Cell, technology: Technology) -> Area:
    """Of ``cell`` and everything below it; a capacitor takes its value over the density."""
    return area_of(
        [transistor for _, transistor in cell.transistors()],
        [capacitor for _, capacitor in cell.capacitors()],
        technology,
    )


def area_of(
    transistors: Iterable[Transistor], capacitors: Iterable[Capacitor], technology: Technology
) -> Area:
    """Of some parts of a circuit."""
    transistors = tuple(transistors)
    drawn = ((t.size, technology.device(t.polarity).diffusion) for t in transistors)
    return Area(
        transistors=sum(t.size.multiplier for t in transistors),
        gates=sum(t.size.area for t in transistors),
        diffusions=sum(diffusion_area(size, d) for size, d in drawn if d is not None),
        capacitors=sum(part.capacitance for part in capacitors) / technology.capacitance_density,
    )
