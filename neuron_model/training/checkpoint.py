"""The checkpoint file: a training's snapshot as safetensors, its numbers as JSON in the metadata.

Written whole or not at all, and nothing in it is ever executed. ``identity`` says which training
it belongs to, so that no other goes on from it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import safetensors
import safetensors.torch

from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.training.training import Snapshot

ENTRY = "mtc-codesign"
FORMAT = "checkpoint 1"


def write_checkpoint(path: str | os.PathLike[str], snapshot: Snapshot, identity: str) -> Path:
    """Write a checkpoint in the place of the one before.

    Raises:
        InputError: the file cannot be written; the one before is still there.
    """
    entry = {"format": FORMAT, "identity": identity, "numbers": snapshot.numbers}
    return write_atomically(
        path, safetensors.torch.save(snapshot.tensors, {ENTRY: json.dumps(entry)})
    )


def read_checkpoint(path: str | os.PathLike[str], identity: str) -> Snapshot | None:
    """What a training was left with; None where there is no such file.

    Raises:
        InputError: the file is damaged, no checkpoint, or that of another training.
    """
    if not Path(path).is_file():
        return None
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            entry = json.loads((file.metadata() or {})[ENTRY])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        numbers = {key: float(value) for key, value in entry["numbers"].items()}
        found, whose = entry["format"], entry["identity"]
    except (
        OSError,
        safetensors.SafetensorError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise InputError(
            f"{path}: is no checkpoint or is damaged ({error}); start anew with --restart."
        ) from error
    if found != FORMAT:
        raise InputError(
            f"{path}: is of `format` {found!r:.40}; this version reads {FORMAT!r}: start anew with "
            "--restart."
        )
    if whose != identity:
        raise InputError(f"{path}: belongs to another training; start anew with --restart.")
    return Snapshot(tensors, numbers)
