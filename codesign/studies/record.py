"""The record of a study: one file of JSON lines that grows as soon as something is known.

    {"study": "sweep", "version": 1, "identity": {...}}
    {"key": "17", "outcome": {...}}
    {"key": "3", "error": {"kind": "simulator", "reason": "..."}}

Lines are in any order of the points; of two with the same key the later one holds. One process at
a time writes to it. A last line that was cut off while it was written does not count.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from codesign.studies.failure import Failure, Kind
from codesign.studies.identity import JSON, difference_text, differences
from neuron_model.errors import InputError

Entry = JSON | Failure

_ANEW = "or begin again (--restart where the command has it, else remove the file)"
_REMEDY = f"choose another file, {_ANEW}"


@dataclass(frozen=True)
class RecordHead:
    """What a record is of: the study's name, the version of its task, and the identity as
    :func:`codesign.studies.identity.content` has it."""

    study: str
    version: int
    identity: JSON

    @property
    def line(self) -> str:
        """As the first line."""
        entry = {"study": self.study, "version": self.version, "identity": self.identity}
        return json.dumps(entry, allow_nan=False) + "\n"


@dataclass(eq=False)
class Record:
    """Outcomes by key; :meth:`opened` on a file they outlive the process.

    entries: what is known of each point.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    _file: IO[bytes] | None = None
    _path: Path | None = None

    @staticmethod
    @contextlib.contextmanager
    def opened(path: Path | None, head: RecordHead) -> Iterator[Record]:
        """The record at ``path``, locked against others; None keeps it in memory.

        Raises:
            InputError: another process writes to it; it is none, or of something else (the text
                says what is different), or from before this format; or it cannot be read or
                written.
        """
        if path is None:
            yield Record()
            return
        with _locked(path) as file:
            entries, end = _read(path, file.read(), head)
            record = Record(entries, file, path)
            file.truncate(end)
            if end == 0:
                record._write(head.line)
                _keep_name(path)
            yield record

    @staticmethod
    def read(path: Path | None, head: RecordHead) -> dict[str, Entry]:
        """What the record at ``path`` holds; nothing where there is none. It is not changed.

        Raises:
            InputError: as :meth:`opened`, but for a lock.
        """
        if path is None or not path.exists():
            return {}
        try:
            text = path.read_bytes()
        except OSError as error:
            raise _unusable(path, "read", error) from error
        return _read(path, text, head)[0]

    def add(self, key: str, entry: Entry) -> Entry:
        """Keep what became known of a point; it is on disk when this returns.

        Returns:
            The entry as JSON has it, and as it will be read.

        Raises:
            InputError: the file cannot be written.
            TypeError: the outcome is not what JSON can hold.
        """
        if isinstance(entry, Failure):
            error = {"kind": entry.kind.value, "reason": entry.reason}
            line = json.dumps({"key": key, "error": error})
        else:
            line = json.dumps({"key": key, "outcome": entry})
            entry = json.loads(line)["outcome"]
        if self._file is not None:
            self._write(line + "\n")
        self.entries[key] = entry
        return entry

    def _write(self, line: str) -> None:
        assert self._file is not None
        assert self._path is not None
        try:
            self._file.write(line.encode())
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _unusable(self._path, "written", error) from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    """The file, made where it is not there, at its beginning; what is written is appended."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    except OSError as error:
        raise _unusable(path, "written", error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise _unusable(path, "locked", error) from error
            raise InputError(
                f"{path}: another process writes to this record; wait until it has ended, or "
                "choose another file."
            ) from error
        file.seek(0)
        try:
            yield file
        finally:
            # a process that was forked meanwhile has the file as well
            fcntl.flock(file, fcntl.LOCK_UN)


def _keep_name(path: Path) -> None:
    """That there is a new file is to outlive a crash of the machine as well."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path, text: bytes, head: RecordHead) -> tuple[dict[str, Entry], int]:
    """Entries, and how many bytes of the file are whole lines."""
    whole = text[: text.rfind(b"\n") + 1]
    if not whole:
        # a first line that was cut off; anything else is somebody's file
        if text and not head.line.encode().startswith(text):
            raise InputError(f"{path}: is no record of a study; choose another file.")
        return {}, 0
    try:
        first, *lines = [json.loads(line) for line in whole.splitlines()]
        if not isinstance(first, dict):
            raise ValueError("its first line is no table")
        _check_head(path, first, head)
        return {str(line["key"]): _entry(line) for line in lines}, len(whole)
    except (ValueError, KeyError, TypeError) as error:
        # of what is no JSON at all there is nothing to say
        told = "" if isinstance(error, json.JSONDecodeError) else f" ({error})"
        raise InputError(f"{path}: is no record of a study{told}; choose another file.") from error


def _entry(line: dict[str, Any]) -> Entry:
    if "error" not in line:
        return line["outcome"]
    return Failure(Kind(line["error"]["kind"]), str(line["error"]["reason"]))


def _check_head(path: Path, first: dict[str, Any], head: RecordHead) -> None:
    """
    Raises:
        InputError: the record is of something else.
    """
    if "study" not in first:
        if "fingerprint" in first:
            raise InputError(
                f"{path}: is a record from before records said what they are of, so that nobody "
                f"knows whether it fits; {_REMEDY}."
            )
        raise ValueError("its first line does not say of which study")
    if first["study"] != head.study:
        raise InputError(
            f"{path}: is the record of another study ({first['study']}, not {head.study}); choose "
            "another file."
        )
    if first["version"] != head.version:
        raise InputError(
            f"{path}: is the record of version {first['version']} of this study, which computed "
            f"otherwise than version {head.version}; {_REMEDY}."
        )
    found = differences(first["identity"], head.identity)
    if found:
        raise InputError(
            f"{path}: is the record of another {head.study} ({difference_text(found)}); choose "
            f"another file, change that back, {_ANEW}."
        )


def _unusable(path: Path, what: str, error: OSError) -> InputError:
    return InputError(f"{path}: cannot be {what} ({error.strerror or error}).")
