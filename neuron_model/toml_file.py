"""TOML files as they are read here: text, tables, and what is said of a key that is not known."""

from __future__ import annotations

import contextlib
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from neuron_model.errors import InputError
from neuron_model.suggestion import suggestion

_DEEPEST = 50
"""Parts of a dotted key; the time and memory that reading one takes grow with their square."""

_PART = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+"""
_DEEP = re.compile(rf"(?m)(?:^|[\[{{,])[ \t]*+(?:{_PART}\.[ \t]*+){{{_DEEPEST}}}")


def read_text(path: str | os.PathLike[str], largest: int) -> str:
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
            f"{path}: is not a text file (byte {error.start} is not UTF-8); give a TOML file."
        ) from error


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
