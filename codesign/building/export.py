"""A design and its netlists, written into a run folder."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from circuits.datasheet import Entry, datasheet, datasheet_to_csv
from circuits.neuron import bias_lines, neuron_circuit
from circuits.technology import Technology
from codesign.building.estimates import Estimates
from codesign.building.measures import rhythm_measurement
from codesign.building.provenance import header
from mapping.design import NeuronDesign, designs_to_json
from netlists.cells.models import models_for
from netlists.deck import deck_text
from netlists.lvs import SETUP_FILE, lvs_setup
from netlists.model_library import library_text
from netlists.neuron_benches import NeuronBenches
from netlists.writer import cell_text
from neuron_model.atomic import write_together
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters, Timescale

DESIGN_FILE = "design.json"
NETLIST_FOLDER = "netlists"
MODELS_FILE = "models.spice"
LIBRARY_FILE = "models_library.spice"
_IV_RANGE = (-3.0, 3.0, 0.05)


def export(
    neurons: Sequence[NeuronParameters],
    designs: Sequence[NeuronDesign],
    technology: Technology,
    folder: Path,
    drives: Sequence[Drive],
    corners: Sequence[tuple[Entry, ...]] = (),
) -> tuple[Path, ...]:
    """Write ``design.json`` and ``netlists/`` for all neurons; returns the files' paths.

    ``netlists/`` holds one cell file a neuron (``neuron.spice``, or ``neuron_NAME.spice`` where
    there are several), test benches that plain ``ngspice -b`` runs there, and ``models.spice``:
    the models that they use, cut out of the technology's library. ``models_library.spice`` reads
    the library itself, for a deck that includes it in place of the other; ``lvs_setup.tcl`` says
    netgen what to compare; ``datasheet.csv`` (as the cell files, one a neuron) has what each port
    is to be given, and ``corners``: of each neuron what becomes of it there.

    Raises:
        InputError: the folder cannot be written; nothing of the export is left there.
    """
    circuits = [neuron_circuit(design, technology) for design in designs]
    corner = designs[0].conditions.corner
    models = models_for(technology, corner, [circuit.cell for circuit in circuits])
    netlists = folder / NETLIST_FOLDER
    contents: dict[Path, str | bytes] = {
        folder / DESIGN_FILE: designs_to_json(designs),
        netlists / MODELS_FILE: models.text,
        netlists / LIBRARY_FILE: library_text(technology.models, corner),
        netlists / SETUP_FILE: lvs_setup(technology),
    }
    for index, (parameters, design, circuit, drive) in enumerate(
        zip(neurons, designs, circuits, drives, strict=True)
    ):

        def named(kind: str, name: str = parameters.name) -> str:
            return file_of_neuron(kind, name, len(neurons))

        cell_file = f"{named('neuron')}.spice"
        comments = header(parameters, design)
        cells = cell_text(circuit.cell, technology, comments)
        contents[netlists / cell_file] = cells
        sheet = datasheet_to_csv(
            (*datasheet(design, technology), *(corners[index] if corners else ()))
        )
        contents[datasheet_path(folder, parameters.name, len(neurons))] = sheet
        celsius = design.conditions.temperature
        benches = NeuronBenches(design, circuit, models.text, cells, celsius, comments)
        rhythm = rhythm_measurement(parameters, design, drive)
        times, values = np.array(drive.stimulus.times), np.array(drive.stimulus.values)
        decks = {"transient": benches.transient(times, values, drive.duration)}
        for timescale in Timescale:
            decks[f"iv_{timescale}"] = benches.iv(timescale, *_IV_RANGE, held=parameters.u_rest)
        for name, bench in decks.items():
            file = named(f"testbench_{name}")
            measured = rhythm if name == "transient" else None
            text = deck_text(bench, MODELS_FILE, (cell_file,), f"{file}.raw", measured)
            contents[netlists / f"{file}.spice"] = text
    return write_together(contents)


def datasheet_path(folder: Path, neuron: str, neurons: int) -> Path:
    """Where the datasheet of one of so many neurons of a run folder lies."""
    return folder / NETLIST_FOLDER / f"{file_of_neuron('datasheet', neuron, neurons)}.csv"


def file_of_neuron(kind: str, neuron: str, neurons: int) -> str:
    """Name of a file, without its ending, of one of so many neurons: theirs differ."""
    return f"{kind}_{neuron}" if neurons > 1 else kind


def summary(
    designs: Sequence[NeuronDesign], written: Sequence[Path], estimates: Sequence[Estimates]
) -> dict[str, object]:
    """What was exported, for the command line."""
    return {
        "files": [str(path) for path in written],
        "neurons": [
            {**_overview(design), "estimates": asdict(one)}
            for design, one in zip(designs, estimates, strict=True)
        ],
    }


def _overview(design: NeuronDesign) -> dict[str, object]:
    return {
        "name": design.name,
        "unit_current": design.unit_current,
        "unit_voltage": design.unit_voltage,
        "time_unit": design.time_unit,
        "membrane_capacitance": design.membrane_capacitance,
        "bias_current_sum": sum(line.value for line in bias_lines(design)),
        "notes": list(design.notes),
    }
