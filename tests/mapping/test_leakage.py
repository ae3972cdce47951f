"""Leakage of junctions: what mapping makes of a bias that drowns in it where it is hottest."""

import math
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mapping.characteristics import (
    CellCharacteristics,
    characteristics_from_json,
    characteristics_to_json,
)
from mapping.design import NeuronDesign, designs_from_json, designs_to_json
from mapping.estimates import supply_current
from mapping.leakage import Leakage, added_current
from mapping.limits import Limits
from mapping.macromodel import Macromodel
from mapping.mapper import MappingChoices, least_follower_bias, map_neuron
from neuron_model.errors import InputError
from neuron_model.model.parameters import Timescale
from tests.mapping.cells import LIMITS, leaking_cells, real_cells
from tests.mapping.neurons import burster

FREE = MappingChoices(nominal_capacitance=4e-12)


def mapped(
    cells: CellCharacteristics, limits: Limits = LIMITS, choices: MappingChoices = FREE
) -> NeuronDesign:
    return map_neuron(burster(), cells, limits, choices)


def test_what_adds_to_a_bias_is_the_change_of_the_current_over_the_gain():
    """H0 = g I, H = g (I + L) on one side and g (I - 2 L) on the other."""
    gain, bias, leaked = 0.13, 2e-10, 7e-12
    bare = (gain * bias, -gain * bias)
    drawn = (gain * (bias + leaked), -gain * (bias - 2 * leaked))
    assert added_current(bias, drawn, bare) == pytest.approx(2 * leaked)


def test_cells_that_do_not_leak_are_mapped_as_before():
    assert mapped(leaking_cells(0.0, divides=False)) == mapped(real_cells())


def test_slow_followers_divide_where_junctions_would_drown_their_bias():
    cells = leaking_cells()
    design = mapped(cells)
    assert [f.divided for f in design.followers] == [True, True]
    for follower in design.followers:
        assert cells.leakage is not None
        assert follower.bias_current >= cells.leakage.divided / LIMITS.leakage_share
        # an eighth of the bias charges the capacitor: the time constant is the trained one
        built = Macromodel(design, cells).compact
        assert built.tau(follower.timescale) == pytest.approx(follower.tau, rel=1e-4)


def test_only_the_followers_that_need_it_divide():
    """The slow one has fifty times the current of the ultraslow one."""
    design = mapped(leaking_cells(1e-13))
    kinds = {f.timescale: f.divided for f in design.followers}
    assert kinds == {Timescale.SLOW: False, Timescale.ULTRASLOW: True}


def test_without_an_ota_that_divides_current_and_capacitors_grow_and_the_reason_is_noted():
    before, design = mapped(real_cells()), mapped(leaking_cells(3e-12, divides=False))
    ultraslow = design.follower(Timescale.ULTRASLOW)
    assert ultraslow is not None
    assert not ultraslow.divided
    assert ultraslow.bias_current >= 3e-12 / LIMITS.leakage_share
    assert design.unit_current > 2 * before.unit_current
    (note,) = set(design.notes) - set(before.notes)
    assert "at 125 °C junctions add no more than 10% to a bias" in note
    assert f"I0 is {design.unit_current * 1e9:.3g} nA" in note
    assert f"not {before.unit_current * 1e9:.3g} nA" in note


def test_the_note_compares_with_the_same_cells_without_leakage():
    """Also where a follower divides with and without it."""
    cells = leaking_cells(2e-11)
    dry, design = mapped(replace(cells, leakage=None)), mapped(cells)
    assert any(follower.divided for follower in dry.followers)
    assert design.unit_current > 2 * dry.unit_current
    (note,) = set(design.notes) - set(dry.notes)
    assert f"not {dry.unit_current * 1e9:.3g} nA" in note


def test_what_drowns_is_refused_with_the_leakage_the_share_and_what_would_help():
    choices = replace(FREE, unit_current=1e-9, membrane_capacitance=1e-12)
    with pytest.raises(InputError) as caught:
        mapped(leaking_cells(3e-12, divides=False), choices=choices)
    said = str(caught.value)
    assert "tau_ultraslow = 2500 bias current needs 6" in said
    assert "the smallest allowed is 3e-11 A" in said
    assert "at 125 °C junctions add 3e-12 A to it, and 10% of it is allowed" in said
    assert "limits.leakage_share" in said
    assert "a larger I0" in said


def test_the_sum_at_the_membrane_is_limited_too():
    """Thirteen amplifiers with 1 nA each beside biases of some 12 nA in all."""
    choices = replace(FREE, unit_current=1e-9, membrane_capacitance=1e-12)
    limits = replace(LIMITS, leakage_share=1.0)

    def cells(leaked: float) -> CellCharacteristics:
        return leaking_cells(leakage=Leakage(125.0, leaked, 0.0, 0.0, 1e-12))

    mapped(cells(5e-10), limits, choices)
    with pytest.raises(InputError, match=r"1\.3e-08 A that junctions add to the amplifiers"):
        mapped(cells(1e-9), limits, choices)


@pytest.mark.parametrize("leaked", [2e-11, 9e-11, 2e-10])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_current_is_raised_until_every_bias_bears_it(leaked, count):
    """What a neuron needs is known only when it is mapped: it is never refused for that."""
    neuron = replace(burster(), elements=burster().elements[:count])
    cells = leaking_cells(leaked)
    design = map_neuron(neuron, cells, LIMITS, FREE)
    total = sum(a.bias_current for a in design.amplifiers)
    assert len(design.amplifiers) * leaked <= LIMITS.leakage_share * total * (1 + 1e-6)
    for follower in design.followers:
        least = least_follower_bias(follower.divided, cells, LIMITS)
        assert follower.bias_current >= least * (1 - 1e-6)


@settings(max_examples=25, deadline=None)
@given(
    leaked=st.floats(1e-14, 3e-10),
    share=st.floats(0.02, 0.5),
    divides=st.booleans(),
)
def test_no_design_has_a_follower_below_its_share(leaked, share, divides):
    cells, limits = leaking_cells(leaked, divides), replace(LIMITS, leakage_share=share)
    try:
        design = mapped(cells, limits)
    except InputError:
        # what is refused is the subject of the tests above
        assume(False)
    for follower in design.followers:
        least = least_follower_bias(follower.divided, cells, limits)
        assert least >= limits.bias_current[0]
        assert follower.bias_current >= least * (1 - 1e-6)
    total = sum(a.bias_current for a in design.amplifiers)
    assert len(design.amplifiers) * leaked <= share * total * (1 + 1e-6)


def test_a_follower_that_divides_draws_its_bias_twice_and_an_eighth():
    cells = leaking_cells()
    design = mapped(cells)
    plain = replace(design, followers=tuple(replace(f, divided=False) for f in design.followers))
    more = supply_current(Macromodel(plain, cells)) - supply_current(Macromodel(design, cells))
    biases = sum(f.bias_current for f in design.followers)
    assert more == pytest.approx(biases, rel=0.25)


def test_files_keep_leakage_and_what_divides():
    cells = leaking_cells()
    read = characteristics_from_json(characteristics_to_json(cells))
    assert read.leakage == cells.leakage
    assert read.divided is not None
    assert cells.divided is not None
    assert (read.divided.gain == cells.divided.gain).all()
    without = characteristics_from_json(characteristics_to_json(real_cells()))
    assert (without.leakage, without.divided) == (None, None)
    design = mapped(cells)
    assert designs_from_json(designs_to_json([design])) == (design,)


def test_a_follower_of_an_ota_that_is_not_there_is_refused():
    assert Leakage(125.0, 1e-12, 0.0, 0.0).of_follower(True) == 0.0
    with pytest.raises(InputError, match=r"\[cells.divided_ota\]"):
        real_cells().follower_table(True)
    assert math.isclose(
        float(leaking_cells().follower_table(True).gain[0, 0]) * 8,
        float(real_cells().follower.gain[0, 0]),
    )
