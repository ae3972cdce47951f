"""For tests of what a study's record goes by: every field of all that goes into it counts.

Classes are found by the types that their fields are declared with, so that a field that is added
tomorrow is looked at as well.
"""

import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from codesign.studies.identity import key

_CHANGED: dict[type, tuple[Any, Any]] = {
    bool: (False, True),
    int: (3, 4),
    float: (1.5, 1.5000000000000002),
    str: ("one", "other"),
    bytes: (b"one", b"other"),
    np.ndarray: (np.array([1.0, 2.0]), np.array([1.0, 2.0000000000000004])),
    Path: (Path("one"), Path("other")),
    type(None): (None, "something"),
}


def dataclasses_within(kind: Any) -> list[Any]:
    """``kind`` and every dataclass that its fields are declared with, each once; what is behind a
    field that does not count is not looked at."""
    found: list[Any] = []

    def walk(hint: Any) -> None:
        if is_dataclass(hint):
            if hint not in found:
                found.append(hint)
                hints = typing.get_type_hints(hint)
                for one in fields(hint):
                    if one.metadata.get("identity", True):
                        walk(hints[one.name])
            return
        for each in typing.get_args(hint):
            walk(each)

    walk(kind)
    return found


def pair(hint: Any) -> tuple[Any, Any]:
    """Two values that a field of this type may have, which are not the same."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or hint is object:
        return pair(float)
    if origin in (typing.Union, types.UnionType):
        return pair(next(each for each in arguments if each is not type(None)))
    if origin in (tuple, list, Sequence):
        inner = [pair(each) for each in arguments if each is not Ellipsis]
        return tuple(one for one, _ in inner), tuple(other for _, other in inner)
    if origin in (Mapping, dict):
        (name, _), (one, other) = (pair(each) for each in arguments)
        return {name: one}, {name: other}
    if origin is typing.Literal:
        return arguments[0], arguments[-1]
    if hint in _CHANGED:
        return _CHANGED[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        members = list(hint)
        return members[0], members[-1]
    if is_dataclass(hint):
        one = made(hint)
        counted = next(f for f in fields(hint) if f.metadata.get("identity", True))
        return one, changed(one, counted.name)
    raise AssertionError(f"a field is declared as {hint}: say in every_field.py what to try")


def made(kind: Any) -> Any:
    """An instance whose fields are the first of their :func:`pair`; its checks are not run."""
    hints = typing.get_type_hints(kind)
    made = object.__new__(kind)
    for each in fields(kind):
        object.__setattr__(made, each.name, _pair_of(each, hints[each.name])[0])
    return made


def _pair_of(field: Any, hint: Any) -> tuple[Any, Any]:
    """What does not count may be anything; its type may be one that only mypy can resolve."""
    return pair(hint if field.metadata.get("identity", True) else str)


def changed(value: Any, name: str) -> Any:
    """The same with one field as the second of its :func:`pair`."""
    hint = typing.get_type_hints(type(value))[name]
    field = next(each for each in fields(value) if each.name == name)
    other = object.__new__(type(value))
    for each in fields(value):
        object.__setattr__(other, each.name, getattr(value, each.name))
    object.__setattr__(other, name, _pair_of(field, hint)[1])
    return other


def uncounted(kind: Any, key_of: Callable[[Any], str] = key) -> Iterator[str]:
    """Fields, as Class.field, of ``kind`` and all within it that do not change the key."""
    for each in dataclasses_within(kind):
        one = made(each)
        for field in fields(each):
            if key_of(one) == key_of(changed(one, field.name)):
                yield f"{each.__name__}.{field.name}"
