"""What a technology file says: devices, sizes, models, limits.

docs/reference/technology.md describes the format.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from circuits.diffusion import Diffusion, Parallel
from circuits.plate_capacitor import PLATES, PlateCapacitor
from circuits.structure import Polarity, Size
from mapping.bias_generator import BiasGenerator, Kind
from mapping.conditions import COLDEST, HOTTEST, NOMINAL_TEMPERATURE, Conditions
from mapping.limits import Limits
from mapping.mismatch_set import Matching, MismatchSet, find_set
from mapping.process import ProcessSpread
from neuron_model.errors import InputError
from neuron_model.file_format import TECHNOLOGY
from neuron_model.shown import Shown
from neuron_model.suggestion import misspelled, suggestion
from neuron_model.text_file import read_text
from neuron_model.toml_file import named_source, parse_toml

TECHNOLOGY_FOLDER = Path(__file__).parent / "technologies"
"""Where the built-in technology files lie."""

CELL_ROLES: Mapping[str, tuple[str, ...]] = {
    "ota": ("tail", "pair", "pmos_mirror", "nmos_mirror"),
    "mirror": ("nmos", "pmos"),
    "divided_ota": ("tail", "pair", "pmos_mirror", "pmos_output", "nmos_mirror"),
    "synapse": ("unit", "pmos_mirror"),
}
"""The sizes that a technology file gives, by cell."""

NETWORK_CELLS = ("synapse",)
"""Cells that a network has and a neuron by itself has not."""

_OPTIONAL_CELLS = ("divided_ota", *NETWORK_CELLS)

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,127}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_TERMINALS = ("drain", "gate", "source", "bulk")
# Under [process].
_DEVICE_SPREADS = tuple(
    f"{kind}_{what}" for what in ("threshold", "current_factor") for kind in Polarity
)
# Of one kind of device, under [mismatch] or [mismatch.NAME]: with the lowest value that is allowed.
_MATCHING: Mapping[str, float] = {
    "threshold": 0.0,
    "current_factor": 0.0,
    "width_offset": -10.0,
    "length_offset": -10.0,
    "short": 0.0,
    "narrow": 0.0,
    "small": 0.0,
}
OWN_SET = "own"
"""Name of the mismatch set whose coefficients stand under ``[mismatch]`` itself."""
_LARGEST_FILE = 1_000_000  # bytes
# Of files of which each is based on the next.
_DEEPEST = 8


class SizeStyle(StrEnum):
    """How a length of two micrometres is written: 2, 2u or 2e-06."""

    PLAIN = "plain"
    MICRO = "u"
    METRE = "metre"


@dataclass(frozen=True)
class Device:
    """How one kind of transistor is called and written in the technology's netlists.

    prefix: "X" for a subcircuit, "M" for a plain model. terminals: order of the four terminals.
    size_style: how lengths are written. width_parameter, length_parameter: what the sides of the
    gate are called. multiplier: parameters that all get the number of devices in parallel.
    parameters: further ones, written as they are. diffusion: drains and sources as drawn; None: not
    known, and a netlist's transistors have no junctions.
    """

    model: str
    prefix: str = "X"
    terminals: tuple[str, ...] = _TERMINALS
    size_style: SizeStyle = SizeStyle.PLAIN
    multiplier: tuple[str, ...] = ("m",)
    parameters: Mapping[str, float] = field(default_factory=dict)
    width: tuple[float, float] = (0.0, math.inf)
    length: tuple[float, float] = (0.0, math.inf)
    diffusion: Diffusion | None = None
    width_parameter: str = "w"
    length_parameter: str = "l"

    @property
    def size_parameters(self) -> tuple[str, str]:
        """What its width and its length are called."""
        return self.width_parameter, self.length_parameter


@dataclass(frozen=True)
class Models:
    """Where the transistor models are; what `netlists.model_library` reads."""

    name: str
    folder: Path = field(metadata={"identity": False})
    paths: tuple[str, ...]
    installed: str = field(default="", metadata={"identity": False})
    includes: tuple[str, ...] = ()
    sections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parameters: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class LeakShape:
    """The leak's sections: how many OTAs, over how many units of U on each side."""

    sections: int = 9
    range: float = 5.5


@dataclass(frozen=True, repr=False)
class Technology(Shown):
    """A process, and the sizes that this project's cells have on it.

    membrane_capacitance, unit_current: C_m (farad) and I0 (ampere) that mapping begins from; None
    leaves I0 to it. mismatch_sets: all that are known of how devices differ; mismatch: the one in
    use, which :func:`with_mismatch_set` chooses. process: how far whole chips are from the nominal;
    None: not known. capacitor: the device that capacitors are; None: not known.
    """

    name: str
    supply: float
    reference: float
    nmos: Device
    pmos: Device
    sizes: Mapping[str, Mapping[str, Size]]
    models: Models
    limits: Limits
    description: str = field(default="", metadata={"identity": False})
    corners: tuple[str, ...] = ("tt",)
    membrane_capacitance: float = 4e-12
    unit_current: float | None = None
    capacitance_density: float = 2e-15
    leak: LeakShape = LeakShape()
    mismatch: MismatchSet = MismatchSet()
    mismatch_sets: tuple[MismatchSet, ...] = field(default=(), metadata={"identity": False})
    process: ProcessSpread | None = None
    bias_generator: BiasGenerator | None = None
    # circuits are simulated with plain capacitors: no measurement hangs on it
    capacitor: PlateCapacitor | None = field(default=None, metadata={"identity": False})

    def _brief(self) -> str:
        return f"{self.name}, {self.supply:g} V, corners {' '.join(self.corners)}"

    def _rows(self) -> list[tuple[str, str]]:
        low, high = self.limits.bias_current
        return [
            ("supply", f"{self.supply:g} V"),
            ("corners", " ".join(self.corners)),
            ("devices", f"{self.nmos.model}, {self.pmos.model}"),
            ("bias currents", f"{low * 1e9:.4g} to {high * 1e9:.4g} nA"),
        ]

    def size(self, cell: str, role: str) -> Size:
        """Size of the devices that play ``role`` in ``cell``."""
        return self.sizes[cell][role]

    def device(self, polarity: Polarity) -> Device:
        """The device of ``polarity``."""
        return self.nmos if polarity == Polarity.NMOS else self.pmos

    @property
    def divides(self) -> bool:
        """Whether it has an OTA that divides its bias, for slow followers."""
        return "divided_ota" in self.sizes

    @property
    def without_junctions(self) -> Technology:
        """The same with transistors whose drains and sources have no area and no perimeter."""

        def bare(device: Device) -> Device:
            drawn = device.diffusion
            return (
                device if drawn is None else replace(device, diffusion=replace(drawn, drawn=False))
            )

        return replace(self, nmos=bare(self.nmos), pmos=bare(self.pmos))

    @property
    def notes(self) -> tuple[str, ...]:
        """What whoever builds on this technology should know of it."""
        bare = [kind.value for kind in Polarity if self.device(kind).diffusion is None]
        if not bare:
            return ()
        return (
            f"the drains and sources of {' and '.join(bare)} have no area: neither their leakage, "
            "which rules above some 60 °C, nor their capacitance is simulated; give the length "
            f"of a diffusion in [devices.{bare[0]}.diffusion]",
        )


def builtin_technologies() -> tuple[str, ...]:
    """Names that ``load_technology`` knows without a path."""
    return tuple(sorted(path.stem for path in TECHNOLOGY_FOLDER.glob("*.toml")))


def load_technology(name_or_path: str | Path) -> Technology:
    """The technology of a built-in name, or of a technology file.

    Raises:
        InputError: neither; or a key is unknown, missing or out of range (file and key named).
    """
    path = technology_path(name_or_path)
    content, models_path = _read(name_or_path)
    return _technology(_Table(path, "", content), path, models_path)


def technology_path(name_or_path: str | Path) -> Path:
    """The technology file of a built-in name, or the path as it is."""
    text = str(name_or_path)
    return TECHNOLOGY_FOLDER / f"{text}.toml" if text in builtin_technologies() else Path(text)


def _read(name_or_path: str | Path, depth: int = 0) -> tuple[dict[str, Any], Path]:
    """What a file and those it is based on say, and which of them names the models.

    Raises:
        InputError: one cannot be read, is no TOML, or they are based on each other.
    """
    path = technology_path(name_or_path)
    try:
        parsed = parse_toml(read_text(path, _LARGEST_FILE), str(path))
        with named_source(str(path)):
            content = TECHNOLOGY.check_document(parsed, str(path))
    except InputError as error:
        if path.is_file():
            raise
        raise InputError(
            f"technology {str(name_or_path)!r} is neither built in "
            f"({', '.join(builtin_technologies())}) nor a technology file: {error}"
            f"{suggestion(str(name_or_path), builtin_technologies())}"
        ) from error
    base = content.pop("base", None)
    if base is None:
        return content, path
    if not isinstance(base, str):
        raise InputError(f"{path}: base = {base!r} must be the name or path of a technology.")
    if depth == _DEEPEST:
        raise InputError(f"{path}: base = {base!r}: more than {_DEEPEST} files on each other.")
    known = base if base in builtin_technologies() else path.parent / Path(base).expanduser()
    below, models_path = _read(known, depth + 1)
    return _over(content, below), path if "models" in content else models_path


def _over(content: Mapping[str, Any], below: Mapping[str, Any]) -> dict[str, Any]:
    """``content`` over ``below``, tables key by key."""
    merged = dict(below)
    for key, value in content.items():
        known = below.get(key)
        both = isinstance(value, dict) and isinstance(known, dict)
        merged[key] = _over(value, known) if both else value  # type: ignore[arg-type]
    return merged


@dataclass
class _Table:
    """A TOML table that is read key by key and complains with file and key."""

    path: Path
    name: str
    content: dict[str, Any]
    seen: set[str] = field(default_factory=set)

    def error(self, key: str, reason: str) -> InputError:
        dotted = f"{self.name}.{key}" if self.name else key
        return InputError(f"{self.path}: {dotted} {reason}.")

    def get(self, key: str, default: Any = ...) -> Any:
        self.seen.add(key)
        if key in self.content:
            return self.content[key]
        if default is ...:
            error = self.error(key, "is missing")
            raise InputError(f"{error}{misspelled(key, set(self.content) - self.seen)}")
        return default

    def table(self, key: str, default: Any = ...) -> _Table:
        value = self.get(key, default)
        if not isinstance(value, dict):
            raise self.error(key, f"= {value!r} must be a table")
        return _Table(self.path, f"{self.name}.{key}" if self.name else key, value)

    def number(self, key: str, default: Any = ..., low: float = 0.0, high: float = 1e30) -> float:
        value = self.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(key, f"= {value!r} must be a number")
        if not low <= value <= high or not math.isfinite(value) or value == low == 0.0:
            low_text = "above 0" if low == 0.0 else f"from {low:g}"
            raise self.error(key, f"= {value!r} must be {low_text} to {high:g}")
        return float(value)

    def pair(self, key: str, default: Any = ..., high: float = 1e30) -> tuple[float, float]:
        value = self.get(key, default)
        good = (
            isinstance(value, list | tuple)
            and len(value) == 2
            and all(isinstance(v, int | float) and not isinstance(v, bool) for v in value)
            and 0 <= value[0] < value[1]
            and (key not in self.content or value[1] <= high)
        )
        if not good:
            raise self.error(
                key, f"= {value!r} must be [smallest, largest], from 0 to {high:g}, in this order"
            )
        return float(value[0]), float(value[1])

    def text(self, key: str, default: Any = ..., pattern: re.Pattern[str] | None = None) -> str:
        value = self.get(key, default)
        if not isinstance(value, str):
            raise self.error(key, f"= {value!r} must be a text")
        if pattern is not None and not pattern.fullmatch(value):
            raise self.error(key, f"= {value!r} must be a name (letters, digits, _ and .)")
        if any(not character.isprintable() for character in value):
            raise self.error(key, f"= {value!r} must not hold control characters")
        return value

    def texts(
        self, key: str, default: Any = ..., pattern: re.Pattern[str] | None = None
    ) -> tuple[str, ...]:
        value = self.get(key, default)
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
            raise self.error(key, f"= {value!r} must be a list of texts")
        for item in value:
            if pattern is not None and not pattern.fullmatch(item):
                raise self.error(key, f"holds {item!r}, which is no name (letters, digits, _, .)")
            if any(not character.isprintable() for character in item):
                raise self.error(key, f"holds {item!r}: control characters are not allowed")
        return tuple(value)

    def done(self) -> None:
        unknown = sorted(set(self.content) - self.seen)
        if unknown:
            known = sorted(self.seen)
            error = self.error(unknown[0], f"is unknown; known here: {', '.join(known)}")
            raise InputError(f"{error}{suggestion(unknown[0], known)}")


def _technology(table: _Table, path: Path, models_path: Path) -> Technology:
    """models_path: the file whose folder relative paths of models start from."""
    name = table.text("name", path.stem, _NAME)
    supply = table.number("supply", high=20.0)
    reference = table.number("reference", supply / 2, high=supply)
    devices = table.table("devices")
    nmos, pmos = _device(devices.table("nmos")), _device(devices.table("pmos"))
    capacitor = _capacitor(devices)
    devices.done()
    corners = table.texts("corners", ["tt"], _WORD)
    if not corners:
        raise table.error("corners", "is empty: name at least one")
    mismatch_sets, mismatch = _mismatch(table.table("mismatch", {}))
    technology = Technology(
        name=name,
        description=table.text("description", ""),
        supply=supply,
        reference=reference,
        nmos=nmos,
        pmos=pmos,
        sizes=_sizes(table.table("cells"), nmos, pmos),
        models=_models(table.table("models"), name, models_path.resolve().parent, corners),
        limits=_limits(table.table("limits", {}), supply, reference),
        corners=corners,
        membrane_capacitance=table.number("membrane_capacitance", 4e-12, high=1e-9),
        unit_current=_unit_current(table),
        capacitance_density=table.number("capacitance_density", 2e-15, high=1e-12),
        leak=_leak(table.table("leak", {})),
        mismatch=mismatch,
        mismatch_sets=mismatch_sets,
        process=_process(table),
        bias_generator=_bias_generator(table),
        capacitor=capacitor,
    )
    table.done()
    return technology


def _device(table: _Table) -> Device:
    prefix = table.text("prefix", "X").upper()
    if prefix not in ("X", "M"):
        raise table.error("prefix", f"= {prefix!r} must be 'X' (subcircuit) or 'M' (model)")
    terminals = table.texts("terminals", list(_TERMINALS))
    if sorted(terminals) != sorted(_TERMINALS):
        raise table.error("terminals", f"= {terminals!r} must hold each of {list(_TERMINALS)} once")
    style = table.text("size_style", "plain")
    if style not in list(SizeStyle):
        raise table.error(
            "size_style", f"= {style!r} must be one of {[s.value for s in SizeStyle]}"
        )
    extra = table.table("parameters", {})
    multiplier = table.texts("multiplier", ["m"], _WORD)
    diffusion = _diffusion(table, extra)
    sides = table.text("width_parameter", "w", _WORD), table.text("length_parameter", "l", _WORD)
    written = [*sides, *multiplier, *(diffusion.parameters if diffusion else ())]
    twice = sorted(
        {name for name in written if [w.lower() for w in written].count(name.lower()) > 1}
    )
    if twice:
        named = "width_parameter" if sides[0].lower() == sides[1].lower() else "diffusion"
        raise table.error(named, f"writes {twice[0]}, which is another parameter's name")
    parameters = {}
    for key in list(extra.content):
        if not _WORD.fullmatch(key):
            raise extra.error(repr(key), "is no parameter name (letters, digits, _)")
        if key.lower() in (name.lower() for name in written):
            raise extra.error(key, "is written from the sizes; it must not stand here")
        parameters[key] = extra.number(key, low=-1e30)
    device = Device(
        model=table.text("model", pattern=_WORD),
        prefix=prefix,
        terminals=terminals,
        size_style=SizeStyle(style),
        multiplier=multiplier,
        parameters=parameters,
        width=table.pair("width", (0.0, math.inf)),
        length=table.pair("length", (0.0, math.inf)),
        diffusion=diffusion,
        width_parameter=sides[0],
        length_parameter=sides[1],
    )
    if prefix == "M" and tuple(side.lower() for side in sides) != ("w", "l"):
        raise table.error("width_parameter", "is of subcircuits: a model's sizes are w and l")
    table.done()
    return device


def _diffusion(device: _Table, parameters: _Table) -> Diffusion | None:
    """None where the file does not give it. parameters: the device's further ones."""
    if "diffusion" not in device.content:
        device.seen.add("diffusion")
        return None
    table = device.table("diffusion")
    length = table.number("length", high=100.0)
    parallel = table.text("parallel", Parallel.APART.value)
    if parallel not in list(Parallel):
        raise table.error(
            "parallel", f"= {parallel!r} must be one of {[p.value for p in Parallel]}"
        )
    fingers = 1.0
    counted = table.text("fingers", "nf", _WORD)
    if counted in parameters.content:
        fingers = parameters.number(counted, low=1, high=1000)
        if fingers != int(fingers):
            raise parameters.error(counted, f"= {fingers!r} must be a whole number")
    found = Diffusion(
        length=length,
        shared=table.number("shared", length, high=100.0),
        parallel=Parallel(parallel),
        fingers=int(fingers),
        drain_area=table.text("drain_area", "ad", _WORD),
        source_area=table.text("source_area", "as", _WORD),
        drain_perimeter=table.text("drain_perimeter", "pd", _WORD),
        source_perimeter=table.text("source_perimeter", "ps", _WORD),
    )
    table.done()
    return found


def _capacitor(devices: _Table) -> PlateCapacitor | None:
    """None where the file does not give it."""
    if "capacitor" not in devices.content:
        devices.seen.add("capacitor")
        return None
    table = devices.table("capacitor")
    terminals = table.texts("terminals", list(PLATES))
    if sorted(terminals) != sorted(PLATES):
        raise table.error(
            "terminals", f"= {list(terminals)!r} must hold each of {list(PLATES)} once"
        )
    found = PlateCapacitor(
        model=table.text("model", pattern=_WORD),
        density=table.number("density", high=1e-12),
        side=table.pair("side", high=1e4),
        terminals=terminals,
        width=table.text("width", "w", _WORD),
        length=table.text("length", "l", _WORD),
        multiplier=table.texts("multiplier", ["m"], _WORD),
        fringe=_zero_or_more(table, "fringe", 1e-12),
        widened=_zero_or_more(table, "widened", 10.0),
    )
    if found.side[0] <= 0:
        raise table.error("side", f"= {list(found.side)!r} must start above 0")
    written = [found.width, found.length, *found.multiplier]
    if len({name.lower() for name in written}) < len(written):
        raise table.error("width", f"writes one parameter twice: {', '.join(written)}")
    table.done()
    return found


def _zero_or_more(table: _Table, key: str, high: float) -> float:
    """A number that may be 0, which it is where it is not given."""
    return table.number(key, high=high) if table.get(key, 0.0) != 0 else 0.0


def _sizes(table: _Table, nmos: Device, pmos: Device) -> dict[str, dict[str, Size]]:
    sizes: dict[str, dict[str, Size]] = {}
    for cell, roles in CELL_ROLES.items():
        if cell in _OPTIONAL_CELLS and cell not in table.content:
            table.seen.add(cell)
            continue
        cell_table = table.table(cell)
        sizes[cell] = {}
        for role in roles:
            entry = cell_table.table(role)
            device = pmos if role.startswith("pmos") else nmos
            multiplier = entry.number("multiplier", 1, low=1, high=1000)
            if multiplier != int(multiplier):
                raise entry.error("multiplier", f"= {multiplier!r} must be a whole number")
            sizes[cell][role] = Size(
                _within(entry, "width", device.width),
                _within(entry, "length", device.length),
                int(multiplier),
            )
            entry.done()
        cell_table.done()
    table.done()
    return sizes


def _within(table: _Table, key: str, allowed: tuple[float, float]) -> float:
    value = table.number(key, high=1e4)
    if not allowed[0] <= value <= allowed[1]:
        raise table.error(
            key,
            f"= {value:g} um is outside what the device allows, {allowed[0]:g} to {allowed[1]:g}",
        )
    return value


def _models(table: _Table, name: str, folder: Path, corners: Sequence[str]) -> Models:
    parameters: dict[str, float | str] = {}
    extra = table.table("parameters", {})
    for key in list(extra.content):
        if not _WORD.fullmatch(key):
            raise extra.error(repr(key), "is no parameter name (letters, digits, _)")
        parameters[key] = extra.number(key, low=-1e30)
    sections = table.table("sections", {})
    for corner in sections.content:
        if corner not in corners:
            raise sections.error(repr(corner), f"is no corner; corners = {list(corners)}")
    models = Models(
        name=name,
        folder=folder,
        paths=table.texts("paths", []),
        installed=table.text("installed", ""),
        includes=table.texts("includes", []),
        sections={corner: sections.texts(corner) for corner in list(sections.content)},
        parameters=parameters,
    )
    if not models.paths and not models.installed:
        raise table.error("paths", "is missing: say where the model library is")
    table.done()
    return models


def _limits(table: _Table, supply: float, reference: float) -> Limits:
    reach = (max(reference - 0.4, 0.0), min(reference + 0.4, supply))
    limits = Limits(
        bias_current=table.pair("bias_current", (5e-12, 5e-8), high=1e-3),
        voltage=table.pair("voltage", reach, high=supply),
        capacitance=table.pair("capacitance", (2e-13, 2e-11), high=1e-6),
        unit_current=table.pair("unit_current", (1e-9, 2e-8), high=1e-3),
        temperature=_temperatures(table),
        leakage_share=table.number("leakage_share", 0.1, high=10.0),
    )
    for key in ("bias_current", "capacitance", "unit_current"):
        if getattr(limits, key)[0] <= 0:
            raise table.error(key, f"= {list(getattr(limits, key))!r} must start above 0")
    if not limits.voltage[0] <= reference <= limits.voltage[1]:
        raise table.error(
            "voltage", f"= {list(limits.voltage)!r} must hold the reference, {reference:g} V"
        )
    table.done()
    return limits


def _temperatures(table: _Table) -> tuple[float, float]:
    """Between which a circuit has to work, degree Celsius."""
    value = table.get("temperature", [-40.0, 125.0])
    good = (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(v, int | float) and not isinstance(v, bool) for v in value)
        and COLDEST <= value[0] < value[1] <= HOTTEST
    )
    if not good:
        raise table.error(
            "temperature",
            f"= {value!r} must be [coldest, hottest], from {COLDEST:g} to {HOTTEST:g} °C",
        )
    return float(value[0]), float(value[1])


def _unit_current(table: _Table) -> float | None:
    """None where the file does not give it."""
    value = table.get("unit_current", None)
    return None if value is None else table.number("unit_current", high=1e-3)


def _leak(table: _Table) -> LeakShape:
    sections = table.number("sections", 9, low=1, high=25)
    if sections != int(sections):
        raise table.error("sections", f"= {sections!r} must be a whole number")
    shape = LeakShape(int(sections), table.number("range", 5.5, low=1.0, high=20.0))
    table.done()
    return shape


def _mismatch(table: _Table) -> tuple[tuple[MismatchSet, ...], MismatchSet]:
    """All sets, and the one in use.

    Coefficients that stand under ``[mismatch]`` itself are a set called OWN_SET, which is in use;
    beside others (of a file that this one is based on) it has the default's for a kind of device
    whose threshold it does not give.
    """
    names = [key for key, value in table.content.items() if isinstance(value, dict)]
    for name in names:
        if not _NAME.fullmatch(name) or name == OWN_SET:
            raise table.error(repr(name), "cannot be the name of a set")
    sets = [_mismatch_set(table.table(name), name, MismatchSet()) for name in names]
    default = MismatchSet()
    if sets:
        chosen = table.text("default", names[0] if len(names) == 1 else ...)
        if chosen not in names:
            raise table.error("default", f"= {chosen!r} must be one of {', '.join(names)}")
        default = find_set(sets, chosen, "the file")
    if not names or any(key in table.content for key in _matching_keys()):
        own = _mismatch_set(table, OWN_SET, default)
        if own.is_empty:
            return (), MismatchSet()
        return (*sets, own), own
    table.done()
    return tuple(sets), default


def _matching_keys() -> tuple[str, ...]:
    return tuple(f"{kind}_{what}" for what in _MATCHING for kind in Polarity)


def _mismatch_set(table: _Table, name: str, below: MismatchSet) -> MismatchSet:
    kinds: dict[str, Matching] = {}
    for kind in Polarity:
        given: dict[str, Any] = {
            what: table.number(f"{kind}_{what}", low=low, high=1e3)
            for what, low in _MATCHING.items()
            if what != "threshold" and f"{kind}_{what}" in table.content
        }
        if f"{kind}_threshold" in table.content:
            kinds[kind] = Matching(_coefficients(table, f"{kind}_threshold"), **given)
        else:
            kinds[kind] = replace(below.of(kind), **given)
    source = table.text("source", "" if name != OWN_SET else f"{table.path.name}, [mismatch]")
    table.seen.update(_matching_keys())
    table.done()
    return MismatchSet(name, source, **kinds)


def _coefficients(table: _Table, key: str) -> tuple[tuple[float, float], ...]:
    """One number, or a list of [ampere a square, number]."""
    value = table.get(key)
    if not isinstance(value, list):
        return ((0.0, table.number(key, high=1.0)),)

    def is_positive(number: object) -> bool:
        plain = isinstance(number, int | float) and not isinstance(number, bool)
        return plain and 0 < number < math.inf  # type: ignore[operator]

    good = value and all(
        isinstance(pair, list) and len(pair) == 2 and all(map(is_positive, pair)) for pair in value
    )
    pairs = tuple((float(pair[0]), float(pair[1])) for pair in value) if good else ()
    currents = [current for current, _ in pairs]
    if not good or currents != sorted(set(currents)) or max(a for _, a in pairs) > 1.0:
        raise table.error(
            key,
            f"= {value!r} must be a number (volt micrometre), or a list of [ampere a square, volt "
            "micrometre] with rising currents",
        )
    return pairs


def _process(parent: _Table) -> ProcessSpread | None:
    if "process" not in parent.content:
        parent.seen.add("process")
        return None
    table = parent.table("process")

    def spread(key: str) -> float:
        return table.number(key, high=0.3) if key in table.content else 0.0

    found = ProcessSpread(
        {kind.value: spread(f"{kind}_threshold") for kind in Polarity},
        {kind.value: spread(f"{kind}_current_factor") for kind in Polarity},
        spread("capacitance"),
    )
    table.seen.update((*_DEVICE_SPREADS, "capacitance"))
    table.done()
    return found


def _bias_generator(parent: _Table) -> BiasGenerator | None:
    if "bias_generator" not in parent.content:
        parent.seen.add("bias_generator")
        return None
    table = parent.table("bias_generator")
    kind = table.text("kind", Kind.COARSE_FINE.value)
    if kind not in list(Kind):
        raise table.error("kind", f"= {kind!r} must be one of {[k.value for k in Kind]}")
    values: dict[str, Any] = {
        "kind": Kind(kind),
        "full_scale": table.number("full_scale", high=1.0),
        "voltage_step": table.number("voltage_step", 1e-3, high=1.0),
    }
    for key, default in (("bits", 6), *((("coarse_steps", 14),) if kind != Kind.LINEAR else ())):
        value = table.number(key, default, low=1, high=32)
        if value != int(value):
            raise table.error(key, f"= {value!r} must be a whole number")
        values[key] = int(value)
    if kind != Kind.LINEAR:
        values["coarse_ratio"] = table.number("coarse_ratio", 2.0, high=100.0)
    table.done()
    try:
        return BiasGenerator(**values)
    except InputError as error:
        raise InputError(f"{table.path}: {error}") from error


def with_mismatch_set(technology: Technology, name: str | None) -> Technology:
    """``technology`` with the mismatch set called ``name`` in use; its own choice where it is None
    or empty.

    Raises:
        InputError: there is no such set.
    """
    if not name:
        return technology
    whose = f"technology '{technology.name}'"
    return replace(technology, mismatch=find_set(technology.mismatch_sets, name, whose))


def check_mismatch(technology: Technology, what: str = "") -> None:
    """See that there is a mismatch to draw.

    Raises:
        InputError: the technology gives none; ``what`` says for what it is needed.
    """
    if technology.mismatch.is_empty:
        raise InputError(
            f"technology '{technology.name}' gives no mismatch{what}: add nmos_threshold and "
            "pmos_threshold (volt micrometre) under [mismatch], or under [mismatch.NAME] for each "
            "of several sets."
        )


def check_corner(technology: Technology, corner: str) -> str:
    """``corner`` if the technology has it.

    Raises:
        InputError: it has not.
    """
    if corner not in technology.corners:
        known: Sequence[str] = technology.corners
        raise InputError(
            f"technology '{technology.name}' has no corner {corner!r}; it has {', '.join(known)}."
        )
    return corner


_NOMINAL_CORNER = "tt"


def nominal_corner(technology: Technology) -> str:
    """The corner at which neurons are mapped: tt where there is one, else the first."""
    corners = technology.corners
    return _NOMINAL_CORNER if _NOMINAL_CORNER in corners else corners[0]


def conditions_at(
    technology: Technology, corner: str | None = None, temperature: float | None = None
) -> Conditions:
    """The conditions asked for; what is None is as where neurons are mapped.

    Args:
        technology: whose nominal corner is taken where none is given.
        corner: of the process.
        temperature: degree Celsius; 27 if not given.

    Raises:
        InputError: no such temperature.
    """
    return Conditions(
        corner or nominal_corner(technology),
        NOMINAL_TEMPERATURE if temperature is None else temperature,
    )
