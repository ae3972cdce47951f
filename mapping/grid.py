"""Where points lie on a grid of measured ones, for values that are taken to be straight between."""

import numpy as np


def place(grid: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(i, w), each (points,), with which a table's value is  (1 - w) table[i] + w table[i + 1].

    Beyond the ends of ``grid`` (rising, two points or more) that is the value at the end.
    """
    places = np.interp(points, grid, np.arange(grid.size))
    low = np.minimum(places.astype(int), grid.size - 2)
    return low, places - low
