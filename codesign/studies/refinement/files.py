"""What a refinement leaves in its folder: design, netlists, validation, and how it got there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from circuits.technology import Technology
from codesign.building.export import export
from codesign.studies.refinement.results import (
    Iteration,
    Refinement,
    iteration_to_json,
    refinement_to_json,
)
from codesign.validation.run_validation import provenance
from codesign.validation.validation import Validation, write_validation
from neuron_model.atomic import write_atomically
from neuron_model.file_format import REFINEMENT
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters

REFINEMENT_FILE = "refinement.json"
VALIDATION_FILE = "validation.json"


def write_progress(folder: Path, name: str, iterations: Sequence[Iteration]) -> Path:
    """What is known of a neuron so far, whole or not at all."""
    content = {"name": name, "iterations": [iteration_to_json(i) for i in iterations]}
    return write_atomically(folder / "records" / f"{name}.json", REFINEMENT.json_text(content))


def write_refined(
    folder: Path,
    done: Sequence[Refinement],
    neurons: Sequence[NeuronParameters],
    technology: Technology,
    drives: Sequence[Drive],
) -> None:
    """The best designs with netlists and validation, and all iterations.

    Raises:
        InputError: the folder cannot be written.
    """
    designs = [r.best.design for r in done]
    export(neurons, designs, technology, folder, drives)
    validation = Validation(
        technology=technology.name,
        conditions=done[0].conditions,
        neurons=tuple(r.best.validation for r in done),
        provenance=provenance(neurons, designs, technology),
    )
    write_validation(folder / VALIDATION_FILE, validation)
    content = {"neurons": [refinement_to_json(r) for r in done]}
    write_atomically(folder / REFINEMENT_FILE, REFINEMENT.json_text(content))
