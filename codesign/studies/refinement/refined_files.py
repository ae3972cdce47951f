"""What a refinement leaves in its folder: design, netlists, validation, and how it got there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from circuits.technology import Technology
from codesign.building.export import export
from codesign.studies.refinement.refine import Iteration, Refinement
from codesign.validation.run_validation import provenance
from codesign.validation.validation import Validation, write_validation
from neuron_model.atomic import write_atomically
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters

REFINEMENT_FILE = "refinement.json"
VALIDATION_FILE = "validation.json"


def refinement_to_json(refinement: Refinement) -> dict[str, Any]:
    """All iterations of a neuron, without curves."""
    return {
        "name": refinement.name,
        "technology": refinement.technology,
        "corner": refinement.conditions.corner,
        "temperature": refinement.conditions.temperature,
        "goal": refinement.goal,
        "reason": refinement.reason,
        "passed": refinement.passed,
        "error": {
            "before": refinement.iterations[0].error,
            "after": refinement.best.error,
        },
        "iterations": [_iteration(i) for i in refinement.iterations],
    }


def _iteration(i: Iteration) -> dict[str, Any]:
    found = i.validation
    return {
        "design": i.what,
        "share": i.share,
        "error": i.error,
        "errors": i.errors,
        "accepted": i.accepted,
        "passed": found.passed,
        "reasons": list(found.reasons),
        "iv": {c.timescale.value: c.nrmse for c in found.iv},
        "regime": {"model": found.model.regime.value, "circuit": found.circuit.regime.value},
        "timing": {
            "model": asdict(found.against_model),
            "macromodel": asdict(found.against_macromodel),
        },
    }


def write_progress(folder: Path, name: str, iterations: Sequence[Iteration]) -> Path:
    """What is known of a neuron so far, whole or not at all."""
    content = {"name": name, "iterations": [_iteration(i) for i in iterations]}
    return write_atomically(folder / "records" / f"{name}.json", json.dumps(content, indent=1))


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
    stimuli = [drive.stimulus for drive in drives]
    export(neurons, designs, technology, folder, stimuli, [d.duration for d in drives])
    validation = Validation(
        technology=technology.name,
        conditions=done[0].conditions,
        neurons=tuple(r.best.validation for r in done),
        provenance=provenance(neurons, designs, technology),
    )
    write_validation(folder / VALIDATION_FILE, validation)
    content = {"neurons": [refinement_to_json(r) for r in done]}
    write_atomically(folder / REFINEMENT_FILE, json.dumps(content, indent=1, allow_nan=False))
