"""Between which temperatures something holds, and where to look for the ends more closely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

RESOLUTION = 5.0
"""Degree Celsius to which ends are found, unless told."""


@dataclass(frozen=True)
class Held:
    """low, high: coldest and hottest temperature that holds, as all do that were looked at between.

    below, above: the next one that was looked at and does not hold; None where all hold. Degree
    Celsius.
    """

    low: float
    high: float
    below: float | None
    above: float | None

    def middles(self, resolution: float) -> tuple[float, ...]:
        """Half way to those that do not hold, where these are further away than ``resolution``."""
        gaps = ((self.low, self.below), (self.high, self.above))
        return tuple(
            _middle(good, bad)
            for good, bad in gaps
            if bad is not None and abs(bad - good) > resolution
        )


def held_around(nominal: float, kept: Mapping[float, bool]) -> Held | None:
    """What holds around ``nominal``; None where it is not even there (or at the nearest one).

    Args:
        nominal: degree Celsius.
        kept: by temperature, at least one.
    """
    temperatures = sorted(kept)
    good = [kept[t] for t in temperatures]
    middle = min(range(len(good)), key=lambda i: abs(temperatures[i] - nominal))
    if not good[middle]:
        return None
    first = last = middle
    while first > 0 and good[first - 1]:
        first -= 1
    while last < len(good) - 1 and good[last + 1]:
        last += 1
    return Held(
        low=temperatures[first],
        high=temperatures[last],
        below=temperatures[first - 1] if first else None,
        above=temperatures[last + 1] if last < len(good) - 1 else None,
    )


def _middle(one: float, other: float) -> float:
    """A whole degree where there is one between."""
    middle = 0.5 * (one + other)
    whole = float(round(middle))
    return whole if min(one, other) < whole < max(one, other) else round(middle, 2)
