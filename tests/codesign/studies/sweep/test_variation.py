"""What the values of axes make of neurons, technologies and choices."""

from dataclasses import replace

import pytest

from circuits.technology import load_technology
from codesign.studies.sweep.variation import (
    bias_laws,
    operated_technology,
    varied_choices,
    varied_neuron,
    varied_technology,
)
from mapping.temperature import BiasLaws, CurrentLaw, ReferenceLaw
from neuron_model.errors import InputError
from tests.mapping.neurons import burster

GENERIC = load_technology("generic")


def test_nothing_varied_is_what_it_was():
    assert varied_neuron(burster(), {"corner": "tt"}) == burster()
    assert varied_technology(GENERIC, {"temperature": 85.0}) == GENERIC
    assert operated_technology(GENERIC, {"supply": 1.2}) == GENERIC
    assert bias_laws({}) == BiasLaws()


def test_elements_are_varied_by_their_names_in_netlists():
    varied = varied_neuron(burster(), {"alpha.sm2": 0.5, "delta.usp3": 0.25, "i_bias": -0.1})
    alphas = [e.alpha for e in varied.elements]
    deltas = [e.delta for e in varied.elements]
    assert alphas == [-2.0, 2.0, -0.75, 1.5]
    assert deltas == [0.0, 0.0, -1.5, -1.25]
    assert varied.i_bias == -0.1
    assert [e.alpha for e in varied_neuron(burster(), {"alpha.all": 2.0}).elements] == [
        -4.0,
        4.0,
        -3.0,
        3.0,
    ]


def test_time_constants_are_multiplied():
    varied = varied_neuron(burster(), {"tau.slow": 0.5, "tau.ultraslow": 2.0})
    assert (varied.tau_slow, varied.tau_ultraslow) == (25.0, 5000.0)
    with pytest.raises(InputError, match="tau_fast of neuron 'burster' is 0"):
        varied_neuron(burster(), {"tau.fast": 2.0})


def test_an_element_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(InputError, match=r"no element 'sm1'; it has fm0, sp1, sm2, usp3\."):
        varied_neuron(burster(), {"alpha.sm1": 2.0})


def test_another_supply_moves_reference_and_limits():
    varied = varied_technology(GENERIC, {"supply": 1.6})
    assert (varied.supply, varied.reference) == (1.6, pytest.approx(0.8))
    assert varied.limits.voltage == pytest.approx((0.4, 1.2))
    low = varied_technology(GENERIC, {"supply": 0.6})
    assert low.limits.voltage == pytest.approx((0.0, 0.6))


def test_a_supply_that_is_off_leaves_the_references():
    operated = operated_technology(GENERIC, {"supply_change": -0.1})
    assert operated == replace(GENERIC, supply=1.8 * 0.9)


def test_areas_of_all_and_of_one_multiply():
    varied = varied_technology(GENERIC, {"area.all": 2.0, "area.pair": 2.0})
    for role, factor in (("pair", 4.0), ("tail", 2.0), ("pmos_mirror", 2.0)):
        before, after = GENERIC.size("ota", role).area, varied.size("ota", role).area
        assert after / before == pytest.approx(factor, rel=0.01)
    grown = varied.size("mirror", "pmos").area / GENERIC.size("mirror", "pmos").area
    assert grown == pytest.approx(2.0, rel=0.01)


def test_current_capacitor_and_codes_are_choices_of_the_mapping():
    choices = varied_choices(
        GENERIC, {"unit_current": 5e-9, "membrane_capacitance": 2e-12, "bits": 4}
    )
    assert (choices.unit_current, choices.membrane_capacitance) == (5e-9, 2e-12)
    assert choices.generator is not None
    assert choices.generator.bits == 4
    free = varied_choices(GENERIC, {"bits": 0})
    assert (free.unit_current, free.generator) == (None, None)
    with pytest.raises(InputError, match=r"axes.bits: .* has no \[bias_generator\]"):
        varied_choices(replace(GENERIC, bias_generator=None), {"bits": 4})


def test_laws_of_the_biases():
    laws = bias_laws({"currents": "constant_gm", "references": "constant"})
    assert laws == BiasLaws(CurrentLaw.CONSTANT_GM, ReferenceLaw.CONSTANT)
