"""Pages of the public names of each package, for mkdocstrings to fill from the docstrings."""

from __future__ import annotations

import re
from pathlib import Path

PACKAGES = ("neuron_model", "codesign", "circuits", "mapping", "netlists")

_ROOT = Path(__file__).parents[1]
_EXPORT = re.compile(r"^from (\S+) import (\S+) as (\S+)$", re.MULTILINE)


def public_names(package: str) -> dict[str, str]:
    """Where each name that a package exports is defined, in the order of its stub."""
    stub = (_ROOT / package / "__init__.pyi").read_text(encoding="utf-8")
    return {name: f"{module}.{original}" for module, original, name in _EXPORT.findall(stub)}


def api_page(package: str) -> str:
    """Markdown: a section for each public name."""
    lines = [
        f"# {package}",
        "",
        "What the package exports is public; all else may change. "
        f"`help({package})` in Python says how the names go together.",
        "",
    ]
    for name, path in public_names(package).items():
        lines += [f"::: {path}", "", f"`from {package} import {name}`", "", "---", ""]
    return "\n".join(lines)
