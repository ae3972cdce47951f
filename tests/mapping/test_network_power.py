"""Currents of a network's parts, from its design and its mean activity."""

import numpy as np
import pytest

from circuits.technology import load_technology
from mapping.network_power import BIAS_LINES, COLUMNS, INPUTS, PARTS, SYNAPSES, network_currents
from tests.circuits.networks import small_circuit, small_design, small_neurons, small_readouts
from tests.mapping.cells import real_cells
from tests.mapping.synapses import made_up_synapses

SILENT = {"x": np.zeros(1), "s0": np.zeros(2), "s1": np.zeros(2)}
DESIGN = small_design()


def currents(**activity: np.ndarray) -> dict[str, float]:
    return network_currents(
        DESIGN,
        small_neurons(DESIGN),
        small_readouts(DESIGN),
        real_cells(),
        made_up_synapses(),
        SILENT | activity,
    )


def test_every_part_draws_a_current():
    found = currents(s0=np.ones(2))
    assert tuple(found) == PARTS
    assert min(found.values()) > 0


def test_bias_lines_draw_what_the_circuit_is_given():
    lines = small_circuit(DESIGN, load_technology("generic")).bias_lines
    assert currents()[BIAS_LINES] == pytest.approx(sum(line.value for line in lines))


def test_an_input_draws_its_current_with_its_offset():
    line = DESIGN.line("x")
    expected = (0.3 + line.offset[0]) * line.full_scale
    assert currents(x=np.array([0.3]))[INPUTS] == pytest.approx(expected)


def test_positive_weights_draw_in_the_fold_and_in_the_mirror_negative_ones_nothing():
    """The first neuron of the second layer has the only positive weight on the first line."""
    silent, active = currents(), currents(s0=np.array([0.5, 0.0]))
    line = DESIGN.line("s0")
    units = next(p.units for p in DESIGN.projections if p.source == "s0")
    assert units[0, 0] > 0 > units[1, 0]
    half = 0.5 * units[0, 0] * line.unit_current
    synapses = made_up_synapses()
    folded = half * synapses.gain(-1, line.unit_current)
    mirrored = half * synapses.gain(1, line.unit_current)
    assert active[SYNAPSES] - silent[SYNAPSES] == pytest.approx(folded)
    assert active[COLUMNS] - silent[COLUMNS] == pytest.approx(mirrored)
    unchanged = [part for part in PARTS if part not in (SYNAPSES, COLUMNS)]
    assert [active[part] for part in unchanged] == [silent[part] for part in unchanged]
