"""Codes that bring the curves of samples back to the drawn one's, by currents alone."""

from dataclasses import replace

import numpy as np
import pytest

from mapping.calibration.curves import total_curves
from neuron_model.errors import InputError
from tests.mapping.calibration.bench import calibration, nominal, samples

COUNT = 40
SAMPLES = samples(COUNT, seed=3)
ROWS = np.arange(COUNT)


def curve_errors(values: np.ndarray) -> np.ndarray:
    """Root mean square of each sample's curves beside the drawn one's, I0."""
    error = total_curves(SAMPLES.parameters(ROWS, values)) - total_curves(nominal())
    return np.sqrt(np.mean(error**2, axis=(1, 2)))


def test_curves_come_nearer_to_those_of_the_drawn_sample():
    ready = calibration(SAMPLES)
    _, values = ready.codes(COUNT)
    before = curve_errors(np.tile(ready.drawn, (COUNT, 1)))
    after = curve_errors(values)
    assert np.median(after) < 0.35 * np.median(before)
    assert np.mean(after < before) > 0.9


def test_values_are_codes():
    _, values = calibration(SAMPLES).codes(COUNT)
    for index, knob in enumerate(SAMPLES.knobs):
        assert np.isin(values[:, index], knob.codes).all()


def test_a_sample_as_drawn_keeps_its_codes():
    """But for their rounding, and an offset that makes up for it."""
    none = samples(1, share=0.0)
    ready = calibration(none)
    _, values = ready.codes(1)
    steps = [np.diff(knob.codes).max() for knob in none.knobs]
    assert np.all(np.abs(values[0] - ready.drawn)[1:] <= np.array(steps)[1:])
    assert values[0, 0] == pytest.approx(ready.drawn[0], abs=0.05 * ready.units[0])


def test_currents_alone_are_measured():
    class Silent:
        def currents(self, *args):
            return SAMPLES.currents(*args)

        def patterns(self, *args):
            raise AssertionError("a pattern was looked at")

    _, values = calibration(Silent()).codes(COUNT)
    assert np.array_equal(values, calibration(SAMPLES).codes(COUNT)[1])


def test_the_first_knob_is_the_offset():
    with pytest.raises(InputError, match="the first knob must be ib_comp"):
        replace(calibration(SAMPLES), knobs=SAMPLES.knobs[1:])
