"""Jitter: against what the numbers were drawn from."""

import math

import numpy as np
import pytest

from mapping.jitter import Jitter, Train, jitter, measured_jitter, ratio
from neuron_model.analysis.regimes import Regime

RESTING, TONIC = Regime.RESTING, Regime.TONIC_SPIKING


@pytest.mark.parametrize("runs", [1, 4, 20])
def test_the_interval_of_a_deviation_holds_it_as_often_as_it_says(runs):
    generator = np.random.default_rng(runs)
    held = 0
    for _ in range(200):
        found = jitter(list(3.0 + 0.5 * generator.standard_normal((runs, 60 // runs + 3))))
        assert found.low < found.deviation < found.high
        held += found.low < 0.5 < found.high
    # resampling few runs is a little too sure of itself
    assert held / 200 > (0.85 if runs == 20 else 0.91)


def test_what_too_few_values_say_is_nothing():
    assert jitter([]) is None
    assert jitter([np.array([1.0]), np.array([2.0]), np.empty(0)]) is None
    found = jitter([np.array([1.0, 2.0, 3.0])])
    assert (found.count, found.mean, found.deviation) == (3, 2.0, 1.0)
    assert found.variation == 0.5


def test_two_equal_jitters_have_a_ratio_of_one_within_its_interval():
    one, other = Jitter(300, 35.0, 0.1, 0.09, 0.11), Jitter(200, 35.0, 0.1, 0.09, 0.11)
    found = ratio(one, other)
    assert found.value == 1.0
    # some one over the root of twice the number, of both
    half = 1.96 * math.sqrt(1 / 600 + 1 / 400)
    assert found.low == pytest.approx(1 - half, abs=0.015)
    assert found.high == pytest.approx(1 + half, abs=0.015)


def test_the_jitter_of_tonic_spikes_leaves_the_transient_out():
    gaps = [50.0, 40.0, *[35.0 + 0.1 * (-1) ** k for k in range(20)]]
    train = Train(tuple(np.cumsum(gaps).tolist()), TONIC)
    found = measured_jitter([train, train], burst_gap=None)
    # the first gap is from the onset to the first spike, and two more are the transient's
    assert found["interspike_interval"].count == 2 * (len(gaps) - 3)
    assert found["interspike_interval"].deviation == pytest.approx(0.1, rel=0.05)
    assert found["interburst_interval"] is None


def test_the_jitter_of_bursts_does_not_count_that_intervals_grow_along_a_burst():
    generator = np.random.default_rng(2)
    every = []
    for _ in range(12):
        times = [0.0]
        for _ in range(10):
            for gap in (10.0, 12.0, 15.0, 200.0):
                spread = 2.0 if gap > 100 else 0.1
                times.append(times[-1] + gap + spread * generator.standard_normal())
        every.append(Train(tuple(times), Regime.TONIC_BURSTING))
    found = measured_jitter(every, burst_gap=50.0)
    assert found["interspike_interval"].deviation == pytest.approx(0.1, rel=0.1)
    assert found["interspike_interval"].mean == pytest.approx(37 / 3, rel=0.01)
    assert found["interburst_interval"].deviation == pytest.approx(2.0, rel=0.2)
    assert found["interburst_interval"].mean == pytest.approx(200.0, rel=0.01)


def test_the_first_spike_varies_from_run_to_run():
    every = [Train((first, first + 30.0), TONIC) for first in (10.0, 11.0, 12.0)]
    found = measured_jitter([*every, Train((), RESTING)], None)["first_spike"]
    assert (found.count, found.mean, found.deviation) == (3, 11.0, 1.0)
