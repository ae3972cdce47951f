import pytest

from mapping.estimates import energy_per_spike, static_power, supply_current
from mapping.macromodel import Macromodel
from mapping.mapper import map_neuron
from tests.mapping.cells import LIMITS, ideal_cells, real_cells
from tests.mapping.neurons import burster


def test_an_ideal_ota_draws_three_times_its_bias():
    design = map_neuron(burster(), ideal_cells(), LIMITS)
    biases = [a.bias_current for a in design.amplifiers]
    biases += [f.bias_current for f in design.followers]
    expected = 3 * (sum(biases) + design.output.bias_current)
    assert design.compensation_bias == 0
    assert supply_current(Macromodel(design, ideal_cells())) == pytest.approx(expected)
    assert static_power(Macromodel(design, ideal_cells())) == pytest.approx(1.8 * expected)


@pytest.mark.parametrize(("i_bias", "draws"), [(2.0, 3.0), (-2.0, 1.0)])
def test_a_compensation_that_sources_draws_its_output_as_well(i_bias, draws):
    """Mirrors of gain 1: input, fold and output against the input alone."""
    cells = ideal_cells()
    without, with_bias = (map_neuron(burster(i_bias=i), cells, LIMITS) for i in (0.0, i_bias))
    extra = supply_current(Macromodel(with_bias, cells)) - supply_current(
        Macromodel(without, cells)
    )
    assert extra == pytest.approx(draws * 2.0 * with_bias.unit_current, rel=1e-3)


def test_gains_count():
    design = map_neuron(burster(), real_cells(), LIMITS)
    more, less = (
        supply_current(Macromodel(design, real_cells())),
        supply_current(Macromodel(design, ideal_cells())),
    )
    assert 1.04 < more / less < 1.12


def test_energy_is_power_over_the_rate():
    assert energy_per_spike(4e-7, 0.5, 40) == pytest.approx(5e-9)
    assert energy_per_spike(4e-7, 0.5, 0) is None
