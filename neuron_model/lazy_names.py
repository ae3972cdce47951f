"""Public names of a package that are imported when they are first asked for (PEP 562).

A package lists them once, in its stub ``__init__.pyi``, which type checkers and editors read as
well. So ``import neuron_model`` takes a moment, though some of its names need torch.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any


def lazy_names(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of the package of that name, which calls this itself."""

    def get(name: str) -> Any:
        if name == "__all__":
            return sorted(names_in_stub(package))
        where = names_in_stub(package).get(name)
        if where is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(where), name)
        setattr(sys.modules[package], name, value)  # not asked again
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *names_in_stub(package)})

    return get, names


@cache
def names_in_stub(package: str) -> Mapping[str, str]:
    """The public names of ``package``, and the module of each."""
    import ast  # a hundredth of a second, for those who ask for a name

    file = sys.modules[package].__file__
    assert file is not None
    tree = ast.parse(Path(file).with_suffix(".pyi").read_text(encoding="utf-8"))
    return {
        alias.name: str(node.module)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
