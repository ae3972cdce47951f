"""Which files a picture can be written to; nothing of matplotlib, so that it is known at once."""

from __future__ import annotations

from pathlib import Path

from neuron_model.errors import InputError

FORMATS = ("png", "svg", "pdf")


def check_picture(path: str | Path) -> str:
    """The format that the suffix of ``path`` names.

    Raises:
        InputError: it is none of FORMATS.
    """
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        allowed = ", ".join(f".{name}" for name in FORMATS)
        raise InputError(
            f"{path}: the suffix says how to write a picture; it must be one of {allowed}."
        )
    return suffix
