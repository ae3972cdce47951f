"""Files and run folders of older versions, brought up to date: ``codesign upgrade``.

What of a file has another name by now is in :mod:`neuron_model.file_format`. Files that people
write are changed where they stand, so that comments and order stay; each is read as the commands
read it before anything is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from codesign.validation.validation import validation_from_json
from neuron_model.atomic import write_together
from neuron_model.errors import InputError
from neuron_model.file_format import (
    CURRENTS,
    FORECAST,
    KEY,
    NEURON,
    RESULT,
    RUN_CONFIGURATION,
    SWEEP,
    TECHNOLOGY,
    VALIDATION,
    VARIATION,
    FileFormat,
)
from neuron_model.runs.array_file import upgraded_arrays
from neuron_model.runs.file_names import (
    CONFIG_FILE,
    CURRENTS_FILE,
    FORECAST_FILE,
    HISTORY_FILE,
    MODEL_FILE,
    RESULT_FILE,
    VARIATION_FILE,
)
from neuron_model.runs.history_file import upgraded_history
from neuron_model.text_file import read_text
from neuron_model.toml_file import named_source, parse_toml

_VALIDATION_FILE = "validation.json"
_VARIATION_BEFORE = "chips.json"
_VERSIONED: dict[str, Callable[[Path], str | bytes | None]] = {
    RESULT_FILE: lambda path: _upgraded_json(path, RESULT),
    VARIATION_FILE: lambda path: _upgraded_json(path, VARIATION),
    HISTORY_FILE: upgraded_history,
    CURRENTS_FILE: lambda path: upgraded_arrays(path, CURRENTS),
    FORECAST_FILE: lambda path: upgraded_arrays(path, FORECAST),
}
_HEADER = re.compile(r"^(\s*\[\[?\s*)([A-Za-z0-9_.-]+)(\s*\]\]?.*)$", re.DOTALL)
_ENTRY = re.compile(r"^(\s*)([A-Za-z0-9_.-]+)(\s*=\s*)(.*)$", re.DOTALL)


@dataclass(frozen=True)
class Upgraded:
    """A file and what was changed in it, in words; nothing: it was up to date, or left: why not."""

    path: Path
    changes: tuple[str, ...]
    left: str = ""


def upgrade(path: Path) -> tuple[Upgraded, ...]:
    """Bring a file, or all files of a run folder, up to date; all of them or none.

    A run folder's configuration belongs to its other files, so it is upgraded with them.

    Raises:
        InputError: it is none of the files that can be, or is too old or damaged; nothing was
            changed.
    """
    if path.is_file() and path.name == CONFIG_FILE and (path.parent / MODEL_FILE).is_file():
        path = path.parent
    contents: dict[Path, str | bytes] = {}
    if path.is_dir():
        found = _run_folder(path, contents)
    elif path.suffix.lower() == ".json":
        found = [_validation(path, contents)]
    else:
        found = [_file_of_people(path, contents)]
    if contents:
        write_together(contents)
    before = path / _VARIATION_BEFORE
    if path / VARIATION_FILE in contents:
        before.unlink(missing_ok=True)
    return tuple(found)


def _run_folder(folder: Path, contents: dict[Path, str | bytes]) -> list[Upgraded]:
    if not (folder / CONFIG_FILE).is_file() and not (folder / MODEL_FILE).is_file():
        raise InputError(f"{folder}: is no run folder: it holds no {MODEL_FILE}.")
    found = []
    if (folder / CONFIG_FILE).is_file():
        config = _file_of_people(folder / CONFIG_FILE, contents)
        found.append(config)
        result = folder / RESULT_FILE
        if config.changes and result.is_file():
            text = contents[folder / CONFIG_FILE]
            assert isinstance(text, str)
            contents[result] = _with_identity(result, text, folder)
            found.append(Upgraded(result, ("it is that of the configuration as it is now",)))
    for name, upgraded in _VERSIONED.items():
        path = folder / name
        if path.is_file() and path not in contents and (content := upgraded(path)) is not None:
            contents[path] = content
            found.append(Upgraded(path, ("it says its format now",)))
    before, now = folder / _VARIATION_BEFORE, folder / VARIATION_FILE
    if before.is_file() and not now.is_file():
        contents[now] = VARIATION.json_text(_entries(before))
        found.append(Upgraded(now, (f"it was {_VARIATION_BEFORE}",)))
    validation = folder / _VALIDATION_FILE
    if validation.is_file():
        try:
            found.append(_validation(validation, contents))
        except InputError as error:
            # no reason to leave the rest as it is
            found.append(Upgraded(validation, (), str(error)))
    return found


def _with_identity(result: Path, config: str, folder: Path) -> str:
    """``training.json`` for a configuration that says the same in today's words."""
    from neuron_model.runs.run_configuration import identity, written_configuration

    whose = identity(written_configuration(config, str(folder / CONFIG_FILE)))
    return RESULT.json_text({**_entries(result), "identity": whose}) + "\n"


def _entries(path: Path) -> dict[str, Any]:
    """
    Raises:
        InputError: it is no JSON object.
    """
    try:
        return dict(json.loads(read_text(path)))
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read ({error}); nothing was changed.") from error


def _upgraded_json(path: Path, kind: FileFormat) -> str | None:
    """The file with a version, which those of before do not have; None where it has one."""
    entries = _entries(path)
    return None if KEY in entries else kind.json_text(entries) + "\n"


def _file_of_people(path: Path, contents: dict[Path, str | bytes]) -> Upgraded:
    text = read_text(path)
    document = parse_toml(text, str(path))
    kind = _kind(path, document)
    said = document.get(KEY)
    if said is not None and not (
        isinstance(said, int) and not isinstance(said, bool) and kind.oldest <= said <= kind.version
    ):
        with named_source(str(path)):
            kind.check(said, str(path))
    older = kind.older(document)
    if not older and said in (None, kind.version):
        return Upgraded(path, ())
    wanted = _renamed(document, kind)
    found = _with_format(_edited(text, kind), kind.version)
    changes = [f"{before} is {now} now" for before, now in older.items()]
    if parse_toml(found, str(path)) != wanted:
        # written in a way that is not seen line by line, such as an inline table
        found = tomli_w.dumps(wanted)
        changes.append("comments are lost")
    contents[path] = found
    return Upgraded(path, (*changes, f"{KEY} = {kind.version}"))


def _kind(path: Path, document: Mapping[str, Any]) -> FileFormat:
    if isinstance(document.get("neuron"), dict):
        return NEURON
    if "devices" in document or "base" in document:
        return TECHNOLOGY
    if "axes" in document or "backend" in document:
        return SWEEP
    if {"task", "network", "training", "limits", "log", "start", "seed"} & set(document):
        return RUN_CONFIGURATION
    raise InputError(
        f"{path}: is no neuron file, run configuration, sweep configuration, technology file or "
        "validation, which are what can be brought up to date."
    )


def _renamed(document: Mapping[str, Any], kind: FileFormat) -> dict[str, Any]:
    """What a file says, in today's words."""

    def of(content: Mapping[str, Any], before: str) -> dict[str, Any]:
        found = {}
        for key, value in content.items():
            dotted = f"{before}{key}"
            now = kind.renamed.get(dotted, dotted).removeprefix(before)
            if isinstance(value, Mapping):
                value = of(value, f"{dotted}.")
            elif isinstance(value, str):
                value = kind.values.get(dotted, {}).get(value, value)
            found[now] = value
        return found

    return {KEY: kind.version, **{k: v for k, v in of(document, "").items() if k != KEY}}


def _edited(text: str, kind: FileFormat) -> str:
    """``text`` line by line in today's words, as far as it is written in the usual way."""
    table, lines = "", []
    for line in text.splitlines(keepends=True):
        header, entry = _HEADER.match(line), _ENTRY.match(line)
        if header:
            opening, table, closing = header.groups()
            lines.append(f"{opening}{_dotted(table, kind)}{closing}")
            continue
        if entry:
            indent, key, equals, value = entry.groups()
            dotted = f"{table}.{key}" if table else key
            for before, now in kind.values.get(dotted, {}).items():
                value = re.sub(rf"^([\"']){re.escape(before)}\1", rf"\g<1>{now}\g<1>", value)
            parts = _dotted(dotted, kind).split(".")[-len(key.split(".")) :]
            line = f"{indent}{'.'.join(parts)}{equals}{value}"
        lines.append(line)
    return "".join(lines)


def _dotted(name: str, kind: FileFormat) -> str:
    """A dotted name whose beginning may be called otherwise now."""
    for before, now in kind.renamed.items():
        if name == before or name.startswith(f"{before}."):
            return now + name[len(before) :]
    return name


def _with_format(text: str, version: int) -> str:
    """``text`` with its version, behind the comment at its head."""
    lines = text.splitlines(keepends=True)
    for index, line in enumerate(lines):
        if _HEADER.match(line):
            break
        if re.match(rf"\s*{KEY}\s*=", line):
            lines[index] = f"{KEY} = {version}\n"
            return "".join(lines)
    head = 0
    while head < len(lines) and lines[head].lstrip().startswith("#"):
        head += 1
    gap = "\n" if head < len(lines) and _HEADER.match(lines[head]) else ""
    return "".join([*lines[:head], f"{KEY} = {version}\n{gap}", *lines[head:]])


def _validation(path: Path, contents: dict[Path, str | bytes]) -> Upgraded:
    remedy = VALIDATION.beyond
    try:
        document = json.loads(read_text(path))
        version = document[KEY]
        document["neurons"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{path}: is no validation; {remedy}.") from error
    if version == VALIDATION.version:
        return Upgraded(path, ())
    if version != VALIDATION.oldest:
        with named_source(str(path)):
            VALIDATION.check(version, str(path))
    found = {**_renamed_names(document), KEY: VALIDATION.version}
    try:
        validation_from_json(found, str(path))
    except InputError as error:
        raise InputError(f"{path}: has not all that a validation has today; {remedy}.") from error
    contents[path] = json.dumps(found)
    changes = [f"{before} is {now} now" for before, now in VALIDATION.renamed.items()]
    return Upgraded(path, (*changes, f"{KEY} = {VALIDATION.version}"))


def _renamed_names(content: Any) -> Any:
    """The same with names in today's words, wherever they stand."""
    if isinstance(content, dict):
        names = VALIDATION.renamed
        return {names.get(name, name): _renamed_names(each) for name, each in content.items()}
    if isinstance(content, list):
        return [_renamed_names(each) for each in content]
    return content
