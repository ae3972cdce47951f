"""I-V curves against their closed forms, published shapes and the time-dependent equations."""

import math

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from neuron_model.analysis.excitability import (
    Excitability,
    Region,
    excitability,
    is_n_shaped,
    negative_conductance,
)
from neuron_model.analysis.iv_curves import iv_curves
from neuron_model.analysis.iv_expressions import VOLTAGE, evaluate, iv_expression, slope_expression
from neuron_model.analysis.settling import settled_offset
from neuron_model.analysis.simulation import simulate
from neuron_model.errors import InputError
from neuron_model.model.dynamics import State, ionic_current
from neuron_model.model.parameters import (
    OTA_FILTER,
    TIMESCALES,
    Element,
    Filter,
    Leak,
    Timescale,
    follows,
)
from neuron_model.model.parameters import NeuronParameters as Parameters
from neuron_model.model.presets import preset, presets
from neuron_model.model.stimulus import Stimulus

FAST, SLOW, ULTRASLOW = TIMESCALES
VOLTAGES = np.linspace(-3.0, 3.0, 121)
BURSTER = preset("ribar_sepulchre_burster").parameters
MACROMODEL = Parameters(
    (
        Element("fast", -1.8, 0.1, 1.1),
        Element("slow", 1.9, -0.05, 0.9),
        Element("slow", -1.2, -1.4, 1.05),
        Element("ultraslow", 1.4, -1.3, 0.95),
    ),
    tau_m=1.1,
    tau_fast=0.1,
    tau_slow=40.0,
    tau_ultraslow=1500.0,
    u_rest=-0.2,
    i_bias=0.3,
    leak=Leak(0.95, 5.0),
    filter_fast=Filter(1.0, 0.01),
    filter_slow=Filter(1.1, -0.04),
    filter_ultraslow=Filter(0.0, 0.05),
)


def by_hand(u: float, held: float) -> dict[str, float]:
    """The published burster's curves, term by term."""
    fast = u - 2.0 * math.tanh(u)
    slow, slow_held = (2.0 * math.tanh(x) - 1.5 * math.tanh(x + 1.5) for x in (u, held))
    last, last_held = (1.5 * math.tanh(x + 1.5) for x in (u, held))
    return {
        "fast": fast + slow_held + last_held,
        "slow": fast + slow + last_held,
        "ultraslow": fast + slow + last,
    }


@pytest.mark.parametrize("held", [None, -1.7, 0.4])
def test_curves_are_leak_and_elements_up_to_their_timescale(held: float | None):
    curves = iv_curves(BURSTER, VOLTAGES, held)
    for timescale in TIMESCALES:
        expected = [by_hand(u, 0.0 if held is None else held)[timescale] for u in VOLTAGES]
        np.testing.assert_allclose(curves.at(timescale), expected, atol=1e-13)


@pytest.mark.parametrize("parameters", [BURSTER, MACROMODEL], ids=["ideal", "macromodel"])
@pytest.mark.parametrize("timescale", TIMESCALES)
def test_curves_are_their_closed_forms(parameters: Parameters, timescale: Timescale):
    expression = iv_expression(parameters, timescale, -1.1)
    curves = iv_curves(parameters, VOLTAGES, -1.1)
    np.testing.assert_allclose(evaluate(expression, VOLTAGES), curves.at(timescale), atol=1e-12)
    # and slopes are the curves' slopes
    h = 1e-5
    ends = [iv_curves(parameters, VOLTAGES + d, -1.1).at(timescale) for d in (-h, h)]
    slope = evaluate(slope_expression(parameters, timescale), VOLTAGES)
    np.testing.assert_allclose(slope, (ends[1] - ends[0]) / (2 * h), atol=1e-8)


def test_the_closed_form_is_one_that_sympy_understands():
    expression = iv_expression(BURSTER, FAST)
    tail = expression - VOLTAGE - (-2 * sympy.tanh(VOLTAGE))
    assert float(tail.subs(VOLTAGE, 0.3)) == pytest.approx(0.0, abs=1e-12)
    assert evaluate(sympy.Integer(2), VOLTAGES).shape == VOLTAGES.shape


def test_neither_bias_nor_input_are_part_of_a_curve():
    biased = Parameters(BURSTER.elements, tau_slow=50.0, tau_ultraslow=2500.0, i_bias=0.7)
    np.testing.assert_array_equal(
        iv_curves(biased, VOLTAGES).slow, iv_curves(BURSTER, VOLTAGES).slow
    )


def test_the_operating_point_is_rest_and_shifts_only_the_faster_curves():
    at_rest, elsewhere = (iv_curves(MACROMODEL, VOLTAGES, held) for held in (None, -1.5))
    np.testing.assert_array_equal(at_rest.fast, iv_curves(MACROMODEL, VOLTAGES, -0.2).fast)
    np.testing.assert_array_equal(at_rest.ultraslow, elsewhere.ultraslow)
    assert np.ptp(at_rest.slow - elsewhere.slow) < 1e-12
    assert abs(at_rest.slow[0] - elsewhere.slow[0]) > 0.1


def test_the_ultraslow_curve_is_what_holds_a_voltage_for_ever():
    # Whatever current the neuron draws at rest is the current that was put in.
    p = Parameters(
        (Element("slow", 1.0, -0.5), Element("ultraslow", 0.5, 0.2)),
        tau_slow=3.0,
        tau_ultraslow=10.0,
        filter_slow=Filter(1.0, 0.2),
        filter_ultraslow=OTA_FILTER,
        i_bias=0.1,
    )
    end = simulate(p, Stimulus.constant(0.4), 400.0).voltage[-1]
    assert iv_curves(p, np.array([end])).ultraslow[0] == pytest.approx(0.5, abs=1e-6)


def test_instant_elements_belong_to_the_fast_curve_whatever_their_name():
    p = Parameters((Element("slow", -2.0, 0.0), Element("ultraslow", 1.0, 0.0)), tau_ultraslow=9.0)
    assert follows(p, SLOW, FAST)
    assert not follows(p, ULTRASLOW, SLOW)
    np.testing.assert_allclose(iv_curves(p, VOLTAGES).fast, VOLTAGES - 2 * np.tanh(VOLTAGES))
    # a timescale without elements of its own, and so without a time constant, is no exception
    excitable = preset("ribar_sepulchre_excitable").parameters
    np.testing.assert_allclose(iv_curves(excitable, VOLTAGES).ultraslow, VOLTAGES, atol=1e-14)


def test_settled_filters_are_at_rest():
    for timescale in TIMESCALES:
        gap = settled_offset(MACROMODEL, timescale)
        shape = MACROMODEL.filter(timescale)
        speed = math.tanh(-shape.kappa * gap) / shape.kappa if shape.kappa else -gap
        assert speed + shape.offset == pytest.approx(0.0, abs=1e-15)
    never = Parameters(BURSTER.elements, tau_slow=1.0, filter_slow=Filter(2.0, 0.5))
    with pytest.raises(InputError, match=r"filter_slow.offset = 0.5 .* less than 1 / kappa = 0.5"):
        iv_curves(never, VOLTAGES)


def test_a_published_region_in_closed_form():
    # d/du (u - 2 tanh u) = 0 at cosh^2 u = 2
    (region,) = negative_conductance(BURSTER, FAST)
    expected = math.acosh(math.sqrt(2.0))
    assert region.low == pytest.approx(-expected, abs=1e-12)
    assert region.high == pytest.approx(expected, abs=1e-12)
    # fast and slow elements of (2, 0) cancel: 1 = 1.5 sech^2(u + 1.5)
    (region,) = negative_conductance(BURSTER, SLOW)
    expected = math.acosh(math.sqrt(1.5))
    assert region.low == pytest.approx(-1.5 - expected, abs=1e-12)
    assert region.high == pytest.approx(-1.5 + expected, abs=1e-12)
    assert negative_conductance(BURSTER, ULTRASLOW) == ()


def test_a_region_however_narrow_is_found():
    for excess in (1e-3, 1e-6, 1e-9):
        p = Parameters((Element("fast", -(1.0 + excess), 0.123456),))
        (region,) = negative_conductance(p, FAST)
        half = math.acosh(math.sqrt(1.0 + excess))
        assert region.high - region.low == pytest.approx(2 * half, rel=1e-3)
    assert negative_conductance(Parameters((Element("fast", -1.0, 0.0),)), FAST) == ()


def test_two_regions_and_a_steep_one():
    p = Parameters((Element("fast", -2.0, -3.0), Element("fast", -0.1, 2.0, 50.0)))
    low, high = negative_conductance(p, FAST)
    assert low.low < -3.0 < low.high < high.low < 2.0 < high.high
    assert high.high - high.low < 0.2


def test_a_curve_may_fall_for_ever():
    p = Parameters((Element("fast", -2.0, 0.0, 0.5),), leak=Leak(range=0.5))
    regions = negative_conductance(p, FAST)
    assert regions[0].low == -math.inf
    assert regions[-1].high == math.inf
    assert all(isinstance(region, Region) for region in regions)
    assert not is_n_shaped(Parameters((Element("fast", -1.0, 0.0),), leak=Leak(0.0)), FAST)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-3, 3), st.floats(-2, 2), st.floats(0.3, 3)), min_size=1, max_size=4
    )
)
def test_slopes_are_negative_inside_of_regions_and_only_there(values):
    p = Parameters(tuple(Element("fast", *v) for v in values))
    regions = negative_conductance(p, FAST)
    u = np.linspace(-6, 6, 2001)
    slope = evaluate(slope_expression(p, FAST), u)
    inside = np.zeros_like(u, dtype=bool)
    for region in regions:
        inside |= (u > region.low) & (u < region.high)
    clear = np.abs(slope) > 1e-9
    np.testing.assert_array_equal((slope < 0)[clear], inside[clear])


def test_published_shapes():
    assert excitability(preset("ribar_sepulchre_excitable").parameters) == Excitability(
        excitable=True, slow_excitable=False, bistable=False
    )
    assert excitability(BURSTER) == Excitability(
        excitable=True, slow_excitable=True, bistable=False
    )
    bistable = Parameters((Element("fast", -2.0, 0.0), Element("slow", -1.0, 0.0)), tau_slow=9.0)
    assert excitability(bistable) == Excitability(
        excitable=True, slow_excitable=False, bistable=True
    )


@pytest.mark.parametrize("name", presets())
def test_bursting_presets_are_slow_excitable_and_no_others(name: str):
    chosen = preset(name)
    bursts = chosen.regime.endswith("bursting")
    # phasic bursting may come of less slow amplification than an N needs
    if chosen.regime != "phasic_bursting":
        assert excitability(chosen.parameters).slow_excitable == bursts
    assert excitability(chosen.parameters).excitable
    assert not excitability(chosen.parameters).bistable


def test_one_point_and_the_equations_agree():
    state = State(*([-0.7] * 4))
    assert iv_curves(BURSTER, np.array(-0.7)).ultraslow[0] == pytest.approx(
        ionic_current(state, BURSTER)
    )


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: iv_curves(Parameters.stack([BURSTER] * 2), VOLTAGES), "is 2 neurons"),
        (lambda: iv_curves(BURSTER, np.array([np.nan])), "voltage: a value is not finite"),
        (lambda: iv_curves(BURSTER, VOLTAGES, math.inf), "operating point = inf"),
        (lambda: negative_conductance(Parameters.stack([BURSTER] * 2), FAST), "is 2 neurons"),
    ],
)
def test_questions_without_an_answer_are_refused(call, why: str):
    with pytest.raises(InputError, match=why):
        call()
