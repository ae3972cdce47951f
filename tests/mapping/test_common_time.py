"""One unit of time for the neurons of a network."""

from dataclasses import replace

import pytest

from mapping.common_time import map_neurons
from mapping.macromodel import Macromodel
from mapping.mapper import MappingChoices, map_neuron
from neuron_model.errors import InputError
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import burster

REAL = real_cells()
FREE = MappingChoices()
TIGHT = replace(LIMITS, capacitance=(3.9e-12, LIMITS.capacitance[1]))
CLOSE = 1e-5
"""Of two units of time: V0 hangs a little on C_m."""


def alone(neuron):
    return map_neuron(neuron, REAL, LIMITS)


def test_all_neurons_get_the_quickest_ones_unit_of_time():
    neurons = [
        burster(tau_ultraslow=6000.0),
        burster(tau_ultraslow=1200.0, tau_m=0.5, name="quick_membrane"),
        burster(elements=tuple(replace(e, kappa=1.1) for e in burster().elements), name="steep"),
    ]
    designs = map_neurons(neurons, REAL, LIMITS, FREE)
    quickest = min(alone(neuron).time_unit for neuron in neurons)
    for neuron, design in zip(neurons, designs, strict=True):
        assert design.time_unit == pytest.approx(quickest, rel=CLOSE)
        built = Macromodel(design, REAL).compact
        # the membrane makes up for the lag of the fast amplifiers
        assert built.tau_m - built.tau_fast == pytest.approx(neuron.tau_m, rel=1e-3)
        assert built.tau_ultraslow == pytest.approx(neuron.tau_ultraslow, rel=5e-3)


def test_alone_they_would_have_each_its_own():
    slow, quick = burster(tau_ultraslow=6000.0), burster()
    assert alone(slow).time_unit < 0.9 * alone(quick).time_unit
    first, second = map_neurons([slow, quick], REAL, LIMITS, FREE)
    assert first == alone(slow)
    assert second.time_unit == pytest.approx(first.time_unit, rel=CLOSE)
    assert second.unit_current == alone(quick).unit_current
    assert second.membrane_capacitance < alone(quick).membrane_capacitance


def test_where_the_membrane_would_be_too_small_the_current_is_larger():
    slow, quick = burster(tau_ultraslow=6000.0), burster()
    first, second = map_neurons([slow, quick], REAL, TIGHT, FREE)
    assert second.unit_current > map_neuron(quick, REAL, TIGHT).unit_current
    assert second.time_unit == pytest.approx(first.time_unit, rel=5e-3)


def test_what_does_not_fit_at_the_common_unit_is_refused_with_both():
    strong = tuple(replace(e, alpha=10.0 * e.alpha) for e in burster().elements)
    quick = burster(tau_ultraslow=200.0, tau_slow=20.0, elements=strong)
    with pytest.raises(InputError, match="a unit of time of its own, .* another neuron of the net"):
        map_neurons([burster(tau_ultraslow=6000.0), quick], REAL, TIGHT, FREE)


def test_one_neuron_and_a_chosen_membrane_are_left_as_they_are():
    slow, quick = burster(tau_ultraslow=6000.0), burster()
    assert map_neurons([quick], REAL, LIMITS, FREE) == (alone(quick),)
    chosen = MappingChoices(membrane_capacitance=3e-12)
    both = map_neurons([slow, quick], REAL, LIMITS, chosen)
    assert both == tuple(map_neuron(n, REAL, LIMITS, chosen) for n in (slow, quick))
