"""Writes technology files: name, sizes, C_m and I0, on the base of another technology."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import tomli_w

from circuits.structure import Size
from circuits.technology import CELL_ROLES, Technology, builtin_technologies
from neuron_model.atomic import write_atomically


def write_sized_technology(
    path: str | Path, technology: Technology, base: str | Path, comment: str = ""
) -> Path:
    """Write name, sizes, C_m and I0 of ``technology`` as a file that is based on ``base``.

    Args:
        path: of the file, which :func:`circuits.technology.load_technology` reads.
        technology: what is written; everything else of it must be that of ``base``.
        base: a built-in name, or the path of a technology file; a path is written relative to the
            file's own folder, so that both can be moved together.
        comment: goes before everything else, line by line.

    Raises:
        InputError: it cannot be written; nothing was changed.
    """
    name = str(base)
    if name not in builtin_technologies():
        name = Path(os.path.relpath(Path(base).resolve(), Path(path).resolve().parent)).as_posix()
    content: dict[str, Any] = {
        "base": name,
        "name": technology.name,
        "membrane_capacitance": technology.membrane_capacitance,
    }
    if technology.unit_current is not None:
        content["unit_current"] = technology.unit_current
    content["cells"] = {
        cell: {role: _size(technology.size(cell, role)) for role in roles}
        for cell, roles in CELL_ROLES.items()
        if cell in technology.sizes
    }
    lines = [f"# {line}\n" for line in comment.splitlines()]
    return write_atomically(path, "".join(lines) + tomli_w.dumps(content))


def _size(size: Size) -> dict[str, float | int]:
    return {"width": size.width, "length": size.length, "multiplier": size.multiplier}
