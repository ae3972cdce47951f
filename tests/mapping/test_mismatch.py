import numpy as np
import pytest

from mapping.mismatch import DeviceSpread, draw
from neuron_model.errors import InputError

SPREADS = (
    DeviceSpread("fm0", "bias", "nmos", 2e-3),
    DeviceSpread("fm0", "tail", "nmos", 4e-3, 0.01),
    DeviceSpread("leak0", "tail", "pmos", 4e-3, 0.02),
)


def test_a_draw_has_the_spreads_asked_for_and_independent_devices():
    samples = draw(SPREADS, 20_000, seed=3)
    assert samples.threshold.std(axis=0) == pytest.approx([2e-3, 4e-3, 4e-3], rel=0.03)
    assert samples.current_factor.std(axis=0) == pytest.approx([0.0, 0.01, 0.02], rel=0.03, abs=0)
    correlation = np.corrcoef(np.c_[samples.threshold, samples.current_factor[:, 1:]].T)
    assert np.abs(correlation - np.eye(5)).max() < 0.03
    assert np.abs(samples.threshold.mean(axis=0)).max() < 1e-4


def test_a_sample_is_the_same_whatever_number_of_others_is_drawn():
    few, many = draw(SPREADS, 3, seed=7), draw(SPREADS, 50, seed=7)
    assert np.array_equal(few.threshold, many.threshold[:3])
    assert np.array_equal(few.current_factor, many[:3].current_factor)
    assert not np.array_equal(few.threshold, draw(SPREADS, 3, seed=8).threshold)


def test_devices_are_found_by_block_and_name():
    samples = draw(SPREADS, 4)
    threshold, factor = samples.of("fm0", ("tail", "bias"))
    assert np.array_equal(threshold, samples.threshold[:, [1, 0]])
    assert np.array_equal(factor, samples.current_factor[:, [1, 0]])
    with pytest.raises(InputError, match=r"'leak0', 'bias'.*none of the devices"):
        samples.of("leak0", ("bias",))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((), 1, 0), "no device"),
        ((SPREADS, 0, 0), "samples = 0 must be from 1"),
        ((SPREADS, 10**7, 0), "samples = 10000000"),
        ((SPREADS, 1, -1), "seed = -1 must not be negative"),
    ],
)
def test_draws_that_cannot_be_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        draw(*arguments)
