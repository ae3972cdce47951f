"""Values of TOML tables, checked against dataclasses that say what there may be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from neuron_model.errors import InputError
from neuron_model.toml_file import refuse_unknown

# Keys of lists of texts; all other lists are of numbers.
_TEXTS = ("learn", "preset", "input", "target", "corners")


def build_part(default: Any, key: str, table: Mapping[str, Any]) -> Any:
    """``default``, a dataclass, with the values of ``table``, each of the type that its own has.

    A seed is the whole file's, and no key of a table.

    Raises:
        InputError: a key is not known or a value not allowed; ``key`` is what the table is called.
    """
    names = tuple(f.name for f in fields(default) if f.name != "seed")
    refuse_unknown(f"{key}.", table, names)
    values: dict[str, Any] = {
        name: typed_value(f"{key}.{name}", value, getattr(default, name), name in _TEXTS)
        for name, value in table.items()
    }
    return replace(default, **values)


def typed_value(key: str, value: object, example: Any, texts: bool = False) -> Any:
    """``value`` if it is of the type of ``example``; lists become tuples, of texts or numbers.

    Raises:
        InputError: it is not; ``key`` is what it is called.
    """
    if is_dataclass(example):
        return build_part(example, key, as_table(key, value))
    if isinstance(example, tuple):
        if isinstance(value, list) and all(
            isinstance(v, str) if texts else is_number(v) for v in value
        ):
            return tuple(value)
        kind = "texts" if texts else "numbers"
        raise InputError(f"{key} = {value!r} is not allowed; it must be a list of {kind}.")
    kinds: dict[type, tuple[type, ...]] = {float: (int, float), int: (int,), str: (str,)}
    allowed = kinds.get(type(example), (bool,))
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        words = {float: "a number", int: "a whole number", str: "text", bool: "true or false"}
        raise InputError(f"{key} = {value!r} is not allowed; it must be {words[type(example)]}.")
    if isinstance(example, float) and isinstance(value, int):
        return float(value) if abs(value) < 10**300 else math.inf
    return value


def as_table(key: str, entry: object) -> dict[str, Any]:
    """``entry`` if it is a table.

    Raises:
        InputError: it is not.
    """
    if not isinstance(entry, dict):
        raise InputError(f"{key} = {entry!r} is not allowed; it must be a table, [{key}].")
    return entry


def listed(names: Iterable[str]) -> str:
    """Names as a message says them."""
    return ", ".join(names)


def is_number(value: object) -> bool:
    """Whether it is a number, and not true or false."""
    return isinstance(value, int | float) and not isinstance(value, bool)
