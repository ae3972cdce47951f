import json

import numpy as np
import pytest

from netlists.gate_waves import GateWave, gate_wave, slope_voltage, thinned

TEMPERATURE = 27.0
SLOPE = slope_voltage(TEMPERATURE)


def recorded() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Time, gate voltage and current of a line that spikes twice."""
    times = np.linspace(0.0, 50.0, 5001)
    share = np.exp(-0.5 * ((times - 15.0) / 1.5) ** 2) + 0.4 * np.exp(-0.5 * (times - 35.0) ** 2)
    share = np.maximum(share, 1e-7)
    return times, 0.5 + SLOPE * np.log(share), share


@pytest.mark.parametrize("tolerance", [0.02, 0.005, 0.001])
def test_the_current_of_a_thinned_line_is_off_by_the_tolerance_at_most(tolerance):
    times, volts, share = recorded()
    wave = gate_wave(times, volts, share, TEMPERATURE, tolerance)
    error = np.abs(wave.activity(times, TEMPERATURE) - share)
    # where it is silent a voltage may be off by n V_T: by a factor of e
    assert error.max() < 1.8 * tolerance
    assert wave.full == pytest.approx(0.5, abs=1e-6)


def test_a_smaller_tolerance_keeps_more_corners():
    counts = [gate_wave(*recorded(), TEMPERATURE, e).times.size for e in (0.02, 0.005, 0.001)]
    assert counts == sorted(counts)
    assert counts[-1] < 300


def test_a_line_that_is_silent_needs_no_corners():
    times = np.linspace(0.0, 50.0, 501)
    volts = 0.01 + 1e-3 * np.sin(times)
    wave = gate_wave(times, volts, np.full(501, 1e-8), TEMPERATURE)
    assert wave.times.tolist() == [0.0, 50.0]
    assert wave.activity(times, TEMPERATURE).max() < 1e-7


def test_a_line_is_the_same_from_a_record():
    wave = gate_wave(*recorded(), TEMPERATURE)
    again = GateWave.of_document(json.loads(json.dumps(wave.document())))
    assert np.array_equal(again.times, wave.times)
    assert np.array_equal(again.volts, wave.volts)
    assert again.full == wave.full


def test_a_source_plays_it_in_seconds():
    wave = GateWave(np.array([0.0, 2.0]), np.array([0.1, 0.3]), 0.4)
    source = wave.source(1e-4)
    assert source(np.array([1e-4])) == pytest.approx([0.2])


def test_thinning_keeps_the_ends_and_what_is_off():
    times = np.arange(5.0)
    values = np.array([0.0, 0.0, 1.0, 0.0, 0.0])
    assert thinned(times, values, np.full(5, 0.1)).tolist() == [0, 1, 2, 3, 4]
    assert thinned(times, values, np.full(5, 2.0)).tolist() == [0, 4]
