"""TOML files as they are read here: text, tables, and what is said of a key that is not known."""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from neuron_model.errors import InputError
from neuron_model.suggestion import suggestion

_DEEPEST = 50
"""Parts of a dotted key; the time and memory that reading one takes grow with their square."""

_PART = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+"""
_DEEP = re.compile(rf"(?m)(?:^|[\[{{,])[ \t]*+(?:{_PART}\.[ \t]*+){{{_DEEPEST}}}")


def parse_toml(text: str, source: str) -> dict[str, Any]:
    """``text`` as TOML.

    Raises:
        InputError: it is not TOML; the text names ``source`` and the place.
    """
    deep = _DEEP.search(text)
    if deep is not None:
        line = text.count("\n", 0, deep.start()) + 1
        raise InputError(
            f"{source}: is not valid TOML: a key of more than {_DEEPEST} parts (at line {line})."
        )
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        # ValueError: dates and integers that the syntax allows and Python does not.
        raise InputError(f"{source}: is not valid TOML: {error}.") from error


def refuse_unknown(prefix: str, table: Mapping[str, object], known: Iterable[str]) -> None:
    """Every key of ``table`` has to be one of ``known``.

    Raises:
        InputError: one is not; ``prefix`` stands before the keys, dot included.
    """
    names = tuple(known)
    for key in table:
        if key not in names:
            raise InputError(
                f"{prefix}{_shown_key(key)} is not a known key; allowed are {', '.join(names)}."
                f"{suggestion(key, names)}"
            )


def _shown_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]{1,80}", key) else in_few_words(key)


def in_few_words(value: object) -> str:
    """``value`` as Python writes it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


@contextlib.contextmanager
def named_source(source: str) -> Iterator[None]:
    """Put ``source`` before the text of an InputError that the block raises."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
