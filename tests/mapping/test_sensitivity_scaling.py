"""Sensitivities of resized cells: each device as at its own inversion coefficient."""

from dataclasses import replace

import numpy as np
import pytest

from mapping.characteristics import Orientation
from mapping.sensitivity_scaling import rescaled
from tests.mapping.sensitivities import OTA, exponential_cells


def sagging():
    """Every entry falls by a fifth a decade of bias, as gm / I does beyond weak inversion."""
    cells = exponential_cells()

    def sag(table):
        decades = np.log10(table.bias_current / 1e-9)
        shape = (-1, *[1] * (table.threshold.ndim - 1))
        factor = (1 - 0.2 * decades).reshape(shape)
        return replace(table, threshold=table.threshold * factor)

    names = (*(x.value for x in Orientation), "source", "sink")
    return replace(cells, **{name: sag(getattr(cells, name)) for name in names})


def test_shapes_as_before_change_nothing():
    before = sagging()
    after = rescaled(before, dict.fromkeys(OTA, 1.0), {}, {})
    for name in (*(x.value for x in Orientation), "source", "sink"):
        assert getattr(after, name).threshold == pytest.approx(getattr(before, name).threshold)


def test_a_wider_device_is_what_it_was_at_less_current():
    before = sagging()
    after = rescaled(before, {"tail": 4.0}, {}, {})
    here, there = after.noninverting.at(4e-9, 0.9)[0], before.noninverting.at(1e-9, 0.9)[0]
    unmoved = before.noninverting.at(4e-9, 0.9)[0]
    tail, pair = OTA.index("tail"), OTA.index("pair_p")
    assert here[tail] == pytest.approx(there[tail])
    assert here[pair] == pytest.approx(unmoved[pair])
    # beyond the smallest bias that was measured, as there
    low = before.noninverting.bias_current[0]
    assert after.noninverting.at(low, 0.9)[0] == pytest.approx(before.noninverting.at(low, 0.9)[0])


def test_mirrors_have_shapes_of_their_own():
    before = sagging()
    names = before.sink.devices
    after = rescaled(before, {}, {}, dict.fromkeys(names, 0.5))
    one = np.eye(len(names))[:1]
    none = np.zeros_like(one)
    assert after.sink.shift(1e-9, one, none) == pytest.approx(before.sink.shift(2e-9, one, none))
    assert after.source.threshold == pytest.approx(before.source.threshold)
