"""What other tools take of an exported circuit: dialects of the netlist, symbols and schematics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from circuits.neuron import neuron_circuit
from circuits.structure import Cell
from codesign.building.export import NETLIST_FOLDER, file_of_neuron
from codesign.building.provenance import header
from netlists.dialects import GRAMMARS, Dialect
from netlists.writer import cell_text
from netlists.xschem import FOLDER, xschem_files
from neuron_model.atomic import write_together

if TYPE_CHECKING:
    from codesign.building.built_circuit import BuiltCircuit
    from codesign.networks.built_network import BuiltNetwork


@dataclass(frozen=True)
class HandOver:
    """What is asked for. dialects: that the cells are written in as well. xschem: whether symbols
    and schematics are drawn, into the folder ``xschem``."""

    dialects: tuple[Dialect, ...] = ()
    xschem: bool = False


def hand_over(
    built: BuiltCircuit, network: BuiltNetwork | None, folder: Path, wanted: HandOver
) -> tuple[Path, ...]:
    """Write it beside the netlists in ``folder``; returns the files' paths.

    Args:
        built: neurons.
        network: the circuit of all of them, if there is one.
        folder: that they were exported into.
        wanted: what of it.

    Raises:
        InputError: the folder cannot be written; nothing of it is left there.
    """
    technology = built.technology
    contents: dict[Path, str | bytes] = {}
    for file, cell, comments in _cells(built, network):
        for dialect in wanted.dialects:
            path = folder / NETLIST_FOLDER / f"{file}{GRAMMARS[dialect].ending}"
            contents[path] = cell_text(cell, technology, comments, dialect)
        if wanted.xschem:
            texts = xschem_files(cell, technology)
            contents |= {folder / FOLDER / name: text for name, text in texts.items()}
    return write_together(contents) if contents else ()


def _cells(
    built: BuiltCircuit, network: BuiltNetwork | None
) -> Iterator[tuple[str, Cell, tuple[str, ...]]]:
    """Each cell with its file's name and the comments at its head."""
    neurons = built.source.neurons
    for parameters, design in zip(neurons, built.designs, strict=True):
        file = file_of_neuron("neuron", parameters.name, len(neurons))
        yield file, neuron_circuit(design, built.technology).cell, header(parameters, design)
    if network is not None:
        yield "network", network.circuit.cell, network.header
