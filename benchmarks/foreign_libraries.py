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

With ``--check`` each library is looked at without this toolkit as well: a plain deck for
``ngspice -b`` with one NMOS of the size of an OTA's tail (2 um by 8 um) and half the supply at its
drain, whose currents with the gate at 0 and at half the supply stand beside the smallest bias.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from neuron_model.atomic import write_atomically
from neuron_model.text_file import read_text
from neuron_model.toml_file import parse_toml

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
    notes = [note.replace(f"{where}/", "") for note in document.get("notes", [])]
    outcome: dict[str, Any] = {"new": status, "notes": notes}
    if status != 0:
        limits = document.get("limits")
        found = {"bias_current": limits["bias_current"]} if limits else {}
        return (
            outcome
            | found
            | {
                "result": "refused",
                "why": document.get("reasons", [complaint]),
            }
        )
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
        "isi_error": against["isi_error"],
        "ibi_error": against["ibi_error"],
        "iv_error": max(curve["nrmse"] for curve in neuron["iv"].values()),
    }


_DECK = """one transistor
{models}
{element} d g 0 0 {nmos} {size}
vd d 0 {half}
vg g 0 0
.options gmin=1e-15 abstol=1e-16
.control
dc vg 0 {half} {half}
print i(vd) i(vg)
.endc
.end
"""


def plain_check(library: dict[str, Any], where: Path) -> dict[str, float]:
    """Ampere: into the drain of an NMOS that is off, into the gate of one at half the supply.

    Raises:
        ValueError: ngspice printed no currents.
    """
    models = [f'.include "{where / file}"' for file in library.get("includes", ())]
    main = where / library["models"]
    for section in library.get("sections", ()):
        file, name = main, section
        if " " in section:
            beside, name = section.split()
            file = main.parent / beside
        models.append(f'.lib "{file}" {name}')
    if not library.get("sections"):
        models.append(f'.include "{main}"')
    deck = _DECK.format(
        models="\n".join(models),
        element="x1" if library.get("subcircuit") else "m1",
        nmos=library["nmos"],
        size=library.get("size", "w=2u l=8u"),
        half=library["supply"] / 2,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "check.cir"
        path.write_text(deck)
        done = subprocess.run(
            ["ngspice", "-b", str(path)], capture_output=True, text=True, check=False
        )
    rows = [line.split() for line in done.stdout.splitlines() if line[:1].isdigit()]
    found = [[float(word) for word in row] for row in rows if len(row) == 4]
    if len(found) != 2:
        raise ValueError(f"{library['name']}: ngspice printed no currents:\n{done.stdout[-500:]}")
    return {"off_current": abs(found[0][2]), "gate_current": abs(found[1][3])}


def check(libraries: list[dict[str, Any]], results: dict[str, Any], where: Path) -> str:
    """A row a library: the transistor's currents and the smallest bias, in Markdown."""
    lines = [
        "| library | tonic spiker | smallest bias (A) | off current (A) | gate current (A) |",
        "|---|---|---|---|---|",
    ]
    for library in libraries:
        found = results.get(library["name"])
        if found is None:
            continue
        currents = plain_check(library, where)
        found["plain_ngspice"] = currents
        smallest = found.get("bias_current", ("",))[0]
        lines.append(
            f"| {library['origin']} | {found['result']} | {smallest} | "
            f"{currents['off_current']:.2g} | {currents['gate_current']:.2g} |"
        )
    return "\n".join(lines) + "\n"


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
    parser.add_argument("--check", action="store_true", help="one transistor in plain ngspice too")
    arguments = parser.parse_args()
    libraries = parse_toml(read_text(arguments.list, 1_000_000), str(arguments.list))["library"]
    where = arguments.list.resolve().parent
    record = arguments.out / "results.json"
    results: dict[str, Any] = json.loads(record.read_text()) if record.is_file() else {}
    for library in libraries:
        if library["name"] not in results:
            print(library["name"], file=sys.stderr, flush=True)
            results[library["name"]] = attempt(library, arguments.out, where)
            write_atomically(record, json.dumps(results, indent=1) + "\n")
        write_atomically(arguments.out / "table.md", table(libraries, results))
        write_atomically(arguments.out / "table.csv", csv_table(libraries, results))
    print(table(libraries, results), end="")
    if arguments.check:
        checked = check(libraries, results, where)
        write_atomically(record, json.dumps(results, indent=1) + "\n")
        write_atomically(arguments.out / "check.md", checked)
        print(f"\n{checked}", end="")


if __name__ == "__main__":
    main()
