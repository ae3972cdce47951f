"""What is known of each neuron, by macromodel and ngspice, kept as JSON lines at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from codesign.building.circuit import Circuit
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


class Record:
    """Findings by fingerprint of what they depend on, and the file that keeps them.

    What ngspice found stays valid when macromodels change; so the two have their own.

    Raises:
        InputError: the file is none, or cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[str, Finding] = {}
        if path.exists():
            self._read()

    def get(self, fingerprint: str) -> Finding | None:
        """What is known under ``fingerprint``."""
        return self._known.get(fingerprint)

    def add(self, kind: str, name: str, fingerprint: str, finding: Finding) -> None:
        """Keep what became known of neuron ``name``."""
        self._known[fingerprint] = finding
        entry = {"neuron": name, "kind": kind, "fingerprint": fingerprint, **asdict(finding)}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a") as file:
                file.write(json.dumps(entry) + "\n")
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written ({error}).") from error

    def _read(self) -> None:
        try:
            lines = self.path.read_text().splitlines(keepends=True)
            # what was cut off while it was written is done again
            if lines and not lines[-1].endswith("\n"):
                write_atomically(self.path, "".join(lines[:-1]))
            for line in lines:
                if line.endswith("\n"):
                    entry = json.loads(line)
                    self._known[entry["fingerprint"]] = _finding(entry)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{self.path}: is no record of this benchmark ({error}); choose another folder, "
                "or remove it."
            ) from error


def _finding(entry: Mapping[str, Any]) -> Finding:
    report = dict(entry["report"])
    report |= {"regime": Regime(report["regime"]), "spike_times": tuple(report["spike_times"])}
    return Finding(RegimeReport(**report), float(entry["static_power"]), float(entry["mean_power"]))


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
