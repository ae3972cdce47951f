"""Frozen dataclasses as JSON objects: what is read has to be what was written."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar

import numpy as np

from mapping.conditions import Conditions
from neuron_model.file_format import FileFormat

Record = TypeVar("Record")


def record_to_json(record: Any, format: FileFormat, indent: int | None = None) -> str:
    """A dataclass as a JSON object with its ``format``; arrays become lists."""

    def plain(value: Any) -> Any:
        return value.tolist() if isinstance(value, np.ndarray) else value

    content = {"format": format.version, **flat(asdict(record))}
    return json.dumps(content, default=plain, indent=indent)


def flat(content: Mapping[str, Any]) -> dict[str, Any]:
    """``content`` with what its ``conditions`` are, if it has any, in their place."""
    found: dict[str, Any] = {}
    for name, value in content.items():
        found |= value if name == "conditions" else {name: value}
    return found


def nested(content: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of :func:`flat`, for an object that has conditions.

    Raises:
        InputError, ValueError, KeyError: it has none, or none that there can be.
    """
    found = dict(content)
    conditions = {f.name: found.pop(f.name) for f in fields(Conditions)}
    return {**found, "conditions": Conditions(**check_fields(Conditions, conditions))}


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


def record_from_json(
    text: str,
    kind: type[Record],
    format: FileFormat,
    parts: Mapping[str, Callable[..., Any]],
    source: str,
) -> Record:
    """The inverse of :func:`record_to_json`.

    Args:
        text: the JSON object.
        kind: of the dataclass.
        format: that of this version.
        parts: fields that are records themselves (or none), and what makes one from its values.
        source: of the text, for an error.

    Raises:
        InputError: the text is none that this version wrote.
    """
    content = format.json_content(text, source)
    with format.reading(source):
        content = nested(content)
        for name, made in parts.items():
            if content[name] is not None:
                content[name] = made(**content[name])
        return kind(**check_fields(kind, content))
