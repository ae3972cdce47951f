"""The configuration of a sweep: what `codesign sweep` reads.

    neuron = "burster.toml"      # a neuron file, preset:NAME or a run folder; or a list of them
    neurons = "0-3"              # of a run folder: which ones (all)
    technology = "sky130"        # a built-in name or a technology file; or a list of them
    backend = "macromodel"         # or macromodel_detail, or ngspice
    current = "0:-2.4,500:-1.4"  # default: the preset's own, else one at which the neuron is active
    duration = 11000             # model time; default: from the time constants
    seed = 0                     # of the samples

    [axes]                       # each point of their product is looked at
    corner = ["tt", "ss", "ff"]
    temperature = { from = -40, to = 120, points = 5 }
    unit_current = { from = 1e-9, to = 1e-8, points = 5, spacing = "log" }
    area.pair = [1, 2, 4]        # studies.sweep.axes lists all there are

    [mismatch]                   # optional: samples at every point
    samples = 20
    set = "ordinary"             # of the technology's sets of coefficients; default: its own choice
    least_yield = 0.9            # share of them that has to keep the regime; default: 0

Paths are relative to the configuration file.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from codesign.studies.sweep.axes import FAMILIES, SOURCES, Axis, axis_kind
from neuron_model.errors import InputError
from neuron_model.file_format import KEY, SWEEP
from neuron_model.runs.toml_tables import as_table, build_part, is_number, listed, typed_value
from neuron_model.text_file import read_text
from neuron_model.toml_file import named_source, parse_toml, refuse_unknown

LARGEST_FILE = 1_000_000
"""Bytes."""

MOST_POINTS = 100_000
"""Of a sweep, a sample counted as one."""

BACKENDS = ("macromodel", "macromodel_detail", "ngspice")
"""Who tells how a point fires: the compact macromodel, the one with every amplifier's own lags
(slower, nearer to ngspice), or the circuit."""

_PRESET = "preset:"
_SPACINGS = ("linear", "log")


@dataclass(frozen=True)
class MismatchSettings:
    """Samples drawn at every point, the same ones everywhere.

    samples: how many; 0: the neuron as drawn alone. set: of the technology's sets of coefficients;
    empty: its own choice. process: whether they differ as a whole, beside the mismatch of their
    devices. least_yield: share of them that has to keep the model's
    regime for the point to count as matching.

    Raises:
        InputError: a value is not usable; the text names it.
    """

    samples: int = 0
    least_yield: float = field(default=0.0, metadata={"identity": False})
    process: bool = False
    set: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.samples <= MOST_POINTS:
            raise InputError(
                f"mismatch.samples = {self.samples} is not allowed; it must be a whole number "
                f"from 1 to {MOST_POINTS}, or 0 for no mismatch."
            )
        if self.process and not self.samples:
            raise InputError(
                "mismatch.process = true needs samples that it can make differ; give "
                "mismatch.samples, from 1."
            )
        if self.set and not self.samples:
            raise InputError(
                f"mismatch.set = {self.set!r} needs samples that are drawn by it; give "
                "mismatch.samples, from 1."
            )
        if not 0.0 <= self.least_yield <= 1.0:
            raise InputError(
                f"mismatch.least_yield = {self.least_yield:g} is not allowed; it must be from 0 "
                "to 1."
            )


@dataclass(frozen=True)
class SweepConfiguration:
    """All of a sweep.

    neuron, technology: as in the file, paths absolute. neurons: of run folders, "" for all.
    current: "" for each neuron's own. duration: model time; 0: from the time constants.

    Raises:
        InputError: a value is not usable; the text names it.
    """

    neuron: tuple[str, ...]
    technology: tuple[str, ...]
    neurons: str = ""
    backend: str = "macromodel"
    current: str = ""
    duration: float = 0.0
    seed: int = 0
    axes: tuple[Axis, ...] = ()
    mismatch: MismatchSettings = field(default_factory=MismatchSettings)

    def __post_init__(self) -> None:
        for key in SOURCES:
            names = getattr(self, key)
            if not names:
                raise InputError(f"{key} is missing; it must be text, or a list of texts.")
            for index, name in enumerate(names):
                if not name or not name.isprintable():
                    raise InputError(f"{key} = {name!r} is not allowed; it must be a name or path.")
                if name in names[:index]:
                    raise InputError(f"{key} has {name!r} twice; give each once.")
        if self.backend not in BACKENDS:
            raise InputError(
                f"backend = {self.backend!r} is not allowed; it must be {listed(BACKENDS)}."
            )
        if not 0 <= self.duration <= 1e9:
            raise InputError(
                f"duration = {self.duration:g} is not allowed; it must be from 0 (from the time "
                "constants) to 1e+09."
            )
        if not 0 <= self.seed < 2**31:
            raise InputError(
                f"seed = {self.seed} is not allowed; it must be a whole number from 0 to "
                "2147483647."
            )
        names = [axis.name for axis in self.axes]
        twice = [name for i, name in enumerate(names) if name in names[:i]]
        if twice:
            raise InputError(f"axes.{twice[0]} is there twice; give each axis once.")
        for name in SOURCES:
            if name in names:
                raise InputError(f"axes.{name} is not a known key; {name} stands before [axes].")
        if self.backend == "macromodel_detail" and self.mismatch.samples:
            raise InputError(
                "mismatch.samples: samples have compact macromodels only; choose backend = "
                '"macromodel" or "ngspice".'
            )
        if self.points > MOST_POINTS:
            raise InputError(
                f"axes: {self.points} points, samples counted, are more than {MOST_POINTS}; give "
                "fewer values."
            )

    @property
    def points(self) -> int:
        """At least how many there are (run folders hold several neurons), samples counted."""
        sources = len(self.neuron) * len(self.technology)
        return sources * math.prod(len(a.values) for a in self.axes) * max(1, self.mismatch.samples)

    def values(self, name: str) -> tuple[Any, ...]:
        """The values of an axis; none where it is not in the file."""
        return next((axis.values for axis in self.axes if axis.name == name), ())


def read_sweep_configuration(path: str | os.PathLike[str]) -> SweepConfiguration:
    """Read a configuration file.

    Raises:
        InputError: it cannot be read, a key is not known or a value not allowed; the text names
            file, key, value and what is allowed.
    """
    text = read_text(path, LARGEST_FILE)
    return sweep_configuration_from_toml(text, str(path), Path(path).resolve().parent)


def sweep_configuration_from_toml(
    text: str, source: str, folder: Path | None = None
) -> SweepConfiguration:
    """The configuration that ``text`` describes.

    Args:
        text: of the file.
        source: what errors call it.
        folder: what the paths in it are relative to; the working directory if not given.

    Raises:
        InputError: as :func:`read_sweep_configuration`.
    """
    parsed = parse_toml(text, source)
    with named_source(source):
        document = SWEEP.check_document(parsed, source)
        scalars: dict[str, Any] = {
            "neurons": "",
            "backend": "macromodel",
            "current": "",
            "duration": 0.0,
            "seed": 0,
        }
        refuse_unknown("", document, (*SOURCES, *scalars, "axes", "mismatch"))
        here = folder or Path.cwd()
        values = {key: typed_value(key, document.get(key, x), x) for key, x in scalars.items()}
        mismatch = as_table("mismatch", document.get("mismatch", {}))
        return SweepConfiguration(
            neuron=_names("neuron", document.get("neuron", []), here),
            technology=_names("technology", document.get("technology", []), here),
            **values,
            axes=tuple(_axes(as_table("axes", document.get("axes", {})))),
            mismatch=build_part(MismatchSettings(), "mismatch", mismatch),
        )


def sweep_configuration_to_toml(configuration: SweepConfiguration) -> str:
    """A file with every value written out; reading it gives ``configuration`` back."""
    axes: dict[str, Any] = {}
    for axis in configuration.axes:
        axes[axis.name] = list(axis.values)
    return tomli_w.dumps(
        {
            KEY: SWEEP.version,
            "neuron": list(configuration.neuron),
            "technology": list(configuration.technology),
            "neurons": configuration.neurons,
            "backend": configuration.backend,
            "current": configuration.current,
            "duration": configuration.duration,
            "seed": configuration.seed,
            "axes": axes,
            "mismatch": {
                "samples": configuration.mismatch.samples,
                "set": configuration.mismatch.set,
                "process": configuration.mismatch.process,
                "least_yield": configuration.mismatch.least_yield,
            },
        }
    )


def _names(key: str, entry: object, folder: Path) -> tuple[str, ...]:
    names = [entry] if isinstance(entry, str) else entry
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{key} = {entry!r} is not allowed; it must be text, or a list of texts.")
    return tuple(_placed(key, name, folder) for name in names)


def _placed(key: str, name: str, folder: Path) -> str:
    """Paths relative to the file; a technology's built-in name has neither slash nor dot."""
    is_path = not name.startswith(_PRESET) if key == "neuron" else "/" in name or "." in name
    if not is_path or not name:
        return name
    return str((folder / Path(name).expanduser()).resolve())


def _axes(table: Mapping[str, Any]) -> Iterator[Axis]:
    for name, entry in table.items():
        # area.pair = [...] and "area.pair" = [...] are the same
        if name in FAMILIES and isinstance(entry, dict):
            for member, values in entry.items():
                yield _axis(f"{name}.{member}", values)
        else:
            yield _axis(name, entry)


def _axis(name: str, entry: object) -> Axis:
    kind = axis_kind(name)
    if isinstance(entry, dict):
        return Axis(name, _spaced(name, entry))
    if isinstance(entry, list):
        return Axis(name, tuple(entry))
    raise InputError(
        f"axes.{name} = {entry!r} is not allowed; it must be a list of values ({kind.allowed})"
        + (", or { from = A, to = B, points = N }." if kind.is_number else ".")
    )


def _spaced(name: str, table: Mapping[str, Any]) -> tuple[float, ...]:
    """Values from one to another, with four significant digits."""
    key = f"axes.{name}"
    if not axis_kind(name).is_number:
        raise InputError(f"{key} is not allowed as a table; it must be a list of texts.")
    refuse_unknown(f"{key}.", table, ("from", "to", "points", "spacing"))
    spacing, points = table.get("spacing", "linear"), table.get("points")
    if spacing not in _SPACINGS:
        raise InputError(
            f"{key}.spacing = {spacing!r} is not allowed; it must be {listed(_SPACINGS)}."
        )
    if isinstance(points, bool) or not isinstance(points, int) or not 2 <= points <= 1000:
        raise InputError(
            f"{key}.points = {points!r} is not allowed; it must be a whole number from 2 to 1000."
        )
    for end in ("from", "to"):
        value = table.get(end)
        if not is_number(value) or not math.isfinite(value):  # type: ignore[arg-type]
            raise InputError(f"{key}.{end} = {value!r} is not allowed; it must be a number.")
        if spacing == "log" and value <= 0:  # type: ignore[operator]
            raise InputError(
                f"{key}.{end} = {value!r} is not allowed with log spacing; it must be above 0."
            )
    first, last = float(table["from"]), float(table["to"])
    shares = [k / (points - 1) for k in range(points)]
    if spacing == "log":
        return tuple(float(f"{first * (last / first) ** share:.4g}") for share in shares)
    # as many decimals as give the largest value four digits: 0 stays 0
    largest = max(abs(first), abs(last)) or 1.0
    decimals = 3 - math.floor(math.log10(largest))
    return tuple(round(first + (last - first) * share, decimals) for share in shares)
