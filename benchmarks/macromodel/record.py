"""What is known of each neuron, by macromodel and ngspice, kept as JSON lines at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from codesign.building.circuit import Circuit
from codesign.studies.record import RecordHead
from mapping.design import designs_to_json
from neuron_model.analysis.regimes import Regime, RegimeReport
from neuron_model.analysis.simulation import rest
from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive

CIRCUIT, MACROMODEL = "circuit", "macromodel"


@dataclass(frozen=True)
class Finding:
    """How a neuron fired, and what it drew: watt at rest and on the average after the onset."""

    report: RegimeReport
    static_power: float
    mean_power: float


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """As a point's outcome."""
    return asdict(finding)


def finding_from_json(entry: Mapping[str, Any]) -> Finding:
    """The inverse."""
    report = dict(entry["report"])
    report |= {"regime": Regime(report["regime"]), "spike_times": tuple(report["spike_times"])}
    return Finding(RegimeReport(**report), float(entry["static_power"]), float(entry["mean_power"]))


def bring_up_to_date(path: Path, head: RecordHead) -> None:
    """Make a study's record of a file that an earlier version of this benchmark kept; any other
    file, and none, is left alone.

    Raises:
        InputError: the file cannot be read or written, or its lines make no sense.
    """
    if not path.exists():
        return
    try:
        # what was cut off while it was written is done again
        lines = [line for line in path.read_text().splitlines(keepends=True) if line[-1] == "\n"]
        entries = [json.loads(line) for line in lines]
        if not entries or "fingerprint" not in entries[0]:
            return
        known = {e["fingerprint"]: finding_to_json(finding_from_json(e)) for e in entries}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: is no record of this benchmark ({error}); choose another folder, "
            "or remove it."
        ) from error
    made = (json.dumps({"key": key, "outcome": found}) + "\n" for key, found in known.items())
    write_atomically(path, head.line + "".join(made))


def fingerprints(built: Circuit, drive: Drive) -> dict[str, str]:
    """Of what decides how the circuit fires, and of what decides the prediction."""
    design = replace(built.design, conditions=built.conditions, characteristics="")
    driven = [drive.stimulus.times, drive.stimulus.values, drive.duration]
    benches = built.benches
    circuit = [designs_to_json([design]), benches.models, benches.simulator_options, driven]
    values = [[key, float(value)] for key, value in built.predicted[0].named_values()]
    start = list(rest(built.predicted[0], drive.stimulus(0.0)))
    return {
        CIRCUIT: _hash([CIRCUIT, *circuit]),
        MACROMODEL: _hash([MACROMODEL, values, start, driven]),
    }


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
