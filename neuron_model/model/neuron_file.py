"""The neuron file: one neuron as TOML, to be read by people and written by hand.

    [neuron]
    name = "burster"
    tau_slow = 50.0
    tau_ultraslow = 2500.0
    leak = "linear"              # or { range = 6.0 }, { conductance = 0.9, range = 6.0 }
    filter = "linear"            # or "ota", or { slow = { kappa = 1.02, offset = 0.01 } }
    output = "clip"              # or "ota"

    [[neuron.elements]]
    timescale = "fast"           # fast | slow | ultraslow
    alpha = -2.0
    delta = 0.0
    kappa = 1.0                  # optional

Required are the elements and the time constants that they use (tau_fast is 0 unless given);
the rest has the defaults of :class:`neuron_model.model.parameters.NeuronParameters`. ``format = 1``
before the table is the version of the format (:mod:`neuron_model.file_format`); it may be left out.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import tomli_w

from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.file_format import NEURON
from neuron_model.model.parameters import (
    LINEAR_FILTER,
    OTA_FILTER,
    TIMESCALES,
    Amplifier,
    Element,
    Filter,
    Leak,
    NeuronParameters,
    OutputShape,
    Timescale,
)
from neuron_model.suggestion import suggestion
from neuron_model.text_file import read_text
from neuron_model.toml_file import in_few_words, named_source, parse_toml, refuse_unknown

LARGEST_FILE = 1_000_000
"""Bytes; a neuron with thousands of elements is smaller."""

_FILTERS = {"linear": LINEAR_FILTER, "ota": OTA_FILTER}
_SCALARS = tuple(
    f.name
    for f in fields(NeuronParameters)
    if f.name not in ("name", "elements", "leak", "output") and not f.name.startswith("filter_")
)


def read_neuron(path: str | os.PathLike[str]) -> NeuronParameters:
    """The neuron of a neuron file.

    Raises:
        InputError: the file is missing, not readable, not TOML or not a neuron; the text names
            file, key, value and what is allowed.
    """
    return neuron_from_toml(read_text(path, LARGEST_FILE), str(path))


def write_neuron(path: str | os.PathLike[str], parameters: NeuronParameters) -> Path:
    """Write a neuron file; reading it gives ``parameters`` back exactly.

    Raises:
        InputError: ``parameters`` are of several neurons, or the file cannot be written.
    """
    return write_atomically(path, f"format = {NEURON.version}\n\n{neuron_to_toml(parameters)}")


def neuron_from_toml(text: str, source: str = "neuron file") -> NeuronParameters:
    """The neuron that ``text`` describes; ``source`` is what errors call it.

    Raises:
        InputError: as :func:`read_neuron`.
    """
    parsed = parse_toml(text, source)
    with named_source(source):
        document = NEURON.check_document(parsed, source)
        if "neuron" not in document:
            raise InputError("the table [neuron] is missing; a neuron file must have it.")
        refuse_unknown("", document, ("neuron",))
        return neuron_from_table(document["neuron"])


def neuron_from_table(entry: object) -> NeuronParameters:
    """The neuron that the table [neuron], as TOML or JSON was parsed, describes.

    Raises:
        InputError: as :func:`read_neuron`, without the file's name.
    """
    table = _table("neuron", entry)
    refuse_unknown("neuron.", table, (*_SCALARS, "name", "leak", "filter", "output", "elements"))
    elements = _elements(table.get("elements"))
    for timescale in TIMESCALES[1:]:
        if f"tau_{timescale}" not in table and any(e.timescale == timescale for e in elements):
            raise InputError(
                f"neuron.tau_{timescale} is missing; it is required because an element "
                f'has timescale = "{timescale}".'
            )
    values: dict[str, Any] = {
        key: _number(f"neuron.{key}", table[key]) for key in _SCALARS if key in table
    }
    if "name" in table:
        if not isinstance(table["name"], str):
            raise _wrong("neuron.name", table["name"], "text in quotes")
        values["name"] = table["name"]
    values |= _filters(table.get("filter", "linear"))
    values["output"] = output_shape("neuron.output", table.get("output", OutputShape.CLIP))
    return NeuronParameters(elements, leak=_leak(table.get("leak", "linear")), **values)


def neuron_to_toml(parameters: NeuronParameters) -> str:
    """The neuron file's text.

    Raises:
        InputError: ``parameters`` are of several neurons.
    """
    return tomli_w.dumps({"neuron": neuron_to_table(parameters)})


def neuron_to_table(parameters: NeuronParameters) -> dict[str, Any]:
    """The table [neuron] of one neuron, of what TOML and JSON have in common.

    Raises:
        InputError: ``parameters`` are of several neurons.
    """
    if parameters.neurons != 1:
        raise InputError(
            f"'{parameters.name}' is {parameters.neurons} neurons; a neuron file holds one: "
            "write parameters[0] and so on."
        )
    one = parameters[0]
    table: dict[str, Any] = {"name": one.name}
    table |= {key: getattr(one, key) for key in _SCALARS}
    table["leak"] = _leak_entry(one.leak)
    table["filter"] = _filter_entry({x: one.filter(x) for x in TIMESCALES})
    table["output"] = str(one.output)
    table["elements"] = [
        {"timescale": str(e.timescale), "alpha": e.alpha, "delta": e.delta, "kappa": e.kappa}
        | _amplifier_entry(e.amplifier)
        for e in one.elements
    ]
    return table


def output_shape(key: str, entry: object) -> OutputShape:
    """The shape of s that a file names under ``key``.

    Raises:
        InputError: there is none of that name.
    """
    try:
        return OutputShape(entry)  # type: ignore[arg-type]
    except ValueError as error:
        shapes = " or ".join(f'"{shape}"' for shape in OutputShape)
        raise _wrong(key, entry, shapes, OutputShape) from error


def _elements(entries: object) -> tuple[Element, ...]:
    if entries is None or entries == []:
        raise InputError(
            "neuron.elements is missing; a neuron needs at least one "
            "[[neuron.elements]] with timescale, alpha and delta."
        )
    if not isinstance(entries, list):
        raise _wrong("neuron.elements", entries, "a list: [[neuron.elements]]")
    return tuple(_element(f"neuron.elements[{i}]", e) for i, e in enumerate(entries))


def _element(key: str, entry: object) -> Element:
    table = _table(key, entry)
    refuse_unknown(f"{key}.", table, tuple(f.name for f in fields(Element)))
    for name in ("timescale", "alpha", "delta"):
        if name not in table:
            raise InputError(f"{key}.{name} is missing; each element must have it.")
    timescale = table["timescale"]
    if timescale not in TIMESCALES:
        raise _wrong(f"{key}.timescale", timescale, "fast, slow or ultraslow", TIMESCALES)
    numbers = _numbers(key, table)
    return Element(Timescale(timescale), **numbers)


def _numbers(key: str, table: Mapping[str, object]) -> dict[str, Any]:
    """The values of an element's or a filter's table: numbers, and perhaps an amplifier."""
    numbers: dict[str, Any] = {}
    for name, value in table.items():
        if name == "amplifier":
            entry = _table(f"{key}.{name}", value)
            refuse_unknown(f"{key}.{name}.", entry, tuple(f.name for f in fields(Amplifier)))
            numbers[name] = Amplifier(**_numbers(f"{key}.{name}", entry))
        elif name != "timescale":
            numbers[name] = _number(f"{key}.{name}", value)
    return numbers


def _amplifier_entry(amplifier: Amplifier | None) -> dict[str, Any]:
    return {} if amplifier is None else {"amplifier": asdict(amplifier)}


def _leak(entry: object) -> Leak:
    if entry == "linear":
        return Leak()
    if not isinstance(entry, dict) or not entry:
        allowed = '"linear", { range = 6.0 } or { conductance = 0.9, range = 6.0 }'
        raise _wrong("neuron.leak", entry, allowed, ("linear",))
    refuse_unknown("neuron.leak.", entry, ("conductance", "range"))
    return Leak(**{k: _number(f"neuron.leak.{k}", v) for k, v in entry.items()})


def _leak_entry(leak: Leak) -> str | dict[str, float]:
    if leak == Leak():
        return "linear"
    entry = {} if leak.conductance == 1.0 else {"conductance": leak.conductance}
    return entry if math.isinf(leak.range) else entry | {"range": leak.range}


def _filters(entry: object) -> dict[str, Filter]:
    if isinstance(entry, str) and entry in _FILTERS:
        return {f"filter_{x}": _FILTERS[entry] for x in TIMESCALES}
    if not isinstance(entry, dict) or not entry:
        allowed = '"linear", "ota" or { slow = { kappa = 1.0, offset = 0.0 } }'
        raise _wrong("neuron.filter", entry, allowed, _FILTERS)
    refuse_unknown("neuron.filter.", entry, TIMESCALES)
    return {f"filter_{x}": _filter(f"neuron.filter.{x}", e) for x, e in entry.items()}


def _filter(key: str, entry: object) -> Filter:
    if isinstance(entry, str) and entry in _FILTERS:
        return _FILTERS[entry]
    if not isinstance(entry, dict):
        raise _wrong(key, entry, '"linear", "ota" or { kappa = 1.0, offset = 0.0 }')
    refuse_unknown(f"{key}.", entry, tuple(f.name for f in fields(Filter)))
    return Filter(**_numbers(key, entry))


def _filter_entry(shapes: Mapping[Timescale, Filter]) -> str | dict[str, Any]:
    for name, shape in _FILTERS.items():
        if all(s == shape for s in shapes.values()):
            return name
    return {
        str(x): {"kappa": s.kappa, "offset": s.offset} | _amplifier_entry(s.amplifier)
        for x, s in shapes.items()
        if s != LINEAR_FILTER
    }


def _table(key: str, entry: object) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise _wrong(key, entry, "a table")
    return entry


def _number(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(key, value, "a number")
    try:
        number = float(value)
    except OverflowError as error:
        raise _wrong(key, "an integer of very many digits", "a finite number") from error
    if not math.isfinite(number):
        raise _wrong(key, value, "a finite number")
    return number


def _wrong(key: str, value: object, allowed: str, names: Iterable[str] = ()) -> InputError:
    meant = suggestion(value, names) if isinstance(value, str) else ""
    return InputError(f"{key} = {in_few_words(value)} is not allowed; it must be {allowed}.{meant}")
