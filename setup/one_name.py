"""What is installed for users lies below one name, ``mtc_codesign``.

``circuits`` and ``mapping`` are packages of others as well: installed beside theirs, the later one
would overwrite the earlier. So a wheel has mtc_codesign/circuits, and its files import
``mtc_codesign.circuits`` where those of a checkout import ``circuits``. Nothing else of them
differs. An editable install has the folders as they are.
"""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path
from typing import TypeGuard

NAME = "mtc_codesign"
PACKAGES = ("neuron_model", "mapping", "circuits", "netlists", "codesign")
KERNEL = Path("neuron_model/fused/_kernel.so")
"""The compiled kernel in a wheel: loaded with ctypes, so its name says no Python."""

_ANY = rb"(?=(?:" + "|".join(PACKAGES).encode() + rb")\b)"
_FROM = re.compile(rb"from[ \t]+" + _ANY)
# In docstrings: examples to be run, and references that documentation follows.
_TOLD = re.compile(rb"(?:(?:>>>|\.\.\.)[ \t]+from[ \t]+|:[a-z]+:`~?)" + _ANY)
_PREFIX = f"{NAME}.".encode()


def below_one_name(source: bytes, name: str) -> bytes:
    """The text of a module or a stub, importing from below :data:`NAME`.

    Args:
        source: in UTF-8.
        name: of its file, for errors.

    Raises:
        ValueError: it has ``import package``, which binds a name that would be another one.
    """
    lines = source.splitlines(keepends=True)
    places: set[tuple[int, int]] = set()  # row and column of what is to have the name before it
    for node in ast.walk(ast.parse(source, name)):
        row = getattr(node, "lineno", 0) - 1
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in PACKAGES:
                    raise ValueError(
                        f"{name}:{row + 1}: `import {alias.name}` cannot be installed below "
                        f"{NAME}; write `from {alias.name} import ...`"
                    )
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            if str(node.module).split(".")[0] in PACKAGES:
                found = _FROM.match(lines[row], node.col_offset)
                assert found, f"{name}:{row + 1}: from and its package stand on one line"
                places.add((row, found.end()))
        elif _is_docstring(node):
            for told in range(row, int(node.end_lineno or 0)):
                places |= {(told, found.end()) for found in _TOLD.finditer(lines[told])}
    for row, column in sorted(places, reverse=True):
        lines[row] = lines[row][:column] + _PREFIX + lines[row][column:]
    return b"".join(lines)


def _is_docstring(node: ast.AST) -> TypeGuard[ast.Expr]:
    """Whether it is a string that stands for itself."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def gather(folder: Path) -> None:
    """Move the packages that were built into ``folder`` below :data:`NAME` there."""
    for package in PACKAGES:
        target = folder / NAME / package
        shutil.rmtree(target, ignore_errors=True)
        shutil.move(folder / package, target)
    for path in sorted((folder / NAME).rglob("*.py*")):
        if path.suffix in (".py", ".pyi"):
            path.write_bytes(below_one_name(path.read_bytes(), str(path.relative_to(folder))))
    kernel = folder / NAME / KERNEL
    for built in kernel.parent.glob("_kernel.*.so"):
        built.replace(kernel)


def forget(folder: Path) -> None:
    """Remove what an earlier build left in ``folder``."""
    for package in (NAME, *PACKAGES):
        shutil.rmtree(folder / package, ignore_errors=True)
