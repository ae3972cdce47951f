"""A capacitor of the process: a device with two plates, of which equal ones lie in parallel.

    C(w, l) = density (w + widened) (l + widened) + fringe 2 (w + l)        one pair of plates
    C       = multiplier C(w, l)

in farad, micrometres, farad per square micrometre and farad per micrometre.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from circuits.structure import Size
from neuron_model.errors import InputError

PLATES = ("top", "bottom")

GRID = 0.005
"""Micrometres that a side is rounded to."""


@dataclass(frozen=True)
class PlateCapacitor:
    """How the process calls its capacitor, and what a pair of plates holds.

    model: a subcircuit. terminals: order of the plates. width, length: names of its parameters.
    multiplier: parameters that all get the number of devices in parallel. side: smallest and
    largest side of a plate, micrometres. density: F per square micrometre. fringe: F per micrometre
    of the edge. widened: micrometres by which the plates are larger than they are drawn.
    """

    model: str
    density: float
    side: tuple[float, float]
    terminals: tuple[str, ...] = PLATES
    width: str = "w"
    length: str = "l"
    multiplier: tuple[str, ...] = ("m",)
    fringe: float = 0.0
    widened: float = 0.0

    def capacitance(self, size: Size) -> float:
        """Farad, of all plates of ``size`` in parallel."""
        w, l = size.width, size.length  # noqa: E741
        area = (w + self.widened) * (l + self.widened)
        return size.multiplier * (self.density * area + self.fringe * 2 * (w + l))

    def drawn(self, capacitance: float) -> Size:
        """As few plates, as square, as hold ``capacitance`` to a part in a thousand or better.

        Raises:
            InputError: it is smaller than the smallest plates.
        """
        low, high = self.side
        smallest = self.capacitance(Size(low, low))
        if capacitance < smallest:
            raise InputError(
                f"a capacitor of {capacitance:.4g} F is smaller than the smallest of the device "
                f"'{self.model}', {smallest:.4g} F with sides of {low:g} um."
            )
        largest = self.capacitance(Size(high, high))
        count = math.ceil(capacitance / largest * (1 - 1e-9))
        one = capacitance / count
        # density s^2 + 4 fringe (s - widened) = C, of s = side + widened
        slope = 4 * self.fringe
        constant = one + slope * self.widened
        root = math.sqrt(slope**2 + 4 * self.density * constant)
        width = _on_grid(min(max((root - slope) / (2 * self.density) - self.widened, low), high))
        free = one - self.density * self.widened * (width + self.widened) - 2 * self.fringe * width
        length = free / (self.density * (width + self.widened) + 2 * self.fringe)
        return Size(width, _on_grid(min(max(length, low), high)), count)


def _on_grid(micrometres: float) -> float:
    return round(round(micrometres / GRID) * GRID, 6)
