"""Transistor models for a technology: find the library, cut out what is in use, keep it.

A technology file says where its models are (table ``[models]``)::

    [models]
    paths = ["$PDK_ROOT/sky130A/libs.tech/combined/continuous/sky130.lib.spice"]
    installed = "sky130"               # optional: what `codesign pdk install` brings
    includes = ["design.ngspice"]      # optional: read before the sections
    [models.sections]                  # optional: sections of each corner
    tt = ["typical", "res_typical"]
    [models.parameters]                # optional: .param values that win over the library's
    mc_switch = 0

``paths`` are tried in order, then the installed package; the first file that is there is the
library. ``$NAME`` and ``~`` are expanded (a path with an unset variable is passed over), ``*``
matches like in a shell (the last match in alphabetical order counts), a relative path is relative
to the technology file, and ``{corner}`` stands for the corner's name. A section is read from the
library, or from a file beside it where written "FILE SECTION". A corner that ``sections`` does not
name is the section of its own name, or the whole library where that defines no sections.
"""

import glob
import hashlib
import logging
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Protocol

from netlists.model_cards import DeviceUse, cut_out, leading_comments
from netlists.model_source import SourceText, expand, section_names
from netlists.model_statements import parse_library
from netlists.pdk_cache import find_package
from neuron_model.atomic import write_atomically
from neuron_model.cache_folder import cache_folder
from neuron_model.errors import InputError, MissingDependencyError

__all__ = [
    "DeviceUse",
    "ModelLibrary",
    "TrimmedModels",
    "find_library",
    "left_out",
    "place_of",
    "trimmed_models",
]

_log = logging.getLogger(__name__)

# Part of every cache key: raise it whenever the text that is cut out changes.
_FORMAT = 5
_LEFT_OUT = "* Left out, as ngspice does not take them:"
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_VALUE = re.compile(r"[A-Za-z0-9_.+*/() -]+")


class ModelLibrary(Protocol):
    """What is needed of a technology's ``[models]`` table (see above for the meaning)."""

    @property
    def name(self) -> str:
        """The technology, for messages."""

    @property
    def folder(self) -> Path:
        """The folder of the technology file."""

    @property
    def paths(self) -> Sequence[str]:
        """Where the library may lie."""

    @property
    def installed(self) -> str:
        """A package of ``codesign pdk install``, or ""."""

    @property
    def includes(self) -> Sequence[str]:
        """Files read before the sections, relative to the library."""

    @property
    def sections(self) -> Mapping[str, Sequence[str]]:
        """Sections by corner."""

    @property
    def parameters(self) -> Mapping[str, float | str]:
        """Values of ``.param`` that win over the library's."""


@dataclass(frozen=True)
class TrimmedModels:
    """Models that define exactly what was asked for.

    ``text`` is put in front of the cells; ``content_hash`` is the SHA-256 of ``text`` as hex, the
    same for the same models wherever their files lie.
    """

    text: str
    content_hash: str


def find_library(library: ModelLibrary, corner: str) -> Path:
    """The file at which the models of ``corner`` begin.

    Args:
        library: where it may lie, such as the ``models`` of a technology.
        corner: of the process.

    Raises:
        InputError: the corner's name is not one.
        MissingDependencyError: no file is there; the message says what was tried and how to get it.
    """
    _check_name(corner, "corner", library.name)
    tried: list[str] = []
    for pattern in library.paths:
        expanded = _expand_path(pattern.replace("{corner}", corner), library.folder)
        if expanded is None:
            tried.append(f"{pattern} (the variable is not set)")
            continue
        found = sorted(match for match in glob.glob(expanded) if os.path.isfile(match))
        if found:
            return Path(found[-1])
        tried.append(expanded)
    if library.installed:
        package = find_package(library.installed)
        if package.is_installed:
            return package.library_path
        tried.append(str(package.library_path))
    hints = []
    if library.installed:
        hints.append(f"run `codesign pdk install {library.installed}`")
    if any("PDK_ROOT" in pattern for pattern in library.paths):
        hints.append("set PDK_ROOT to the folder that holds the PDK")
    hint = " or ".join(hints) or "correct models.paths in the technology file"
    raise MissingDependencyError(
        f"The transistor models of {library.name} are not there: {hint} (tried: "
        f"{', '.join(tried) or 'nothing, models.paths is empty'})."
    )


def trimmed_models(
    library: ModelLibrary, corner: str, devices: Iterable[DeviceUse]
) -> TrimmedModels:
    """The models of ``corner`` for just these devices and sizes, as text to put before the cells.

    The text is kept in the user's cache under the content of the library's files and of the
    request; a cache that cannot be written costs time, nothing else.

    Raises:
        InputError: the library is broken, or does not have a device, size or corner.
        MissingDependencyError: the library is not there.
    """
    wanted = sorted(set(devices), key=astuple)
    if not wanted:
        raise InputError(f"No devices were asked for of the models of {library.name}.")
    for use in wanted:
        _check_name(use.name, "device", library.name)
    path = find_library(library, corner)
    sources = _sources(library, corner, path)
    overrides = _override_lines(library)

    request = [str(_FORMAT), library.name, corner, *overrides, *map(repr, wanted)]
    digest = hashlib.sha256("\n".join(request).encode())
    for source in sources:
        digest.update(f"\n{source.path.name}:{source.line}\n".encode())
        digest.update(source.text.encode())
    cached = cache_folder() / "models" / f"{library.name}-{corner}-{digest.hexdigest()[:32]}.spice"
    text = _read_cached(cached)
    if text is None:
        text = _compose(library.name, corner, sources, overrides, wanted)
        _write_cached(cached, text)
    return TrimmedModels(text, hashlib.sha256(text.encode()).hexdigest())


def library_text(library: ModelLibrary, corner: str) -> str:
    """Lines that read the library itself, in place of what :func:`trimmed_models` cuts out.

    Raises:
        InputError: the library has no such corner, or what is to be set in it is no value.
        MissingDependencyError: the library is not there.
    """
    path = find_library(library, corner)
    lines = [f"* The models of {library.name}, corner {corner}: the library itself"]
    lines += [f'.include "{path.parent / include}"' for include in library.includes]
    for file, section in _sections(library, corner, path):
        lines.append(f'.lib "{file}" {section}' if section else f'.include "{file}"')
    return "\n".join([*lines, *_override_lines(library), ""])


def left_out(models: str) -> tuple[str, ...]:
    """The parameters that trimmed models do without, as ngspice does not take them."""
    line = next((x for x in models.splitlines() if x.startswith(_LEFT_OUT)), _LEFT_OUT)
    return tuple(line.removeprefix(_LEFT_OUT).split())


def place_of(library: ModelLibrary, corner: str, text: str) -> str:
    """File and line of the statement of ``corner`` that reads ``text``, or "".

    Raises:
        InputError: the library cannot be read.
        MissingDependencyError: the library is not there.
    """
    top = parse_library(_sources(library, corner, find_library(library, corner)))
    words = text.split()
    places = (s.place for s in top.all_statements() if s.text.split() == words)
    return next(places, "")


def _compose(
    name: str,
    corner: str,
    sources: Sequence[SourceText],
    overrides: Sequence[str],
    wanted: Sequence[DeviceUse],
) -> str:
    models = cut_out(sources, wanted, name)
    sizes = [f"*   {use.name} w={use.width_um:g}um l={use.length_um:g}um" for use in wanted]
    header = [f"* Models of {name}, corner {corner}, cut out for these devices:", *sizes]
    if models.left_out:
        header.append(f"{_LEFT_OUT} {' '.join(models.left_out)}")
    comments = leading_comments(sources, models.files)
    if comments:
        header += ["* The files they come from begin with:", *comments]
    return "\n".join([*header, models.text.rstrip("\n"), *overrides]) + "\n"


def _sources(library: ModelLibrary, corner: str, path: Path) -> list[SourceText]:
    sources: list[SourceText] = []
    for include in library.includes:
        sources += expand(path.parent / include)
    for file, section in _sections(library, corner, path):
        sources += expand(file, section)
    return sources


def _sections(library: ModelLibrary, corner: str, path: Path) -> list[tuple[Path, str | None]]:
    """The (file, section) pairs of a corner; section None is all that is outside of sections."""
    chosen = library.sections.get(corner)
    if chosen is None:
        defined = section_names(path)
        if defined and corner.lower() not in defined:
            raise InputError(
                f"{library.name} has no corner {corner!r}: models.sections does not name it, and "
                f"{path} has no such section; it has {', '.join(defined)}."
            )
        return [(path, corner if defined else None)]
    pairs: list[tuple[Path, str | None]] = []
    for entry in chosen:
        words = entry.split()
        if len(words) not in (1, 2):
            raise InputError(
                f"{library.name}: models.sections.{corner} holds {entry!r}; "
                'expected "SECTION" or "FILE SECTION".'
            )
        pairs.append((path if len(words) == 1 else path.parent / words[0], words[-1]))
    return pairs


def _override_lines(library: ModelLibrary) -> list[str]:
    # The last definition of a .param is the one that counts in ngspice, so these come last.
    lines = []
    for name, value in library.parameters.items():
        _check_name(name, "models.parameters", library.name)
        text = repr(value) if isinstance(value, float | int) else value
        if isinstance(value, bool) or not _VALUE.fullmatch(text):
            raise InputError(
                f"{library.name}: models.parameters.{name} = {value!r} is not usable; "
                "a number or an arithmetic expression is expected."
            )
        lines.append(f".param {name}={{{text}}}")
    return lines


def _expand_path(pattern: str, folder: Path) -> str | None:
    """The pattern with ``$NAME`` and ``~`` filled in; None where a variable is not set."""
    names = [braced or bare for braced, bare in _VARIABLE.findall(pattern)]
    if not all(os.environ.get(name) for name in names):
        return None
    filled = _VARIABLE.sub(lambda match: os.environ[match.group(1) or match.group(2)], pattern)
    return str(folder / Path(filled).expanduser())


def _check_name(text: str, what: str, library: str) -> None:
    # Names become part of SPICE text and of file names: nothing but a word may pass.
    if not _NAME.fullmatch(text):
        raise InputError(
            f"{library}: {what} {text!r} is not a name; letters, digits and _ . + - are allowed."
        )


def _read_cached(path: Path) -> str | None:
    """The cached text, if it is there and is what was written."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    seal, _, models = text.partition("\n")
    return models if seal == _seal(models) else None


def _write_cached(path: Path, text: str) -> None:
    try:
        write_atomically(path, f"{_seal(text)}\n{text}")
    except InputError as error:
        # A cache that cannot be written costs time only, and doctor tells of it.
        _log.info("The trimmed models are not kept: %s", error)


def _seal(text: str) -> str:
    return f"* sha256 {hashlib.sha256(text.encode()).hexdigest()}"
