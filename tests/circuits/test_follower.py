"""A follower's cell: its name says its capacitor, and nothing else does."""

import pytest

from circuits.follower import follower
from circuits.structure import Capacitor


@pytest.mark.parametrize(
    ("farad", "name", "drawn"),
    [
        (10301.2210968e-15, "follower_slow_10301p2f", 10301.2e-15),
        (812.3456789e-15, "follower_slow_812p346f", 812.346e-15),
        (200e-15, "follower_slow_200f", 200e-15),
        (2e-9, "follower_slow_2e06f", 2e-9),
    ],
)
def test_its_name_is_short_and_says_what_is_drawn(generic, farad, name, drawn):
    cell = follower("follower_slow", generic, farad, "a pole")
    (capacitor,) = (part for part in cell.parts if isinstance(part, Capacitor))
    assert cell.name == name
    assert capacitor.capacitance == drawn


def test_followers_that_cannot_be_told_apart_are_one_cell(generic):
    one, other = (follower("f", generic, farad, "a pole") for farad in (1.0000001e-12, 1e-12))
    assert one == other
