"""Sizes scaled by area: shape and spread as they should be, limits kept."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.ota import ota
from circuits.sizing import SCALED_ROLES, scaled_size, scaled_technology, shape_ratios
from circuits.structure import Polarity, Size
from circuits.technology import CELL_ROLES, NETWORK_CELLS, Device, load_technology
from neuron_model.errors import InputError

SKY130 = load_technology("sky130")
DEVICE = Device("n", width=(0.42, 100.0), length=(0.15, 20.0))


@given(st.floats(0.5, 32.0), st.floats(0.5, 7.5), st.floats(0.5, 7.5))
def test_the_area_is_what_was_asked_for_and_the_limits_are_kept(factor, width, length):
    size = scaled_size(Size(width, length, 2), factor, DEVICE, "ota.pair")
    # to the drawing grid
    assert size.area == pytest.approx(factor * 2 * width * length, rel=0.05)
    assert size.multiplier == 2
    assert DEVICE.width[0] <= size.width <= DEVICE.width[1]
    assert DEVICE.length[0] <= size.length <= DEVICE.length[1]


def test_the_shape_is_kept_as_far_as_limits_allow():
    assert scaled_size(Size(4.0, 1.0), 4.0, DEVICE, "") == Size(8.0, 2.0)
    # 8 um times the root of 16 is beyond 20 um: width makes up for it
    assert scaled_size(Size(1.0, 8.0), 16.0, DEVICE, "") == Size(6.4, 20.0)
    # and 0.42 um is as narrow as it gets
    assert scaled_size(Size(0.5, 4.0), 0.5, DEVICE, "") == Size(0.42, 2.38)


def test_a_factor_of_one_changes_nothing():
    assert scaled_technology(SKY130, dict.fromkeys(SCALED_ROLES, 1.0)) == SKY130


def test_every_size_of_a_neurons_cells_can_be_scaled():
    roles = {pair for pairs in SCALED_ROLES.values() for pair in pairs}
    cells = {cell: names for cell, names in CELL_ROLES.items() if cell not in NETWORK_CELLS}
    assert roles == {(cell, role) for cell, names in cells.items() for role in names}


def test_a_role_is_scaled_by_itself():
    sized = scaled_technology(SKY130, {"pmos_mirror": 4.0})
    for path, transistor in ota(sized).transistors():
        pmos = transistor.polarity == Polarity.PMOS
        before = SKY130.size("ota", "pmos_mirror").area
        assert not pmos or transistor.size.area == pytest.approx(4 * before), path
    assert sized.size("ota", "pair") == SKY130.size("ota", "pair")


def test_shapes_are_compared_device_by_device():
    sized = scaled_technology(SKY130, {"pmos_mirror": 16.0, "pair": 4.0})
    ratios = shape_ratios(ota(sized), ota(SKY130))
    # 6.4 / 20 against 1 / 8
    assert ratios["mirror_left_in"] == pytest.approx(2.56, rel=0.01)
    assert ratios["pair_p"] == pytest.approx(1.0)
    assert ratios["tail"] == 1.0


@pytest.mark.parametrize(
    ("factors", "words"),
    [
        ({"tails": 2.0}, "one of pair, tail"),
        ({"pair": 0.0}, "must be positive"),
        ({"pair": math.inf}, "must be positive"),
        ({"tail": 1000.0}, "1.6e.04 um.2 a device, but 0.063 to 2000 is allowed"),
    ],
)
def test_what_cannot_be_drawn_is_refused(factors, words):
    with pytest.raises(InputError, match=words):
        scaled_technology(SKY130, factors)
