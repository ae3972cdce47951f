"""A file that grows by a line of JSON as soon as something is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError


class JsonLines:
    """Entries, one a line, that outlive the process.

    A last line that was cut off while it was written does not count, and makes way for the next.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # what stays of a file whose last line was cut off
        self._whole: str | None = None

    def read(self) -> list[Any]:
        """All entries; none where there is no file.

        Raises:
            OSError: it cannot be read.
            ValueError: a line is not JSON.
        """
        if not self.path.exists():
            return []
        lines = self.path.read_text().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]
        if len(whole) < len(lines):
            self._whole = "".join(whole)
        return [json.loads(line) for line in whole]

    def append(self, entry: Any) -> None:
        """Add an entry.

        Raises:
            InputError: the file cannot be written.
        """
        try:
            if self._whole is not None:
                write_atomically(self.path, self._whole)
                self._whole = None
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a") as file:
                file.write(json.dumps(entry) + "\n")
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written ({error}).") from error
