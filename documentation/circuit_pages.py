"""The page of schematics: each cell of sky130, drawn from what its netlist is written from."""

from __future__ import annotations

from circuits.bias_mirror import current_sink
from circuits.follower import follower
from circuits.leak import leak
from circuits.neuron import neuron_circuit
from circuits.ota import divided_ota, ota
from circuits.output_stage import output_stage
from circuits.structure import Cell
from circuits.synapse import gate_line, line_driver
from circuits.technology import Technology, load_technology
from documentation.schematics import schematic
from mapping.design import read_designs

_INTRODUCTION = """\
# Schematics

Drawn from the structure that the netlists are written from, with the names of the netlists: black
is a part with its width and length in micrometres, blue a net. Nets of one name are connected;
bulks are at `vdd` and `vss`. Sizes are those of `sky130`.
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
    ]


def _neuron(technology: Technology) -> Cell:
    """Of the design that lies beside this file, so that no simulator is needed."""
    from pathlib import Path

    (design,) = read_designs(Path(__file__).with_name("burster_design.json"))
    return neuron_circuit(design, technology).cell
