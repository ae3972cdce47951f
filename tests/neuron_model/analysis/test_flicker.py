"""Flicker noise as a sum of Ornstein-Uhlenbeck processes: against the density it stands for."""

import numpy as np
import pytest
from scipy.signal import welch

from neuron_model.analysis.flicker import Flicker, FlickerProcess, flicker_poles
from neuron_model.errors import InputError


@pytest.mark.parametrize("exponent", [0.8, 1.0, 1.2])
@pytest.mark.parametrize("decades", [1.0, 3.0, 6.0])
def test_the_poles_have_the_wanted_density_over_the_band(exponent, decades):
    low, high = 2e-5, 2e-5 * 10**decades
    frequency = np.geomspace(low, high, 200)
    density = flicker_poles(low, high, exponent).density(frequency)
    assert density * frequency**exponent == pytest.approx(1.0, rel=0.03)


def test_a_process_drawn_in_time_has_that_density_within_ten_per_cent():
    step = 0.5
    flicker = flicker_poles(2e-4, 2e-1)
    process = FlickerProcess(flicker, (400,), step, np.random.default_rng(3))
    values = np.stack([process.advance() for _ in range(1 << 13)])
    frequency, density = welch(values, fs=1 / step, nperseg=1 << 13, axis=0, detrend=False)
    mean = density.mean(axis=1)
    for low, high in ((4e-4, 2e-3), (2e-3, 1e-2), (1e-2, 1e-1)):
        inside = (frequency >= low) & (frequency < high)
        assert np.mean(mean[inside] * frequency[inside]) == pytest.approx(1.0, rel=0.1)


def test_one_pole_is_stationary_from_the_start_and_forgets_at_its_rate():
    flicker = Flicker(np.array([0.2]), np.array([4.0]))
    process = FlickerProcess(flicker, (40_000,), 1.5, np.random.default_rng(5))
    first, later = process.value, process.advance()
    assert first.var() == pytest.approx(4.0, rel=0.05)
    assert later.var() == pytest.approx(4.0, rel=0.05)
    assert np.mean(first * later) == pytest.approx(4.0 * np.exp(-0.3), rel=0.05)


def test_a_single_pole_has_a_lorentzian():
    density = Flicker(np.array([2.0]), np.array([3.0])).density(np.array([0.0, 1 / np.pi]))
    assert density == pytest.approx([4 * 3 / 2, 4 * 3 * 2 / (4 + 4)])


@pytest.mark.parametrize(("low", "high", "exponent"), [(0, 1, 1), (2, 1, 1), (1, 2, 2), (1, 2, 0)])
def test_what_is_no_band_or_no_exponent_is_refused(low, high, exponent):
    with pytest.raises(InputError, match="flicker noise"):
        flicker_poles(low, high, exponent)
