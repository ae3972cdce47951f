"""What a technology file claims of its transistors is measured before it is believed.

One quick measurement of each kind of transistor (half a second, and kept by its content) shows
whether the models give one answer to one question, whether two in parallel carry twice the current,
which terminal is which, whether sizes are in the units that they are written in, and whether the
transistor is of the polarity that it is said to be. A claim that is not so is refused, with what
was measured and the key to correct; where another value of that key fits, it is named.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path

import numpy as np

from circuits.structure import Polarity
from circuits.technology import Device, SizeStyle, Technology
from netlists.cells.measured_once import digest
from netlists.cells.models import models_for
from netlists.device_benches import (
    DeviceBenches,
    DeviceCurves,
    device_curves,
    gate_capacitance,
)
from netlists.device_outline import outline
from netlists.engine import Engine, Result
from netlists.errors import ConvergenceError, NetlistError, ReadingTimeout
from netlists.model_library import find_library, left_out, place_of
from netlists.model_source import SourceText
from netlists.model_statistics import find_statistics, with_parameter
from netlists.model_trials import unreadable_statement
from netlists.writer import cell_text
from neuron_model.atomic import write_atomically
from neuron_model.cache_folder import cache_folder
from neuron_model.errors import InputError, SimulatorError

# Raise it whenever what is checked, or how, changes.
_METHOD = 4
# Of the largest current: far below, a floor is seen that some models do not multiply.
_FLOOR = 1e-4
_SAME = 1e-6
# Where currents were only found with looser tolerances.
_SAME_LOOSELY = 1e-2
_TWICE = 0.01
_ON_OFF = 30.0
# Of the drain's current, what may flow elsewhere: predictive models leak through their gates.
_ASTRAY = 0.05
# Currents of twice the width and of twice the length over those of the size itself.
_WIDE, _LONG = (1.4, 3.2), (0.2, 0.85)
# Of the smallest bias, what a gate may leak without a word.
_LEAK = 0.02
# Farad a square metre of gate: oxides of 0.6 to 100 nm.
_DENSITY = (3e-4, 6e-2)


def check_claims(
    technology: Technology, corner: str, engine: Engine | None = None
) -> tuple[str, ...]:
    """Check what the technology claims of its transistors; what the user should know of them.

    Raises:
        InputError: a claim is not so; what was measured and the key to correct are named.
        MissingDependencyError: no ngspice or no models.
        SimulatorError: ngspice failed.
    """
    benches = [_benches(technology, corner, polarity) for polarity in Polarity]
    path = cache_folder() / "claims" / f"{technology.name}_{corner}_{_fingerprint(benches)}.json"
    try:
        kept = json.loads(path.read_text())
        return tuple(str(note) for note in kept["notes"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not measured yet, or a broken file, which is replaced
    try:
        if engine is None:
            with Engine(workers=1) as own:
                notes = _notes([_checked(each, corner, own) for each in benches])
        else:
            notes = _notes([_checked(each, corner, engine) for each in benches])
    except ReadingTimeout as error:
        raise ReadingTimeout(_never_read(benches[0].technology, corner, error, benches)) from error
    with contextlib.suppress(InputError):  # a cache that cannot be written costs time only
        write_atomically(path, json.dumps({"notes": notes}))
    return notes


def _benches(technology: Technology, corner: str, polarity: Polarity) -> DeviceBenches:
    wanted = DeviceBenches(technology, polarity, "")
    try:
        models = models_for(technology, corner, wanted.cells())
    except InputError:
        # The library may have no bin for twice a size.
        wanted = replace(wanted, halved=True)
        models = models_for(technology, corner, wanted.cells())
    return replace(wanted, models=models.text)


def _fingerprint(benches: Sequence[DeviceBenches]) -> str:
    content = [
        [_METHOD, each.technology.supply, each.technology.limits.bias_current[0], each.models]
        + [cell_text(cell, each.technology) for cell in each.cells()]
        for each in benches
    ]
    return digest(content)[:32]


def _notes(found: Sequence[tuple[Sequence[str], str]]) -> tuple[str, ...]:
    names = sorted({name for ignored, _ in found for name in ignored})
    leaks = tuple(leak for _, leak in found if leak)
    if not names:
        return leaks
    return (
        *leaks,
        f"ngspice does not know these parameters of the models and leaves them out: "
        f"{', '.join(names)}",
    )


def _checked(benches: DeviceBenches, corner: str, engine: Engine) -> tuple[tuple[str, ...], str]:
    """The parameters that ngspice ignores, and what is to be said of a gate that leaks, of devices
    that are as they are claimed to be."""
    _check_sides(benches)
    try:
        measured = _measure(benches, engine)
    except (NetlistError, ConvergenceError) as error:
        hint = _fitting(benches, corner, engine, _EVERY_KEY)
        if not hint:
            raise
        raise InputError(f"{_where(benches)}: as it is claimed there, {error} {hint}") from error
    _check_statistics(benches, measured, engine)
    wrong = _wrong(measured, benches)
    if wrong is not None:
        hint = _fitting(benches, corner, engine, wrong.keys)
        raise InputError(f"{_where(benches)}.{wrong.text} {hint or wrong.help}")
    return (*measured.ignored, *left_out(benches.models)), _leak_note(measured, benches)


def _check_sides(benches: DeviceBenches) -> None:
    """See that the subcircuit of a device has the parameters that its sizes are written as, and not
    each for the other.

    Raises:
        InputError: it has not; those that are the sizes are named.
    """
    device = _device(benches)
    if device.prefix != "X":
        return
    found = outline([SourceText(Path("models"), 1, benches.models)], device.model, "the library")
    width, length = found.width_parameter, found.length_parameter
    sides = [side.lower() for side in device.size_parameters]
    missing = [side for side in sides if side not in found.parameters]
    if not found.kinds or not (missing or sides == [length, width]):
        return
    help_ = (
        f"its sizes are {width} and {length}: write width_parameter = {width!r}, "
        f"length_parameter = {length!r}"
        if width and length
        else "name those that are its sizes as width_parameter and length_parameter (it has "
        f"{', '.join(found.parameters) or 'none'})"
    )
    wrong = f"has no parameter {' and no '.join(missing)}" if missing else "has them exchanged"
    raise InputError(f"{_where(benches)}: the subcircuit {device.model} {wrong}; {help_}.")


def _never_read(
    technology: Technology,
    corner: str,
    error: ReadingTimeout,
    benches: Sequence[DeviceBenches],
) -> str:
    """What is told of models that ngspice never reads to their end: which statement it is."""
    library = f"technology '{technology.name}': {find_library(technology.models, corner)}"
    for each in benches:
        text = unreadable_statement(each.models)
        if text:
            place = place_of(technology.models, corner, text)
            return (
                f"{place or library}: ngspice never comes to the end of reading {text[:100]!r}; "
                "write this statement in another way, or leave it out."
            )
    return f"{library}: {error}"


# --- measuring -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Measured:
    """Two runs of the same, as statistics would tell them apart."""

    curves: tuple[DeviceCurves, DeviceCurves]
    capacitance: tuple[float, float]
    ignored: tuple[str, ...]
    loosened: bool


def _measure(benches: DeviceBenches, engine: Engine) -> _Measured:
    transfer, gate = benches.transfer(), benches.gate()

    def run() -> tuple[Result, Result]:
        return engine.run(transfer), engine.run(gate)

    first, second = run(), run()
    return _Measured(
        (device_curves(first[0], benches), device_curves(second[0], benches)),
        (gate_capacitance(first[1]), gate_capacitance(second[1])),
        first[0].ignored,
        any(result.loosened for result in (*first, *second)),
    )


def _measured_again(before: _Measured, benches: DeviceBenches, engine: Engine) -> _Measured:
    """The same with currents of another run for the second."""
    result = engine.run(benches.transfer())
    curves = before.curves[0], device_curves(result, benches)
    return replace(before, curves=curves, loosened=before.loosened or bool(result.loosened))


# --- judging ---------------------------------------------------------------------------------


def _check_statistics(benches: DeviceBenches, measured: _Measured, engine: Engine) -> None:
    """Refuse models that give another answer every time.

    Raises:
        InputError: they do; the parameters that are drawn are named, and what switches them off.
    """
    found = find_statistics(benches.models)
    # two runs have been compared; draws of few values agree in some
    for _ in range(found.runs - 2):
        if not _is_same(measured) or not found.draws:
            break
        measured = _measured_again(measured, benches, engine)
    spread = _spread(measured)
    if _is_same(measured):
        return
    fits = [name for name in found.switches if _is_steady(benches, name, engine)]
    help_ = (
        f"write {' and '.join(f'{name} = 0' for name in fits[:1])} under [models.parameters], "
        "which switches it off (tried)"
        if fits
        else "give the parameter that switches it off its value under [models.parameters], or use "
        "the section of the library that has no statistics"
    )
    raise InputError(
        f"technology '{benches.technology.name}': {found.refusal(_device(benches).model)} Two "
        f"transistors that are drawn alike carry currents {spread:.2g} times apart in one, so that "
        "nothing measured of them would be true of the next. Samples are drawn by this tool's own "
        f"mismatch; {help_}."
    )


def _spread(measured: _Measured) -> float:
    """By how much equal transistors differ, relative; largest over the sweep."""
    first, second = measured.curves
    reference = first.drains["once"]
    on = np.abs(reference) > _FLOOR * np.abs(reference).max()
    others = (first.drains["again"], second.drains["once"])
    differences = [np.abs(other - reference)[on] / np.abs(reference)[on] for other in others]
    charges = abs(measured.capacitance[1] - measured.capacitance[0]) / max(
        measured.capacitance[0], 1e-30
    )
    currents = max((float(each.max()) for each in differences if each.size), default=0.0)
    # The capacitance is a difference of two currents: good to a thousandth.
    return max(currents, charges if charges > 1e-2 else 0.0)


def _is_same(measured: _Measured) -> bool:
    return _spread(measured) <= (_SAME_LOOSELY if measured.loosened else _SAME)


def _is_steady(benches: DeviceBenches, switch: str, engine: Engine) -> bool:
    off = replace(benches, models=with_parameter(benches.models, switch, 0.0))
    try:
        return _is_same(_measure(off, engine))
    except SimulatorError:
        return False


def _leak_note(measured: _Measured, benches: DeviceBenches) -> str:
    """That the gate's current is not small beside the smallest bias; "" where it is."""
    technology, once = benches.technology, benches.sizes["once"]
    gate = measured.curves[0].gate
    middle = technology.reference / technology.supply
    share = middle if benches.polarity == Polarity.NMOS else 1.0 - middle
    area = sum(size.area for size in benches.sizes.values())
    leak = float(abs(gate[round(share * (gate.size - 1))])) * once.area / area
    smallest = technology.limits.bias_current[0]
    if leak <= _LEAK * smallest:
        return ""
    return (
        f"the gate of {_device(benches).model} ({once.width:g} by {once.length:g} um) leaks "
        f"{leak:.2g} A at the reference, where limits.bias_current begins at {smallest:.2g} A: "
        "cells work at biases far above the leakage only"
    )


@dataclass(frozen=True)
class _Wrong:
    """A claim that is not so: what was measured, the keys that may be to blame, and what helps."""

    text: str
    keys: tuple[str, ...]
    help: str


def _wrong(measured: _Measured, benches: DeviceBenches) -> _Wrong | None:
    """The first claim that the measurement contradicts."""
    curves, supply = measured.curves[0], benches.technology.supply
    once = curves.drains["once"]
    drains = sum(float(abs(current[-1])) for current in curves.drains.values())
    astray = {"gate": curves.gate, "bulk": curves.bulk}
    name, most = max(
        ((name, float(np.abs(current).max())) for name, current in astray.items()),
        key=lambda pair: pair[1],
    )
    if most > _ASTRAY * drains:
        return _Wrong(
            f"terminals = {list(_device(benches).terminals)}: with {supply:g} V from gate to "
            f"source, {most:.3g} A flow through what is said to be the {name}, and {drains:.3g} A "
            "through the drains of five transistors.",
            ("terminals", "model"),
            _astray_help(name, benches),
        )
    if not once[-1] > _ON_OFF * abs(once[0]):
        return _Wrong(
            f"model = {_device(benches).model!r}: it carries {once[-1]:.3g} A with {supply:g} V "
            f"from gate to source, and {once[0]:.3g} A without, which is no {benches.polarity} "
            "that can be switched off.",
            ("model", "terminals", "size_style"),
            "Name a transistor of this polarity and supply, or correct the terminals.",
        )
    return _wrong_size(measured, benches) or _wrong_number(measured, benches)


def _astray_help(terminal: str, benches: DeviceBenches) -> str:
    if terminal != "gate":
        return "Correct the order of the terminals, or the model."
    return (
        f"No other order of the terminals fits: the gate of {_device(benches).model} leaks. Cells "
        "at picoamperes and nanoamperes do not work with it; name a transistor of a thicker oxide."
    )


def _wrong_size(measured: _Measured, benches: DeviceBenches) -> _Wrong | None:
    drains, sizes = measured.curves[0].drains, benches.sizes
    help_ = (
        "Correct size_style: 'plain' where the library sets scale or takes micrometres, 'u' or "
        "'metre' where it does not."
    )
    for name, side, allowed in (("wide", "width", _WIDE), ("long", "length", _LONG)):
        ratio = float(drains[name][-1] / drains["once"][-1])
        if getattr(sizes[name], side) < getattr(sizes["once"], side):
            ratio = 1.0 / ratio
        if not allowed[0] <= ratio <= allowed[1]:
            return _Wrong(
                f"size_style = {_device(benches).size_style.value!r}: a transistor of twice the "
                f"{side} carries {ratio:.3g} times the current.",
                ("size_style",),
                help_,
            )
    density = measured.capacitance[0] / (sizes["once"].area * 1e-12)
    # Models without any charge, as simple ones are, say nothing of the unit.
    if density and not _DENSITY[0] <= density <= _DENSITY[1]:
        return _Wrong(
            f"size_style = {_device(benches).size_style.value!r}: the gate of a transistor "
            f"{sizes['once'].width:g} um wide and {sizes['once'].length:g} um long has "
            f"{measured.capacitance[0]:.3g} F, {density:.2g} F a square metre, as no oxide has.",
            ("size_style",),
            help_,
        )
    return None


def _wrong_number(measured: _Measured, benches: DeviceBenches) -> _Wrong | None:
    drains = measured.curves[0].drains
    once = drains["once"]
    on = once > _FLOOR * once[-1]
    ratio = drains["twice"][on] / once[on]
    worst = float(ratio[np.argmax(np.abs(ratio - 2.0))])
    if abs(worst - 2.0) > 2.0 * _TWICE:
        return _Wrong(
            f"multiplier = {list(_device(benches).multiplier)}: two transistors in parallel carry "
            f"{worst:.4g} times the current of one, not twice.",
            ("multiplier",),
            "Name the parameters that copy the device; if the library's subcircuit takes one and "
            "does not pass it on, correct the subcircuit.",
        )
    return None


# --- what would fit --------------------------------------------------------------------------


_EVERY_KEY = ("size_style", "multiplier", "terminals", "prefix", "model")


def _fitting(benches: DeviceBenches, corner: str, engine: Engine, keys: Sequence[str]) -> str:
    """A sentence that names the other value of one of the keys with which all claims are so."""
    for key in keys:
        for device in _ALTERNATIVES[key](benches):
            technology = benches.technology
            if benches.polarity == Polarity.NMOS:
                changed = replace(technology, nmos=device)
            else:
                changed = replace(technology, pmos=device)
            try:
                other = _benches(changed, corner, benches.polarity)
                measured = _measure(other, engine)
            except (InputError, SimulatorError):
                continue
            if _is_same(measured) and _wrong(measured, other) is None:
                value = getattr(device, key)
                shown = list(value) if isinstance(value, tuple) else str(value)
                return f"With {key} = {shown!r} all is as it should be."
    return _other_polarity(benches, corner, engine) if "model" in keys else ""


def _other_polarity(benches: DeviceBenches, corner: str, engine: Engine) -> str:
    """A sentence that says so if the device is what the other polarity is to be."""
    own, device = benches.polarity, _device(benches)
    other = Polarity.PMOS if own == Polarity.NMOS else Polarity.NMOS
    try:
        exchanged = _benches(replace(benches.technology, nmos=device, pmos=device), corner, other)
        if _wrong(_measure(exchanged, engine), exchanged) is None:
            return f"{device.model} conducts as an {other} does: name an {own} as model."
    except (InputError, SimulatorError):
        pass
    return ""


def _styles(benches: DeviceBenches) -> Iterator[Device]:
    device = _device(benches)
    yield from (replace(device, size_style=s) for s in SizeStyle if s != device.size_style)


def _orders(benches: DeviceBenches) -> Iterator[Device]:
    device = _device(benches)
    for order in permutations(("drain", "gate", "source", "bulk")):
        # A transistor does not tell its drain from its source.
        if order.index("drain") < order.index("source") and order != device.terminals:
            yield replace(device, terminals=order)


def _prefixes(benches: DeviceBenches) -> Iterator[Device]:
    device = _device(benches)
    yield replace(device, prefix="M" if device.prefix == "X" else "X")


def _multipliers(benches: DeviceBenches) -> Iterator[Device]:
    device = _device(benches)
    for names in (("m",), ("m", "mult"), ("mult",), ("m", "par"), ("multi",), ("mf",)):
        if names != device.multiplier:
            yield replace(device, multiplier=names)


def _others(benches: DeviceBenches) -> Iterator[Device]:
    """The other polarity's model, where both were exchanged."""
    technology = benches.technology
    other = technology.pmos if benches.polarity == Polarity.NMOS else technology.nmos
    if other.model != _device(benches).model:
        yield replace(_device(benches), model=other.model)


_ALTERNATIVES: dict[str, Callable[[DeviceBenches], Iterator[Device]]] = {
    "size_style": _styles,
    "terminals": _orders,
    "prefix": _prefixes,
    "multiplier": _multipliers,
    "model": _others,
}


def _device(benches: DeviceBenches) -> Device:
    return benches.technology.device(benches.polarity)


def _where(benches: DeviceBenches) -> str:
    return f"technology '{benches.technology.name}': devices.{benches.polarity}"
