"""What a table is made of, NAME.json, and the table itself, NAME.md: written after each row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuron_model.atomic import write_atomically

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def read_entries(out: Path | None, name: str) -> list[dict[str, Any]]:
    """What :func:`write_table` wrote into ``out``; none where it did not."""
    path = out / f"{name}.json" if out else None
    if path is None or not path.is_file():
        return []
    entries: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return entries


def write_table(
    out: Path | None, name: str, found: Sequence[DataclassInstance], table: str
) -> None:
    """Write ``found`` and its ``table`` into ``out``, if there is one."""
    if out is None:
        return
    out.mkdir(parents=True, exist_ok=True)
    content = json.dumps([asdict(one) for one in found], indent=2) + "\n"
    write_atomically(out / f"{name}.json", content)
    write_atomically(out / f"{name}.md", table)
