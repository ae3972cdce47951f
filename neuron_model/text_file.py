"""Files of text, as all are read here."""

from __future__ import annotations

import os
from pathlib import Path

from neuron_model.errors import InputError

LARGEST = 500_000_000
"""Bytes that are read of files that the toolkit writes: a validation holds waveforms."""


def read_text(path: str | os.PathLike[str], largest: int = LARGEST) -> str:
    """The text of a file of at most ``largest`` bytes.

    Raises:
        InputError: missing, a folder, not readable, too big, or not UTF-8 text.
    """
    try:
        if not Path(path).is_file():
            why = "it is not a file" if Path(path).exists() else "there is no such file"
            raise InputError(f"{path}: cannot be read, {why}.")
        with open(path, "rb") as stream:
            data = stream.read(largest + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}).") from error
    except ValueError as error:  # a null character in the path
        raise InputError(f"{str(path)!r}: cannot be read ({error}).") from error
    if len(data) > largest:
        raise InputError(f"{path}: is larger than {largest} bytes, the most that is read.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: is not a text file (byte {error.start} is not UTF-8)."
        ) from error
