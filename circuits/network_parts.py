"""A network taken apart: each neuron, each output and the inputs' lines as a cell of their own.

    inputs       x_j -> gate lines                                  with the gates that hang on them
    layer1.n3    gate lines of layer 0 -> column -> neuron -> its line     likewise
    output0      gate lines of the last layer -> column -> readout -> y_0

A part reads the gate voltages of others at its ports. What others hang on the line that it drives
stands in it as ``load``, one transistor of as many units on the line, whose drain is a port: its
current says what a unit passes on. Devices of a part are those of the network, under other paths
(:func:`path_in_network`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from circuits.network import KEEP_PORT, gate_names, network_column
from circuits.neuron import MEMBRANE, OUTPUT, Line, neuron_circuit
from circuits.readout import Y, readout, readout_bias_lines, readout_reference_lines
from circuits.structure import Cell, Direction, Instance, Part, Polarity, Port, Transistor
from circuits.synapse import KEEP, gate_line, unit
from circuits.technology import Technology
from mapping.design import NeuronDesign
from mapping.network_design import NetworkDesign
from mapping.network_mapper import INPUT
from mapping.network_mapper import OUTPUT as READOUT
from mapping.readout import ReadoutDesign

LOAD_PREFIX = "load_"
"""Of a load's port, followed by the line whose gates it has."""

INPUTS = "inputs"
"""Name of the part that all input lines are."""


@dataclass(frozen=True)
class NetworkPart:
    """A part of a network, and what its ports have to be given.

    name: such as "layer1.n3". stage: when it can be simulated: 0 the inputs, then layer by layer,
    last the outputs. reads: lines of others. drives: its own lines; of an output the port y. loads:
    units of others on each of these. place: (layer or -1, number) of the neuron or output.
    """

    name: str
    stage: int
    cell: Cell
    reads: tuple[str, ...]
    drives: tuple[str, ...]
    loads: tuple[int, ...]
    bias_lines: tuple[Line, ...] = ()
    reference_lines: tuple[Line, ...] = ()
    place: tuple[int, int] = (-1, 0)

    @property
    def keeps(self) -> bool:
        """Whether it holds a keep-alive line, which the network has only once."""
        return any(line.port == KEEP_PORT for line in self.bias_lines)


def network_parts(
    design: NetworkDesign,
    layers: Sequence[Sequence[NeuronDesign]],
    outputs: Sequence[ReadoutDesign],
    technology: Technology,
) -> Iterator[NetworkPart]:
    """All parts of :func:`circuits.network.network_circuit` of the same designs, stage by stage."""
    yield _inputs(design, technology)
    for number, neurons in enumerate(layers):
        for index, neuron in enumerate(neurons):
            yield _neuron(design, (number, index), neuron, technology)
    for index, one in enumerate(outputs):
        yield _output(design, index, one, len(layers), technology)


def path_in_network(part: NetworkPart, path: tuple[str, ...]) -> tuple[str, ...] | None:
    """Where the network's cell has the transistor at ``path`` of a part; None: it is a load."""
    top = path[0]
    if top.startswith(LOAD_PREFIX):
        return None
    if part.name == INPUTS or top == "keeper":
        return path
    layer, index = part.place
    if layer < 0:
        return (f"output{index}_i", *path)
    return (f"layer{layer}_i", f"{top}{index}", *path[1:])


def units_on(design: NetworkDesign, source: str) -> np.ndarray:
    """Units of all synapses on each line of a source, (lines,)."""
    units = [np.abs(p.units).sum(axis=0) for p in design.projections if p.source == source]
    count = design.line(source).count
    return np.sum(units, axis=0) if units else np.zeros(count, dtype=int)


def _inputs(design: NetworkDesign, technology: Technology) -> NetworkPart:
    line = design.line(INPUT)
    names, counts = gate_names(line), [int(n) for n in units_on(design, INPUT)]
    cell = gate_line(technology, line.units)
    parts: list[Part] = [Instance(f"input{j}", cell, (net, "vss")) for j, net in enumerate(names)]
    ports = [Port(net, Direction.INPUT) for net in names]
    _add_loads(parts, ports, names, counts, technology)
    ports.append(Port("vss", Direction.GROUND))
    made = Cell("part_inputs", tuple(ports), tuple(parts), "the inputs' lines, with their loads")
    return NetworkPart(INPUTS, 0, made, (), tuple(names), tuple(counts))


def _neuron(
    design: NetworkDesign, place: tuple[int, int], neuron: NeuronDesign, technology: Technology
) -> NetworkPart:
    number, index = place
    target, own = f"layer{number}", design.line(f"s{number}")
    driven = design.is_driven(target, index)
    circuit = neuron_circuit(neuron, technology, own.units, driven)
    line = gate_names(own)[index]
    nets = {OUTPUT: line}
    parts: list[Part] = [
        Instance(
            "neuron", circuit.cell, tuple(nets.get(p.name, p.name) for p in circuit.cell.ports)
        )
    ]
    column = network_column(design, target, index, technology)
    # what it hangs on its own line is in its column
    hung = int(units_on(design, own.name)[index])
    hung -= sum(
        abs(int(p.units[index, index])) for p in design.into(target) if p.source == own.name
    )
    lines = (circuit.bias_lines, circuit.reference_lines)
    return _assembled(
        f"layer{number}.n{index}",
        number + 1,
        place,
        (line, hung),
        (parts, column),
        lines,
        (design, technology),
    )


def _output(
    design: NetworkDesign,
    index: int,
    one: ReadoutDesign,
    layers: int,
    technology: Technology,
) -> NetworkPart:
    cell = readout(f"readout_{index}", one, technology)
    parts: list[Part] = [Instance("readout", cell, tuple(port.name for port in cell.ports))]
    column = network_column(design, READOUT, index, technology)
    lines = (readout_bias_lines(one), readout_reference_lines(one))
    return _assembled(
        f"output{index}",
        layers + 1,
        (-1, index),
        (Y, 0),
        (parts, column),
        lines,
        (design, technology),
    )


def _assembled(
    name: str,
    stage: int,
    place: tuple[int, int],
    drives: tuple[str, int],
    content: tuple[list[Part], Cell | None],
    lines: tuple[tuple[Line, ...], tuple[Line, ...]],
    of: tuple[NetworkDesign, Technology],
) -> NetworkPart:
    """A cell of a neuron or readout with its column, keep-alive line and load."""
    (parts, column), (biases, references), (design, technology) = content, lines, of
    reads: list[str] = []
    if column is not None:
        nets = [KEEP_PORT if port.name == KEEP else port.name for port in column.ports]
        parts.insert(0, Instance("column", column, tuple(nets)))
        own = {MEMBRANE, KEEP_PORT, "vdd", "vss", drives[0]}
        reads = [net for net in nets if net not in own]
        if KEEP_PORT in nets:
            keeper = gate_line(technology, design.keep_units)
            parts.append(Instance("keeper", keeper, (KEEP_PORT, "vss")))
            biases = (*biases, Line(KEEP_PORT, design.keep_current, "keep-alive current"))
    ports = [
        *(Port(net, Direction.INPUT) for net in reads),
        Port(drives[0], Direction.OUTPUT),
        *(Port(line.port, Direction.INPUT) for line in (*biases, *references)),
    ]
    _add_loads(parts, ports, [drives[0]], [drives[1]], technology)
    ports += [Port("vdd", Direction.POWER), Port("vss", Direction.GROUND)]
    cell = Cell(f"part_{name.replace('.', '_')}", tuple(ports), tuple(parts), f"{name} alone")
    return NetworkPart(
        name, stage, cell, tuple(reads), (drives[0],), (drives[1],), biases, references, place
    )


def _add_loads(
    parts: list[Part],
    ports: list[Port],
    lines: Sequence[str],
    counts: Sequence[int],
    technology: Technology,
) -> None:
    for line, count in zip(lines, counts, strict=True):
        if count == 0:
            continue
        drain = f"{LOAD_PREFIX}{line}"
        size = unit(technology, count)
        comment = f"the gates of {count} units of other columns"
        parts.append(
            Transistor(drain, Polarity.NMOS, drain, line, "vss", "vss", size, "load", comment)
        )
        ports.append(Port(drain, Direction.BIDIRECTIONAL))
