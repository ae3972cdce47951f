"""Curves of many samples at once against those of one neuron after the other."""

from dataclasses import replace

import numpy as np
import pytest

from mapping.calibration.curves import VOLTAGE, Blocks, some, steady_current, total_curves
from mapping.macromodel import Macromodel
from mapping.samples import sampled
from neuron_model.analysis.iv_curves import iv_curves
from neuron_model.model.parameters import TIMESCALES
from tests.mapping.calibration.bench import design, samples
from tests.mapping.cells import real_cells
from tests.mapping.sensitivities import exponential_cells

SAMPLES = samples(3)
SAMPLES = sampled(Macromodel(design(), real_cells()), exponential_cells(), SAMPLES.draw)


def test_curves_are_those_of_each_neuron():
    curves = total_curves(SAMPLES)
    steady = steady_current(SAMPLES, VOLTAGE)
    for index, one in enumerate(SAMPLES):
        whole = iv_curves(one, VOLTAGE)
        # those at faster timescales leave slower elements out; they differ by a constant
        for x in TIMESCALES:
            difference = curves[index, TIMESCALES.index(x)] - whole.at(x)
            assert np.ptp(difference) < 1e-9
        assert steady[index] == pytest.approx(whole.ultraslow - one.i_bias, abs=1e-9)
        assert curves[index, -1] == pytest.approx(steady[index], abs=1e-9)


@pytest.mark.parametrize(
    ("port", "index", "part"),
    [
        ("ib_fm0", 0, "alpha"),
        ("ib_usp3", 3, "alpha"),
        ("vr_sp1", 1, "delta"),
        ("vr_usp3", 3, "delta"),
    ],
)
def test_a_column_is_the_derivative_along_its_line(port: str, index: int, part: str):
    step = 1e-4
    elements = list(SAMPLES.elements)
    before = getattr(elements[index], part)
    after = before * (1 + step) if part == "alpha" else before + step
    elements[index] = replace(elements[index], **{part: after})
    moved = total_curves(replace(SAMPLES, elements=tuple(elements)))
    expected = (moved - total_curves(SAMPLES)) / step
    assert Blocks.of(SAMPLES, 4).column(port, design()) == pytest.approx(expected, abs=1e-3)


def test_rows_are_taken_as_often_as_they_are_named():
    taken = some(SAMPLES, np.array([2, 0, 0, 1]))
    assert taken.neurons == 4
    assert taken.i_bias == pytest.approx(SAMPLES.i_bias[[2, 0, 0, 1]])
    assert some(SAMPLES[0], np.array([0, 0])).neurons == 2
