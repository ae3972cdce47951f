"""Currents of a network's circuit that nobody asked for."""

from dataclasses import replace

import pytest

from circuits.technology import conditions_at, load_technology
from codesign.building.circuit import default_choices
from codesign.networks.choices import readout_current
from mapping.macromodel import Macromodel
from mapping.readout import map_readout

POLE = 1e-3
"""Seconds."""


@pytest.mark.ngspice
@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.0, 0.97), (0.5, 0.97), (0.95, 1.03 * 0.95), (0.97, 1.03 * 0.97), (1.2, 1.0)],
)
def test_a_readout_gives_up_the_room_of_its_capacitor_where_junctions_need_it(
    share: float, expected: float, cache, workbench
):
    """share: of the biases at the node that junctions ask for, at the largest I_r."""
    technology = load_technology("generic")
    cells, limits = workbench.cells(technology, conditions_at(technology)), technology.limits
    node = map_readout("y", POLE, 0.0, cells, limits, default_choices(technology)).node
    biases = sum(amplifier.bias_current for amplifier in node.amplifiers)
    leaked = share * limits.leakage_share * biases / len(node.amplifiers)
    assert cells.leakage is not None
    leaking = replace(cells, leakage=replace(cells.leakage, ota=leaked))
    found = readout_current([Macromodel(node, leaking)], limits)
    assert found == pytest.approx(expected * node.unit_current)
