import numpy as np
import pytest

from mapping.grid import place


def test_values_are_straight_between_points_and_constant_beyond():
    grid = np.array([1.0, 2.0, 4.0])
    table = np.array([10.0, 20.0, -20.0])
    low, share = place(grid, np.array([0.0, 1.0, 1.5, 2.0, 3.0, 4.0, 9.0]))
    found = (1 - share) * table[low] + share * table[low + 1]
    assert found == pytest.approx([10.0, 10.0, 15.0, 20.0, 0.0, -20.0, -20.0])
