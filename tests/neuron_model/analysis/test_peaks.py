"""Peaks that stand out, against scipy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import find_peaks

from neuron_model.analysis.peaks import prominent_peaks


@given(st.lists(st.integers(0, 6), min_size=1, max_size=60), st.sampled_from([0.5, 1.0, 2.0, 4.5]))
def test_they_are_those_that_scipy_finds(values, prominence):
    wave = np.array(values, dtype=float)
    expected, _ = find_peaks(wave, prominence=prominence)
    np.testing.assert_array_equal(prominent_peaks(wave, prominence), expected)


@given(st.integers(0, 2**32 - 1))
def test_so_are_those_of_noise(seed):
    wave = np.random.default_rng(seed).normal(size=500).cumsum()
    expected, _ = find_peaks(wave, prominence=2.0)
    np.testing.assert_array_equal(prominent_peaks(wave, 2.0), expected)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 1.0], [0.0, 1.0], [2.0, 1.0, 2.0]])
def test_where_there_is_no_peak_there_is_none(values):
    assert prominent_peaks(np.array(values), 0.5).size == 0
