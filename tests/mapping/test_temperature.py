from dataclasses import replace

import numpy as np
import pytest

from mapping.characteristics import CellCharacteristics, MirrorTable, Orientation
from mapping.conditions import Conditions
from mapping.design import NeuronDesign
from mapping.macromodel import Macromodel
from mapping.mapper import map_neuron
from mapping.temperature import BiasLaws, CurrentLaw, ReferenceLaw, design_at
from neuron_model.model.parameters import Timescale
from tests.mapping.cells import BIASES, LIMITS, ideal_cells, real_cells
from tests.mapping.neurons import burster

HOT = 85.0
RATIO = (HOT + 273.15) / (27.0 + 273.15)
PTAT = BiasLaws(CurrentLaw.PTAT, ReferenceLaw.PTAT)


def heated(cells: CellCharacteristics, slope: float) -> CellCharacteristics:
    """The same cells at 85 °C, their tanh ``slope`` times as wide."""
    tables = {
        x.value: replace(cells.ota(x), slope_voltage=slope * cells.ota(x).slope_voltage)
        for x in Orientation
    }
    return replace(cells, conditions=Conditions("tt", HOT), **tables)


@pytest.fixture(scope="module")
def design() -> NeuronDesign:
    return map_neuron(burster(i_bias=0.3), ideal_cells(), LIMITS)


def test_with_ptat_biases_a_neuron_of_kt_over_q_stays_what_it_is(design):
    hot = heated(ideal_cells(), RATIO)
    there = design_at(Macromodel(design, ideal_cells()), PTAT, hot)
    assert there.conditions == Conditions("tt", HOT)
    assert there.unit_current == pytest.approx(RATIO * design.unit_current)
    # C V0 / I0
    assert there.time_unit == pytest.approx(design.time_unit)
    before, after = Macromodel(design, ideal_cells()).compact, Macromodel(there, hot).compact
    for (key, value), (_, expected) in zip(
        after.named_values(), before.named_values(), strict=True
    ):
        assert value == pytest.approx(expected, rel=1e-9, abs=1e-9), key


def test_constant_biases_leave_every_line_alone_and_widen_the_tanh(design):
    hot = heated(ideal_cells(), RATIO)
    laws = BiasLaws(CurrentLaw.CONSTANT, ReferenceLaw.CONSTANT)
    there = design_at(Macromodel(design, ideal_cells()), laws, hot)
    assert there == replace(design, conditions=Conditions("tt", HOT))
    before, after = Macromodel(design, ideal_cells()).compact, Macromodel(there, hot).compact
    for one, other in zip(before.elements, after.elements, strict=True):
        assert other.kappa == pytest.approx(one.kappa / RATIO)
        assert (other.alpha, other.delta) == pytest.approx((one.alpha, one.delta))


@pytest.mark.parametrize("references", list(ReferenceLaw))
def test_constant_gm_follows_the_measured_slope(design, references):
    """A slope factor that grows with temperature asks for more than a PTAT current."""
    hot = heated(ideal_cells(), 1.3)
    laws = BiasLaws(CurrentLaw.CONSTANT_GM, references)
    there = design_at(Macromodel(design, ideal_cells()), laws, hot)
    assert there.unit_current == pytest.approx(1.3 * design.unit_current)
    for before, after in zip(design.amplifiers, there.amplifiers, strict=True):
        assert after.bias_current / 1.3 == pytest.approx(before.bias_current)
    scale = RATIO if references == ReferenceLaw.PTAT else 1.0
    assert there.unit_voltage == pytest.approx(scale * design.unit_voltage)
    # the membrane's time constant in seconds: C V0(T) / I
    seconds = [
        Macromodel(d, c).compact.tau_m * d.time_unit
        for d, c in ((design, ideal_cells()), (there, hot))
    ]
    assert seconds[1] == pytest.approx(seconds[0] * scale / 1.3)
    followers = [
        Macromodel(d, c).compact.tau_slow * d.time_unit
        for d, c in ((design, ideal_cells()), (there, hot))
    ]
    assert followers[1] == pytest.approx(followers[0])


def test_references_move_around_the_middle(design):
    there = design_at(Macromodel(design, ideal_cells()), PTAT, heated(ideal_cells(), RATIO))
    middle = design.reference_voltage
    assert there.reference_voltage == middle
    for before, after in zip(design.amplifiers, there.amplifiers, strict=True):
        distance = after.reference_voltage - middle
        assert distance == pytest.approx(RATIO * (before.reference_voltage - middle))
    assert there.follower(Timescale.SLOW).capacitance == design.follower(Timescale.SLOW).capacitance


@pytest.mark.parametrize("i_bias", [0.5, -1.5])
def test_the_compensation_is_what_the_mirror_makes_there(i_bias):
    cells = real_cells()
    design = map_neuron(burster(i_bias=i_bias), cells, LIMITS)
    gains = np.full(BIASES.size, 1.4)
    mirrors = {name: MirrorTable(BIASES, gains, 0 * gains) for name in ("source", "sink")}
    there = design_at(Macromodel(design, cells), PTAT, replace(heated(cells, RATIO), **mirrors))
    sign = np.sign(design.compensation_current)
    assert there.compensation_bias == pytest.approx(RATIO * design.compensation_bias)
    assert there.compensation_current == pytest.approx(sign * 1.4 * there.compensation_bias)
