"""What other tools take of an exported circuit: dialects of the netlist, symbols and schematics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from circuits.neuron import neuron_circuit
from circuits.plate_capacitor import PlateCapacitor
from circuits.structure import Cell
from circuits.technology import Technology
from codesign.building.export import NETLIST_FOLDER, file_of_neuron
from codesign.building.provenance import header
from netlists.dialects import GRAMMARS, Dialect
from netlists.verilog_a import verilog_a
from netlists.writer import cell_text
from netlists.xschem import FOLDER, xschem_files
from neuron_model.atomic import write_together
from neuron_model.errors import InputError

if TYPE_CHECKING:
    from codesign.building.built_circuit import BuiltCircuit
    from codesign.networks.built_network import BuiltNetwork


@dataclass(frozen=True)
class HandOver:
    """What is asked for.

    dialects: that the cells are written in as well; SPICE makes a netlist for LVS. xschem: whether
    symbols and schematics are drawn, into the folder ``xschem``. devices: whether capacitors are
    the process's device there, not C elements. verilog_a: whether the macromodels are written as
    modules; cells are measured for them where they are not.
    """

    dialects: tuple[Dialect, ...] = ()
    xschem: bool = False
    devices: bool = False
    verilog_a: bool = False

    def capacitor(self, technology: Technology) -> PlateCapacitor | None:
        """The device that capacitors are; None: C elements.

        Raises:
            InputError: a device is asked for and the technology has none.
        """
        if self.devices and technology.capacitor is None:
            raise InputError(
                f"technology '{technology.name}' has no capacitor: say which device it is under "
                "[devices.capacitor], or leave capacitors ideal."
            )
        return technology.capacitor if self.devices else None


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
        InputError: the technology has no such capacitor, one is too small for it, or the folder
            cannot be written; nothing of it is left there.
    """
    technology = built.technology
    capacitor = wanted.capacitor(technology)
    contents: dict[Path, str | bytes] = {}
    for file, cell, comments in _cells(built, network):
        for dialect in wanted.dialects:
            mark = "_lvs" if dialect is Dialect.SPICE else ""
            path = folder / NETLIST_FOLDER / f"{file}{mark}{GRAMMARS[dialect].ending}"
            contents[path] = cell_text(cell, technology, comments, dialect, capacitor)
        if wanted.xschem:
            texts = xschem_files(cell, technology, capacitor=capacitor)
            contents |= {folder / FOLDER / name: text for name, text in texts.items()}
    if wanted.verilog_a:
        contents |= {folder / NETLIST_FOLDER / name: text for name, text in _modules(built)}
    return write_together(contents) if contents else ()


def _modules(built: BuiltCircuit) -> Iterator[tuple[str, str]]:
    """The compact and the detailed macromodel of each neuron, by the name of its file."""
    neurons = built.source.neurons
    for parameters, macromodel in zip(neurons, built.at().macromodels, strict=True):
        design = macromodel.design
        circuit = neuron_circuit(design, built.technology)
        for kind, found in (("", macromodel.compact), ("_detailed", macromodel.detailed)):
            name = f"{file_of_neuron('neuron', parameters.name, len(neurons))}{kind}.va"
            what = "every amplifier's lags" if kind else "one lag for all fast amplifiers"
            comments = (*header(parameters, design), f"macromodel with {what}")
            yield name, verilog_a(found, design, circuit, comments)


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
