"""The page of schematics: each cell of sky130, drawn from what its netlist is written from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from circuits.bias_mirror import current_sink
from circuits.follower import follower
from circuits.leak import leak
from circuits.network import NetworkCircuit, network_circuit
from circuits.neuron import neuron_circuit
from circuits.ota import divided_ota, ota
from circuits.output_stage import output_stage
from circuits.programmable_synapse import programmable_synapse
from circuits.structure import Capacitor, Cell, Direction, Instance, Part, Port
from circuits.synapse import Weight, gate_line, line_driver, synapse_column
from circuits.technology import Technology, load_technology
from documentation.schematics import schematic
from mapping.design import FollowerDesign, read_designs
from mapping.network_design import read_network_design
from mapping.readout import ReadoutDesign
from neuron_model.model.parameters import Timescale

_HERE = Path(__file__).parent

_INTRODUCTION = """\
# Schematics

Drawn from the structure that the netlists are written from, with the names of the netlists: black
is a part with its width and length in micrometres, blue a net. Wires that cross are connected where
there is a dot; supplies have names, and bulks are at them. Sizes are those of `sky130`.
`codesign export --xschem` writes the same drawings for xschem, whose netlist of them is ours.
"""


def circuit_page() -> str:
    """Markdown with the SVGs in it."""
    technology = load_technology("sky130")
    lines = [_INTRODUCTION]
    for title, text, cell in _cells(technology):
        lines += [
            f"## {title}",
            "",
            text,
            "",
            f'<div class="schematic">{schematic(cell)}</div>',
            "",
        ]
    return "\n".join(lines)


def _cells(technology: Technology) -> list[tuple[str, str, Cell]]:
    return [
        (
            "OTA",
            "An element of a neuron: a differential pair whose two currents are mirrored to the "
            "output, I(out) = I(ibias) tanh((inp - inn) / V0).",
            ota(technology),
        ),
        (
            "OTA that divides",
            "Of slow followers: eight PMOS devices against one, so that the bias is eight times "
            "the current that charges the capacitor.",
            divided_ota(technology),
        ),
        (
            "Follower",
            "The filter of U_slow or U_ultraslow: an OTA and a capacitor.",
            follower("follower_slow", technology, 9e-12, "follower-integrator", divided=True),
        ),
        ("Leak", "Sections side by side; a neuron has nine.", leak(technology, 3)),
        ("Compensation", "A mirror that draws a current.", current_sink(technology)),
        ("Output stage", "s, as a current that it sinks.", output_stage(technology)),
        (
            "Gate line",
            "A neuron's spikes travel on a gate line, of which whole numbers of unit transistors "
            "make weights.",
            gate_line(technology, 2),
        ),
        ("Line driver", "Drives a gate line.", line_driver(technology, 2)),
        (
            "Neuron",
            "A tonic burster: elements, leak, followers, compensation, output stage, and the "
            "membrane's capacitor.",
            _neuron(technology),
        ),
        (
            "Synapses of a neuron",
            "One transistor a weight, of as many units as it has: negative ones draw from the "
            "membrane, positive ones from a fold, whose mirror sources into it. A keep-alive "
            "current keeps the mirror quick.",
            synapse_column("column_layer0_0", technology, _WEIGHTS, keep_units=4),
        ),
        (
            "Programmable synapse",
            "Its units switched by the bits of a code, and by a sign to the fold or the membrane.",
            programmable_synapse(technology, 3),
        ),
        *((title, text, folded(cell)) for title, text, cell in _network_cells(technology)),
    ]


_WEIGHTS = (Weight("x_0", 13), Weight("x_1", -6), Weight("s0_1", 4), Weight("s0_2", -9))


def _network_cells(technology: Technology) -> list[tuple[str, str, Cell]]:
    circuit = example_network(technology).cell
    cells = {cell.name: cell for cell in (*circuit.cells, circuit)}
    lines = "Bias and reference lines of a block are drawn as one."
    return [
        (
            "Readout",
            "An output's node, with a leak, a compensation and a capacitor, and three followers "
            f"behind it: four equal poles. {lines}",
            cells["readout_0"],
        ),
        (
            "Layer",
            "Of each neuron its column of synapses, and the neuron, whose line others read. "
            f"{lines}",
            cells["layer1"],
        ),
        (
            "Network",
            "One input, two layers of two neurons, the second one recurrent, and one output. "
            f"{lines}",
            circuit,
        ),
    ]


def folded(cell: Cell) -> Cell:
    """``cell`` with all inputs of a block that are ports of the cell, and of no other part, as one.

    For drawings: a neuron has tens of bias and reference lines.
    """
    uses: dict[str, int] = {}
    for part in cell.parts:
        for net in part.nets:
            uses[net] = uses.get(net, 0) + 1
    inputs = {port.name for port in cell.ports if port.direction is Direction.INPUT}
    alone = {net for net in inputs if uses[net] == 1 and ("ib_" in net or "vr_" in net)}
    parts: list[Part] = []
    lines: list[Port] = []
    for part in cell.parts:
        if not isinstance(part, Instance) or sum(net in alone for net in part.nets) < 2:
            parts.append(part)
            continue
        pairs = list(zip(part.cell.ports, part.nets, strict=True))
        kept = [(port, net) for port, net in pairs if net not in alone]
        bus = Port(f"lines_{len(pairs) - len(kept)}", Direction.INPUT)
        block = Cell(part.cell.name, (*(port for port, _ in kept), bus), _standing_for(kept, bus))
        lines.append(Port(f"{part.name}_{bus.name}", Direction.INPUT))
        parts.append(Instance(part.name, block, (*(net for _, net in kept), lines[-1].name)))
    used = {net for part in parts for net in part.nets}
    ports = [port for port in cell.ports if port.name in used]
    return Cell(cell.name, (*ports, *lines), tuple(parts), cell.description)


def _standing_for(kept: Sequence[tuple[Port, str]], bus: Port) -> tuple[Part, ...]:
    """Anything at all the ports of a block that is drawn as a box."""
    names = [bus.name, *(port.name for port, _ in kept)]
    return tuple(
        Capacitor(f"c{i}", a, b, 1e-12)
        for i, (a, b) in enumerate(zip(names, names[1:], strict=False))
    )


def example_network(technology: Technology) -> NetworkCircuit:
    """Of the design that lies beside this file, with the burster as each of its neurons."""
    (burster,) = read_designs(_HERE / "burster_design.json")
    design = read_network_design(_HERE / "network_design.json")
    layers = [[replace(burster, name=f"l{k}_n{i}") for i in range(2)] for k in range(2)]
    node = replace(burster, name="y0", elements=(), followers=())
    follower = FollowerDesign(Timescale.SLOW, 2e-9, 4e-12, 0.0, 1.0)
    output = ReadoutDesign(node, follower, 1e-3, 0.02, 0.02, 0.0)
    return network_circuit("network", design, layers, [output], technology)


def _neuron(technology: Technology) -> Cell:
    """Of the design that lies beside this file, so that no simulator is needed."""
    (design,) = read_designs(_HERE / "burster_design.json")
    return neuron_circuit(design, technology).cell
