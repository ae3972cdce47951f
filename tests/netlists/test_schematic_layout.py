"""Drawn cells: what wires connect is what the cell connects, and no two of them meet by chance."""

from __future__ import annotations

import itertools

import pytest

from circuits.neuron import neuron_circuit
from circuits.ota import divided_ota, ota
from circuits.programmable_synapse import programmable_synapse
from circuits.structure import Cell, Instance
from circuits.synapse import Weight, synapse_column
from circuits.technology import load_technology
from mapping.mapper import map_neuron
from netlists.schematic_layout import layout
from netlists.schematic_parts import Layout, Side, Wire, block_pins
from tests.circuits.networks import small_circuit, small_design
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import burster

SKY130, GENERIC = load_technology("sky130"), load_technology("generic")


def every_cell() -> list[Cell]:
    network = small_circuit(small_design(), GENERIC).cell
    neuron = neuron_circuit(map_neuron(burster(), real_cells(), LIMITS), SKY130).cell
    weights = [Weight(f"x_{i}", (-1) ** i * (i + 1)) for i in range(20)]
    cells = [
        *(*network.cells, network),
        *(*neuron.cells, neuron),
        divided_ota(SKY130),
        programmable_synapse(SKY130, 5),
        synapse_column("many", SKY130, weights, keep_units=3),
    ]
    return list({cell.name: cell for cell in cells}.values())


CELLS = pytest.mark.parametrize("cell", every_cell(), ids=lambda cell: cell.name)


def drawn_nets(drawing: Layout) -> set[frozenset[tuple[str, str]]]:
    """Pins that are joined, by wires from end to end and by marks of one name."""
    joined: dict[object, object] = {}

    def root(thing: object) -> object:
        while joined.setdefault(thing, thing) != thing:
            thing = joined[thing]
        return thing

    def join(a: object, b: object) -> None:
        joined[root(a)] = root(b)

    for wire in drawing.wires:
        join((wire.x1, wire.y1), (wire.x2, wire.y2))
    for mark in drawing.marks:
        join((mark.x, mark.y), mark.net)
    groups: dict[object, set[tuple[str, str]]] = {}
    for placed in drawing.placed:
        for pin in placed.pins:
            groups.setdefault(root((pin.x, pin.y)), set()).add((pin.part, pin.name))
    return {frozenset(group) for group in groups.values()}


@CELLS
def test_what_is_drawn_is_the_circuit(cell: Cell):
    drawing = layout(cell)
    groups: dict[str, set[tuple[str, str]]] = {}
    for placed in drawing.placed:
        for pin in placed.pins:
            groups.setdefault(pin.net, set()).add((pin.part, pin.name))
    assert sorted(placed.part.name for placed in drawing.placed) == sorted(
        part.name for part in cell.parts
    )
    assert drawn_nets(drawing) == {frozenset(group) for group in groups.values()}


@CELLS
def test_every_port_is_there_once(cell: Cell):
    ports = [mark.port for mark in layout(cell).marks if mark.port is not None]
    assert sorted(port.name for port in ports) == sorted(port.name for port in cell.ports)
    assert set(ports) == set(cell.ports)


def on(wire: Wire, x: int, y: int) -> bool:
    inside_x = min(wire.x1, wire.x2) <= x <= max(wire.x1, wire.x2)
    return inside_x and min(wire.y1, wire.y2) <= y <= max(wire.y1, wire.y2)


@CELLS
def test_nothing_touches_the_wire_of_another_net(cell: Cell):
    drawing = layout(cell)
    ends = {(w.x1, w.y1, w.net) for w in drawing.wires}
    ends |= {(w.x2, w.y2, w.net) for w in drawing.wires}
    ends |= {(pin.x, pin.y, pin.net) for one in drawing.placed for pin in one.pins}
    ends |= {(mark.x, mark.y, mark.net) for mark in drawing.marks}
    for wire in drawing.wires:
        assert wire.x1 == wire.x2 or wire.y1 == wire.y2
        for x, y, net in ends:
            assert net == wire.net or not on(wire, x, y), (wire, x, y, net)


@CELLS
def test_no_two_things_stand_at_one_place(cell: Cell):
    drawing = layout(cell)
    pins = [(pin.x, pin.y) for one in drawing.placed for pin in one.pins]
    assert len(pins) == len(set(pins))
    for point in itertools.chain(pins, ((m.x, m.y) for m in drawing.marks)):
        assert all(value % 10 == 0 for value in point)


def test_pins_of_a_block_stand_where_a_reader_looks_for_them():
    places = block_pins(ota(SKY130))
    sides = {name: side for name, (_, _, side) in places.items()}
    assert sides == {
        "inp": Side.LEFT,
        "inn": Side.LEFT,
        "ibias": Side.LEFT,
        "out": Side.RIGHT,
        "vdd": Side.UP,
        "vss": Side.DOWN,
    }


def test_an_ota_has_its_pair_between_its_mirrors_and_its_tail():
    rows = {one.part.name: one.y for one in layout(ota(SKY130)).placed}
    assert rows["mirror_left_in"] < rows["pair_p"] == rows["pair_n"] < rows["tail"] == rows["bias"]


def test_the_same_cell_is_drawn_the_same_way():
    cell = small_circuit(small_design(), GENERIC).cell
    assert layout(cell) == layout(cell)
    assert any(isinstance(one.part, Instance) for one in layout(cell).placed)
