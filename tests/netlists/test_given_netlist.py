"""Subcircuits that others edited or extracted are read as they are, or refused with a reason."""

from dataclasses import replace
from pathlib import Path

import pytest

from circuits.neuron import neuron_circuit
from circuits.technology import load_technology
from mapping.mapper import map_neuron
from netlists.given_netlist import read_netlist
from netlists.writer import cell_text, device_uses
from neuron_model.errors import InputError
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import burster

TECHNOLOGIES = ("generic", "sky130", "gf180mcu")


def made(name: str):
    technology = load_technology(name)
    cell = neuron_circuit(map_neuron(burster(), real_cells(), LIMITS), technology).cell
    return technology, cell, cell_text(cell, technology)


def reordered(text: str, cell) -> str:
    """The neuron's ports from the last to the first, as an extraction may have them."""
    ports = [port.name for port in cell.ports]
    start = text.index(f".subckt {cell.name} ")
    end = text.index("*.PININFO", start)
    return f"{text[:start]}.subckt {cell.name}\n+ {' '.join(reversed(ports))}\n{text[end:]}"


@pytest.mark.parametrize("name", TECHNOLOGIES)
def test_what_was_exported_is_read_as_it_is(name: str, tmp_path: Path):
    technology, cell, text = made(name)
    (tmp_path / "n.spice").write_text(text)
    found = read_netlist(tmp_path / "n.spice", cell, technology)
    assert found.text == text
    assert found.ports == tuple(port.name for port in cell.ports)
    assert [(u.name, u.prefix) for u in found.uses] == [
        (u.name, u.prefix) for u in device_uses(cell, technology)
    ]
    for use, own in zip(found.uses, device_uses(cell, technology), strict=True):
        assert (use.width_um, use.length_um) == pytest.approx((own.width_um, own.length_um))


def test_ports_may_stand_in_another_order(tmp_path: Path):
    technology, cell, text = made("sky130")
    (tmp_path / "n.spice").write_text(reordered(text, cell))
    found = read_netlist(tmp_path / "n.spice", cell, technology)
    assert found.ports == tuple(port.name for port in reversed(cell.ports))


def test_sizes_are_read_by_the_names_that_the_technology_gives_them(tmp_path: Path):
    technology, cell, _ = made("sky130")
    named = replace(technology.nmos, width_parameter="wr", length_parameter="lr")
    technology = replace(technology, nmos=named)
    (tmp_path / "n.spice").write_text(cell_text(cell, technology))
    uses = read_netlist(tmp_path / "n.spice", cell, technology).uses
    assert {(use.name, use.width_um) for use in uses} == {
        (use.name, use.width_um) for use in device_uses(cell, technology)
    }


def test_an_edited_size_is_found(tmp_path: Path):
    technology, cell, text = made("sky130")
    (tmp_path / "n.spice").write_text(text.replace("w=4 l=1", "w = 4.5 l= 1", 1))
    found = read_netlist(tmp_path / "n.spice", cell, technology)
    assert (4.5, 1.0) in [(use.width_um, use.length_um) for use in found.uses]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (".subckt neuron_", ".subckt other_", "there is no .subckt neuron_"),
        (" vr_s vdd vss", " vr_t vdd vss", "missing: vr_s; not known: vr_t"),
        ("w=4 l=1", "w={wide} l=1", r"w={wide} must be a number"),
        ("w=4 l=1", "l=1", r"w=\(missing\) must be a number"),
        ("sky130_fd_pr__", "other__", "no device of sky130"),
        (".ends ota", ".ends ota\n.include /etc/passwd", "include"),
        (".ends ota", ".ends ota\n.control\nshell ls\n.endc", "control"),
    ],
)
def test_what_cannot_be_judged_is_refused(old: str, new: str, why: str, tmp_path: Path):
    technology, cell, text = made("sky130")
    joined = text.replace("\n+ ", " ")
    assert old in joined
    (tmp_path / "n.spice").write_text(joined.replace(old, new))
    with pytest.raises(InputError, match=why):
        read_netlist(tmp_path / "n.spice", cell, technology)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    technology, cell, _ = made("generic")
    with pytest.raises(InputError, match=r"gone\.spice: .*no such file"):
        read_netlist(tmp_path / "gone.spice", cell, technology)
