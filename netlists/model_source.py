"""Read a SPICE model library: one section, with all that it includes, in order.

Understood are the two forms of ``.lib`` and the forms of ``.include`` that ngspice reads::

    .lib tt                    a section begins here (up to .endl)
    .lib "corners.lib" tt      the section tt of that file stands here
    .include parameters.spice  that file stands here, without its sections

Paths are relative to the file they stand in, with slashes of either kind. Files are UTF-8, UTF-16
or Latin-1, with a byte order mark or without, and with line ends of any kind. What comes out is
text in pieces, each of which knows its file and line, so that whatever is found wrong later can be
pointed at.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from neuron_model.errors import InputError

_DIRECTIVE = re.compile(r"^[ \t]*\.(inc\w*|lib|endl)\b([^\n]*)$", re.IGNORECASE | re.MULTILINE)
_TOKEN = re.compile(r"\"[^\"]*\"|'[^']*'|\S+")
# `$` opens a comment only between blanks: it may also stand in a file name.
_DIRECTIVE_COMMENT = re.compile(r";.*$|\s\$\s.*$|\s//.*$")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_BLANK = re.compile(r"[\x0b\x0c]")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ARCHIVES = ((b"\x1f\x8b", "gzip"), (b"PK\x03\x04", "zip"), (b"BZh", "bzip2"), (b"\xfd7zXZ", "xz"))
# Of a file's beginning, by which UTF-16 without a byte order mark is known.
_SAMPLE = 400


@dataclass(frozen=True)
class SourceText:
    """A piece of a model file: its text, and the file and line (from 1) where it begins."""

    path: Path
    line: int
    text: str


def read_model_text(path: Path, wanted_by: str = "") -> str:
    """The text of a model file.

    Args:
        path: the file.
        wanted_by: what names it, for the message ("corners.lib:12").

    Raises:
        InputError: it is not there, cannot be read, or is not text.
    """
    origin = f"{wanted_by}: " if wanted_by else ""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{origin}the model file {path} cannot be read ({error.strerror or error})."
        ) from error
    for magic, kind in _ARCHIVES:
        if data.startswith(magic):
            raise InputError(
                f"{origin}{path} is packed ({kind}); unpack it and name what is in it."
            )
    text = _plain(data)
    found = _NOT_TEXT.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise InputError(
            f"{origin}{path}:{line}: this is not a text file (byte 0x{ord(found.group()):02x}); "
            "a SPICE model library is expected. If it is encrypted or compiled for another "
            "simulator, ask its foundry for the models as plain text, or for ngspice."
        )
    return text


# A command reads a library once for each set of cells that it cuts models out for.
@lru_cache(maxsize=64)
def _plain(data: bytes) -> str:
    """Form feeds are blanks to SPICE; files from DOS may end in Ctrl-Z."""
    text = _decoded(data).replace("\r\n", "\n").replace("\r", "\n")
    return _BLANK.sub(" ", text).rstrip("\x1a")


def _decoded(data: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    even, odd = data[0:_SAMPLE:2], data[1:_SAMPLE:2]
    # Of UTF-16's pairs of bytes one is zero in all but a few letters.
    if odd.count(0) > 0.7 * len(odd) and not even.count(0):
        return data.decode("utf-16-le", "replace")
    if even.count(0) > 0.7 * len(even) and not odd.count(0):
        return data.decode("utf-16-be", "replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        # Older libraries carry a Latin-1 micro sign or a name in their comments.
        return data.decode("latin-1")


def section_names(path: Path) -> tuple[str, ...]:
    """The names of the sections that a library file defines, lower case, in order."""
    names: list[str] = []
    for match in _DIRECTIVE.finditer(read_model_text(path)):
        tokens = _tokens(match.group(2))
        if match.group(1).lower() == "lib" and len(tokens) == 1:
            names.append(tokens[0].lower())
    return tuple(dict.fromkeys(names))


def expand(path: Path, section: str | None = None) -> list[SourceText]:
    """A file with its includes expanded: one section of it, or what stands outside of all sections.

    Raises:
        InputError: a file or section is missing, is not text, or includes itself; file and line
            are named.
    """
    return list(_expand(path, section, (), ""))


def _expand(
    path: Path, section: str | None, open_files: tuple[tuple[Path, str | None], ...], wanted_by: str
) -> Iterator[SourceText]:
    key = (path.resolve(), section.lower() if section else None)
    if key in open_files:
        raise InputError(
            f"{wanted_by}: {path}{_named(section)} includes itself; the circle has to be broken."
        )
    if len(open_files) >= 100:
        raise InputError(f"{wanted_by}: model files include each other more than 100 deep.")
    open_files = (*open_files, key)
    text = read_model_text(path, wanted_by)

    inside: str | None = None  # the section that we are in
    opened_at = 0
    found = section is None
    done = False
    position, line = 0, 1  # where the piece that is not yet handed on begins
    for match in _DIRECTIVE.finditer(text):
        here = line + text.count("\n", position, match.start())
        place = f"{path}:{here}"
        taken = not done and inside == key[1]
        if taken and match.start() > position:
            yield SourceText(path, line, text[position : match.start()])
        position, line = match.end(), here

        word = match.group(1).lower()
        tokens = _tokens(match.group(2))
        if word == "endl":
            if inside is None:
                raise InputError(f"{place}: .endl without a .lib before it.")
            done = done or inside == key[1]
            inside = None
        elif word == "lib" and len(tokens) == 1:
            if inside is not None:
                raise InputError(
                    f"{place}: section {tokens[0]!r} begins inside of section {inside!r} "
                    f"(line {opened_at}); an .endl is missing."
                )
            inside, opened_at = tokens[0].lower(), here
            found = found or inside == key[1]
        elif taken:
            if len(tokens) != (2 if word == "lib" else 1):
                raise InputError(
                    f"{place}: {match.group().strip()!r} is not understood; expected "
                    '`.lib "file" section` or `.include "file"`.'
                )
            included = _included(path.parent, tokens[0])
            part = tokens[1] if word == "lib" else None
            yield from _expand(included, part, open_files, place)
    if inside is not None:
        raise InputError(f"{path}:{opened_at}: section {inside!r} has no .endl.")
    if not found:
        names = ", ".join(section_names(path)) or "it defines none"
        origin = f"{wanted_by}: " if wanted_by else ""
        raise InputError(f"{origin}{path} has no section {section!r}; its sections: {names}.")
    if section is None and position < len(text):
        yield SourceText(path, line, text[position:])


def _included(folder: Path, name: str) -> Path:
    path = folder / Path(name).expanduser()
    if "\\" in name and not path.exists():
        # written on Windows
        return folder / Path(name.replace("\\", "/")).expanduser()
    return path


def _tokens(text: str) -> list[str]:
    words = _TOKEN.findall(_DIRECTIVE_COMMENT.sub("", text))
    return [word[1:-1] if word[0] in "\"'" and word[-1] == word[0] else word for word in words]


def _named(section: str | None) -> str:
    return f" (section {section})" if section else ""
