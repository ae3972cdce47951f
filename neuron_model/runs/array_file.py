"""Files of arrays in a run folder (``.npz``), with the version of their format among them."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neuron_model.errors import InputError
from neuron_model.file_format import KEY, FileFormat, FormatError


def array_content(kind: FileFormat, arrays: Mapping[str, Any]) -> bytes:
    """What stands in a file of these arrays."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{KEY: np.array(kind.version), **arrays})
    return buffer.getvalue()


@contextlib.contextmanager
def open_arrays(path: Path, kind: FileFormat) -> Iterator[Mapping[str, np.ndarray]]:
    """The arrays of a file, while the block takes what it wants of them.

    Raises:
        InputError: the file, or what the block wants, is something else, damaged or of another
            version.
    """
    try:
        with np.load(path, allow_pickle=False) as content:
            kind.check(content[KEY].item() if KEY in content else None, str(path.parent))
            yield content
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (OSError, EOFError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: is no {kind.name} ({error}).") from error


def upgraded_arrays(path: Path, kind: FileFormat) -> bytes | None:
    """The file with a version, which those of before do not have; None where it has one.

    Raises:
        InputError: it is something else, or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as content:
            return None if KEY in content else array_content(kind, dict(content))
    except (OSError, EOFError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: is no {kind.name} ({error}).") from error
