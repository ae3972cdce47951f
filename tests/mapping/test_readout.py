from dataclasses import replace

import pytest

from mapping.compact import compensation_current, offset_current
from mapping.leakage import Leakage
from mapping.macromodel import Macromodel
from mapping.mapper import MappingChoices, leakage_shortage
from mapping.readout import FOLLOWERS, map_readout
from neuron_model.errors import InputError
from tests.mapping.cells import LIMITS, ideal_cells, real_cells

CHOICES = MappingChoices(leak_sections=7)


@pytest.mark.parametrize("tau", [1e-4, 5.6e-4, 1.2e-3])
@pytest.mark.parametrize("cells", [ideal_cells(), real_cells()])
def test_all_poles_have_the_time_constant(tau, cells):
    output = map_readout("y0", tau, 0.2, cells, LIMITS, CHOICES)
    node = output.node
    built = Macromodel(node, cells).compact
    # a leak that lags by d makes a node C / g quick as one of C / g - d
    assert (built.tau_m - built.tau_fast) * node.time_unit == pytest.approx(tau, rel=1e-3)
    at = cells.follower_table(output.follower.divided).at(
        output.follower.bias_current, cells.reference
    )
    loads = cells.input_capacitance + cells.output_capacitance
    total = output.follower.capacitance + loads
    current = at.gain * output.follower.bias_current
    assert total * at.slope_voltage / current == pytest.approx(tau, rel=1e-3)


def test_ideal_followers_shift_nothing():
    output = map_readout("y0", 3e-4, 0.0, ideal_cells(), LIMITS, CHOICES)
    assert output.offset == pytest.approx(0.0, abs=1e-12)
    assert output.scale == pytest.approx(0.25 * output.node.unit_voltage)
    assert output.units(output.node.reference_voltage + output.scale) == pytest.approx(1.0)


def test_offset_and_scale_are_those_of_all_followers():
    """Each loses to its output conductance, which leads to the reference."""
    cells = real_cells()
    output = map_readout("y0", 3e-4, 0.0, cells, LIMITS, CHOICES)
    at = cells.follower.at(output.follower.bias_current, cells.reference)
    kept = 1.0 / (1.0 + at.output_conductance * at.slope_voltage / at.gain)
    assert 0.98 < kept < 1.0
    node = volts = 0.3 * output.node_scale
    for _ in range(FOLLOWERS):
        volts = kept * (volts + output.follower.shift)
    assert output.units(output.node.reference_voltage + volts) == pytest.approx(0.3)
    assert output.current(0.3) == pytest.approx(
        node / output.node.unit_voltage * output.node.unit_current
    )


def test_a_bias_comes_from_the_compensation():
    cells = real_cells()
    currents = []
    for bias in (0.0, 0.7):
        node = map_readout("y0", 3e-4, bias, cells, LIMITS, CHOICES).node
        total = compensation_current(Macromodel(node, cells)) + offset_current(
            Macromodel(node, cells)
        )
        currents.append(total / node.unit_current)
    assert currents[1] - currents[0] == pytest.approx(0.7, abs=1e-3)


def test_a_slow_pole_takes_a_smaller_current_as_far_as_it_goes():
    quick, slow = (
        map_readout("y0", tau, 0.0, real_cells(), LIMITS, replace(CHOICES, unit_current=4e-9))
        for tau in (1e-4, 6e-4)
    )
    assert quick.node.unit_current == pytest.approx(4e-9)
    assert slow.node.unit_current < 3e-9
    assert slow.node.membrane_capacitance <= LIMITS.capacitance[1]


def test_a_slow_pole_leaves_the_current_that_junctions_ask_for():
    """The capacitor's room is given up before the node is refused for what leaks."""
    leakage = Leakage(125.0, ota=1e-10, source=0.0, sink=0.0, divided=1e-13)
    cells = replace(real_cells(), leakage=leakage)
    choices = replace(CHOICES, unit_current=4e-9)
    calm = map_readout("y0", 1e-4, 0.0, cells, LIMITS, CHOICES).node
    least = leakage_shortage(Macromodel(calm, cells), LIMITS) * calm.unit_current
    # the pole at which 0.95 of the largest capacitor bear just that current
    tau = 0.95 * LIMITS.capacitance[1] * calm.unit_voltage / least
    for bias in (0.0, -1.5):
        node = map_readout("y0", tau, bias, cells, LIMITS, choices).node
        assert 1.01 * least < node.unit_current < 1.05 * least
        assert node.membrane_capacitance <= LIMITS.capacitance[1]


def test_a_quick_pole_takes_smaller_capacitors_as_far_as_the_largest_bias_asks():
    """Of a pole that is learned as quick as a hundredth of a sample."""
    choices = replace(CHOICES, unit_current=4e-9)
    cells, taus = real_cells(), (2e-4, 3.5e-6)
    usual, quick = (map_readout("y0", t, 0.0, cells, LIMITS, choices).follower for t in taus)
    assert usual.capacitance == CHOICES.nominal_capacitance
    assert LIMITS.capacitance[0] < quick.capacitance < 0.75 * usual.capacitance
    assert 0.9 * LIMITS.bias_current[1] < quick.bias_current <= LIMITS.bias_current[1]


@pytest.mark.parametrize(("tau", "side"), [(1e-1, "the largest"), (1e-6, "the smallest")])
def test_a_pole_that_no_capacitor_makes_is_refused(tau, side):
    with pytest.raises(InputError, match=rf"readout 'y0' with poles of .* {side} .* readout_tau"):
        map_readout("y0", tau, 0.0, real_cells(), LIMITS, CHOICES)
