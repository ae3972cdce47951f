"""Model libraries of other people: `technology new`, then a tonic spiker in ngspice.

    python -m benchmarks.foreign_libraries LIST.toml --out FOLDER

LIST.toml says where libraries lie on this machine; none is downloaded here, and none belongs into a
repository::

    [[library]]
    name = "mosis025"                   # of the technology file that is written
    origin = "MOSIS run T0BM, TSMC"     # for the table
    node = "0.25 um"
    level = 49
    models = "mosis/t0bm.lib"           # relative to LIST.toml
    sections = ["cmos_models"]          # optional, as --section
    includes = []                       # optional, as --include
    nmos = "nmos"
    pmos = "pmos"
    supply = 2.5

For each the commands are those that a user would give. The folder gets technology files, their
pictures, ``results.json``, ``table.csv`` and ``table.md``; a run that was stopped resumes with the
next library.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from neuron_model.atomic import write_atomically
from neuron_model.model.neuron_file import parse_toml, read_text

NEURON = "preset:tonic_spiking"


def codesign(*words: str) -> tuple[int, dict[str, Any], str]:
    """Exit status, JSON document and last line of complaint of a command."""
    done = subprocess.run(
        [sys.executable, "-m", "codesign", *words, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    complaint = next((x for x in reversed(done.stderr.splitlines()) if x.strip()), "")
    return done.returncode, json.loads(done.stdout or "{}"), complaint


def attempt(library: dict[str, Any], folder: Path, where: Path) -> dict[str, Any]:
    """What became of one library. where: what its paths are relative to."""
    file = folder / f"{library['name']}.toml"
    words = ["technology", "new", "--name", library["name"], "-o", str(file)]
    words += ["--models", str(where / library["models"]), "--supply", str(library["supply"])]
    words += ["--nmos", library["nmos"], "--pmos", library["pmos"]]
    for section in library.get("sections", ()):
        words += ["--section", section]
    for include in library.get("includes", ()):
        words += ["--include", str(where / include)]
    status, document, complaint = codesign(*words)
    outcome: dict[str, Any] = {"new": status, "notes": document.get("notes", [])}
    if status != 0:
        return outcome | {"result": "refused", "why": document.get("reasons", [complaint])}
    outcome |= {"bias_current": document["limits"]["bias_current"]}
    outcome |= {"reference": document["reference"], "corners": document["corners"]}
    status, document, complaint = codesign("validate", NEURON, "--technology", str(file))
    outcome["validate"] = status
    if not document:
        return outcome | {"result": "failed", "why": [complaint]}
    neuron = document["neurons"][0]
    against = neuron["timing"]["model"]
    return outcome | {
        "result": "passed" if status == 0 else "failed",
        "why": neuron.get("reasons", []),
        "spikes": against["circuit_spike_count"],
        "isi_error": against["interval_error"],
        "ibi_error": against["pause_error"],
        "iv_error": max(curve["nrmse"] for curve in neuron["iv"].values()),
    }


COLUMNS = (
    "library",
    "node",
    "BSIM level",
    "supply (V)",
    "tonic spiker",
    "smallest bias (A)",
    "largest bias (A)",
    "spikes",
    "ISI error (%)",
    "IBI error (%)",
    "I-V error (%)",
    "because",
)
"""Of the table. Errors are against the model that was trained; a tonic spiker has no IBI."""


def rows(libraries: list[dict[str, Any]], results: dict[str, Any]) -> list[tuple[str, ...]]:
    """The cells of the table so far, as text, one row a library."""

    def percent(value: float | None, sign: str = "+") -> str:
        return "" if value is None else f"{100 * value:{sign}.2f}"

    made = []
    for library in libraries:
        found = results.get(library["name"])
        if found is None:
            continue
        biases = tuple(f"{bias:.2g}" for bias in found.get("bias_current", ()))
        made.append(
            (
                str(library["origin"]),
                str(library["node"]),
                str(library["level"]),
                f"{library['supply']:g}",
                str(found["result"]),
                *(biases or ("", "")),
                str(found.get("spikes", "")),
                percent(found.get("isi_error")),
                percent(found.get("ibi_error")),
                percent(found.get("iv_error"), ""),
                "; ".join(found["why"]),
            )
        )
    return made


def table(libraries: list[dict[str, Any]], results: dict[str, Any]) -> str:
    """The rows so far, in Markdown."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    lines += [f"| {' | '.join(cells)} |" for cells in rows(libraries, results)]
    return "\n".join(lines) + "\n"


def csv_table(libraries: list[dict[str, Any]], results: dict[str, Any]) -> str:
    """The same, with commas."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([COLUMNS, *rows(libraries, results)])
    return text.getvalue()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("list", type=Path, help="a TOML file that says where libraries lie")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    arguments = parser.parse_args()
    libraries = parse_toml(read_text(arguments.list, 1_000_000), str(arguments.list))["library"]
    record = arguments.out / "results.json"
    results: dict[str, Any] = json.loads(record.read_text()) if record.is_file() else {}
    for library in libraries:
        if library["name"] not in results:
            print(library["name"], file=sys.stderr, flush=True)
            results[library["name"]] = attempt(library, arguments.out, arguments.list.parent)
            write_atomically(record, json.dumps(results, indent=1) + "\n")
        write_atomically(arguments.out / "table.md", table(libraries, results))
        write_atomically(arguments.out / "table.csv", csv_table(libraries, results))
    print(table(libraries, results), end="")


if __name__ == "__main__":
    main()
