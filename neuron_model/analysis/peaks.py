"""Peaks of a waveform that stand out, without the two seconds that scipy.signal takes to import."""

from __future__ import annotations

import numpy as np


def prominent_peaks(values: np.ndarray, prominence: float) -> np.ndarray:
    """Places of the local maxima whose prominence is at least ``prominence`` > 0, growing.

    The prominence of a peak is its height over the higher of the two lowest values that lie between
    it and a higher value, or the end, on either side (as :func:`scipy.signal.find_peaks` has it).
    Of a flat top the middle is taken; the ends are no maxima.

    Args:
        values: (samples,).
        prominence: in the unit of ``values``.
    """
    if values.size < 3:
        return np.zeros(0, dtype=int)
    places = _turns(values)
    heights = values[places]
    before = _lowest_since_higher(heights)
    after = _lowest_since_higher(heights[::-1])[::-1]
    stands_out = heights - np.maximum(before, after) >= prominence
    inner = (heights > _shifted(heights, 1)) & (heights > _shifted(heights, -1))
    return np.asarray(places[stands_out & inner])


def _turns(values: np.ndarray) -> np.ndarray:
    """Places of the ends and of the middle of every top and every bottom, flat or not."""
    # of equal neighbours the first stands for all, and knows how many there are
    first = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))
    last = np.concatenate((first[1:], [values.size])) - 1
    rising = np.diff(values[first]) > 0
    turns = np.concatenate(([True], rising[1:] != rising[:-1], [True]))[: first.size]
    return np.asarray(((first + last) // 2)[turns])


def _shifted(heights: np.ndarray, by: int) -> np.ndarray:
    """The neighbour of each; above all beyond the ends, so that these are no maxima."""
    shifted = np.roll(heights, by)
    shifted[0 if by > 0 else -1] = np.inf
    return shifted


def _lowest_since_higher(heights: np.ndarray) -> np.ndarray:
    """For each value the lowest one after the last that is higher, itself included."""
    lowest = np.empty(heights.size)
    # (height, lowest since the one before it in the list), heights falling
    higher: list[tuple[float, float]] = []
    for place, height in enumerate(heights.tolist()):
        low = height
        while higher and higher[-1][0] <= height:
            low = min(low, higher.pop()[1])
        higher.append((height, low))
        lowest[place] = low
    return lowest
