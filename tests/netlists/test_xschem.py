"""xschem reads the symbols and schematics; its own netlist of them is ours, as netgen sees it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from circuits.neuron import neuron_circuit
from circuits.plate_capacitor import PlateCapacitor
from circuits.structure import Cell
from circuits.technology import Technology, load_technology
from mapping.mapper import map_neuron
from netlists.writer import cell_text
from netlists.xschem import xschem_files
from tests.circuits.networks import small_circuit, small_design
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import burster
from tests.netlists.netgen import NETGEN, check_equal, netgen

XSCHEM = shutil.which("xschem")
needs_tools = pytest.mark.skipif(
    XSCHEM is None or NETGEN is None, reason="xschem and netgen-lvs of Debian are not installed"
)


def neuron(technology: Technology) -> Cell:
    return neuron_circuit(map_neuron(burster(), real_cells(), LIMITS), technology).cell


def test_every_cell_has_a_symbol_with_its_ports_and_a_schematic_with_its_parts():
    cell = neuron(load_technology("sky130"))
    files = xschem_files(cell, load_technology("sky130"))
    for each in (*cell.cells, cell):
        pins = re.findall(r"^B 5 .*\{name=(\w+) dir=", files[f"mtc/{each.name}.sym"], re.MULTILINE)
        assert pins == [port.name for port in each.ports]
        placed = re.findall(r"^C .*\{name=[XC](\w+)", files[f"mtc/{each.name}.sch"], re.MULTILINE)
        assert sorted(placed) == sorted(part.name for part in each.parts)


def test_no_two_pins_of_a_symbol_stand_at_one_place():
    cell = neuron(load_technology("generic"))
    for name, text in xschem_files(cell, load_technology("generic")).items():
        if name.endswith(".sym"):
            places = re.findall(r"^B 5 (\S+ \S+) ", text, re.MULTILINE)
            assert len(places) == len(set(places)) > 1


@needs_tools
@pytest.mark.parametrize("name", ["generic", "sky130", "gf180mcu"])
def test_xschems_netlist_of_a_neuron_is_ours(name: str, tmp_path: Path):
    technology = load_technology(name)
    compare(neuron(technology), technology, tmp_path)


@needs_tools
@pytest.mark.parametrize("name", ["sky130", "gf180mcu"])
def test_capacitors_may_be_devices(name: str, tmp_path: Path):
    technology = load_technology(name)
    compare(neuron(technology), technology, tmp_path, technology.capacitor)


@needs_tools
def test_xschems_netlist_of_a_two_layer_network_is_ours(tmp_path: Path):
    technology = load_technology("generic")
    compare(small_circuit(small_design(), technology).cell, technology, tmp_path)


def compare(
    cell: Cell, technology: Technology, folder: Path, capacitor: PlateCapacitor | None = None
) -> None:
    """xschem's netlister and ours, by netgen."""
    for name, text in xschem_files(cell, technology, capacitor=capacitor).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "netlists").mkdir()
    # where Debian's package has the pins and labels; no window, no home
    (folder / "rc").write_text(
        f"set XSCHEM_LIBRARY_PATH {folder}:/usr/share/xschem/xschem_library\n"
        f"set netlist_dir {folder}/netlists\n"
    )
    words = [str(XSCHEM), "-n", "-s", "-q", "-x", "-r", "--rcfile", "rc", f"mtc/{cell.name}"]
    subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    drawn = (folder / "netlists" / f"{cell.name}.spice").read_text()
    # xschem comments the top's own lines out
    drawn = re.sub(r"^\*\*(\.subckt|\.ends)", r"\1", drawn, flags=re.MULTILINE)
    drawn = re.sub(r"^\*\+", "+", drawn, flags=re.MULTILINE)
    own = cell_text(cell, technology, capacitor=capacitor)
    check_equal(netgen(folder, (drawn, own), cell.name, technology))
