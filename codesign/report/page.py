"""The page as a whole, and writing it."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from codesign.report.markup import Child, Markup, element
from codesign.report.neuron_section import neuron_section
from codesign.report.overview import conditions, summary, title_of, training, verdict
from codesign.report.parts import table
from codesign.report.run_folder import RunFolder, WrittenFile, read_run_folder
from codesign.report.style import CSS
from codesign.report.task_section import task
from codesign.report.vector_image import StyleSheet
from codesign.report.zoom import HINT, SCRIPT, script_source
from codesign.terminal.quantities import celsius, number
from neuron_model.atomic import write_atomically

REPORT_FILE = "report.html"
# The page holds all that it shows, and says so to the browser: nothing is loaded, and nothing runs
# but the script that is named by its digest.
_POLICY = f"default-src 'none'; style-src 'unsafe-inline'; script-src {script_source()}"
_ROLES = {
    "models": "the transistor models in use",
    "neuron": "cells: transistors and capacitors only",
    "testbench_transient": "response to the current; runs with ngspice -b",
    "testbench_iv": "I-V curve; runs with ngspice -b",
}


def write_report(folder: str | Path, out: str | Path | None = None) -> Path:
    """Write the report about the run in ``folder``, whole or not at all.

    Args:
        folder: of the run; it must have been validated.
        out: where to write; RUN/report.html by default.

    Returns:
        The page's path.

    Raises:
        InputError: there is no validation, a file of the run is not what its name says, or the
            page cannot be written.
    """
    run = read_run_folder(Path(folder))
    target = run.path / REPORT_FILE if out is None else Path(out)
    return write_atomically(target, page(run, target.parent))


def page(run: RunFolder, where: Path) -> str:
    """The page's HTML; links to netlists are relative to ``where`` it will lie."""
    sheet = StyleSheet()
    title = title_of(run)
    neurons = run.validation.neurons
    body = element(
        "body",
        element(
            "header",
            element("p", "From a trained neuron to a circuit: validation", class_="eyebrow"),
            element("h1", title),
            element("p", conditions(run.validation), class_="conditions"),
        ),
        element(
            "main",
            task(run, sheet),
            element("h2", "The neurons") if run.network else None,
            verdict(run),
            summary(run.validation),
            training(run, sheet),
            [
                neuron_section(
                    index,
                    neuron,
                    run.datasheets.get(neuron.name),
                    run.estimates.get(neuron.name),
                    run.stimuli.get(neuron.name) if neuron.driven else None,
                    sheet,
                )
                for index, neuron in enumerate(neurons)
            ],
            _netlists(run.netlists, where),
            _provenance(run),
        ),
        element("footer", element("p", HINT)),
        element("script", Markup(SCRIPT)),
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{title}: circuit against model"),
        # last, when every figure has put its styles into the sheet
        element("style", Markup(CSS + sheet.css())),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _netlists(files: tuple[WrittenFile, ...], where: Path) -> list[Child]:
    if not files:
        return []
    rows = [
        [
            element("a", element("code", file.path.name), href=_link(file.path, where)),
            _role(file.path.name),
            f"{number(file.size / 1000)} kB",
            element("code", file.digest[:16]),
        ]
        for file in files
    ]
    columns = ("file", "what it is", "size", "SHA-256 (first 16 digits)")
    return [
        element("h2", "Netlists"),
        table("Beside this page, in the run's folder", columns, rows, text_columns=(0, 1, 3)),
    ]


def _role(name: str) -> str:
    return next((role for start, role in _ROLES.items() if name.startswith(start)), "")


def _link(path: Path, where: Path) -> str:
    relative = os.path.relpath(path.resolve(), where.resolve())
    return quote(Path(relative).as_posix())


def _provenance(run: RunFolder) -> list[Child]:
    validation = run.validation
    rows: list[list[Child]] = [
        ["technology", validation.technology],
        ["corner", validation.conditions.corner],
        ["temperature", celsius(validation.conditions.temperature)],
    ]
    known = {str(row[0]) for row in rows}
    for name, value in validation.provenance.items():
        label = f"{name}, description" if name in known else name
        rows.append([label, element("span", str(value), class_="hash")])
    return [
        element("h2", "Provenance"),
        table(None, ("", "value"), rows, text_columns=(0, 1)),
    ]
