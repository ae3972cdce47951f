"""A design on its cells: what both fidelities share, and what an amplifier is at its own bias."""

from dataclasses import replace

import numpy as np
import pytest

from mapping.conditions import Conditions
from mapping.macromodel import Macromodel
from mapping.mapper import map_neuron
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import burster

CELLS = real_cells()


@pytest.fixture(scope="module")
def macromodel() -> Macromodel:
    return Macromodel(map_neuron(burster(), CELLS, LIMITS), CELLS)


def test_its_conditions_are_those_of_its_cells(macromodel):
    cold = Conditions("ss", -40.0)
    there = replace(macromodel, cells=replace(CELLS, conditions=cold))
    assert there.conditions == cold
    assert macromodel.conditions == macromodel.design.conditions == Conditions("tt", 27.0)


def test_an_amplifier_is_looked_up_at_its_own_bias_and_reference(macromodel):
    for amplifier in macromodel.design.amplifiers:
        table = CELLS.ota(amplifier.orientation)
        expected = table.at(amplifier.bias_current, amplifier.reference_voltage)
        assert macromodel.at(amplifier) == expected
    for follower in macromodel.design.followers:
        expected = CELLS.follower.at(follower.bias_current, CELLS.reference)
        assert macromodel.at_follower(follower) == expected


@pytest.mark.parametrize(("sign", "mirror"), [(1.0, "source"), (-1.0, "sink")])
def test_the_compensation_comes_from_the_mirror_of_its_sign(macromodel, sign, mirror):
    design = replace(macromodel.design, compensation_current=sign * 1e-9)
    assert replace(macromodel, design=design).compensation is getattr(CELLS, mirror)


def test_the_detailed_one_is_the_compact_one_with_the_lags_of_its_amplifiers(macromodel):
    compact, detailed = macromodel.compact, macromodel.detailed
    count = len(macromodel.design.elements)
    pairs = list(zip(compact.elements[:count], detailed.elements[:count], strict=True))
    for one, other in pairs:
        assert one.timescale == other.timescale
        assert np.sign(one.alpha) == np.sign(other.alpha)
    assert all(one.amplifier is None or not one.amplifier.drift for one, _ in pairs)
    assert any(other.amplifier.drift for _, other in pairs)
    assert macromodel.compact is compact, "worked out once"
