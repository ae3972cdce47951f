import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuron_model.analysis.spikes import spike_times, split_at_gaps
from neuron_model.errors import InputError


def test_times_are_interpolated():
    time = np.array([0.0, 1.0, 3.0, 4.0])
    voltage = np.array([-1.0, -0.5, 1.5, -1.0])
    np.testing.assert_allclose(spike_times(time, voltage), [1.5])
    np.testing.assert_allclose(spike_times(time, voltage, threshold=1.0), [2.5])


def test_a_sine_crosses_once_a_period():
    time = np.linspace(0.0, 10.0, 5001)
    found = spike_times(time, -np.cos(2 * np.pi * time), threshold=0.0)
    np.testing.assert_allclose(found, np.arange(10) + 0.25, atol=1e-6)


@pytest.mark.parametrize(
    ("voltage", "count"),
    [
        ([-1, 1, -0.05, 1, -1], 1),  # ripple on the threshold does not re-arm
        ([-1, 1, -0.2, 1, -1], 2),
        ([-1, -0.05, 0.1, -0.05, 0.1], 1),
        ([1, -1, 1], 1),  # begins above: has to fall first
        ([1, 1, 1], 0),
        ([-1, -0.01, -1], 0),
        ([0, 1, 2], 0),  # begins on the threshold
        ([-0.05, 1, -1], 1),  # begins below, however little
        ([-1, 0, 0, 1], 1),  # stops on the threshold on its way
        ([2], 0),
    ],
)
def test_what_is_a_spike(voltage: list[float], count: int):
    time = np.arange(len(voltage), dtype=float)
    assert len(spike_times(time, np.array(voltage, dtype=float))) == count


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=200), st.floats(-1, 1), st.floats(0, 1))
def test_spikes_are_those_of_a_sample_by_sample_machine(
    voltage: list[float], threshold: float, hysteresis: float
):
    armed, expected = voltage[0] < threshold, []
    for i, u in enumerate(voltage):
        if u > threshold and armed:
            expected.append(i)
            armed = False
        elif u < threshold - hysteresis:
            armed = True
    found = spike_times(np.arange(len(voltage)), np.array(voltage), threshold, hysteresis)
    assert len(found) == len(expected)
    assert all(i - 1 <= t <= i for t, i in zip(found, expected, strict=True))


def test_groups_are_split_at_long_intervals():
    groups = split_at_gaps(np.array([0.0, 1.0, 2.0, 10.0, 11.0, 30.0]), 3.0)
    assert [g.tolist() for g in groups] == [[0.0, 1.0, 2.0], [10.0, 11.0], [30.0]]
    assert split_at_gaps(np.array([]), 3.0) == []


@pytest.mark.parametrize(
    ("time", "voltage", "why"),
    [
        ([0.0, 1.0], [0.0], "do not go together"),
        ([], [], "at least one"),
        ([0.0, 1.0], [0.0, np.nan], "not finite"),
        ([0.0, np.inf], [0.0, 1.0], "not finite"),
        ([1.0, 0.0], [0.0, 1.0], "time falls"),
    ],
)
def test_broken_waveforms_are_refused(time: list[float], voltage: list[float], why: str):
    with pytest.raises(InputError, match=why):
        spike_times(np.array(time), np.array(voltage))
