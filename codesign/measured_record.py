"""What was measured, kept in a file of JSON lines as soon as it is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError


class MeasuredRecord:
    """Values by key; with a path they outlive the process.

    A file whose last line was cut off while it was written loses that line alone.

    Args:
        path: of the file; None keeps them in memory.
        fingerprint: of what decides the values.

    Raises:
        InputError: the file is no record, or of something else, or cannot be read.
    """

    def __init__(self, path: Path | None, fingerprint: str) -> None:
        self._path = path
        self._values: dict[str, Any] = {}
        if path is None:
            return
        if path.exists():
            self._read(path, fingerprint)
        else:
            self._append({"fingerprint": fingerprint})

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def add(self, key: str, value: Any) -> None:
        """Keep ``value``, which JSON can hold."""
        self._values[key] = value
        self._append({"key": key, "value": value})

    def _append(self, entry: dict[str, Any]) -> None:
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a") as file:
                file.write(json.dumps(entry) + "\n")
        except OSError as error:
            raise InputError(f"{self._path}: cannot be written ({error}).") from error

    def _read(self, path: Path, fingerprint: str) -> None:
        try:
            lines = path.read_text().splitlines(keepends=True)
            whole = [line for line in lines if line.endswith("\n")]
            first, *entries = [json.loads(line) for line in whole] or [{}]
            known = first["fingerprint"]
            values = {entry["key"]: entry["value"] for entry in entries}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}: is no record of measurements ({error}).") from error
        if known != fingerprint:
            raise InputError(
                f"{path}: is the record of another neuron, drive, technology or seed; choose "
                "another file, or remove it."
            )
        if len(whole) < len(lines):
            write_atomically(path, "".join(whole))
        self._values = values
