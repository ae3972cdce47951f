"""A technology file for a model library that nobody here knows, found by measuring it.

Devices first (:mod:`netlists.device_probe`), then corners, sizes and limits
(:mod:`codesign.technologies.sizes`), then the whole characterization with the file that
was written, so that what is reported is what `codesign` will find.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from circuits.diffusion import Diffusion
from circuits.structure import Polarity, Size
from circuits.technology import Device, LeakShape, Models, Technology, load_technology
from circuits.technology_file import write_technology
from codesign.technologies.leakage import Leakage, measure_leakage
from codesign.technologies.page import TechnologyPage, measure_page
from codesign.technologies.sizes import (
    BOUNDS,
    TARGET,
    CellQuality,
    choose_sizes,
    common_modes,
    measure_cells,
    start_sizes,
    working_everywhere,
)
from codesign.technologies.synapse_sizes import (
    measured_synapses,
    with_synapse_sizes,
    without_synapse_sizes,
)
from codesign.terminal.quantities import quantity
from codesign.workbench import Workbench
from mapping.bias_generator import BiasGenerator
from mapping.conditions import NOMINAL_TEMPERATURE, Conditions
from mapping.limits import Limits
from mapping.mismatch_set import Matching, MismatchSet
from mapping.process import ProcessSpread
from netlists.device_outline import DeviceOutline, outline, sections_with
from netlists.device_probe import ProbedDevice, probe, threshold
from netlists.engine import Engine
from netlists.errors import ConvergenceError
from netlists.length_scale import scale_option
from netlists.model_source import SourceText, expand, section_names
from netlists.model_statements import parse_library
from netlists.probe_benches import probe_models
from neuron_model.errors import CodesignError, InputError

# A tonic spiker's biases span two decades, a burster's three and a half.
_LEAST_RATIO = 100.0
# Units of U between the reference and the outermost reference voltage.
_LEAST_ROOM = 2.5
_MOST_CORNERS = 8
# What the corner of a library without sections is called.
_NOMINAL = "tt"
# Thresholds that differ by less are of the same corner.
_SAME_CORNER = 5e-4
# How often, and to which part, the range of references is made smaller for want of a solution.
_NARROWINGS, _NARROWING = 3, 0.85
# Of the smallest bias, what may leak.
_LEAST_LEAK = 0.05
_GROWN = "the voltage over which the tanh turns has changed by more than 18 %"
# Ampere, at which an OTA works first if it works at all.
_MIDDLE_BIASES = (1e-9, 1e-8)
# Metres in inversion, through which electrons tunnel, and ampere per square micrometre: none.
_LEAKING_OXIDE, _NO_LEAKAGE = 3e-9, 1e-18
# Micrometres of gate length that go with a nanometre of oxide, from 350 to 45 nm.
_LENGTH_PER_OXIDE = 0.045
# Pelgrom coefficients of a pair: volt micrometre, the same for each metre of oxide, micrometre.
_PAIR_THRESHOLD, _PAIR_PER_OXIDE, _PAIR_CURRENT_FACTOR = 1e-3, 1e-3 / 1e-9, 1e-2
# Of the smallest gate length: a diffusion with one row of contacts.
_DIFFUSION = 2.4


@dataclass(frozen=True)
class NewTechnology:
    """What is asked for.

    models: the library's file. sections: where it has sections, the nominal one; or several that
    are read one after the other, each also as "FILE SECTION" of a file beside it. includes: files
    read before it. parameters: .param values that win over the library's. supply, reference: volt;
    no reference: chosen. file: where the technology file goes.
    """

    name: str
    models: Path
    nmos: str
    pmos: str
    supply: float
    file: Path
    sections: tuple[str, ...] = ()
    reference: float | None = None
    includes: tuple[Path, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class FoundTechnology:
    """What was found.

    reasons: why the technology does not suit; none: it does. notes: what else is to be known.
    synapses: how a network's units do, in words; nothing where they were not measured.
    """

    technology: Technology
    corner: str
    file: Path
    devices: Mapping[Polarity, ProbedDevice]
    quality: CellQuality
    page: TechnologyPage | None
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    synapses: str = ""

    @property
    def suits(self) -> bool:
        """Whether neurons can be built on it."""
        return not self.reasons


def find_technology(request: NewTechnology, workbench: Workbench) -> FoundTechnology:
    """Measure the library and write the technology file.

    Raises:
        InputError: the library, a name or a section is wrong, or a device is no transistor.
        SimulatorError: ngspice does not take the library.
    """

    def step(what: str) -> None:
        workbench.progress(0, 1, what)

    engine = workbench.engine
    step("reading the library")
    corner, models = _models(request)
    nominal = Conditions(corner, NOMINAL_TEMPERATURE)
    outlines = _outlines(request)
    step("measuring the transistors")
    devices = {
        kind: probe(outlines[kind], kind, models, corner, request.supply, engine)
        for kind in Polarity
    }
    notes = _scale_notes(request, outlines[Polarity.NMOS])
    technology = _technology(request, corner, models, outlines, devices)
    step("looking for corners")
    technology, spread = _with_corners(request, technology, corner, devices, engine, notes)
    step("trying sizes")
    technology = _where_it_works(request, start_sizes(technology), nominal, engine)
    sized_at = technology.reference
    technology, quality = choose_sizes(technology, corner, workbench)
    technology = with_synapse_sizes(technology)
    technology = replace(technology, limits=_limits(technology, quality, None))
    step("trying corners")
    technology, failing = working_everywhere(technology, technology.corners, engine)
    for name, error in failing.items():
        notes.append(f"left out: the corner {name}, at which the cells do not work ({error})")
    kept = tuple(c for c in technology.corners if c == corner or c not in failing)
    technology = replace(technology, corners=kept)
    step("looking for the range of references")
    biases = technology.limits.bias_current
    modes = common_modes(technology, corner, biases, engine)
    technology = _placed(request, technology, quality, modes)
    if technology.reference != sized_at and quality.usable is not None:
        quality = measure_cells(technology, nominal, engine)
    technology = replace(technology, limits=_limits(technology, quality, modes))
    technology = replace(
        technology,
        process=spread,
        bias_generator=_generator(technology.limits),
    )
    leakage = measure_leakage(technology, corner, TARGET[0], engine)
    reasons = _reasons(technology, quality, modes, leakage)
    notes += _notes(technology, quality, devices, leakage)
    page = None
    if corner not in failing:
        page = measure_page(technology, corner, quality, modes, workbench)
    found = FoundTechnology(
        technology, corner, request.file, devices, quality, page, tuple(reasons), tuple(notes)
    )
    _write(found)
    return _verified(found, request.reference is None, workbench)


def _verified(found: FoundTechnology, movable: bool, workbench: Workbench) -> FoundTechnology:
    """The whole characterization with the file as it was written; what fails is a reason.

    It asks more of the OTA than the quick look that placed the reference. Where it leaves too
    little room on one side, a reference that is ``movable`` goes to the middle of what is left, and
    all is characterized anew.
    """
    if not found.suits:
        return found
    nominal = Conditions(found.corner, NOMINAL_TEMPERATURE)
    try:
        found, technology = _characterized(found, workbench)
        if movable and _too_narrow(technology, found.quality):
            moved = replace(technology, reference=round(sum(technology.limits.voltage) / 2, 2))
            quality = measure_cells(moved, nominal, workbench.engine)
            modes = found.page.common_modes if found.page else None
            page = measure_page(moved, found.corner, quality, modes, workbench)
            found = replace(found, technology=moved, quality=quality, page=page)
            _write(found)
            found, technology = _characterized(found, workbench)
        narrow = _too_narrow(technology, found.quality)
    except (InputError, ConvergenceError) as error:
        narrow = f"the cells cannot be characterized: {error}"
    if narrow:
        found = replace(found, reasons=(narrow,))
        _write(found)
        return found
    return _with_synapses(found, workbench)


def _with_synapses(found: FoundTechnology, workbench: Workbench) -> FoundTechnology:
    """The file with the units of networks as they were measured, or without them."""
    workbench.progress(0, 1, "measuring synapses")
    nominal = Conditions(found.corner, NOMINAL_TEMPERATURE)
    technology, words = measured_synapses(load_technology(found.file), nominal, workbench)
    if "synapse" in technology.sizes:
        found = replace(found, synapses=words)
    else:
        note = f"networks cannot be exported, neurons can: {words}"
        bare = without_synapse_sizes(found.technology)
        found = replace(found, technology=bare, notes=(*found.notes, note))
    _write(found)
    return found


def _characterized(
    found: FoundTechnology, workbench: Workbench
) -> tuple[FoundTechnology, Technology]:
    """The file with limits in which all cells have a solution; within what they were measured.

    Raises:
        ConvergenceError: however near to the reference they are, some have none.
        InputError: the cells do not work.
    """
    for attempt in range(_NARROWINGS + 1):
        try:
            nominal = Conditions(found.corner, NOMINAL_TEMPERATURE)
            measured = workbench.cells(load_technology(found.file), nominal)
        except ConvergenceError:
            if attempt == _NARROWINGS:
                raise
            found = replace(found, technology=_narrowed(found.technology))
            _write(found)
        else:
            break
    return found, _within(found.technology, measured.common_mode)


def _narrowed(technology: Technology) -> Technology:
    """With references nearer to the middle one: ngspice found no solution at the outermost."""
    at = technology.reference
    low, high = (at + _NARROWING * (v - at) for v in technology.limits.voltage)
    return replace(
        technology, limits=replace(technology.limits, voltage=(round(low, 3), round(high, 3)))
    )


def _within(technology: Technology, modes: tuple[float, float]) -> Technology:
    """With the references in ``modes`` alone, volt."""
    low, high = technology.limits.voltage
    limits = replace(technology.limits, voltage=(max(low, modes[0]), min(high, modes[1])))
    return replace(technology, limits=limits)


def _models(request: NewTechnology) -> tuple[str, Models]:
    """The nominal corner, and where the models are.

    Raises:
        InputError: there is no such file or section, or one has to be chosen.
    """
    names = section_names(request.models)
    if not request.sections and names:
        both = sections_with(request.models, (request.nmos, request.pmos), _before(request))
        help_ = (
            f"both devices are in {', '.join(both)}: say which is the nominal one with --section"
            if both
            else f"none has both {request.nmos} and {request.pmos}: give --section for each "
            "(NAME, or 'FILE NAME' of a file beside it)"
        )
        raise InputError(f"{request.models} has sections ({', '.join(names)}); {help_}.")
    for file, section in map(_section_of(request), request.sections):
        if section.lower() not in section_names(file):
            has = ", ".join(section_names(file)) or "it has none: leave --section out"
            raise InputError(f"{file} has no section {section!r}; {has}.")
    one = len(request.sections) == 1 and len(request.sections[0].split()) == 1
    corner = request.sections[0] if one else _NOMINAL
    folder = request.file.resolve().parent
    return corner, Models(
        name=request.name,
        folder=folder,
        paths=(_written_path(request.models, folder),),
        includes=tuple(
            os.path.relpath(file.resolve(), request.models.resolve().parent)
            for file in request.includes
        ),
        sections={} if one or not request.sections else {corner: request.sections},
        parameters=dict(request.parameters),
    )


def _section_of(request: NewTechnology) -> Callable[[str], tuple[Path, str]]:
    """File and name of a section, which may be of a file beside the library."""

    def found(entry: str) -> tuple[Path, str]:
        words = entry.split()
        if len(words) not in (1, 2):
            raise InputError(f"--section {entry!r}: expected SECTION or 'FILE SECTION'.")
        file = request.models if len(words) == 1 else request.models.parent / words[0]
        return file, words[-1]

    return found


def _before(request: NewTechnology) -> list[SourceText]:
    return [source for file in request.includes for source in expand(file)]


def _written_path(path: Path, folder: Path) -> str:
    """Relative where the library lies below the technology file, so that both can be moved."""
    whole = path.resolve()
    return whole.relative_to(folder).as_posix() if whole.is_relative_to(folder) else str(whole)


def _outlines(request: NewTechnology) -> dict[Polarity, DeviceOutline]:
    sources = _before(request)
    for file, section in map(_section_of(request), request.sections):
        sources += expand(file, section)
    if not request.sections:
        sources += expand(request.models)
    return {
        kind: outline(sources, name, str(request.models))
        for kind, name in ((Polarity.NMOS, request.nmos), (Polarity.PMOS, request.pmos))
    }


def _technology(
    request: NewTechnology,
    corner: str,
    models: Models,
    outlines: Mapping[Polarity, DeviceOutline],
    devices: Mapping[Polarity, ProbedDevice],
) -> Technology:
    """Devices, models and assumptions; sizes and limits are still to be found."""
    mismatch = _mismatch(devices)
    written = {
        kind: _device(outlines[kind], devices[kind], _shortest(outlines[kind], devices[kind]))
        for kind in Polarity
    }
    return Technology(
        name=request.name,
        description=f"{request.nmos} and {request.pmos} of {request.models.name}",
        supply=request.supply,
        reference=request.reference or request.supply / 2,
        nmos=written[Polarity.NMOS],
        pmos=written[Polarity.PMOS],
        sizes={},
        models=models,
        limits=Limits(TARGET, (0.0, request.supply), (2e-13, 2e-11), (1e-9, 2e-8)),
        corners=(corner,),
        capacitance_density=1e-15,
        leak=LeakShape(),
        mismatch=mismatch,
        mismatch_sets=(mismatch,),
    )


def _mismatch(devices: Mapping[Polarity, ProbedDevice]) -> MismatchSet:
    """Typical coefficients of one device: what a pair has over the root of two."""

    def typical(device: ProbedDevice) -> Matching:
        pair = _PAIR_THRESHOLD + _PAIR_PER_OXIDE * device.oxide
        return Matching(
            ((0.0, float(f"{pair / math.sqrt(2):.3g}")),),
            current_factor=float(f"{_PAIR_CURRENT_FACTOR / math.sqrt(2):.2g}"),
        )

    source = "typical coefficients for the oxide's thickness, assumed: not the library's"
    return MismatchSet(
        "assumed", source, typical(devices[Polarity.NMOS]), typical(devices[Polarity.PMOS])
    )


def _shortest(found: DeviceOutline, device: ProbedDevice) -> float:
    """Micrometres: the shortest gate, of the bins or from the oxide."""
    if found.length is not None and found.length[0] > 0:
        return found.length[0]
    return max(round(_LENGTH_PER_OXIDE * 1e9 * device.oxide, 2), 0.02)


def _device(found: DeviceOutline, device: ProbedDevice, shortest: float) -> Device:
    has = set(found.parameters)
    junctions = found.prefix == "M" or {"ad", "as", "pd", "ps"} <= has
    length = round(_DIFFUSION * shortest, 2)
    return replace(
        device.device,
        width=found.width or (round(2 * shortest, 2), 100.0),
        length=found.length or (round(shortest, 2), 50.0),
        diffusion=Diffusion(length, length) if junctions else None,
    )


def _scale_notes(request: NewTechnology, device: DeviceOutline) -> list[str]:
    """What the library's own scale of sizes means for what is written here."""
    if device.shrink != 1.0:
        return [
            f"the library shrinks what is drawn to {device.shrink:g} of it (.option scale): "
            "sizes, areas and mismatch coefficients are of transistors as drawn"
        ]
    if not request.sections:
        return []
    with contextlib.suppress(InputError):  # what a section does not read may be anything
        outside = scale_option(parse_library(expand(request.models)))
        if outside is not None:
            return [
                f"{outside[0].place}: .option scale={outside[1]} stands outside of the sections, "
                "where ngspice does not read it: sizes are written without it"
            ]
    return []


def _with_corners(
    request: NewTechnology,
    technology: Technology,
    nominal: str,
    devices: Mapping[Polarity, ProbedDevice],
    engine: Engine,
    notes: list[str],
) -> tuple[Technology, ProcessSpread | None]:
    """The technology with the library's corners, and a third of what they shift."""
    if not request.sections or technology.models.sections:
        return technology, None
    names = sections_with(request.models, (request.nmos, request.pmos), _before(request))
    known = {nominal: _thresholds(technology, nominal, engine)}
    for name in names:
        if name == nominal.lower() or len(known) == _MOST_CORNERS:
            continue
        if name == "tt":
            notes.append("left out: the corner tt, which would be taken for the nominal one")
            continue
        try:
            found = _thresholds(technology, name, engine)
        except CodesignError as error:
            notes.append(f"left out: the section {name} ({error})")
            continue
        if all(_differ(found, other) for other in known.values()):
            known[name] = found
    if len(known) == 1:
        return technology, None
    shifts = {
        kind.value: max(abs(v[kind] - known[nominal][kind]) for v in known.values()) / 3
        for kind in Polarity
    }
    spread = ProcessSpread({kind: float(f"{v:.2g}") for kind, v in shifts.items()}, {}, 0.05)
    return replace(technology, corners=tuple(known)), spread


def _thresholds(technology: Technology, corner: str, engine: Engine) -> dict[Polarity, float]:
    found = {}
    for kind in Polarity:
        device = technology.device(kind)
        size = Size(
            min(max(4.0, device.width[0]), device.width[1]),
            min(max(4.0, device.length[0]), device.length[1]),
        )
        text = probe_models(technology.models, corner, device, size)
        found[kind] = threshold(device, kind, size, text, technology.supply, engine)
    return found


def _differ(one: Mapping[Polarity, float], other: Mapping[Polarity, float]) -> bool:
    return any(abs(one[kind] - other[kind]) > _SAME_CORNER for kind in Polarity)


def _where_it_works(
    request: NewTechnology, technology: Technology, nominal: Conditions, engine: Engine
) -> Technology:
    """With a reference at which the OTA works, where it does not at half the supply.

    Thresholds above half the supply leave its pair no room there.
    """
    if request.reference is not None:
        return technology
    if measure_cells(technology, nominal, engine).usable is not None:
        return technology
    modes = common_modes(technology, nominal.corner, _MIDDLE_BIASES, engine)
    return technology if modes is None else replace(technology, reference=round(sum(modes) / 2, 2))


def _placed(
    request: NewTechnology,
    technology: Technology,
    quality: CellQuality,
    modes: tuple[float, float] | None,
) -> Technology:
    """Half the supply where neurons have room on both sides of it, else the middle of the room."""
    if request.reference is not None or modes is None:
        return technology
    middle = request.supply / 2
    room = min(middle - modes[0], modes[1] - middle)
    wanted = 5.5 * _slope(quality)
    if room >= wanted:
        return technology
    best = min(max(middle, modes[0] + wanted), modes[1] - wanted)
    if modes[1] - modes[0] < 2 * wanted:
        best = (modes[0] + modes[1]) / 2
    return replace(technology, reference=round(best, 2))


def _slope(quality: CellQuality) -> float:
    """V0 in the middle of the usable biases, volt."""
    if quality.usable is None:
        return 0.07
    known = np.isfinite(quality.slope_voltage)
    middle = np.log(quality.usable).mean()
    return float(np.interp(middle, np.log(quality.bias[known]), quality.slope_voltage[known]))


def _limits(
    technology: Technology, quality: CellQuality, modes: tuple[float, float] | None
) -> Limits:
    low, high = quality.usable or TARGET
    low, high = max(low, TARGET[0]), high if low > TARGET[0] else min(high, TARGET[1])
    if high <= 2 * low:
        low, high = TARGET
    low, high = float(f"{low:.2g}"), float(f"{high:.2g}")
    unit = min(100 * low, high / 3), high / 2.5
    reach = 7.5 * _slope(quality)
    reference = technology.reference
    bottom, top = modes or (0.0, technology.supply)
    voltage = (
        round(max(reference - reach, bottom, 0.0), 3),
        round(min(reference + reach, top, technology.supply), 3),
    )
    if not voltage[0] < reference < voltage[1]:
        voltage = (round(reference - 0.05, 3), round(reference + 0.05, 3))
    return replace(
        technology.limits,
        bias_current=(low, high),
        voltage=voltage,
        unit_current=(float(f"{unit[0]:.3g}"), float(f"{unit[1]:.3g}")),
    )


def _generator(limits: Limits) -> BiasGenerator:
    low, high = limits.bias_current
    full = float(f"{1.28 * high:.3g}")
    return BiasGenerator(
        full_scale=full, coarse_steps=min(max(math.ceil(math.log2(full / low)) + 1, 1), 32)
    )


def _reasons(
    technology: Technology,
    quality: CellQuality,
    modes: tuple[float, float] | None,
    leakage: Leakage,
) -> list[str]:
    """Why neurons cannot be built, each with its number and what would help."""
    reasons = []
    cause = _cause(quality, leakage)
    if quality.usable is None:
        reasons.append(
            f"at no bias from {quantity(float(quality.bias[0]), 'A')} to "
            f"{quantity(float(quality.bias[-1]), 'A')} is the OTA's curve within bounds: {cause}"
        )
    elif quality.usable[1] < _LEAST_RATIO * quality.usable[0]:
        ends = " to ".join(quantity(each, "A") for each in quality.usable)
        reasons.append(
            f"the OTA works from {ends} only, less than the two decades that a spiking "
            f"neuron's biases span: {cause}{_above(quality)}"
        )
    if modes is None:
        reasons.append(
            f"at {technology.supply:g} V there is no common mode at which the OTA works at every "
            "bias: thresholds take up the supply; use devices of a lower threshold or more supply"
        )
    elif narrow := _too_narrow(technology, quality):
        reasons.append(narrow)
    return reasons


def _too_narrow(technology: Technology, quality: CellQuality) -> str:
    """Why references have too little room, with its numbers; nothing where they have enough."""
    low, high = technology.limits.voltage
    room = min(technology.reference - low, high - technology.reference) / _slope(quality)
    if room >= _LEAST_ROOM:
        return ""
    return (
        f"at {technology.supply:g} V references may be from {low:.2f} to {high:.2f} V only, "
        f"{room:.1f} units of {1e3 * _slope(quality):.0f} mV on each side of the middle, where "
        f"neurons need {_LEAST_ROOM:g}: use devices of a lower threshold or more supply"
    )


def _cause(quality: CellQuality, leakage: Leakage) -> str:
    """What goes wrong at the smallest bias that is wanted, in numbers."""
    at = quantity(leakage.bias, "A")
    if max(leakage.gates, leakage.off) > _LEAST_LEAK * leakage.bias:
        if leakage.gates > leakage.off:
            return (
                f"gate leakage of {quantity(leakage.gates, 'A')} at a bias of {at} (where one of "
                "the OTA's mirrors carries it); use devices with a thicker oxide"
            )
        return (
            f"transistors that are off let {quantity(leakage.off, 'A')} through at a bias of {at}; "
            "use devices of a higher threshold, or longer ones"
        )
    index = int(abs(quality.bias - leakage.bias).argmin())
    return _broken(quality, index) or _GROWN


def _above(quality: CellQuality) -> str:
    """What goes wrong above the usable biases, where they end before the target."""
    usable = quality.usable
    if usable is None or usable[1] >= 0.99 * TARGET[1] * max(1.0, usable[0] / TARGET[0]):
        return ""
    index = int(np.searchsorted(quality.bias, 1.001 * usable[1]))
    if index >= quality.bias.size:
        return f"; above {quantity(usable[1], 'A')} nothing was tried"
    return f"; above {quantity(usable[1], 'A')} {_broken(quality, index) or _GROWN}"


def _broken(quality: CellQuality, index: int) -> str:
    """Which bounds are not kept at a bias, in numbers; nothing where all are.

    Of a bias that was not tried: why those below the next one that was tried were not.
    """
    tried = next((i for i in range(index, quality.bias.size) if quality.tried(i)), index)
    if tried != index:
        return f"{_broken(quality, tried)}, and nothing below was tried"
    at = quantity(float(quality.bias[index]), "A")
    if failure := quality.failure(index):
        return f"at {at} {failure}"
    broken = {
        name: float(share[index]) * BOUNDS[name]
        for name, share in quality.shares.items()
        if not share[index] < 1
    }
    words = [f"{name} {value:.2g}" for name, value in broken.items()]
    return f"at {at} its {', '.join(words)} (allowed: {_allowed(broken)})" if words else ""


def _allowed(names: Mapping[str, float]) -> str:
    return ", ".join(f"{BOUNDS[name]:g}" for name in names)


def _notes(
    technology: Technology,
    quality: CellQuality,
    devices: Mapping[Polarity, ProbedDevice],
    leakage: Leakage,
) -> list[str]:
    notes = []
    low = technology.limits.bias_current[0]
    if quality.usable is not None and low > 1.05 * TARGET[0]:
        notes.append(f"the smallest bias is {quantity(low, 'A')}: {_cause(quality, leakage)}")
    for kind, device in devices.items():
        if device.oxide < _LEAKING_OXIDE and device.gate_leakage < _NO_LEAKAGE:
            notes.append(
                f"{technology.device(kind).model} has no gate current, although real gates leak "
                f"through an oxide of {1e9 * device.oxide:.2g} nm: on silicon small biases may "
                "drown in it"
            )
    for written in (technology.nmos, technology.pmos):
        if written.parameters:
            off = ", ".join(f"{name} = {value:g}" for name, value in written.parameters.items())
            notes.append(
                f"statistics of {written.model} are switched off by its own parameter, {off}: "
                "written with every transistor"
            )
        if written.diffusion is None:
            notes.append(
                f"{written.model} has no parameters ad, as, pd and ps: its drains and sources have "
                "no junctions but those in its wrapper"
            )
    return notes


def _write(found: FoundTechnology) -> None:
    write_technology(found.file, found.technology, _comments(found))


def _comments(found: FoundTechnology) -> dict[str, str]:
    """What stands in the file beside the numbers: where each comes from."""
    technology, devices = found.technology, found.devices
    oxides = " and ".join(f"{1e9 * devices[k].oxide:.2g} nm ({k})" for k in Polarity)
    head = [
        f"{technology.name}: written by `codesign technology new`, from measurements in ngspice at "
        "the nominal corner and 27 °C. What is marked as assumed is not from the library."
    ]
    head += [
        f"WARNING: this technology does not suit: {reason.rstrip('.')}." for reason in found.reasons
    ]
    head += [f"Note: {note.rstrip('.')}." for note in found.notes]
    limits = technology.limits
    comments = {
        "": "\n".join(head),
        "cells.ota": "Micrometres. Over the biases in [limits] "
        f"{_summary(found.quality, limits.bias_current)}.",
        "cells.synapse": "Of networks: the unit as the OTA's NMOS mirror, the mirror of a column's "
        "positive weights sixteen times as wide as its PMOS mirror"
        f"{found.synapses and '; '}{found.synapses}.",
        "limits": "Smallest and largest. Bias currents: those at which the OTA's curve is a tanh "
        "with its offset current, gain, output conductance and V0 within bounds; voltages: as far "
        "as it works at every bias"
        + (
            "."
            if found.page is None or found.page.common_modes is None
            else f" ({found.page.common_modes[0]:.2f} to {found.page.common_modes[1]:.2f} V)."
        )
        + " Capacitances are assumed.",
        "mismatch.assumed": "ASSUMED, not the library's: (1 mV um + 1 mV um a nanometre of oxide) "
        f"/ sqrt 2 for one device, with oxides of {oxides} as measured; current factors 1 % um / "
        "sqrt 2. Volt micrometre, and micrometre.",
        "process": "Standard deviations of whole chips: a third of the largest shift of the "
        "threshold at the corners, as measured, volt; the capacitors' is assumed.",
        "bias_generator": "Assumed, for --quantize: its codes reach the biases in [limits].",
        "leak": "As the built-in technologies have it.",
    }
    for kind in Polarity:
        device = technology.device(kind)
        found_as = "a subcircuit" if device.prefix == "X" else "a model"
        comments[f"devices.{kind}"] = (
            f"{found_as[0].upper()}{found_as[1:]}; terminals, unit of sizes and multiplier as "
            "measured."
        )
        if device.diffusion is not None:
            comments[f"devices.{kind}.diffusion"] = (
                "ASSUMED: 2.4 times the shortest gate, a diffusion with one row of contacts. To be "
                "corrected by the design rules: contact, contact to gate, diffusion around it."
            )
    return comments


def _summary(quality: CellQuality, biases: tuple[float, float]) -> str:
    """How the OTA does between two biases, in words."""
    inside = (quality.bias >= 0.99 * biases[0]) & (quality.bias <= 1.01 * biases[1])
    if quality.usable is None or not inside.any():
        return "the OTA does not work as it should"
    slope = 1e3 * quality.slope_voltage[inside]
    gain, offset = quality.gain[inside], 100 * quality.offset_current[inside]
    return (
        f"the OTA turns over {slope.min():.0f} to {slope.max():.0f} mV with a gain of "
        f"{gain.min():.2f} to {gain.max():.2f} and an offset current of {offset.min():+.1f} to "
        f"{offset.max():+.1f} % of the bias"
    )
