"""Writes technology files: on the base of another technology, or whole ones with comments."""

from __future__ import annotations

import json
import math
import os
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import tomli_w

from circuits.diffusion import Diffusion, Parallel
from circuits.plate_capacitor import PlateCapacitor
from circuits.structure import Polarity, Size
from circuits.technology import CELL_ROLES, Device, Technology, builtin_technologies
from mapping.bias_generator import BiasGenerator, Kind
from mapping.mismatch_set import MismatchSet
from neuron_model.atomic import write_atomically
from neuron_model.file_format import KEY, TECHNOLOGY

_COMMENT_WIDTH = 98


def write_sized_technology(
    path: str | Path, technology: Technology, base: str | Path, comment: str = ""
) -> Path:
    """Write name, sizes, C_m and I0 of ``technology`` as a file that is based on ``base``.

    Args:
        path: of the file, which :func:`circuits.technology.load_technology` reads.
        technology: what is written; everything else of it must be that of ``base``.
        base: a built-in name, or the path of a technology file; a path is written relative to the
            file's own folder, so that both can be moved together.
        comment: goes before everything else, line by line.

    Raises:
        InputError: it cannot be written; nothing was changed.
    """
    name = str(base)
    if name not in builtin_technologies():
        name = Path(os.path.relpath(Path(base).resolve(), Path(path).resolve().parent)).as_posix()
    content: dict[str, Any] = {
        KEY: TECHNOLOGY.version,
        "base": name,
        "name": technology.name,
        "membrane_capacitance": technology.membrane_capacitance,
    }
    if technology.unit_current is not None:
        content["unit_current"] = technology.unit_current
    content["cells"] = {
        cell: {role: _size(technology.size(cell, role)) for role in roles}
        for cell, roles in CELL_ROLES.items()
        if cell in technology.sizes
    }
    lines = [f"# {line}\n" for line in comment.splitlines()]
    return write_atomically(path, "".join(lines) + tomli_w.dumps(content))


def _size(size: Size) -> dict[str, float | int]:
    return {"width": size.width, "length": size.length, "multiplier": size.multiplier}


def write_technology(
    path: str | Path, technology: Technology, comments: Mapping[str, str] | None = None
) -> Path:
    """Write all of ``technology`` as a file that stands on nothing else.

    Args:
        path: of the file, which :func:`circuits.technology.load_technology` reads.
        technology: what is written. Paths of its models are written as they are: relative ones
            have to be relative to the file's folder.
        comments: text by the table that it goes before ("limits", "devices.nmos"; "" for the head
            of the file), line by line.

    Raises:
        InputError: it cannot be written; nothing was changed.
    """
    return write_atomically(path, technology_text(technology, comments or {}))


def technology_text(technology: Technology, comments: Mapping[str, str]) -> str:
    """The text of :func:`write_technology`'s file; ``comments``: as there."""
    blocks = []
    for name, table in _tables(technology):
        lines = [
            f"# {line}"
            for paragraph in comments.get(name, "").splitlines()
            for line in textwrap.wrap(
                paragraph, _COMMENT_WIDTH, break_long_words=False, break_on_hyphens=False
            )
        ]
        if name:
            lines.append(f"[{name}]")
        lines += [f"{_key(key)} = {_value(value)}" for key, value in table.items()]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _tables(technology: Technology) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every table of a technology file by its dotted name, in the order in which they stand."""
    t = technology
    head: dict[str, Any] = {
        "name": t.name,
        "description": t.description,
        "supply": t.supply,
        "reference": t.reference,
        "corners": list(t.corners),
        "membrane_capacitance": t.membrane_capacitance,
        "capacitance_density": t.capacitance_density,
    }
    if t.unit_current is not None:
        head["unit_current"] = t.unit_current
    yield "", head
    for kind, device in (("nmos", t.nmos), ("pmos", t.pmos)):
        yield f"devices.{kind}", _device(device)
        if device.parameters:
            yield f"devices.{kind}.parameters", dict(device.parameters)
        if device.diffusion is not None:
            yield f"devices.{kind}.diffusion", _diffusion(device)
    if t.capacitor is not None:
        default = PlateCapacitor("", 0.0, (0.0, 0.0))
        yield (
            "devices.capacitor",
            {
                f.name: _pair(getattr(t.capacitor, f.name))
                for f in fields(t.capacitor)
                if getattr(t.capacitor, f.name) != getattr(default, f.name)
            },
        )
    for cell, roles in CELL_ROLES.items():
        if cell not in t.sizes:
            continue
        sizes = {role: _size(t.size(cell, role)) for role in roles}
        for size in sizes.values():
            if size["multiplier"] == 1:
                del size["multiplier"]
        yield f"cells.{cell}", sizes
    yield "leak", {"sections": t.leak.sections, "range": t.leak.range}
    yield (
        "limits",
        {f.name: _pair(getattr(t.limits, f.name)) for f in fields(t.limits)},
    )
    if len(t.mismatch_sets) > 1:
        yield "mismatch", {"default": t.mismatch.name}
    for one in t.mismatch_sets:
        yield f"mismatch.{one.name}", _mismatch_set(one)
    if t.process is not None:
        spreads = {f"{kind}_threshold": v for kind, v in t.process.threshold.items()}
        spreads |= {f"{kind}_current_factor": v for kind, v in t.process.current_factor.items()}
        spreads["capacitance"] = t.process.capacitance
        yield "process", {key: value for key, value in spreads.items() if value > 0}
    if t.bias_generator is not None:
        yield "bias_generator", _generator(t.bias_generator)
    models: dict[str, Any] = {"paths": list(t.models.paths)}
    if t.models.installed:
        models["installed"] = t.models.installed
    if t.models.includes:
        models["includes"] = list(t.models.includes)
    yield "models", models
    if t.models.parameters:
        yield "models.parameters", dict(t.models.parameters)
    if t.models.sections:
        yield "models.sections", {k: list(v) for k, v in t.models.sections.items()}


def _device(device: Device) -> dict[str, Any]:
    table: dict[str, Any] = {
        "model": device.model,
        "prefix": device.prefix,
        "terminals": list(device.terminals),
        "size_style": device.size_style.value,
        "multiplier": list(device.multiplier),
    }
    for key, default in (("width_parameter", "w"), ("length_parameter", "l")):
        if getattr(device, key) != default:
            table[key] = getattr(device, key)
    for side in ("width", "length"):
        low, high = getattr(device, side)
        if math.isfinite(high):
            table[side] = [low, high]
    return table


def _diffusion(device: Device) -> dict[str, Any]:
    drawn = device.diffusion
    assert drawn is not None
    table: dict[str, Any] = {"length": drawn.length}
    if drawn.shared != drawn.length:
        table["shared"] = drawn.shared
    if drawn.parallel != Parallel.APART:
        table["parallel"] = drawn.parallel.value
    names = ("drain_area", "source_area", "drain_perimeter", "source_perimeter")
    default = Diffusion(drawn.length, drawn.length)
    return table | {
        name: getattr(drawn, name)
        for name in names
        if getattr(drawn, name) != getattr(default, name)
    }


def _mismatch_set(one: MismatchSet) -> dict[str, Any]:
    table: dict[str, Any] = {"source": one.source}
    for kind in Polarity:
        matching = one.of(kind)
        values = {f.name: getattr(matching, f.name) for f in fields(matching)}
        threshold = values.pop("threshold")
        if len(threshold) == 1 and threshold[0][0] == 0.0:
            table[f"{kind}_threshold"] = threshold[0][1]
        elif threshold:
            table[f"{kind}_threshold"] = [list(pair) for pair in threshold]
        table |= {f"{kind}_{name}": value for name, value in values.items() if value != 0.0}
    return table


def _generator(generator: BiasGenerator) -> dict[str, Any]:
    table: dict[str, Any] = {
        "kind": generator.kind.value,
        "full_scale": generator.full_scale,
        "bits": generator.bits,
        "voltage_step": generator.voltage_step,
    }
    if generator.kind != Kind.LINEAR:
        table |= {"coarse_steps": generator.coarse_steps, "coarse_ratio": generator.coarse_ratio}
    return table


def _pair(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _value(value: Any) -> str:
    """A value as TOML, on one line."""
    if isinstance(value, dict):
        inside = ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items())
        return f"{{ {inside} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        # TOML's basic strings are JSON's, but for DEL
        return json.dumps(value).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)


def _key(key: str) -> str:
    return key if key.isidentifier() and key.isascii() else json.dumps(key)
