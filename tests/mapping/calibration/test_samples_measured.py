"""Macromodel samples along a line against samples built anew with the line there."""

import numpy as np
import pytest

from mapping.calibration.curves import VOLTAGE, settled_shift, steady_current
from mapping.calibration.knobs import with_value
from mapping.macromodel import Macromodel
from mapping.samples import sampled
from neuron_model.model.parameters import Timescale
from tests.mapping.calibration.bench import PORTS, design, samples
from tests.mapping.cells import real_cells
from tests.mapping.sensitivities import exponential_cells

SAMPLES = samples(4)
ROWS = np.arange(4)
DRAWN = np.array([knob.drawn for knob in SAMPLES.knobs])


def test_several_lines_at_once_are_macromodel_anew():
    moved = DRAWN * np.array([0.6, 1.25, 1.0, 1.0]) + np.array([0.0, 0.0, 0.02, -0.03])
    made = design()
    for port, value in zip(PORTS, moved, strict=True):
        made = with_value(Macromodel(made, real_cells()), port, value)
    anew = sampled(Macromodel(made, real_cells()), exponential_cells(), SAMPLES.draw)
    found = SAMPLES.parameters(ROWS, np.tile(moved, (4, 1)))
    for (key, value), (_, expected) in zip(found.named_values(), anew.named_values(), strict=True):
        assert value == pytest.approx(np.broadcast_to(expected, 4), abs=4e-3), key
    # far less than what the lines change
    assert np.ptp(found.i_bias - SAMPLES.parameters(ROWS, np.tile(DRAWN, (4, 1))).i_bias) < 0.2


def test_without_a_block_its_current_is_missing():
    values = np.tile(DRAWN, (4, 1))
    whole = SAMPLES.parameters(ROWS, values)
    block = SAMPLES.currents(ROWS, values, VOLTAGE) - SAMPLES.currents(ROWS, values, VOLTAGE, "sm2")
    e, shift = whole.elements[2], settled_shift(whole, Timescale.SLOW)
    ends = [e.alpha * np.tanh(e.kappa * (u + shift - e.delta)) for u in (VOLTAGE[0], VOLTAGE[-1])]
    # beside an offset current, which is the same at both ends; the leak beside it is as good as
    assert block[:, -1] - block[:, 0] == pytest.approx(ends[1] - ends[0], abs=0.06)
    assert SAMPLES.currents(ROWS, values, VOLTAGE) == pytest.approx(steady_current(whole, VOLTAGE))


def test_rows_pick_samples():
    values = np.tile(DRAWN, (2, 1))
    some = SAMPLES.currents(np.array([2, 0]), values, VOLTAGE)
    every = SAMPLES.currents(ROWS, np.tile(DRAWN, (4, 1)), VOLTAGE)
    assert some == pytest.approx(every[[2, 0]])
