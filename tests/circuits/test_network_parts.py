"""A network taken apart has the network's devices, each once, and stands-in for what is cut off."""

from collections import Counter

import pytest

from circuits.network_parts import (
    INPUTS,
    NetworkPart,
    network_parts,
    path_in_network,
    units_on,
)
from circuits.technology import load_technology
from tests.circuits.networks import small_circuit, small_design, small_neurons, small_readouts

GENERIC = load_technology("generic")


@pytest.fixture(scope="module")
def parts() -> dict[str, NetworkPart]:
    design = small_design()
    found = network_parts(design, small_neurons(design), small_readouts(design), GENERIC)
    return {part.name: part for part in found}


def test_parts_are_the_inputs_every_neuron_and_every_output(parts):
    assert list(parts) == [
        INPUTS,
        "layer0.n0",
        "layer0.n1",
        "layer1.n0",
        "layer1.n1",
        "output0",
    ]
    assert [part.stage for part in parts.values()] == [0, 1, 1, 2, 2, 3]


def test_every_device_of_the_network_is_in_one_part_alike(parts):
    whole = dict(small_circuit(small_design(), GENERIC).cell.transistors())
    seen = Counter()
    for part in parts.values():
        for path, transistor in part.cell.transistors():
            place = path_in_network(part, path)
            if place is None:
                assert transistor.role == "load"
                continue
            seen[place] += 1
            assert (whole[place].size, whole[place].role) == (transistor.size, transistor.role)
    keepers = sum(part.keeps for part in parts.values())
    assert keepers > 1
    # each part has the keep-alive line that the network has once
    assert seen.pop(("keeper", "diode")) == keepers
    assert set(seen) == set(whole) - {("keeper", "diode")}
    assert set(seen.values()) == {1}


def test_a_line_carries_the_gates_of_all_other_columns(parts):
    design = small_design()
    second = parts["layer1.n0"]
    into_second = next(p for p in design.into("layer1") if p.source == "s1")
    own, others = abs(into_second.units[0, 0]), abs(into_second.units[1, 0])
    readout = next(p for p in design.into("y")).units
    assert own == 0
    assert second.loads == (others + abs(readout[0, 0]),)
    assert units_on(design, "s0").tolist() == [parts["layer0.n0"].loads[0], 0]
    assert parts["layer0.n1"].loads == (0,)


def test_parts_read_the_lines_of_their_columns(parts):
    assert parts["layer0.n0"].reads == ("x_0",)
    assert parts["layer1.n0"].reads == ("s0_0", "s1_1")
    assert parts["output0"].reads == ("s1_0", "s1_1")
