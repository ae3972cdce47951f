"""Netlists whose capacitors are the process's device: to netgen, to xschem, and to the models."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from circuits.neuron import neuron_circuit
from circuits.plate_capacitor import PlateCapacitor
from circuits.structure import Capacitor, Cell, Direction, Port
from circuits.technology import Technology, load_technology
from mapping.mapper import map_neuron
from netlists.dialects import Dialect
from netlists.given_netlist import read_netlist
from netlists.model_library import find_library
from netlists.writer import cell_text
from neuron_model.errors import InputError, MissingDependencyError
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import burster
from tests.netlists.netgen import (
    EQUAL,
    OTHER_SIZES,
    UNEQUAL,
    check_equal,
    needs_netgen,
    netgen,
)

PROCESSES = ("sky130", "gf180mcu")


def made(name: str) -> tuple[Technology, PlateCapacitor, Cell]:
    technology = load_technology(name)
    assert technology.capacitor is not None
    cell = neuron_circuit(map_neuron(burster(), real_cells(), LIMITS), technology).cell
    return technology, technology.capacitor, cell


def membrane(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("Xmembrane "))


def changed(text: str, how: Callable[[list[str]], list[str]]) -> str:
    line = membrane(text)
    return text.replace(line, " ".join(how(line.split())))


def longer(words: list[str]) -> list[str]:
    name, value = words[5].split("=")
    unit = value.lstrip("0123456789.")
    return [*words[:5], f"{name}={1.1 * float(value.removesuffix(unit)):g}{unit}", *words[6:]]


@needs_netgen
@pytest.mark.parametrize("name", PROCESSES)
@pytest.mark.parametrize(
    ("planted", "verdict"),
    [
        (lambda words: words, EQUAL),
        (longer, OTHER_SIZES),
        (lambda words: [*words[:-1], "m=7"], OTHER_SIZES),
        (lambda words: [f"C{words[0]}", *words[1:3], "4e-12"], UNEQUAL),  # no device
    ],
)
def test_netgen_compares_the_devices(
    name: str, planted: Callable[[list[str]], list[str]], verdict: str, tmp_path: Path
):
    technology, capacitor, cell = made(name)
    text = cell_text(cell, technology, capacitor=capacitor)
    layout = changed(text, planted)
    said = netgen(tmp_path, (layout, text), cell.name, technology)
    assert verdict in said, said[-2000:]
    if layout == text:
        check_equal(said)


@needs_netgen
@pytest.mark.parametrize("name", PROCESSES)
def test_netgen_finds_exchanged_plates(name: str, tmp_path: Path):
    """Of several; netgen 1.5.133 may overlook it where a cell has one device of that kind alone."""
    technology, capacitor, _ = made(name)
    ports = tuple(Port(net, Direction.BIDIRECTIONAL) for net in ("vm", "vn", "vss"))
    parts = tuple(Capacitor(f"c_{net}", net, "vss", 4e-12) for net in ("vm", "vn"))
    cell = Cell("pair", ports, parts)
    text = cell_text(cell, technology, capacitor=capacitor)
    check_equal(netgen(tmp_path, (text, text), "pair", technology))
    layout = text.replace("Xc_vm vm vss", "Xc_vm vss vm")
    assert UNEQUAL in netgen(tmp_path, (layout, text), "pair", technology)


@needs_netgen
@pytest.mark.parametrize("name", PROCESSES)
@pytest.mark.parametrize("dialect", [Dialect.CDL, Dialect.XYCE])
def test_other_dialects_have_the_same_devices(name: str, dialect: Dialect, tmp_path: Path):
    technology, capacitor, cell = made(name)
    spice = cell_text(cell, technology, capacitor=capacitor)
    other = cell_text(cell, technology, dialect=dialect, capacitor=capacitor)
    if dialect is Dialect.CDL:
        models = "|".join((technology.nmos.model, technology.pmos.model))
        whole = spice.replace("\n+ ", " ")
        spice = re.sub(rf"^X(\w+(?: \w+){{4}} (?:{models}) )", r"M\1", whole, flags=re.MULTILINE)
    check_equal(netgen(tmp_path, (other, spice), cell.name, technology))


def test_the_top_plate_is_at_the_voltage_and_the_bottom_plate_at_the_supply():
    technology, capacitor, cell = made("sky130")
    text = cell_text(cell, technology, capacitor=capacitor)
    assert membrane(text).startswith(f"Xmembrane vm vss {capacitor.model} w=")
    assert not re.search("^C", text, re.MULTILINE)


@pytest.mark.parametrize("name", PROCESSES)
def test_an_extracted_netlist_with_devices_is_simulated_with_what_they_hold(
    name: str, tmp_path: Path
):
    technology, capacitor, cell = made(name)
    path = tmp_path / "extracted.spice"
    text = cell_text(cell, technology, capacitor=capacitor)
    path.write_text(changed(text, lambda words: [*words[:4], "\n+", *words[4:]]))
    found = read_netlist(path, cell, technology)
    assert capacitor.model not in found.text
    read = re.findall(r"^CX\w+ (\w+) (\w+) (\S+)$", found.text, re.MULTILINE)
    drawn = [(*part.nets, part.capacitance) for _, part in cell.capacitors()]
    assert sorted(net for net, _, _ in read) == sorted(net for net, _, _ in drawn)
    assert sorted(float(value) for _, _, value in read) == pytest.approx(
        sorted(value for _, _, value in drawn), rel=1e-3
    )


def test_a_device_without_a_size_is_refused(tmp_path: Path):
    technology, capacitor, cell = made("sky130")
    text = cell_text(cell, technology, capacitor=capacitor)
    path = tmp_path / "extracted.spice"
    path.write_text(changed(text, lambda words: [*words[:4], *words[5:]]))
    with pytest.raises(InputError, match=r"Xmembrane: w=\(missing\) must be a number above 0"):
        read_netlist(path, cell, technology)


# What the installed libraries need beside the model of the capacitor.
_SKY130 = """\
.param MC_MM_SWITCH=0 MC_PR_SWITCH=0 corner_factor=1 process_mc_factor=1 mismatch_factor=1
.param sw_mm_cmim=0
.include "{folder}/parameters_cap_nom.spice"
.include "{folder}/models_capacitors.spice"
"""
_GF180MCU = """\
.param mim_corner_1p5fF=1 mim_corner_1p0fF=1 mim_corner_2p0fF=1
.param mc_c_cox_1p0fF=0 mc_c_cox_1p5fF=0 mc_c_cox_2p0fF=0
.lib "{folder}/sm141064.ngspice" cap_mim
"""


@pytest.mark.ngspice
@pytest.mark.parametrize(
    ("name", "models", "installed"),
    [("sky130", _SKY130, "sky130_fd_pr__cap_mim_m3_1"), ("gf180mcu", _GF180MCU, "cap_mim_2f0fF")],
)
def test_the_librarys_own_model_has_the_capacitance(
    name: str, models: str, installed: str, tmp_path: Path
):
    program = shutil.which("ngspice")
    if program is None:
        pytest.skip("the program ngspice is not installed")
    technology, capacitor, cell = made(name)
    try:
        folder = find_library(technology.models, technology.corners[0]).parent
    except MissingDependencyError:
        pytest.skip(f"the models of {name} are not installed")
    text = cell_text(cell, technology, capacitor=capacitor)
    words = membrane(text).replace(capacitor.model, installed).split()
    (tmp_path / "deck.spice").write_text(
        f"capacitance at 1 kHz, 25 degC\n{models.format(folder=folder)}.temp 25\n"
        f"V1 vm 0 dc 0 ac 1\n{' '.join([words[0], 'vm', '0', *words[3:]])}\n"
        ".control\nac lin 1 1k 1k\nprint imag(i(v1))\nquit 0\n.endc\n.end\n"
    )
    done = subprocess.run(
        [program, "-b", "deck.spice"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    (current,) = re.findall(r"imag\(i\(v1\)\) = (\S+)", done.stdout)
    found = -float(current) / (2 * math.pi * 1e3)
    wanted = next(part.capacitance for path, part in cell.capacitors() if path == ("membrane",))
    assert found == pytest.approx(wanted, rel=1e-3)
