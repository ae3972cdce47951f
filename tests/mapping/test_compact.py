"""Macromodel, against the amplifiers themselves: every current summed, straight from the tables."""

from dataclasses import replace

import numpy as np
import pytest

from mapping.characteristics import CellCharacteristics
from mapping.compact import compensation_current, parasitics
from mapping.conditions import Conditions
from mapping.design import NeuronDesign, OtaDesign
from mapping.macromodel import Macromodel
from mapping.mapper import map_neuron
from neuron_model.model.dynamics import output
from neuron_model.model.parameters import OTA_FILTER, TIMESCALES, Leak, NeuronParameters, Timescale
from tests.mapping.cells import LIMITS, ideal_cells, real_cells
from tests.mapping.neurons import burster, iv_curve

REAL = real_cells()
U = np.linspace(-3.0, 3.0, 61)
MIRRORS = ("source", "sink")
FAST, SLOW, ULTRASLOW = Timescale


def drawn(
    amplifier: OtaDesign, moving: np.ndarray, membrane: np.ndarray, cells: CellCharacteristics
) -> np.ndarray:
    """Current that one amplifier draws, ampere: the formula at the head of characteristics.py."""
    at = cells.ota(amplifier.orientation).at(amplifier.bias_current, amplifier.reference_voltage)
    v = moving - amplifier.reference_voltage - at.offset
    sign = cells.ota(amplifier.orientation).sign
    t = np.tanh(v / at.slope_voltage)
    driven = sign * at.gain * t * (1 + at.drift * v * (1 + t) / 2) + at.offset_current
    conductance = at.output_conductance - sign * at.conductance_skew * t
    return -amplifier.bias_current * (driven - conductance * (membrane - cells.reference))


def circuit_curve(
    design: NeuronDesign, cells: CellCharacteristics, timescale: Timescale, held: float
) -> np.ndarray:
    """I-V curve of the circuit in model units: held voltages stand where followers settle."""
    membrane = design.volts(U)
    total = np.zeros_like(U)
    for amplifier in design.amplifiers:
        follower = design.follower(amplifier.timescale)
        moving = membrane
        if follower is not None and amplifier in design.elements:
            follows = TIMESCALES.index(amplifier.timescale) <= TIMESCALES.index(timescale)
            moving = (membrane if follows else np.full_like(U, design.volts(held))) + follower.shift
        total += drawn(amplifier, moving, membrane, cells)
    if design.compensation_bias > 0:
        mirror = cells.source if design.compensation_current > 0 else cells.sink
        conductance = mirror.conductance_at(design.compensation_bias) * design.compensation_bias
        given = mirror.gain_at(design.compensation_bias) * design.compensation_bias
        total += conductance * (membrane - cells.reference)
        total -= np.copysign(given, design.compensation_current)
    return total / design.unit_current


def nrmse(made: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.sqrt(np.mean((made - wanted) ** 2)) / np.ptp(wanted))


NEURONS = [
    burster(),
    burster(i_bias=-1.5, u_rest=0.6),
    burster(leak=Leak(1.0, 3.0)),
    burster(tau_fast=0.5, filter_fast=OTA_FILTER),
]


@pytest.mark.parametrize("neuron", NEURONS, ids=["burster", "biased", "saturating", "follower"])
@pytest.mark.parametrize("timescale", TIMESCALES)
def test_the_amplifiers_draw_what_the_model_does(neuron: NeuronParameters, timescale: Timescale):
    design = map_neuron(neuron, REAL, LIMITS)
    held = float(neuron.u_rest)
    made = circuit_curve(design, REAL, timescale, held)
    assert nrmse(made, iv_curve(neuron, timescale, U, held)) < 0.01
    assert nrmse(made, iv_curve(Macromodel(design, REAL).compact, timescale, U, held)) < 0.01


def test_a_circuit_that_was_mapped_for_other_cells_is_told_apart():
    design = map_neuron(burster(), ideal_cells(), LIMITS)
    built = Macromodel(design, REAL).compact
    made = circuit_curve(design, REAL, ULTRASLOW, 0.0)
    # Offsets and gains that nobody compensated: far from trained, and the macromodel says how
    # far.
    assert nrmse(made, iv_curve(burster(), ULTRASLOW, U)) > 0.04
    assert nrmse(made, iv_curve(built, ULTRASLOW, U)) < 0.01


def test_followers_settle_where_the_design_says():
    design = map_neuron(burster(), REAL, LIMITS)
    for follower in design.followers:
        at = REAL.follower_table(follower.divided).at(follower.bias_current, REAL.reference)
        left = np.tanh((-follower.shift - at.offset) / at.slope_voltage)
        assert at.gain * left + at.offset_current == pytest.approx(0.0, abs=1e-9)


def test_time_constants_count_what_hangs_on_a_node():
    heavy = real_cells(input_capacitance=5e-14, output_capacitance=2e-14)
    design = map_neuron(burster(), heavy, LIMITS)
    extra = parasitics(Macromodel(design, heavy))
    # Output stage and two followers, one fast element and the leak's sections read the membrane;
    # every amplifier drives it.
    sections = len(design.leak)
    assert extra.membrane == pytest.approx(
        5e-14 * (1 + 2 + 1 + sections) + 2e-14 * (4 + sections), rel=1e-9
    )
    # A follower reads itself and is read by two slow elements, or by one ultraslow.
    assert extra.followers[SLOW] == pytest.approx(5e-14 * (1 + 2) + 2e-14)
    assert extra.followers[ULTRASLOW] == pytest.approx(5e-14 * (1 + 1) + 2e-14)
    built = Macromodel(design, heavy).compact
    assert built.tau_slow == pytest.approx(50.0, rel=1e-3)
    light = map_neuron(burster(), REAL, LIMITS)
    assert design.membrane_capacitance < light.membrane_capacitance


def test_s_is_what_the_output_stage_makes_of_the_membrane():
    """max(0, tanh((V - V_threshold) / V0_s)) of its own OTA, with volts and offset of the cell."""
    design = map_neuron(burster(u_threshold=0.5, u_saturation=1.5), REAL, LIMITS)
    built = Macromodel(design, REAL).compact
    stage = design.output
    at = REAL.noninverting.at(stage.bias_current, stage.threshold_voltage)
    u = np.linspace(-1.0, 4.0, 101)
    over = design.volts(u) - stage.threshold_voltage - at.offset
    pushed = stage.bias_current * at.gain * np.tanh(over / at.slope_voltage)
    np.testing.assert_allclose(
        output(u, built), np.maximum(0.0, pushed) / stage.unit_current, atol=2e-4
    )


def test_macromodel_of_other_conditions_keeps_the_designs_units():
    design = map_neuron(burster(), REAL, LIMITS)
    warm = real_cells(conditions=Conditions("ss", 60.0))
    built = Macromodel(design, warm).compact
    assert (built.name, built.u_threshold) == ("burster", 0.0)
    assert built.tau_slow == pytest.approx(50.0, rel=1e-3)


def test_the_compensation_is_what_its_mirror_delivers_here():
    cells = real_cells()
    design = map_neuron(burster(), cells, LIMITS)
    assert design.compensation_bias > 0
    wanted = design.compensation_current
    assert compensation_current(Macromodel(design, cells)) == pytest.approx(wanted, rel=2e-3)
    mirrors = {x: replace(getattr(cells, x), gain=1.02 * getattr(cells, x).gain) for x in MIRRORS}
    elsewhere = replace(cells, **mirrors)
    more = compensation_current(Macromodel(design, elsewhere))
    assert more == pytest.approx(1.02 * compensation_current(Macromodel(design, cells)))
    here, there = Macromodel(design, cells), Macromodel(design, elsewhere)
    for fidelity in ("compact", "detailed"):
        change = getattr(there, fidelity).i_bias - getattr(here, fidelity).i_bias
        assert change == pytest.approx(0.02 * wanted / design.unit_current, rel=3e-3)
    silent = replace(design, compensation_current=0.0, compensation_bias=0.0)
    assert compensation_current(Macromodel(silent, cells)) == 0.0
