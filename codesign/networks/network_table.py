"""What the command line says of a network's circuit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesign.terminal.console import print_table
from codesign.terminal.quantities import quantity
from neuron_model.errors import InputError

if TYPE_CHECKING:
    from codesign.building.built_circuit import BuiltCircuit
    from codesign.networks.built_network import BuiltNetwork
    from codesign.networks.network_files import NetworkExport


def no_network(built: BuiltCircuit) -> str:
    """Why there cannot be a circuit of the whole network; empty where there can."""
    if "synapse" not in built.technology.sizes:
        return (
            f"technology '{built.technology.name}' has no unit transistor; add the sizes of unit "
            "and pmos_mirror in [cells.synapse]."
        )
    return built.source.why_no_network


def mapped_network(built: BuiltCircuit) -> BuiltNetwork:
    """The whole network.

    Raises:
        InputError: it does not fit; the text says as well how to do without.
    """
    try:
        return built.network
    except InputError as error:
        raise InputError(
            f"{error} Nothing was written; with --neurons-only the neurons alone are."
        ) from error


def print_network(exported: NetworkExport) -> None:
    """Area, power and energy by part, and what to know of it."""
    estimates = exported.estimates
    total = estimates.total
    rows = [
        (
            part.name,
            part.transistors,
            part.gate_area,
            part.diffusion_area,
            part.capacitor_area,
            part.power * 1e9,
            part.power * estimates.sample * 1e12,
        )
        for part in (*estimates.parts, total)
    ]
    columns = (
        "part",
        "transistors",
        "gates (um2)",
        "diffusions (um2)",
        "capacitors (um2)",
        "power (nW)",
        "pJ/sample",
    )
    title = (
        f"the whole network: {len(exported.files)} files in {exported.folder}, samples of "
        f"{quantity(estimates.sample, 's')}"
    )
    print_table(title, columns, rows)
    for note in exported.notes:
        print(f"note: network: {note}")
