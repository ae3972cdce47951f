"""The wide-range OTA, and the one that divides: the same circuit with other sizes."""

from circuits.follower import follower
from circuits.neuron import neuron_circuit
from circuits.ota import divided_ota, ota
from circuits.structure import Instance
from circuits.technology import load_technology
from mapping.mapper import map_neuron
from tests.mapping.cells import LIMITS, leaking_cells
from tests.mapping.neurons import burster

SKY130 = load_technology("sky130")


def test_the_one_that_divides_is_connected_as_the_other():
    plain, divided = ota(SKY130), divided_ota(SKY130)
    assert (plain.name, divided.name) == ("ota", "divided_ota")
    assert plain.ports == divided.ports
    for one, other in zip(plain.parts, divided.parts, strict=True):
        assert (one.name, one.nets) == (other.name, other.nets)


def test_its_upper_mirrors_pass_on_an_eighth_by_equal_devices():
    sizes = {path[-1]: t.size for path, t in divided_ota(SKY130).transistors()}
    for side in ("left", "right"):
        into, out = sizes[f"mirror_{side}_in"], sizes[f"mirror_{side}_out"]
        assert (into.width, into.length) == (out.width, out.length)
        assert into.multiplier == 8 * out.multiplier
    assert sizes["fold_in"] == sizes["fold_out"]


def test_a_follower_has_either():
    for divided, name in ((False, "ota"), (True, "divided_ota")):
        (amplifier, _) = follower("slow", SKY130, 1e-12, "", divided).parts
        assert isinstance(amplifier, Instance)
        assert amplifier.cell.name == name


def test_a_neuron_divides_in_the_followers_that_its_design_says():
    design = map_neuron(burster(), leaking_cells(1e-13), LIMITS)
    cell = neuron_circuit(design, SKY130).cell
    used = {
        part.name: part.cell.cells[0].name
        for part in cell.parts
        if isinstance(part, Instance) and part.name.startswith("follow_")
    }
    assert used == {"follow_slow": "ota", "follow_ultraslow": "divided_ota"}
