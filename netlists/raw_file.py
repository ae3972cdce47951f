"""Reader of ngspice's raw files, binary and ascii, real and complex, with any number of plots.

A plot is a header of ``Key: value`` lines, a table of variables, and the values point by point:

    Title: ...
    Plotname: Transient Analysis
    Flags: real                      or: complex
    No. Variables: 2
    No. Points: 113
    Variables:
    <tab>0<tab>time<tab>time
    <tab>1<tab>v(out)<tab>voltage
    Binary:                          or: Values:

After ``Binary:`` come doubles in the machine's order (two for a complex number). After
``Values:`` comes, for each point, its number and then a value per line; ``re,im`` if complex.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from netlists.waveforms import Waveforms, from_plot
from neuron_model.errors import InputError

_LONGEST_LINE = 4096
_MOST = 1 << 40


def read_raw_file(path: str | os.PathLike[str]) -> tuple[Waveforms, ...]:
    """The waveforms of each plot in the file, in its order.

    Raises:
        InputError: the file cannot be read, is no raw file, or ends too early.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{path}: the raw file cannot be read ({reason}).") from error
    return parse_raw(content, str(path))


def parse_raw(content: bytes, name: str = "raw file") -> tuple[Waveforms, ...]:
    """As :func:`read_raw_file`, from the file's content; ``name`` is for messages.

    Raises:
        InputError: it is no raw file, or ends too early.
    """
    reader = _Reader(content, name)
    plots = []
    while not reader.at_end():
        plots.append(_read_plot(reader))
    if not plots:
        raise InputError(f"{name}: the raw file is empty; the simulation that writes it failed.")
    return tuple(plots)


@dataclass
class _Reader:
    """A position in the file, and how to complain of what is there."""

    content: bytes
    name: str
    position: int = 0

    def at_end(self) -> bool:
        """Whether nothing but blank lines is left."""
        while self.position < len(self.content) and self.content[self.position] in b"\r\n":
            self.position += 1
        return self.position == len(self.content)

    def line(self) -> str:
        end = self.content.find(b"\n", self.position, self.position + _LONGEST_LINE)
        if end < 0:
            where = min(len(self.content), self.position + _LONGEST_LINE)
            raise self.error("ends" if where == len(self.content) else "is no raw file")
        text = self.content[self.position : end].decode("utf-8", errors="replace")
        self.position = end + 1
        return text.rstrip("\r")

    def take(self, size: int) -> bytes:
        if size > len(self.content) - self.position:
            raise self.error(f"ends {size - len(self.content) + self.position} bytes too early")
        start, self.position = self.position, self.position + size
        return self.content[start : self.position]

    def error(self, what: str) -> InputError:
        return InputError(
            f"{self.name}: the raw file {what} (at byte {self.position}); "
            "it is broken or not one of ngspice's, so run the simulation again."
        )


@dataclass(frozen=True)
class _Header:
    """What a plot's values look like: their type, their names in order, how many points."""

    is_complex: bool
    is_binary: bool
    names: tuple[str, ...]
    points: int


def _read_plot(reader: _Reader) -> Waveforms:
    header = _read_header(reader)
    values = _read_binary(reader, header) if header.is_binary else _read_ascii(reader, header)
    plot = {
        name: np.ascontiguousarray(values[:, column]) for column, name in enumerate(header.names)
    }
    if len(plot) < len(header.names):
        raise reader.error("names a variable twice")
    return from_plot(plot)


def _read_header(reader: _Reader) -> _Header:
    fields: dict[str, str] = {}
    names: list[str] = []
    while True:
        line = reader.line()
        key, colon, value = line.partition(":")
        key = key.strip().lower()
        if not colon:
            raise reader.error(f"has the line {line[:40]!r} in a header")
        if key in ("binary", "values"):
            break
        if key == "variables":
            names = _read_names(reader, _count(reader, fields, "no. variables"))
            continue
        fields[key] = value.strip()
    if not names:
        raise reader.error("has values but no variables")
    flags = fields.get("flags", "").lower().split()
    if "unpadded" in flags:
        raise reader.error("has vectors of different lengths, which cannot be read")
    if ("real" in flags) == ("complex" in flags):
        raise reader.error(f"has the flags {fields.get('flags', '')!r}, neither real nor complex,")
    points = _count(reader, fields, "no. points")
    return _Header("complex" in flags, key == "binary", tuple(names), points)


def _count(reader: _Reader, fields: dict[str, str], key: str) -> int:
    text = fields.get(key, "").split(maxsplit=1)
    # isdecimal admits digits of any script, and int takes them too; what counts is the range.
    if not text or not text[0].isdecimal() or len(text[0]) > 12 or int(text[0]) > _MOST:
        raise reader.error(f"has {fields.get(key, 'nothing')!r} as its '{key}'")
    return int(text[0])


def _read_names(reader: _Reader, count: int) -> list[str]:
    names = []
    for index in range(count):
        parts = reader.line().split()
        if len(parts) < 3 or parts[0] != str(index):
            raise reader.error(f"does not name its variable {index}")
        names.append(parts[1])
    return names


def _read_binary(reader: _Reader, header: _Header) -> np.ndarray:
    dtype = np.dtype(np.complex128 if header.is_complex else np.float64)
    data = reader.take(header.points * len(header.names) * dtype.itemsize)
    return np.frombuffer(data, dtype=dtype).reshape(header.points, len(header.names))


def _read_ascii(reader: _Reader, header: _Header) -> np.ndarray:
    rows = []
    for point in range(header.points):
        row = []
        for column in range(len(header.names)):
            line = reader.line()
            while not line.strip():
                line = reader.line()
            parts = line.split()
            if column == 0:
                if parts[0] != str(point):
                    raise reader.error(f"has {parts[0][:20]!r} where point {point} begins")
                parts = parts[1:]
            if len(parts) != 1:
                raise reader.error(f"has {line[:40]!r} where a value should stand")
            row.append(_number(reader, parts[0], header.is_complex))
        rows.append(row)
    dtype = np.complex128 if header.is_complex else np.float64
    return np.array(rows, dtype=dtype).reshape(header.points, len(header.names))


def _number(reader: _Reader, text: str, is_complex: bool) -> complex | float:
    try:
        if not is_complex:
            return float(text)
        real, imaginary = text.split(",")
        return complex(float(real), float(imaginary))
    except ValueError:
        raise reader.error(f"has {text[:40]!r} where a value should stand") from None
