"""What a value is: all that decides an outcome, as a tree that JSON can hold, and as one key.

    content(value)              every field, down to numbers and texts
    key(value)                  sha256 of that
    differences(before, now)    where two trees differ, and how

Nothing is listed by hand: a dataclass counts by its class's name and by every field, so that one
that is added tomorrow counts as well. What decides nothing (a description, the folder that a file
lies in) is left out where it is declared, and nowhere else:

    description: str = field(default="", metadata={"identity": False})
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np

JSON = Any
"""None, bool, int, float, str, and lists and dicts (with str keys) of these."""

ABSENT = "(not there)"
"""Stands in a :class:`Difference` for what one of the two trees does not have."""


class Difference(NamedTuple):
    """One leaf that is not the same, such as ("neuron.elements[2].alpha", 1.0, 1.2)."""

    path: str
    before: JSON
    now: JSON


def content(value: object, path: str = "value") -> JSON:
    """``value`` as a tree that JSON can hold and that has nothing left out.

    A dataclass is {"class": its name, "fields": {name: content}}, without the fields that are
    declared with metadata {"identity": False}. A mapping is {"mapping": {key: content}}, whatever
    its order. Lists and tuples are lists. Numbers are exact: -0.0, NaN and infinities are {"float":
    text}, whole numbers and floats are never the same. An array is its dtype, shape and the hash
    of its bytes; bytes are their hash.

    Args:
        value: of dataclasses, enums, str, bool, int, float, None, bytes, mappings, sequences,
            sets, numpy arrays and scalars.
        path: what an error calls it.

    Raises:
        TypeError: there is something else in it; the text names the path to it. A path of the file
            system is refused: what counts is what lies there, not where.
    """
    if isinstance(value, Enum):
        return {"enum": f"{type(value).__qualname__}.{value.name}"}
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _exact(float(value))
    if is_dataclass(value) and not isinstance(value, type):
        return {
            "class": type(value).__qualname__,
            "fields": {
                f.name: content(getattr(value, f.name), f"{path}.{f.name}")
                for f in fields(value)
                if f.metadata.get("identity", True)
            },
        }
    if isinstance(value, Mapping):
        return {"mapping": _mapping(value, path)}
    if isinstance(value, bytes | bytearray):
        return {"bytes": hashlib.sha256(value).hexdigest()}
    if isinstance(value, np.ndarray) and value.dtype != object:
        data = np.ascontiguousarray(value).tobytes()
        what = f"{value.dtype.str} {list(value.shape)}"
        return {"array": what, "sha256": hashlib.sha256(data).hexdigest()}
    if isinstance(value, set | frozenset):
        found = [content(each, f"{path}{{}}") for each in value]
        return {"set": sorted(found, key=_text)}
    if isinstance(value, Sequence):
        return [content(each, f"{path}[{index}]") for index, each in enumerate(value)]
    raise TypeError(f"{path}: {_refusal(value)}")


def key(value: object) -> str:
    """sha256 of :func:`content` as 64 hexadecimal digits: the same for the same, else another."""
    return hashlib.sha256(_text(content(value)).encode()).hexdigest()


def differences(before: JSON, now: JSON) -> list[Difference]:
    """Where two trees of :func:`content` are not the same, leaf by leaf.

    Trees are compared to the last digit, also after a way through JSON. Paths are as Python has
    them: fields and text keys after a dot, places in a list in brackets.
    """
    return list(_differences(before, now, ""))


def difference_text(found: Sequence[Difference], most: int = 4) -> str:
    """The first ``most`` of ``found`` in words, for a message."""
    told = [_one_text(each) for each in found[:most]]
    more = f", and {len(found) - most} more" if len(found) > most else ""
    return "; ".join(told) + more


def _one_text(found: Difference) -> str:
    if found.before == ABSENT or found.now == ABSENT:
        return f"{found.path} is {'new' if found.before == ABSENT else 'not there any more'}"
    if _is_hash(found.now):
        return f"{found.path} is another one"
    return f"{found.path} = {_short(found.now)}, where the record has {_short(found.before)}"


def _is_hash(value: JSON) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def _short(value: JSON) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _exact(value: float) -> JSON:
    is_plain = math.isfinite(value) and (value != 0.0 or math.copysign(1.0, value) > 0.0)
    return value if is_plain else {"float": repr(value)}


def _mapping(value: Mapping[Any, Any], path: str) -> dict[str, JSON]:
    found: dict[str, JSON] = {}
    for each, item in value.items():
        # texts stand for themselves, other keys for their content
        plain = type(each) is str and not each.startswith("=")
        name = each if plain else f"={_text(content(each, f'{path}[key]'))}"
        found[name] = content(item, f"{path}[{each!r}]")
    return dict(sorted(found.items()))


def _refusal(value: object) -> str:
    if isinstance(value, PurePath):
        return (
            f"{value} is where a file lies, which decides nothing: give the content (or its hash), "
            'or declare the field with metadata={"identity": False}.'
        )
    return f"a {type(value).__qualname__} has no identity; give what decides the outcome."


def _text(tree: JSON) -> str:
    return json.dumps(tree, sort_keys=True, allow_nan=False)


def _differences(before: JSON, now: JSON, path: str) -> Iterator[Difference]:
    if _text(before) == _text(now):
        return
    old, new = _children(before), _children(now)
    if old is None or new is None or _kind(before) != _kind(now):
        yield Difference(path, _leaf(before), _leaf(now))
        return
    for name in dict.fromkeys((*old, *new)):
        where = f"{path}{name}" if path else name.removeprefix(".")
        if name not in old or name not in new:
            before_there, now_there = name in old, name in new
            yield Difference(
                where,
                _leaf(old[name]) if before_there else ABSENT,
                _leaf(new[name]) if now_there else ABSENT,
            )
        else:
            yield from _differences(old[name], new[name], where)


def _children(tree: JSON) -> dict[str, JSON] | None:
    """The branches of a tree by what a path calls them; None where it is a leaf."""
    if isinstance(tree, list):
        return {f"[{index}]": each for index, each in enumerate(tree)}
    if not isinstance(tree, dict):
        return None
    if set(tree) == {"class", "fields"}:
        return {f".{name}": each for name, each in tree["fields"].items()}
    if set(tree) == {"mapping"}:
        return {_key_path(name): each for name, each in tree["mapping"].items()}
    return None


def _key_path(name: str) -> str:
    return f".{name}" if not name.startswith("=") else f"[{name[1:]}]"


def _kind(tree: JSON) -> str:
    return str(tree["class"]) if isinstance(tree, dict) and "class" in tree else type(tree).__name__


def _leaf(tree: JSON) -> JSON:
    """What a message shows of a leaf, or of a branch that the other tree has not."""
    if isinstance(tree, dict):
        if "class" in tree:
            return str(tree["class"])
        if "sha256" in tree:
            return tree["sha256"]
        if len(tree) == 1 and "mapping" not in tree:
            return next(iter(tree.values()))
        return {name: _leaf(each) for name, each in tree.get("mapping", tree).items()}
    return [_leaf(each) for each in tree] if isinstance(tree, list) else tree
