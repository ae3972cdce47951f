"""Which lines can be calibrated, and to what."""

from dataclasses import replace

import numpy as np
import pytest

from mapping.calibration.curves import VOLTAGE, steady_current
from mapping.calibration.knobs import (
    OFFSET,
    choose_knobs,
    make_knobs,
    with_offset_range,
    with_value,
)
from mapping.macromodel import Macromodel
from mapping.mapper import map_neuron
from mapping.mismatch import draw
from mapping.samples import sampled
from neuron_model.errors import InputError
from tests.mapping.calibration.bench import GENERATOR, PORTS, design, nominal
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import burster
from tests.mapping.sensitivities import exponential_cells
from tests.mapping.test_samples import spreads


def test_knobs_are_codes_around_what_was_drawn():
    knobs = make_knobs(Macromodel(design(), real_cells()), PORTS, GENERATOR, LIMITS)
    assert [knob.port for knob in knobs] == list(PORTS)
    for knob in knobs:
        assert knob.codes[0] < knob.drawn < knob.codes[-1]
        assert np.all(np.diff(knob.codes) > 0)
        nearest = knob.nearest(np.array([knob.drawn, 0.0, 1.0]))
        steps = np.diff(knob.codes).max()
        assert abs(nearest[0] - knob.drawn) <= steps / 2 * (1 + 1e-9)
        assert nearest[1] == knob.codes[0]
        assert nearest[2] == knob.codes[-1]
    current = knobs[1].codes
    assert [GENERATOR.nearest(c)[0].value for c in current] == pytest.approx(current)
    millivolts = knobs[2].codes * 1e3
    assert millivolts == pytest.approx(np.round(millivolts))


@pytest.mark.parametrize("port", ["ib_none", "vr_leak0", "nonsense", "xx_sp1"])
def test_what_is_no_line_of_an_element_is_refused(port: str):
    with pytest.raises(
        InputError, match=f"{port} cannot be calibrated; it must be one of {OFFSET}"
    ):
        make_knobs(Macromodel(design(), real_cells()), (OFFSET, port), GENERATOR, LIMITS)


def test_a_circuit_without_compensation_has_no_offset():
    bare = replace(design(), compensation_bias=0.0, compensation_current=0.0)
    with pytest.raises(InputError, match="has no compensation mirror"):
        make_knobs(Macromodel(bare, real_cells()), (OFFSET,), GENERATOR, LIMITS)


def test_a_generator_without_codes_there_is_refused():
    coarse = replace(GENERATOR, voltage_step=1.0)
    with pytest.raises(InputError, match="no code makes a voltage from"):
        make_knobs(Macromodel(design(), real_cells()), (OFFSET, "vr_sp1"), coarse, LIMITS)


def test_the_offset_can_be_calibrated_both_ways():
    """The same neuron with a bias that needs hardly any compensation."""
    little = map_neuron(burster(i_bias=-0.5), real_cells(), LIMITS)
    assert 0 < little.compensation_current / little.unit_current < 0.2
    loaded = with_offset_range(Macromodel(little, real_cells()), LIMITS)
    assert 0.4 < loaded.compensation_current / loaded.unit_current < 0.7
    before, after = (
        steady_current(Macromodel(d, real_cells()).compact, VOLTAGE) for d in (little, loaded)
    )
    assert after == pytest.approx(before, abs=0.02)
    # one that sources enough is left alone
    assert with_offset_range(Macromodel(loaded, real_cells()), LIMITS) is loaded
    tight = replace(LIMITS, bias_current=(1e-12, little.leak[0].bias_current))
    with pytest.raises(InputError, match="leak0, for a range of trim"):
        with_offset_range(Macromodel(little, real_cells()), tight)


def test_lines_that_vary_most_are_chosen():
    """Only two elements' transistors differ: their lines are taken, and the offset."""
    still = [
        s if s.block in ("sm2", "usp3") else replace(s, threshold=0.0, current_factor=0.0)
        for s in spreads(design())
    ]
    samples = sampled(Macromodel(design(), real_cells()), exponential_cells(), draw(still, 200))
    chosen = choose_knobs(design(), nominal(), samples, 4)
    assert chosen[0] == OFFSET
    assert set(chosen[1:]) == {"ib_sm2", "vr_sm2", "ib_usp3", "vr_usp3"}


def test_a_line_at_another_value():
    moved = with_value(Macromodel(design(), real_cells()), "vr_sp1", 0.91)
    assert moved.elements[1].reference_voltage == 0.91
    assert replace(moved, elements=design().elements) == design()
    sourced = with_value(Macromodel(design(), real_cells()), OFFSET, 2e-9)
    assert sourced.compensation_bias == 2e-9
    sign = np.sign(design().compensation_current)
    assert sourced.compensation_current == pytest.approx(sign * 2e-9, rel=0.2)
