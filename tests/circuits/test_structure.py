import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.structure import (
    Capacitor,
    Cell,
    Direction,
    Instance,
    Polarity,
    Port,
    Size,
    Transistor,
    check_identifier,
)
from neuron_model.errors import InputError

SIZE = Size(2.0, 8.0)
A, B = Port("a", Direction.INPUT), Port("b", Direction.OUTPUT)


def capacitor(name: str = "c", positive: str = "a", negative: str = "b") -> Capacitor:
    return Capacitor(name, positive, negative, 1e-12)


def transistor(name: str = "m", drain: str = "b", gate: str = "a") -> Transistor:
    return Transistor(name, Polarity.NMOS, drain, gate, "b", "b", SIZE)


BAD_NAMES = [
    "",
    "1a",
    "_a",
    "a b",
    "a.b",
    "a-b",
    "a;quit",
    "a\n.control",
    "a\n",
    "ä",
    "a" * 65,
    "0",
]


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize(
    "make",
    [
        lambda name: Port(name, Direction.INPUT),
        lambda name: Cell(name, (A, B), (capacitor(),)),
        lambda name: Cell("cell", (A, B), (capacitor(name),)),
        lambda name: Cell("cell", (A, B), (capacitor(), transistor(gate=name))),
        lambda name: Cell("cell", (A, B), (capacitor(positive=name),)),
    ],
    ids=["port", "cell", "part", "net of a transistor", "net of a capacitor"],
)
def test_names_that_a_netlist_cannot_hold_are_refused(make, name):
    with pytest.raises(InputError, match="use a letter followed by up to 63"):
        make(name)


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,63}", fullmatch=True))
def test_identifiers_are_taken_as_they_are(name):
    assert check_identifier(name, "net") == name


@pytest.mark.parametrize("name", ["gnd", "GND"])
def test_no_net_is_ground_by_its_name(name):
    with pytest.raises(InputError, match="ground itself"):
        Cell("cell", (A, B), (capacitor(), transistor(gate=name), capacitor("c2", name)))


def test_a_net_that_touches_one_terminal_only_is_refused():
    with pytest.raises(InputError, match=r"nothing else is connected to \['alone'\]"):
        Cell("cell", (A, B), (capacitor(), transistor(gate="alone")))


def test_a_port_that_nothing_uses_is_refused():
    with pytest.raises(InputError, match=r"nothing else is connected to \['spare'\]"):
        Cell("cell", (A, B, Port("spare", Direction.INPUT)), (capacitor(),))


@pytest.mark.parametrize(
    ("ports", "parts", "reason"),
    [
        ((A, A, B), (capacitor(),), "two ports named 'a'"),
        ((A, Port("A", Direction.INPUT), B), (capacitor(),), "two ports named 'A'"),
        ((A, B), (capacitor("x"), capacitor("x")), "two parts named 'x'"),
        ((A, B), (capacitor("x"), capacitor("X")), "two parts named 'X'"),
        ((A, B), (capacitor("x"), transistor("x")), "two parts named 'x'"),
        ((A, B), (capacitor(), capacitor("d", "N", "n")), "two nets named 'n'"),
    ],
)
def test_names_that_spice_cannot_tell_apart_are_refused(ports, parts, reason):
    with pytest.raises(InputError, match=reason):
        Cell("cell", ports, parts)


@pytest.mark.parametrize("nets", [("a",), ("a", "b", "b"), ()])
def test_an_instance_connects_every_port_of_its_cell(nets):
    inner = Cell("inner", (A, B), (capacitor(),))
    with pytest.raises(InputError, match=rf"connects {len(nets)} nets to cell 'inner'.* 2 ports"):
        Instance("x", inner, nets)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda v: Size(v, 1.0), "width"),
        (lambda v: Size(1.0, v), "length"),
        (lambda v: Size(1.0, 1.0, v), "multiplier"),
        (lambda v: Capacitor("cm", "a", "b", v), "capacitance of 'cm'"),
    ],
)
def test_sizes_and_capacitors_are_positive_numbers(make, what, value):
    with pytest.raises(InputError, match=f"{what}.*must be a positive number"):
        make(value)


def test_area_counts_devices_in_parallel():
    assert Size(2.0, 8.0, 3).area == 48.0


def test_cells_below_come_once_children_before_parents():
    leaf = Cell("leaf", (A, B), (capacitor(),))
    twig = Cell("twig", (A, B), (Instance("l1", leaf, ("a", "b")), Instance("l2", leaf, "ab")))
    tree = Cell("tree", (A, B), (Instance("t", twig, ("a", "b")), Instance("l", leaf, ("b", "a"))))
    assert tree.cells == (leaf, twig)


@pytest.mark.parametrize("name", ["leaf", "LEAF"])
def test_two_different_cells_of_one_name_are_refused(name):
    leaf = Cell("leaf", (A, B), (capacitor(),))
    other = Cell(name, (A, B), (transistor(),))
    both = Cell("both", (A, B), (Instance("x", leaf, ("a", "b")), Instance("y", other, "ab")))
    with pytest.raises(InputError, match=f"two different cells are named '{name}'"):
        _ = both.cells


def test_transistors_are_listed_with_the_instances_that_lead_to_them():
    inner = Cell("inner", (A, B), (transistor("m1"), capacitor()))
    outer = Cell("outer", (A, B), (Instance("x", inner, ("a", "b")), transistor("m2")))
    found = [(path, device.name) for path, device in outer.transistors()]
    assert found == [(("x", "m1"), "m1"), (("m2",), "m2")]
