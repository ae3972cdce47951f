from dataclasses import replace

import numpy as np
import pytest

from mapping.bias_generator import BiasGenerator
from mapping.design import NeuronDesign
from mapping.macromodel import Macromodel
from mapping.mapper import MappingChoices, map_neuron
from mapping.quantization import quantize
from mapping.shared_lines import share_lines
from neuron_model.errors import InputError
from neuron_model.model.parameters import Element, Timescale
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import burster

SIX = BiasGenerator()
CHOICES = MappingChoices(unit_current=7e-9)


def neuron(alpha: float, index: int) -> NeuronDesign:
    elements = (Element(Timescale.FAST, -alpha, 0.0), *burster().elements[1:])
    parameters = burster(elements=elements, name=f"n{index}")
    return map_neuron(parameters, real_cells(), LIMITS, CHOICES)


@pytest.fixture(scope="module")
def layer() -> list[NeuronDesign]:
    """Two kinds of neurons, three of each, a little different."""
    alphas = (1.50, 1.51, 1.49, 2.20, 2.21, 2.19)
    return [neuron(alpha, i) for i, alpha in enumerate(alphas)]


def test_alike_neurons_share_and_different_ones_do_not(layer):
    shared = share_lines(layer, real_cells(), LIMITS, SIX, most=2)
    first, last = set(shared.groups["ib_fm0"][:3]), set(shared.groups["ib_fm0"][3:])
    assert len(first) == len(last) == 1
    assert first != last
    currents = [one.design.elements[0].bias_current for one in shared.neurons]
    assert len(set(currents)) == 2
    for one, design in zip(shared.neurons, layer, strict=True):
        wanted = design.elements[0].bias_current
        assert one.design.elements[0].bias_current == pytest.approx(wanted, rel=0.03)


def test_lines_are_counted_and_their_cost_is_told(layer):
    """Of 13 amplifiers two lines each; a neuron's own: two followers', the output's two, the
    compensation's."""
    errors = []
    for most in (1, 2, 6):
        shared = share_lines(layer, real_cells(), LIMITS, SIX, most)
        groups = [len(set(group)) for group in shared.groups.values()]
        assert len(groups) == 2 * 13
        assert max(groups) <= most
        assert shared.own_lines == 6 * (2 * 13 + 5)
        assert shared.lines == sum(groups) + 6 * 5
        errors.append(max(one.curve_error for one in shared.neurons))
    own = max(shared.own_errors)
    assert errors[0] > errors[1] > 0.5 * own
    assert errors[0] > 10 * own


def test_neurons_that_share_nothing_have_the_nearest_codes(layer):
    shared = share_lines(layer[:1], real_cells(), LIMITS, SIX, most=4)
    (one,) = shared.neurons
    for made, wanted in zip(one.design.amplifiers, layer[0].amplifiers, strict=True):
        assert made.bias_current == SIX.nearest(wanted.bias_current)[0].value
    own = quantize(Macromodel(layer[0], real_cells()), LIMITS, SIX, rescale=False)
    assert shared.own_errors == (own.curve_error,)
    # the compensation makes up for the rest as well as it can
    assert one.curve_error <= own.nearest_error


def test_neurons_without_a_line_are_in_none_of_its_groups(layer):
    parameters = burster(elements=burster().elements[:3], tau_ultraslow=0.0, name="short")
    short = map_neuron(parameters, real_cells(), LIMITS, CHOICES)
    shared = share_lines([*layer[:2], short], real_cells(), LIMITS, SIX, most=1)
    assert shared.groups["ib_usp3"] == (0, 0, -1)
    assert np.all(np.array(shared.groups["ib_fm0"]) == 0)


def test_layers_that_cannot_share_are_refused(layer):
    other = replace(layer[0], unit_current=2 * layer[0].unit_current)
    with pytest.raises(InputError, match="need one I0, not 7e-09 to 1.4e-08 A"):
        share_lines([layer[0], other], real_cells(), LIMITS, SIX, most=2)
    with pytest.raises(InputError, match="6 neurons cannot share 0 lines"):
        share_lines(layer, real_cells(), LIMITS, SIX, most=0)
    with pytest.raises(InputError, match="bias line ib_ultraslow"):
        share_lines(layer, real_cells(), LIMITS, replace(SIX, coarse_steps=3), most=2)
