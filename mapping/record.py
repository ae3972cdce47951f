"""Frozen dataclasses as JSON objects: what is read has to be what was written."""

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any


def check_fields(kind: type, content: Mapping[str, Any]) -> dict[str, Any]:
    """``content`` if each of its numbers is a finite number and each of its texts a text.

    Keys that ``kind`` does not have, or that are missing, are left to its constructor.

    Raises:
        ValueError: a field declared ``float`` or ``str`` holds something else.
    """
    checked = dict(content)
    for f in fields(kind):
        if f.name not in checked:
            continue
        value = checked[f.name]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if f.type in ("float", float) and not (number and math.isfinite(value)):
            raise ValueError(f"{f.name} = {value!r} is not a finite number")
        if f.type in ("str", str) and not isinstance(value, str):
            raise ValueError(f"{f.name} = {value!r} is not a text")
    return checked
