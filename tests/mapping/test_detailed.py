"""Macromodel in detail: the same curves as the compact one, and each branch's lag on its side."""

from dataclasses import replace

import numpy as np
import pytest

from mapping.characteristics import CellCharacteristics, Orientation
from mapping.macromodel import Macromodel
from mapping.mapper import map_neuron
from neuron_model.analysis.iv_curves import iv_curves
from neuron_model.analysis.simulation import simulate
from neuron_model.analysis.spikes import spike_times
from neuron_model.model.parameters import TIMESCALES, Amplifier, Timescale
from neuron_model.model.stimulus import Stimulus
from tests.mapping.cells import BIASES, LIMITS, ideal_cells, real_cells
from tests.mapping.neurons import burster

CHARGE = 1e-15


def lagging_cells() -> CellCharacteristics:
    """Real cells, with mirrors of 1 fC and a fold of 2 fC."""
    cells = real_cells()
    tables = {
        x.value: replace(
            cells.ota(x),
            mirror_lag=CHARGE / BIASES,
            fold_lag=2 * CHARGE / BIASES,
            bend=np.full(BIASES.size, 0.1),
            conductance_ease=np.full(BIASES.size, 0.005),
            shape=np.full(cells.ota(x).gain.shape, -0.01),
        )
        for x in Orientation
    }
    return replace(cells, **tables)


def test_ideal_cells_have_ideal_amplifiers():
    design = map_neuron(burster(), ideal_cells(), LIMITS)
    built = Macromodel(design, ideal_cells()).detailed
    assert {e.amplifier for e in built.elements} == {Amplifier()}
    assert built.filter_slow.amplifier == Amplifier()
    assert built.lagging == ()
    u = np.linspace(-3, 3, 25)
    wanted = iv_curves(Macromodel(design, ideal_cells()).compact, u)
    for x in TIMESCALES:
        assert np.allclose(iv_curves(built, u).at(x), wanted.at(x), atol=1e-9)


def test_curves_are_those_of_the_compact_one():
    cells = lagging_cells()
    design = map_neuron(burster(), cells, LIMITS)
    compact, detail = Macromodel(design, cells).compact, Macromodel(design, cells).detailed
    assert len(detail.elements) == len(design.amplifiers)
    u = np.linspace(-3, 3, 61)
    for x in TIMESCALES:
        one, other = iv_curves(compact, u).at(x), iv_curves(detail, u).at(x)
        # an additive constant is part of the bias
        difference = (one - compact.i_bias) - (other - detail.i_bias)
        assert np.sqrt(np.mean(difference**2)) < 0.01 * np.ptp(one)


def test_each_branch_lags_by_its_own_mirrors():
    cells = lagging_cells()
    design = map_neuron(burster(), cells, LIMITS)
    built = Macromodel(design, cells).detailed
    for amplifier, element in zip(design.amplifiers, built.elements, strict=True):
        single = CHARGE / amplifier.bias_current / design.time_unit
        of = element.amplifier
        straight = amplifier.orientation == Orientation.NONINVERTING
        second = (0.0, 2 * single) if straight else (2 * single, 0.0)
        assert (of.lag, of.rise, of.fall) == pytest.approx((single, *second), rel=1e-3)
        assert of.bend == pytest.approx(0.1)
        assert of.shape == pytest.approx(-0.01)
        # the output conducts less where the amplifier sources or sinks its whole current
        sign = 1 if straight else -1
        gain = (
            cells.ota(amplifier.orientation)
            .at(amplifier.bias_current, amplifier.reference_voltage)
            .gain
        )
        assert of.ease == pytest.approx(sign * 0.005 / gain * design.unit_voltage)
    follower = design.follower(Timescale.SLOW)
    assert follower is not None
    of = built.filter_slow.amplifier
    assert of is not None
    single = CHARGE / follower.bias_current / design.time_unit
    assert (of.lag, of.rise, of.fall) == pytest.approx((single, 0.0, 2 * single), rel=1e-3)
    # gain grows by 0.08 of about 1.1 a volt, offset current by 0.1 of about -0.04
    assert of.skew == pytest.approx(0.08 / 1.1 * design.unit_voltage, rel=0.1)
    assert of.conductance == pytest.approx(0.04 * 0.1 / 1.1 * design.unit_voltage, rel=0.15)


def test_the_membrane_has_its_whole_capacitance():
    cells = lagging_cells()
    design = map_neuron(burster(), cells, LIMITS)
    detail = Macromodel(design, cells).detailed
    drawn = design.membrane_capacitance * design.unit_voltage / design.unit_current
    assert detail.tau_fast == 0.0
    assert detail.tau_m * design.time_unit > drawn


@pytest.mark.parametrize("tau_fast", [0.0, 2.0])
def test_what_a_rising_membrane_sends_through_amplifiers_makes_it_slower(tau_fast):
    cells = lagging_cells()
    design = map_neuron(replace(burster(), tau_fast=tau_fast), cells, LIMITS)
    without = Macromodel(design, cells).detailed
    built = Macromodel(design, replace(cells, feedthrough=2e-15)).detailed
    # nine sections draw, the fast negative conductance sources if it reads the membrane
    count = len(design.leak) - (tau_fast == 0)
    unit = design.unit_voltage / design.unit_current / design.time_unit
    assert built.tau_m - without.tau_m == pytest.approx(count * 2e-15 * unit)
    assert built.elements == without.elements


def test_sections_of_a_leak_read_the_membrane_where_fast_elements_have_a_follower():
    cells = lagging_cells()
    neuron = burster(elements=burster().elements[:2], tau_fast=2.0, tau_ultraslow=0.0)
    design = map_neuron(neuron, cells, LIMITS)
    compact, detail = Macromodel(design, cells).compact, Macromodel(design, cells).detailed
    sections = detail.elements[2:]
    assert len(sections) == len(design.leak)
    assert {float(detail.tau(s.timescale)) for s in sections} == {0.0}
    assert detail.tau_fast == compact.tau_fast > 0
    u = np.linspace(-3, 3, 61)
    for x in TIMESCALES:
        one, other = iv_curves(compact, u).at(x), iv_curves(detail, u).at(x)
        difference = (one - compact.i_bias) - (other - detail.i_bias)
        assert np.sqrt(np.mean(difference**2)) < 0.01 * np.ptp(one)
    # whose own lags are those of its mirrors, no smaller time constant
    assert detail.tau_m > compact.tau_m


def test_where_every_timescale_has_a_follower_the_leak_stays_a_leak():
    neuron = replace(burster(), tau_fast=2.0)
    cells = lagging_cells()
    design = map_neuron(neuron, cells, LIMITS)
    compact, detail = Macromodel(design, cells).compact, Macromodel(design, cells).detailed
    assert len(detail.elements) == len(design.elements)
    assert detail.leak == compact.leak
    assert detail.filter_fast.amplifier is not None
    # its lag makes the membrane as quick as it makes the compact one's
    assert detail.tau_m == compact.tau_m


def test_it_fires_as_the_compact_one_does_where_lags_are_short():
    cells = lagging_cells()
    design = map_neuron(burster(), cells, LIMITS)
    rates = []
    for built in (Macromodel(design, cells).compact, Macromodel(design, cells).detailed):
        run = simulate(built, Stimulus.constant(0.0), 600.0)
        rates.append(np.median(np.diff(spike_times(run.time, run.voltage)[2:])))
    assert rates[0] == pytest.approx(rates[1], rel=0.05)
