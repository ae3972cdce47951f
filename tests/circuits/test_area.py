from dataclasses import replace

import pytest

from circuits.area import area
from circuits.bias_mirror import current_sink
from circuits.follower import follower
from circuits.neuron import neuron_circuit
from circuits.ota import ota


def test_an_ota_by_hand(generic):
    """Four 2 x 8 and 1 x 8 devices, the pair 4 x 1, four mirrors of 1 x 8."""
    drawn = area(ota(generic), generic)
    assert drawn.transistors == 10
    assert drawn.gates == pytest.approx(2 * 16 + 2 * 4 + 4 * 8 + 2 * 8)
    assert drawn.capacitors == 0.0
    # a drain and a source of 0.48 um each
    width = 2 * 2 + 2 * 4 + 4 * 1 + 2 * 1
    assert drawn.diffusions == pytest.approx(2 * 0.48 * width)


def test_capacitors_take_their_value_over_the_density(generic):
    drawn = area(follower("slow", generic, 3e-12, ""), generic)
    assert drawn.capacitors == pytest.approx(3e-12 / generic.capacitance_density)
    assert drawn.total == drawn.gates + drawn.diffusions + drawn.capacitors


def test_without_their_length_no_diffusions_are_counted(generic):
    bare = replace(
        generic,
        nmos=replace(generic.nmos, diffusion=None),
        pmos=replace(generic.pmos, diffusion=None),
    )
    drawn = area(ota(bare), bare)
    assert (drawn.diffusions, drawn.gates) == (0.0, area(ota(generic), generic).gates)


def test_a_neuron_is_the_sum_of_its_blocks(design, generic):
    made = design()
    drawn = area(neuron_circuit(made, generic).cell, generic)
    amplifiers = len(made.amplifiers) + len(made.followers) + 1
    mirror = area(current_sink(generic), generic)
    pair = 2 if made.compensation_current < 0 else 4
    assert drawn.transistors == 10 * amplifiers + 2 + pair
    gates = amplifiers * area(ota(generic), generic).gates + (1 + pair / 2) * mirror.gates
    assert drawn.gates == pytest.approx(gates)
    capacitance = made.membrane_capacitance + sum(f.capacitance for f in made.followers)
    assert drawn.capacitors == pytest.approx(capacitance / generic.capacitance_density)
