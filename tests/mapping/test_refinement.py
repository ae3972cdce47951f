"""A circuit that is off by what is known comes out as the model when mapped for it."""

from dataclasses import replace

import numpy as np
import pytest

from mapping.macromodel import Macromodel
from mapping.mapper import map_neuron
from mapping.refinement import (
    CLAMP,
    Correction,
    Observation,
    added,
    aim,
    correction,
    model_curves,
    named_after,
    residual,
    slower,
    timed,
)
from neuron_model.analysis.iv_curves import iv_curves
from neuron_model.model.parameters import TIMESCALES
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import burster

CELLS = real_cells()
MODEL = burster()
DESIGN = map_neuron(MODEL, CELLS, LIMITS)
OFF = Correction(
    alpha=(1.04, 0.97, 1.05, 0.94), delta=(0.03, -0.05, 0.02, 0.04), current=0.1, conductance=0.02
)


def circuit(design):
    """What stands for ngspice here: macromodel, but off by OFF."""
    return OFF.applied(Macromodel(design, CELLS).compact)


def test_what_macromodel_missed_is_found():
    found = correction(
        DESIGN,
        Macromodel(DESIGN, CELLS).compact,
        Observation(model_curves(circuit(DESIGN), 4, CLAMP)),
    )
    assert found.alpha == pytest.approx(OFF.alpha, rel=1e-3)
    assert found.delta == pytest.approx(OFF.delta, abs=1e-3)
    assert found.current == pytest.approx(OFF.current, abs=2e-3)
    assert found.conductance == pytest.approx(OFF.conductance, abs=2e-3)


def curve_errors(design):
    found, wanted = iv_curves(circuit(design), CLAMP), iv_curves(MODEL, CLAMP)
    bias = circuit(design).i_bias
    return {x: found.at(x) - bias - wanted.at(x) for x in TIMESCALES}


def rms(errors) -> float:
    return float(np.sqrt(np.mean([e**2 for e in errors.values()])))


def test_a_design_mapped_for_it_comes_out_as_the_model():
    before = curve_errors(DESIGN)
    applied = added(Correction(), residual(MODEL, before), 1.0)
    again = named_after(map_neuron(aim(MODEL, applied), CELLS, LIMITS), MODEL)
    # what is left is the leak's conductance, which no line sets
    assert rms(curve_errors(again)) < 0.3 * rms(before)
    assert [a.alpha for a in again.elements] == [e.alpha for e in MODEL.elements]
    assert again.i_bias == MODEL.i_bias


def test_curves_that_are_right_need_no_correction():
    nothing = residual(MODEL, {x: np.zeros_like(CLAMP) for x in TIMESCALES})
    assert nothing.alpha == pytest.approx([1.0] * 4)
    assert nothing.delta == pytest.approx([0.0] * 4)
    assert nothing.current == pytest.approx(0.0)


def test_shares_of_corrections_add_up():
    half = added(Correction(interval=1.1), OFF, 0.5)
    assert half.alpha == pytest.approx(np.sqrt(OFF.alpha))
    assert half.delta == pytest.approx(np.array(OFF.delta) / 2)
    assert half.interval == 1.1
    whole = added(half, OFF, 0.5)
    assert whole.alpha == pytest.approx(OFF.alpha)
    assert whole.current == pytest.approx(OFF.current)


def test_capacitors_make_up_for_time():
    curves = model_curves(MODEL, 4, CLAMP)
    seen = Observation(curves, interval=0.8, ibi=1.25)
    factors = slower(Correction(), seen, 1.0)
    assert (factors.interval, factors.ibi) == pytest.approx((1.25, 0.8))
    before, after = (
        Macromodel(d, CELLS).compact
        for d in (DESIGN, timed(Macromodel(DESIGN, CELLS), factors, LIMITS))
    )
    # U_fast's lag stays as it is
    assert after.tau_m / before.tau_m == pytest.approx(1.25, rel=0.03)
    assert after.tau_slow / before.tau_slow == pytest.approx(1.25, rel=0.03)
    assert after.tau_ultraslow / before.tau_ultraslow == pytest.approx(0.8, rel=0.03)


def test_where_a_capacitor_is_at_its_limit_the_bias_gives_way():
    largest = min(f.capacitance for f in DESIGN.followers)
    tight = replace(LIMITS, capacitance=(1e-15, 1.2 * largest))
    slow = timed(Macromodel(DESIGN, CELLS), Correction(interval=1.5, ibi=1.5), tight)
    assert any(
        a.bias_current < b.bias_current
        for a, b in zip(slow.followers, DESIGN.followers, strict=True)
    )
    for before, after in zip(DESIGN.followers, slow.followers, strict=True):
        assert after.capacitance <= tight.capacitance[1]
        quicker = after.bias_current / after.capacitance
        lowest = tight.bias_current[0] / after.capacitance
        expected = before.bias_current / before.capacitance / 1.5
        assert quicker == pytest.approx(max(expected, lowest))


@pytest.mark.parametrize("ratio", [None, 0.3, 5.0])
def test_times_of_another_regime_move_no_capacitor(ratio):
    seen = Observation(model_curves(MODEL, 4, CLAMP), ratio, ratio)
    assert slower(Correction(), seen, 1.0) == Correction()


def test_amplifiers_of_a_detailed_model_are_in_its_curves():
    detailed = Macromodel(DESIGN, CELLS).detailed
    curves = model_curves(detailed, 4, CLAMP)
    whole = iv_curves(detailed, CLAMP).ultraslow - detailed.i_bias
    assert curves.total[0] == pytest.approx(whole)
    assert curves.rest.shape == (1, CLAMP.size)
