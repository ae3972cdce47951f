"""Cells as SPICE text: what each technology's lines look like, and that nothing else gets in."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.diffusion import Diffusion, Parallel
from circuits.neuron import neuron_circuit
from circuits.ota import ota
from circuits.structure import (
    Capacitor,
    Cell,
    Direction,
    Instance,
    Polarity,
    Port,
    Size,
    Transistor,
)
from circuits.technology import Device, SizeStyle, Technology, load_technology
from mapping.mapper import map_neuron
from netlists.bench import Bench, BenchInstance, OperatingPoint, VoltageSource
from netlists.model_cards import DeviceUse
from netlists.safe_text import check_cells
from netlists.writer import cell_text, device_uses
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import burster

GENERIC = load_technology("generic")
PORTS = (
    Port("d", Direction.OUTPUT),
    Port("g", Direction.INPUT),
    Port("s", Direction.GROUND),
    Port("b", Direction.POWER),
)


SIZE = Size(2.0, 0.5)


def one_device(size: Size = SIZE, polarity: Polarity = Polarity.NMOS) -> Cell:
    part = Transistor("tail", polarity, "d", "g", "s", "b", size, "tail")
    return Cell("single", PORTS, (part,), "one transistor")


def technology(**device: object) -> Technology:
    parts: dict[str, object] = {"model": "nch", "prefix": "M"}
    made = Device(**(parts | device))  # type: ignore[arg-type]
    return replace(GENERIC, nmos=made, pmos=replace(made, model="pch"))


def device_line(text: str) -> str:
    """The one line of :func:`one_device` that is neither a comment nor a card."""
    joined = text.replace("\n+ ", " ")
    (line,) = [x for x in joined.splitlines() if x and x[0] not in "*."]
    return line


@pytest.mark.parametrize(
    ("device", "size", "line"),
    [
        ({}, Size(2.0, 0.5), "Mtail d g s b nch w=2 l=0.5 m=1"),
        ({"prefix": "X"}, Size(2.0, 0.5), "Xtail d g s b nch w=2 l=0.5 m=1"),
        ({"size_style": SizeStyle.MICRO}, Size(2.0, 0.5), "Mtail d g s b nch w=2u l=0.5u m=1"),
        (
            {"size_style": SizeStyle.METRE},
            Size(2.0, 0.5, 3),
            "Mtail d g s b nch w=2e-06 l=5e-07 m=3",
        ),
        ({"terminals": ("gate", "drain", "bulk", "source")}, Size(2, 2), "Mtail g d b s nch"),
        (
            {"prefix": "X", "width_parameter": "wr", "length_parameter": "lr"},
            Size(2.0, 0.5),
            "Xtail d g s b nch wr=2 lr=0.5 m=1",
        ),
        ({"multiplier": ("m", "mult")}, Size(2, 2, 4), "w=2 l=2 m=4 mult=4"),
        ({"multiplier": ("nf",)}, Size(2, 2, 4), "w=2 l=2 nf=4"),
        ({"parameters": {"sa": 0.5e-6, "mode": 0.0}}, Size(2, 2), "m=1 sa=5e-07 mode=0"),
        (
            {"diffusion": Diffusion(0.29, 0.29)},
            Size(2, 2),
            "m=1 ad=0.58 as=0.58 pd=4.58 ps=4.58",
        ),
        (
            {"diffusion": Diffusion(0.5, 0.6), "size_style": SizeStyle.MICRO},
            Size(2, 2),
            "m=1 ad=1p as=1p pd=5u ps=5u",
        ),
        (
            {
                "diffusion": Diffusion(0.5, 0.6, Parallel.SHARED, drain_area="adr"),
                "size_style": SizeStyle.METRE,
            },
            Size(2, 2, 2),
            "m=2 adr=6e-13 as=1e-12 pd=2.6e-06 ps=5e-06",
        ),
        (
            {"diffusion": Diffusion(0.5, 0.6, fingers=2), "parameters": {"nf": 2.0}},
            Size(2, 2),
            "m=1 ad=0.6 as=1 pd=3.2 ps=6 nf=2",
        ),
    ],
)
def test_a_device_is_written_as_its_technology_does(device, size, line):
    text = cell_text(one_device(size), technology(**device))
    assert line in device_line(text)


def test_the_polarity_chooses_the_model():
    text = cell_text(one_device(polarity=Polarity.PMOS), technology())
    assert device_line(text).split()[5] == "pch"


def test_a_cell_word_for_word():
    inner = one_device()
    capacitor = Capacitor("hold", "d", "s", 4.05e-12, "hold")
    nets = ("d", "g", "s", "b")
    outer = Cell(
        "pair", PORTS, (Instance("one", inner, nets, "s-: alpha -1.5"), capacitor), "two of them"
    )
    assert cell_text(outer, technology(), ("made by a test", "")) == (
        "* made by a test\n"
        "*\n"
        "\n"
        "* one transistor\n"
        ".subckt single d g s b\n"
        "*.PININFO d:O g:I s:G b:P\n"
        "Mtail d g s b nch w=2 l=0.5 m=1\n"
        ".ends single\n"
        "\n"
        "* two of them\n"
        ".subckt pair d g s b\n"
        "*.PININFO d:O g:I s:G b:P\n"
        "* s-: alpha -1.5\n"
        "Xone d g s b single\n"
        "Chold d s 4.05e-12\n"
        ".ends pair\n"
    )


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=80))
def test_comments_stay_comments(header, description, comment):
    cell = one_device()
    outer = Cell("outer", PORTS, (Instance("x", cell, ("d", "g", "s", "b"), comment),), description)
    text = cell_text(outer, GENERIC, (header,))
    plain = cell_text(replace(outer, description="", parts=outer.parts), GENERIC)
    cards = [line for line in text.splitlines() if not line.startswith("*")]
    assert cards == [line for line in plain.splitlines() if not line.startswith("*")]
    check_cells(text, "cells")


@pytest.mark.parametrize(
    "evil",
    [
        "a\n.control\nshell rm -rf /\n.endc",
        "a\r.control",
        "a\x0b.include /etc/passwd",
        "a\x85.control",
        "a\u2028.control",
        "#shell true",
        "ng_script",
        "\n+ w=3",
    ],
)
def test_headers_cannot_bring_in_commands(evil):
    text = cell_text(one_device(), GENERIC, (evil,))
    check_cells(text, "cells")
    assert text.splitlines()[0].startswith("* ")
    assert len(text.splitlines()) == len(cell_text(one_device(), GENERIC, ("a",)).splitlines())


@pytest.fixture(scope="module")
def neuron() -> Cell:
    design = map_neuron(burster(), real_cells(), LIMITS)
    return neuron_circuit(design, GENERIC).cell


def test_lines_are_short_and_none_is_lost(neuron):
    text = cell_text(neuron, GENERIC)
    lines = [x for x in text.splitlines() if x.startswith("*.PININFO") or not x.startswith("*")]
    assert max(len(line) for line in lines) <= 100
    assert any(line.startswith("+ ") for line in lines)
    joined = text.replace("\n+ ", " ")
    opening = next(x for x in joined.splitlines() if x.startswith(f".subckt {neuron.name} "))
    assert opening.split()[2:] == [port.name for port in neuron.ports]
    pins = " ".join(
        line.removeprefix("*.PININFO ")
        for line in text[text.index(f".subckt {neuron.name}") :].splitlines()
        if line.startswith("*.PININFO")
    )
    assert pins.split() == [f"{port.name}:{port.direction.value}" for port in neuron.ports]


def test_a_neuron_is_transistors_capacitors_and_blocks_of_them(neuron):
    text = cell_text(neuron, GENERIC).replace("\n+ ", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("*")]
    cards = {line.split()[0].lower() for line in lines if line[0] == "."}
    assert cards == {".subckt", ".ends"}
    assert {line[0] for line in lines if line[0] != "."} == {"M", "X", "C"}
    for line in lines:
        assert "0" not in line.split()[1:-1], f"node 0 in {line}"
        assert not re.search(r"\bgnd\b", line, re.I)
    defined = [line.split()[1] for line in lines if line.startswith(".subckt")]
    assert len(defined) == len(set(defined))
    # Children come first: whoever reads it top down knows every block when it is used.
    for index, line in enumerate(lines):
        if line[0] == "X":
            used = line.split()[-1]
            assert any(x.startswith(f".subckt {used} ") for x in lines[:index])


def test_uses_are_each_model_and_size_once():
    cell = ota(GENERIC)
    uses = device_uses(cell, GENERIC)
    tail, pair = GENERIC.size("ota", "tail"), GENERIC.size("ota", "pair")
    mirror = GENERIC.size("ota", "nmos_mirror")
    assert uses == tuple(
        sorted(
            {
                DeviceUse("generic_nmos", tail.width, tail.length, "M"),
                DeviceUse("generic_nmos", pair.width, pair.length, "M"),
                DeviceUse("generic_nmos", mirror.width, mirror.length, "M"),
                DeviceUse("generic_pmos", mirror.width, mirror.length, "M"),
            },
            key=lambda use: (use.name, use.width_um, use.length_um),
        )
    )


WRAPPED = """.subckt nch g d b s w=1u l=1u m=1
m0 d g s b core w={w} l={l} m={m}
.model core nmos level=1 vto=0.5 kp=100u
.ends nch
"""
PLAIN = ".model nch nmos level=1 vto=0.5 kp=100u\n"


@pytest.mark.ngspice
@pytest.mark.parametrize(
    ("device", "models"),
    [
        ({"size_style": SizeStyle.MICRO}, PLAIN),
        ({"size_style": SizeStyle.METRE}, PLAIN),
        ({}, ".option scale=1u\n" + PLAIN),
        (
            {
                "prefix": "X",
                "size_style": SizeStyle.MICRO,
                "terminals": ("gate", "drain", "bulk", "source"),
            },
            WRAPPED,
        ),
    ],
)
def test_ngspice_reads_every_style_as_the_same_transistor(engine, device, models):
    cell = one_device(Size(4.0, 2.0, 3))
    bench = Bench(
        title="one transistor",
        models=models,
        cells=cell_text(cell, technology(**device), ("a header",)),
        instances=(BenchInstance("x1", "single", ("d", "g", "0", "0")),),
        sources=(VoltageSource("vd", "d", "0", 1.5), VoltageSource("vg", "g", "0", 1.0)),
        analyses=(OperatingPoint(),),
        save=("i(vd)",),
    )
    (current,) = engine.run(bench)[0]["i(vd)"]
    # Three of them, saturated: I = 3 KP/2 W/L (Vgs - Vto)^2
    assert -current == pytest.approx(3 * 50e-6 * 2.0 * 0.25, rel=1e-6)
