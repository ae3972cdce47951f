"""What was measured, kept in a file of JSON lines as soon as it is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from codesign.json_lines import JsonLines
from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError


class MeasuredRecord:
    """Values by key; with a path they outlive the process.

    Args:
        path: of the file; None keeps them in memory.
        fingerprint: of what decides the values.
        refusal: what to say of a record that has another fingerprint, which it is given.

    Raises:
        InputError: the file is no record, or of something else, or cannot be read.
    """

    def __init__(
        self, path: Path | None, fingerprint: str, refusal: Callable[[str], str] | None = None
    ) -> None:
        self._lines = JsonLines(path) if path is not None else None
        self._values: dict[str, Any] = {}
        if self._lines is None:
            return
        if self._lines.path.exists():
            self._read(self._lines, fingerprint, refusal or _of_something_else)
        else:
            # whole or not at all: a file without its first line would be refused
            first = json.dumps({"fingerprint": fingerprint}) + "\n"
            write_atomically(self._lines.path, first)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def add(self, key: str, value: Any) -> None:
        """Keep ``value``, which JSON can hold."""
        self._values[key] = value
        if self._lines is not None:
            self._lines.append({"key": key, "value": value})

    def _read(self, lines: JsonLines, fingerprint: str, refusal: Callable[[str], str]) -> None:
        try:
            first, *entries = lines.read() or [{}]
            known = first["fingerprint"]
            values = {entry["key"]: entry["value"] for entry in entries}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{lines.path}: is no record of measurements ({error}).") from error
        if known != fingerprint:
            raise InputError(f"{lines.path}: {refusal(known)}")
        self._values = values


def _of_something_else(_known: str) -> str:
    return (
        "is the record of another neuron, drive, technology, mismatch set or seed; choose another "
        "file, or remove it."
    )
