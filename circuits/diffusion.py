"""Drain and source junctions of a transistor, from its drawn geometry.

    S | D | S | D ...         gates in one row, diffusions between them and at both ends

A row of F gates of width W has F + 1 diffusions, beginning with a source: (F + 1) // 2 drains and
(F + 2) // 2 sources. The first and the last one are ``length`` long, those between two gates
``shared``:

    area       sum of W length_i                   of one net's diffusions
    perimeter  sum of 2 (W + length_i)             all four sides, as schematic symbols write them

With both lengths equal these are the formulas of open process libraries' symbols, ``ad =
int((nf + 1) / 2) W / nf length`` and so on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from circuits.structure import Size


class Parallel(StrEnum):
    """How the devices of a multiplier are drawn.

    APART: each for itself, with all of its own diffusions. SHARED: side by side in one row, so
    that neighbors have a diffusion in common.
    """

    APART = "apart"
    SHARED = "shared"


@dataclass(frozen=True)
class Diffusion:
    """Diffusions of one kind of transistor, and how a netlist names their areas.

    length: micrometres, of a diffusion at the end of a row. shared: micrometres, of one between two
    gates. parallel: how the devices of a multiplier are drawn. fingers: gates into which one
    device's width is divided. drain_area and the others: names of the device's parameters. drawn:
    False writes zeros, so that nothing leaks (models may make up a perimeter where nothing is
    written).
    """

    length: float
    shared: float
    parallel: Parallel = Parallel.APART
    fingers: int = 1
    drain_area: str = "ad"
    source_area: str = "as"
    drain_perimeter: str = "pd"
    source_perimeter: str = "ps"
    drawn: bool = True

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the four parameters of a device, areas first."""
        return self.drain_area, self.source_area, self.drain_perimeter, self.source_perimeter


@dataclass(frozen=True)
class Junctions:
    """Areas (square micrometres) and perimeters (micrometres) of ONE device of a multiplier: SPICE
    counts them once for each of its copies."""

    drain_area: float
    source_area: float
    drain_perimeter: float
    source_perimeter: float


def junctions(size: Size, diffusion: Diffusion) -> Junctions:
    """Of one of the devices of ``size``; those that share diffusions take an equal part of them."""
    if not diffusion.drawn:
        return Junctions(0.0, 0.0, 0.0, 0.0)
    copies = size.multiplier if diffusion.parallel == Parallel.SHARED else 1
    gates = diffusion.fingers * copies
    width = size.width / diffusion.fingers
    drains, sources = (gates + 1) // 2, (gates + 2) // 2
    # the row begins with a source, and ends with a drain if the number of gates is odd
    drain_ends, source_ends = gates % 2, 2 - gates % 2

    def of(count: int, ends: int) -> tuple[float, float]:
        along = ends * diffusion.length + (count - ends) * diffusion.shared
        return width * along / copies, 2 * (count * width + along) / copies

    drain, source = of(drains, drain_ends), of(sources, source_ends)
    return Junctions(drain[0], source[0], drain[1], source[1])


def diffusion_area(size: Size, diffusion: Diffusion) -> float:
    """Square micrometres of all diffusions of all devices of ``size``."""
    one = junctions(size, diffusion)
    return size.multiplier * (one.drain_area + one.source_area)
