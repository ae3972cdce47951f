"""A network's circuit as files in a run folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circuits.datasheet import datasheet_to_csv, network_datasheet
from codesign.building.export import NETLIST_FOLDER
from codesign.networks.estimates import NetworkEstimates, estimate_network
from mapping.design import designs_to_json
from mapping.network_design import network_design_to_json
from netlists.deck import deck_text
from neuron_model.atomic import write_atomically, write_together
from neuron_model.errors import InputError
from neuron_model.file_format import NETWORK_ESTIMATES, NETWORK_SAMPLES, NETWORK_VALIDATION
from neuron_model.shown import Shown

if TYPE_CHECKING:
    from codesign.networks.built_network import BuiltNetwork
    from codesign.networks.verdict import AnyValidation
    from codesign.studies.network.samples import NetworkSamples

DATASHEET = "network_datasheet.csv"
NETLIST, BENCH, MODELS = "network.spice", "testbench_network.spice", "network_models.spice"
DESIGN, NEURONS, ESTIMATES = "network_design.json", "network_neurons.json", "network_estimates.json"
VALIDATION, SAMPLES = "network_validation.json", "network_samples.json"


@dataclass(frozen=True, repr=False)
class NetworkExport(Shown):
    """What an export wrote, and what the circuit takes. samples: that its test bench plays."""

    folder: Path
    files: tuple[Path, ...]
    estimates: NetworkEstimates
    samples: int
    notes: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "files": [str(path) for path in self.files],
            "samples": self.samples,
            "estimates": self.estimates.document(),
            "notes": list(self.notes),
        }

    def _brief(self) -> str:
        return f"{len(self.files)} files in {self.folder}"

    _columns = NetworkEstimates._columns

    def _rows(self) -> list[tuple[str, ...]]:
        return self.estimates._rows()


def export_network(
    network: BuiltNetwork, folder: Path | None = None, samples: int | None = None
) -> NetworkExport:
    """Write the network's design, netlist, models, test bench and estimates; all of it or nothing.

    ``network_design.json`` (synapses and lines), ``network_neurons.json`` (its neurons),
    ``network_estimates.json``, and in ``netlists/`` the cell, its models and a test bench that
    ``ngspice -b`` runs there; the outputs are in its raw file as the voltages y_0, y_1 and so on.
    ``network_datasheet.csv`` there has what each port is to be given.

    Args:
        network: macromodel.
        folder: to write into; the run's own if not given.
        samples: of the test part that the bench plays from its start; the task's usual_samples
            if not given.

    Raises:
        InputError: there is no folder, it cannot be written, or no such number of samples.
    """
    folder = folder or network.task.folder
    if folder is None:
        raise InputError("export: say which folder to write into.")
    nominal = network.at()
    count = network.task.usual_samples if samples is None else samples
    signal = network.task.heard(count)
    estimates = estimate_network(nominal, [signal])
    bench = nominal.benches.stream(signal, network.sample_interval)
    netlists = folder / NETLIST_FOLDER
    raw_file = Path(BENCH).with_suffix(".raw").name
    neurons = [neuron for layer in network.layers for neuron in layer]
    files = write_together(
        {
            folder / DESIGN: network_design_to_json(network.design),
            folder / NEURONS: designs_to_json(neurons),
            folder / ESTIMATES: NETWORK_ESTIMATES.json_text(estimates.document()),
            netlists / NETLIST: network.netlist,
            netlists / DATASHEET: datasheet_to_csv(
                network_datasheet(network.circuit, network.design, network.technology)
            ),
            netlists / MODELS: nominal.benches.models,
            netlists / BENCH: deck_text(bench, MODELS, (NETLIST,), raw_file),
        }
    )
    return NetworkExport(folder, files, estimates, count, network.notes)


def read_network_validation(folder: Path) -> AnyValidation | None:
    """What :func:`write_network_validation` wrote into ``folder``; None where it did not.

    Raises:
        InputError: the file cannot be read, or is of another version or kind.
    """
    from codesign.networks.sequence_validation import sequence_validation_from_json
    from codesign.networks.validation import network_validation_from_json

    path = folder / VALIDATION
    content = NETWORK_VALIDATION.optional_json(path)
    if content is None:
        return None
    with NETWORK_VALIDATION.reading(str(path)):
        read = (
            sequence_validation_from_json
            if "sequences" in content
            else network_validation_from_json
        )
        return read(content)


def write_network_validation(folder: Path, found: AnyValidation) -> Path:
    """Write ``network_validation.json`` into ``folder``, whole or not at all."""
    return write_atomically(folder / VALIDATION, NETWORK_VALIDATION.json_text(found.document()))


def write_network_samples(folder: Path, found: NetworkSamples) -> Path:
    """Write ``network_samples.json`` into ``folder``, whole or not at all."""
    return write_atomically(folder / SAMPLES, NETWORK_SAMPLES.json_text(found.document()))
