"""What the junctions of cells leak at the hottest temperature at which a circuit has to work.

    L = I (H - H0) / H0        I: bias, H: what the cell delivers, H0: without its junctions

A reverse-biased junction takes a current that does not depend on the bias, nor much on its voltage,
and that doubles every 8 to 10 °C. The sources of an OTA's pair take it from the tail: the
amplifier is as quick as if its bias were larger by L.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Leakage:
    """What junctions add to a bias or take from it, ampere, at ``temperature`` (degree Celsius).

    ota: of an OTA, the larger of what it sources and sinks. divided: of the one that divides; None
    where there is none. source, sink: of the compensation current's mirrors.
    """

    temperature: float
    ota: float
    source: float
    sink: float
    divided: float | None = None

    def of_follower(self, divided: bool) -> float:
        """Of a follower's OTA, ampere."""
        return (self.divided or 0.0) if divided else self.ota


def added_current(bias: float, drawn: Iterable[float], bare: Iterable[float]) -> float:
    """The largest L of the equation above, ampere.

    Args:
        bias: ampere.
        drawn, bare: what the cell delivers with its junctions and without, ampere, one value for
            each direction of its output.
    """
    return max(bias * abs(h / h0 - 1.0) for h, h0 in zip(drawn, bare, strict=True))
