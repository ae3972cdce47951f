"""The presets on a technology, corner by corner: is each circuit still the neuron of its model?

    python -m benchmarks.presets [--technology gf180mcu] [--corner ff ss]
        [--neurons preset:tonic_bursting examples/burster.toml] [--current 0:-2.4,2000:-1.0]
        [--accuracy fast] [--time-limit 1800] [--folder runs/presets]

Each neuron is validated at 27 °C, as `codesign validate` does it. The folder keeps the document
of each neuron and corner as soon as it is known: what is there is not simulated again, and
TECHNOLOGY.json and TECHNOLOGY.md have a row for each of them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from circuits.technology import Technology, conditions_at, load_technology, nominal_corner
from codesign.building.circuit import mapped_neurons
from codesign.building.source import load_source
from codesign.building.stimuli import stimuli_for
from codesign.validation.run_validation import validate_neurons
from codesign.validation.validation import validation_to_json
from codesign.workbench import Workbench, WorkbenchSettings
from netlists.accuracy import Accuracy
from neuron_model.atomic import write_atomically
from neuron_model.errors import SimulatorError
from neuron_model.model.presets import presets

_TIME_LIMIT = 1800.0
_DOCUMENTS = "validations"


def row(document: Mapping[str, Any]) -> dict[str, Any]:
    """What is quoted of a validation of one neuron.

    isi_error, ibi_error: relative, of the circuit to the ``model`` and to ``macromodel``; iv: the
    largest nrmse of an I-V curve. reasons: why it did not pass; or why it was not simulated, and
    then there is nothing else.
    """
    place = {name: document[name] for name in ("technology", "corner", "neuron")}
    if "failed" in document:
        return {**place, "passed": False, "reasons": [document["failed"]]}
    (found,) = document["neurons"]
    return {
        **place,
        "passed": found["passed"],
        "reasons": found["reasons"],
        "regime": found["regime"],
        "circuit_shaped": found["circuit_shaped"],
        "regime_kept": found["verdicts"]["model"]["regime_kept"],
        "rhythm_kept": {who: v["rhythm_kept"] for who, v in found["verdicts"].items()},
        "isi_error": {who: t["isi_error"] for who, t in found["timing"].items()},
        "ibi_error": {who: t["ibi_error"] for who, t in found["timing"].items()},
        "spikes": {who: r["spike_count"] for who, r in found["reports"].items()},
        "iv": max(curve["nrmse"] for curve in found["iv"].values()),
        "accuracy": found["accuracy"],
    }


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """In Markdown: a row for each neuron and corner."""
    lines = [
        "| neuron | corner | passed | regime of model, circuit | "
        "rhythm kept of model, macromodel | ISI to model, macromodel | "
        "IBI to model, macromodel | I-V |",
        "|" + "---|" * 8,
    ]
    for r in rows:
        passed = "yes" if r["passed"] else "no"
        if "regime" not in r:
            cells = [r["neuron"], r["corner"], passed, *r["reasons"], *[""] * 4]
        else:
            cells = [
                r["neuron"],
                r["corner"],
                passed,
                ", ".join(dict.fromkeys(r["regime"][who] for who in ("model", "circuit"))),
                ", ".join("yes" if kept else "no" for kept in r["rhythm_kept"].values()),
                _percents(r["isi_error"]),
                _percents(r["ibi_error"]),
                f"{r['iv']:.1%}",
            ]
        lines.append("| " + " | ".join(cells).replace("_", " ") + " |")
    return "\n".join(lines) + "\n"


def _percents(errors: Mapping[str, float | None]) -> str:
    return ", ".join("-" if error is None else f"{error:+.1%}" for error in errors.values())


def validated(
    neuron: str,
    technology: Technology,
    corner: str,
    workbench: Workbench,
    options: argparse.Namespace,
) -> dict[str, Any]:
    """The document of one neuron at one corner; why not, where ngspice did not come to an end."""
    source = load_source(neuron)
    place = {"technology": technology.name, "corner": corner, "neuron": source.neurons[0].name}
    try:
        drives = stimuli_for(source, options.current, None)
        conditions = conditions_at(technology, corner)
        mapped = tuple(mapped_neurons(source, drives, technology, conditions, workbench))
        found = replace(validate_neurons(mapped, workbench, options.accuracy), exported=1)
    except SimulatorError as error:
        return {**place, "failed": str(error)}
    return {**validation_to_json(found, arrays=False), **place}


def main() -> None:
    """Validate what the folder does not have, print the table, and write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--technology", default="gf180mcu")
    parser.add_argument("--corner", nargs="+", help="default: the nominal one")
    every = [f"preset:{name}" for name in presets()]
    parser.add_argument("--neurons", nargs="+", metavar="NEURON", default=every)
    parser.add_argument("--current", help="default: each preset's own")
    parser.add_argument("--accuracy", choices=list(Accuracy), default=Accuracy.AUTO, type=Accuracy)
    parser.add_argument("--time-limit", type=float, default=_TIME_LIMIT, metavar="SECONDS")
    parser.add_argument("--folder", type=Path, default=Path("runs/presets"))
    options = parser.parse_args()
    technology = load_technology(options.technology)
    folder = options.folder / _DOCUMENTS
    settings = WorkbenchSettings(workers=1, time_limit=options.time_limit)
    with settings.open() as workbench:
        for corner in options.corner or [nominal_corner(technology)]:
            for neuron in options.neurons:
                name = Path(neuron.removeprefix("preset:")).stem
                path = folder / f"{technology.name}_{corner}_{name}.json"
                if not path.is_file():
                    document = validated(neuron, technology, corner, workbench, options)
                    write_atomically(path, json.dumps(document, indent=1))
                print(table([row(json.loads(path.read_text()))]).splitlines()[-1], flush=True)
    kept = sorted(folder.glob(f"{technology.name}_*.json"))
    rows = [row(json.loads(path.read_text())) for path in kept]
    order = list(presets())
    rows.sort(key=lambda r: (*_place(r["neuron"], order), r["corner"]))
    write_atomically(options.folder / f"{technology.name}.json", json.dumps(rows, indent=1))
    write_atomically(options.folder / f"{technology.name}.md", table(rows))
    print(table(rows))


def _place(name: str, order: Sequence[str]) -> tuple[int, str]:
    return (order.index(name) if name in order else len(order)), name


if __name__ == "__main__":
    main()
