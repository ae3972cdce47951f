"""The page of file formats: from the modules that read and write them."""

from __future__ import annotations

import importlib
import textwrap

import neuron_model.file_format as formats
from circuits.technology import TECHNOLOGY_FOLDER
from neuron_model.file_format import FileFormat
from neuron_model.runs.run_configuration import RunConfiguration, run_configuration_to_toml

_DESCRIBED = {
    "Neuron file": "neuron_model.model.neuron_file",
    "Run configuration": "neuron_model.runs.run_configuration",
    "Sweep configuration": "codesign.studies.sweep.configuration",
    "Cluster file": "codesign.studies.executors.queue_file",
}


def format_page() -> str:
    """Markdown: what people write, then every kind of file with its version."""
    lines = [
        "# File formats",
        "",
        "Made from the code when these pages are built. A key that is not known is refused, with "
        "the ones that are and the one that may have been meant.",
        "",
    ]
    for title, module in _DESCRIBED.items():
        lines += [f"## {title}", "", *_docstring(module), ""]
    lines += [
        "### Every value with its default",
        "",
        "```toml",
        run_configuration_to_toml(RunConfiguration()).strip(),
        "```",
        "",
        "## Technology file",
        "",
        "The built-in `generic`, whole; `codesign technology new` writes one for a model library "
        "of your own, and [Your own technology](technology.md) says what each table means.",
        "",
        "```toml",
        (TECHNOLOGY_FOLDER / "generic.toml").read_text(encoding="utf-8").strip(),
        "```",
        "",
        "## Versions",
        "",
        "A file says the version of its format as `format = N` (in files of your own it may be "
        "left out). One of another version is refused with what has changed and what to do.",
        "",
        "| file | version | one of before |",
        "|---|---|---|",
    ]
    for each in vars(formats).values():
        if isinstance(each, FileFormat):
            lines.append(f"| {each.name} | {each.version} | {each.remedy} |")
    return "\n".join([*lines, ""])


def _docstring(module: str) -> list[str]:
    """A module's docstring as Markdown: what is indented is TOML."""
    text = textwrap.dedent(importlib.import_module(module).__doc__ or "")
    lines: list[str] = []
    inside = False
    for line in [*text.strip().splitlines(), "."]:
        indented = line.startswith("    ")
        if indented and not inside:
            lines.append("```toml")
        if not indented and inside and line.strip():
            while not lines[-1]:
                lines.pop()
            lines += ["```", ""]
        inside = indented or (inside and not line.strip())
        lines.append(line[4:] if indented else _plain(line))
    return lines[:-1]


def _plain(line: str) -> str:
    """Without the marks of reST."""
    for mark in (":mod:", ":class:", ":func:"):
        line = line.replace(mark, "")
    return line.replace("``", "`")
