"""A whole trained network of transistors and capacitors.

    network   x_j -> gate lines -> layer0 -> layer1 -> ... -> readouts -> y_k
    layer     of each neuron: its column of synapses, the neuron, and its line s
    readout   of each output: its column of synapses, and the node with its followers

Unipolar input currents flow into the ports ``x_j``, the keep-alive current into ``ib_keep``; the
outputs are the voltages ``y_k``. Every bias and reference line of a neuron is a port of its own.
Lines on which nothing hangs are ports too, and a neuron without any synapse keeps its membrane to
itself, so that no net floats.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from circuits.neuron import MEMBRANE, OUTPUT, Line, neuron_circuit
from circuits.readout import Y, readout, readout_bias_lines, readout_reference_lines
from circuits.structure import Cell, Direction, Instance, Port
from circuits.synapse import KEEP, Weight, gate_line, synapse_column
from circuits.technology import Technology
from mapping.design import NeuronDesign
from mapping.network_design import LineDesign, NetworkDesign
from mapping.readout import ReadoutDesign
from neuron_model.errors import InputError

KEEP_PORT = "ib_keep"
_SUPPLY_PORTS = (Port("vdd", Direction.POWER), Port("vss", Direction.GROUND))


@dataclass(frozen=True)
class NetworkCircuit:
    """The cell, and what its ports have to be given.

    inputs: ports of the input currents, in the inputs' order. outputs: of the voltages y.
    """

    cell: Cell
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    bias_lines: tuple[Line, ...]
    reference_lines: tuple[Line, ...]


@dataclass(frozen=True)
class _Block:
    """A cell with its own bias and reference lines, and the shared nets that it is on.

    sources: gate lines that it reads. drives: those that it drives, or voltages that it puts out.
    """

    cell: Cell
    sources: tuple[str, ...]
    drives: tuple[str, ...]
    bias_lines: tuple[Line, ...]
    reference_lines: tuple[Line, ...]


def network_circuit(
    name: str,
    design: NetworkDesign,
    layers: Sequence[Sequence[NeuronDesign]],
    outputs: Sequence[ReadoutDesign],
    technology: Technology,
) -> NetworkCircuit:
    """The transistor-level network.

    Args:
        name: of the cell.
        design: of its synapses and lines.
        layers: designs of the neurons, whose output stages drive their lines; names are unique.
        outputs: designs of the readouts.
        technology: whose sizes are drawn.

    Raises:
        InputError: another number of neurons or outputs than the network's, or a name twice.
    """
    _check_counts(design, layers, outputs)
    blocks = [_layer(k, design, neurons, technology) for k, neurons in enumerate(layers)]
    blocks += [_output(k, design, one, technology) for k, one in enumerate(outputs)]
    entry = design.line("x")
    inputs = tuple(gate_names(entry))
    line = gate_line(technology, entry.units)
    parts = [
        Instance(f"input{j}", line, (net, "vss"), _input_comment(entry, j))
        for j, net in enumerate(inputs)
    ]
    keeps = any(KEEP in block.sources for block in blocks)
    if keeps:
        keeper = gate_line(technology, design.keep_units)
        comment = f"keep-alive current of every column, {design.keep_current * 1e9:.4g} nA"
        parts.append(Instance("keeper", keeper, (KEEP_PORT, "vss"), comment))
    for block in blocks:
        nets = [KEEP_PORT if port.name == KEEP else port.name for port in block.cell.ports]
        parts.append(Instance(f"{block.cell.name}_i", block.cell, tuple(nets)))
    heard = {net for block in blocks for net in block.sources}
    unheard = [net for block in blocks for net in block.drives if net not in heard]
    biases = [line for block in blocks for line in block.bias_lines]
    if keeps:
        biases.append(Line(KEEP_PORT, design.keep_current, "keep-alive current of all columns"))
    references = [line for block in blocks for line in block.reference_lines]
    ports = (
        *(Port(net, Direction.INPUT) for net in inputs),
        *(Port(net, Direction.OUTPUT) for net in unheard),
        *(Port(line.port, Direction.INPUT) for line in (*biases, *references)),
        *_SUPPLY_PORTS,
    )
    sizes = ", ".join(str(len(neurons)) for neurons in layers)
    description = (
        f"network of {len(inputs)} inputs, {sizes} neurons and {len(outputs)} outputs: "
        f"{design.unit_count} unit transistors in synapses, I0 = "
        f"{design.unit_current * 1e9:.4g} nA, 1 unit of time = {design.time_unit * 1e6:.4g} us"
    )
    ends = tuple(f"{Y}_{k}" for k in range(len(outputs)))
    cell = Cell(name, ports, tuple(parts), description)
    return NetworkCircuit(cell, inputs, ends, tuple(biases), tuple(references))


def _layer(
    number: int, design: NetworkDesign, neurons: Sequence[NeuronDesign], technology: Technology
) -> _Block:
    target, own = f"layer{number}", design.line(f"s{number}")
    lines = tuple(gate_names(own))
    parts: list[Instance] = []
    biases: list[Line] = []
    references: list[Line] = []
    for index, neuron in enumerate(neurons):
        driven = design.is_driven(target, index)
        circuit = neuron_circuit(neuron, technology, own.units, driven)
        membrane = f"vm_{index}"
        column = network_column(design, target, index, technology)
        if column is not None:
            nets = {MEMBRANE: membrane}
            ports = tuple(nets.get(port.name, port.name) for port in column.ports)
            parts.append(Instance(f"column{index}", column, ports))
        prefix = f"l{number}_n{index}_"
        biases += _prefixed(prefix, circuit.bias_lines)
        references += _prefixed(prefix, circuit.reference_lines)
        shared = {MEMBRANE: membrane, OUTPUT: lines[index], "vdd": "vdd", "vss": "vss"}
        ports = tuple(shared.get(p.name, f"{prefix}{p.name}") for p in circuit.cell.ports)
        parts.append(Instance(f"neuron{index}", circuit.cell, ports))
    description = f"layer {number} of {len(neurons)} neurons"
    return _block(target, parts, lines, (biases, references), description)


def _output(
    index: int, design: NetworkDesign, one: ReadoutDesign, technology: Technology
) -> _Block:
    end = f"{Y}_{index}"
    cell = readout(f"readout_{index}", one, technology)
    prefix = f"y{index}_"
    biases = _prefixed(prefix, readout_bias_lines(one))
    references = _prefixed(prefix, readout_reference_lines(one))
    shared = {MEMBRANE: MEMBRANE, Y: end, "vdd": "vdd", "vss": "vss"}
    nets = tuple(shared.get(port.name, f"{prefix}{port.name}") for port in cell.ports)
    parts = [Instance("readout", cell, nets)]
    column = network_column(design, "y", index, technology)
    if column is not None:
        parts.insert(0, Instance("column", column, tuple(port.name for port in column.ports)))
    return _block(f"output{index}", parts, (end,), (biases, references), f"output {index}")


def _block(
    name: str,
    parts: Sequence[Instance],
    drives: tuple[str, ...],
    lines: tuple[Sequence[Line], Sequence[Line]],
    description: str,
) -> _Block:
    """A cell of ``parts`` whose ports are the gate lines it reads and drives, and its own lines."""
    own = {line.port for group in lines for line in group}
    read = {
        net: None
        for part in parts
        if part.name.startswith("column")
        for net in part.nets
        if not net.startswith(MEMBRANE) and net not in ("vdd", "vss")
    }
    sources = tuple(net for net in read if net not in drives)
    ports = (
        *(Port(net, Direction.INPUT) for net in sources),
        *(Port(net, Direction.OUTPUT) for net in drives),
        *(Port(line.port, Direction.INPUT) for group in lines for line in group),
        *_SUPPLY_PORTS,
    )
    used = {net for part in parts for net in part.nets}
    if not own <= used:
        raise InputError(f"cell '{name}': lines {sorted(own - used)} lead nowhere.")
    cell = Cell(name, ports, tuple(parts), description)
    return _Block(cell, (*sources, *_fed_back(read, drives)), drives, *map(tuple, lines))


def _fed_back(read: Iterable[str], drives: Sequence[str]) -> tuple[str, ...]:
    """Lines of a layer that it reads itself: somebody hears them."""
    return tuple(net for net in read if net in drives)


def network_column(
    design: NetworkDesign, target: str, index: int, technology: Technology
) -> Cell | None:
    """The synapses of one neuron or output; None where all of its weights are 0 units."""
    weights = []
    for projection in design.into(target):
        gates = gate_names(design.line(projection.source))
        for source in np.flatnonzero(projection.units[index]):
            trained, built = projection.trained[index, source], projection.built[index, source]
            units = int(projection.units[index, source])
            comment = (
                f"weight from {gates[source]}: {trained:.5g} -> {built:.5g}, "
                f"{'+' if units > 0 else '-'}{abs(units)} units"
            )
            weights.append(Weight(gates[source], units, comment))
    if not weights:
        return None
    name = f"column_{target}_{index}"
    return synapse_column(name, technology, weights, design.keep_units)


def gate_names(line: LineDesign) -> list[str]:
    """The nets of a source's lines, which are also names of the ports they become."""
    return [f"{line.name}_{index}" for index in range(line.count)]


def _prefixed(prefix: str, lines: Iterable[Line]) -> list[Line]:
    return [replace(line, port=f"{prefix}{line.port}") for line in lines]


def _input_comment(line: LineDesign, index: int) -> str:
    return (
        f"input {index}: (x {line.offset[index]:+.4g}) times {line.full_scale * 1e9:.4g} nA into "
        f"{line.units} units"
    )


def _check_counts(
    design: NetworkDesign,
    layers: Sequence[Sequence[NeuronDesign]],
    outputs: Sequence[ReadoutDesign],
) -> None:
    wanted = {target.name: len(target.bias) for target in design.targets}
    given = {f"layer{k}": len(neurons) for k, neurons in enumerate(layers)} | {"y": len(outputs)}
    if given != wanted:
        raise InputError(f"the network has {wanted}, but designs of {given} were given.")
    names = [neuron.name.lower() for neurons in layers for neuron in neurons]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"two neurons of the network are called '{twice[0]}'.")
