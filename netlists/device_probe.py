"""A device of an unknown library, measured until it is known how to write it.

A single transistor between four voltage sources: in which order its terminals come, in what unit
its sizes are, which parameters put devices in parallel. Nothing here trusts a name: a gate is what
switches a current and takes none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from circuits.structure import Polarity, Size
from circuits.technology import Device, Models, SizeStyle
from netlists.device_outline import DeviceOutline, terminal_orders
from netlists.engine import Engine, Result
from netlists.probe_benches import (
    GATE_RAMP,
    TERMINALS,
    DeviceBenches,
    currents_into,
    probe_models,
)
from netlists.steadiness import STYLES, steady_device
from neuron_model.errors import InputError, SimulatorError

_A = {Polarity.NMOS: "an nmos", Polarity.PMOS: "a pmos"}
_PERMITTIVITY = 3.9 * 8.854e-12  # of silicon dioxide, farad per metre
# Farad per square micrometre of gates: oxides of 0.6 to 70 nm.
_PLAUSIBLE_OXIDE = (5e-16, 6e-14)
# Of the drain's current, what may go into the gate or the bulk of a transistor that is on.
_STRAY = 0.02
_OFF = 0.1
_UNDEFINED = re.compile(r"Undefined parameter \[(\w+)\]")
# Of the supply, where a transistor is looked at: thick gates of some models take more than the
# drain at the supply itself, where no cell has them.
_ON = (1.0, 0.75, 0.5)
# What libraries call the number of devices in parallel, besides m.
_COPIES = ("mult", "multi", "par")
# Micrometres: short enough for gates that leak not to hide the channel, long enough for its oxide.
_SWITCHED_LENGTH, _OXIDE_LENGTH = 1.0, 10.0


@dataclass(frozen=True)
class ProbedDevice:
    """How a device is written, and what was measured of it.

    oxide: equivalent thickness of the gate's oxide in inversion, metres. gate_leakage: ampere per
    square micrometre of gate with half the supply across it. off_current: ampere, of a device of
    one square with its gate at its source and half the supply across it.
    """

    device: Device
    oxide: float
    gate_leakage: float
    off_current: float


def probe(
    found: DeviceOutline,
    polarity: Polarity,
    models: Models,
    corner: str,
    supply: float,
    engine: Engine,
) -> ProbedDevice:
    """How ``found`` is to be written, and its leakage.

    Raises:
        InputError: it is no transistor of this polarity, or not one of four terminals.
        SimulatorError: ngspice takes it in no form.
    """
    if len(found.terminals) != 4:
        raise InputError(
            f"{found.name} has the terminals {' '.join(found.terminals)}: a transistor of four is "
            "needed; wrap it in a subcircuit that ties the others, and name that."
        )
    for side, name in (("width", found.width_parameter), ("length", found.length_parameter)):
        if not name:
            raise InputError(
                f"{found.name}: no parameter of this subcircuit is clearly the {side} of the "
                f"transistor in it (it has {', '.join(found.parameters) or 'none'}); name a "
                "subcircuit with w and l around it."
            )
    size = _probe_size(found, _SWITCHED_LENGTH)
    bare = Device(
        found.name,
        prefix=found.prefix,
        width=found.width or Device.width,
        length=found.length or Device.length,
        width_parameter=found.width_parameter,
        length_parameter=found.length_parameter,
    )
    text = probe_models(models, corner, bare, size)
    bare = steady_device(found, DeviceBenches(bare, polarity, size, text, supply), engine)
    device, oxide = _written(found, bare, polarity, models, corner, supply, engine)
    device = replace(device, multiplier=_multiplier(found, device, polarity, text, supply, engine))
    benches = DeviceBenches(device, polarity, size, text, supply)
    half = supply / 2
    on, off = currents_into(engine.run(benches.currents([{"gate": half}, {"drain": half}])))
    return ProbedDevice(
        device=device,
        oxide=oxide,
        gate_leakage=float(abs(on[1])) / (size.area * found.shrink**2),
        off_current=float(abs(off[0])) * size.length / size.width,
    )


def threshold(
    device: Device,
    polarity: Polarity,
    size: Size,
    models: str,
    supply: float,
    engine: Engine,
    per_square: float = 1e-8,
) -> float:
    """Volts from gate to source at which ``per_square`` W / L ampere flow (above 0 for both kinds).

    Raises:
        InputError: they do not flow between 0 and the supply.
    """
    benches = DeviceBenches(device, polarity, size, models, supply)
    wave = engine.run(benches.transfer(supply / 2))[0]
    current = np.abs(np.asarray(wave["i(vd)"]))
    gate = np.asarray(wave.axis) if polarity == Polarity.NMOS else supply - np.asarray(wave.axis)
    order = np.argsort(gate)
    gate, current = gate[order], np.maximum.accumulate(np.maximum(current[order], 1e-18))
    wanted = per_square * size.width / size.length
    if not current[0] < wanted < current[-1]:
        raise InputError(
            f"{device.model}: {wanted:.3g} A, for {size.width:g} um by {size.length:g} um, do not "
            f"flow at any gate voltage from 0 to {supply:g} V (it conducts {current[0]:.3g} to "
            f"{current[-1]:.3g} A)."
        )
    return float(np.interp(np.log(wanted), np.log(current), gate))


def _probe_size(found: DeviceOutline, length: float) -> Size:
    """Ten micrometres wide and ``length`` long, or what the bins have of it."""

    def side(wanted: float, covered: tuple[float, float] | None) -> float:
        low, high = covered or (0.0, 100.0)
        return round(float(min(max(wanted, 1.01 * low), 0.99 * high)), 3)

    return Size(side(10.0, found.width), side(length, found.length))


def _written(
    found: DeviceOutline,
    bare: Device,
    polarity: Polarity,
    models: Models,
    corner: str,
    supply: float,
    engine: Engine,
) -> tuple[Device, float]:
    """The device with terminals and unit, and its gate's oxide in metres.

    Raises:
        InputError: none of the orders and units makes it a transistor, or a parameter that it
            needs is not set.
    """
    refused, implausible, stray = "", "", ""
    size, wide = (_probe_size(found, each) for each in (_SWITCHED_LENGTH, _OXIDE_LENGTH))
    text, wide_text = (probe_models(models, corner, bare, each) for each in (size, wide))
    for style in STYLES:
        best: tuple[_Switched, Device] | None = None
        for order in terminal_orders(found):
            device = replace(bare, terminals=order, size_style=style)
            benches = DeviceBenches(device, polarity, size, text, supply)
            try:
                result = engine.run(benches.currents(_switching(supply)))
            except SimulatorError as error:
                _refuse_undefined(found, str(error))
                refused = refused or str(error)
                continue
            on = _switched(result, supply)
            stray = stray or _told(result, supply)
            if on is not None and (best is None or on.current > 1.001 * best[0].current):
                best = on, device
        if best is None:
            continue
        on, device = best
        benches = DeviceBenches(device, polarity, wide, wide_text, supply)
        ramped = engine.run(benches.gate_ramp(on.gate))
        capacitance = _gate_capacitance(ramped, on.gate) / (wide.area * found.shrink**2)
        if capacitance == 0.0:
            raise InputError(
                f"the gate of {found.name} has no capacitance at all, so that neither its size nor "
                "its oxide can be known: its model is not one of a process (BSIM3 or BSIM4 are)."
            )
        if _PLAUSIBLE_OXIDE[0] < capacitance < _PLAUSIBLE_OXIDE[1]:
            return device, _PERMITTIVITY / (capacitance * 1e12)
        implausible = (
            f"with sizes in {'micrometres' if style == SizeStyle.MICRO else 'plain numbers'} its "
            f"gate has {capacitance:.3g} F per square micrometre"
        )
    other = Polarity.PMOS if polarity == Polarity.NMOS else Polarity.NMOS
    if other.value in found.kinds and polarity.value not in found.kinds:
        raise InputError(f"{found.name} is {_A[other]} device, not {_A[polarity]} one.")
    sides = bare.size_parameters
    named = "" if sides == ("w", "l") else f", with {' and '.join(sides)} as its width and length"
    raise InputError(
        f"{found.name} does not conduct as {_A[polarity]} does between 0 and {supply:g} V "
        f"in any order of its terminals ({implausible or stray or refused}){named}: check the "
        "name, the section and the supply."
    )


def _refuse_undefined(found: DeviceOutline, said: str) -> None:
    """Whatever the order of terminals, parameters that nothing sets stay unknown."""
    if unknown := sorted(set(_UNDEFINED.findall(said))):
        raise InputError(
            f"{found.name} asks for {', '.join(unknown)}, which neither the library's file nor its "
            "section sets: name the file that does with --include, or give the value with "
            "--parameter NAME=VALUE."
        )


@dataclass(frozen=True)
class _Switched:
    """A transistor that is on: volts from gate to source, and ampere into its drain."""

    gate: float
    current: float


def _switching(supply: float) -> list[dict[str, float]]:
    """On, at each of _ON of the supply, and off."""
    return [{"gate": each * supply, "drain": supply / 2} for each in (*_ON, 0.0)]


def _switched(result: Result, supply: float) -> _Switched | None:
    """The transistor at the highest gate voltage at which it is one; None: at none."""
    *on, off = currents_into(result)
    for share, currents in zip(_ON, on, strict=True):
        drain, gate, source, bulk = np.abs(currents)
        conducts = drain > 1e-10 and abs(drain - source) < 2 * _STRAY * drain
        if conducts and max(gate, bulk) < _STRAY * drain and abs(off[0]) < _OFF * drain:
            return _Switched(share * supply, float(drain))
    return None


def _told(result: Result, supply: float) -> str:
    """Where currents go that should not, in words."""
    on, off = currents_into(result)[[0, -1]]
    into = ", ".join(
        f"{abs(current):.2g} A through its {terminal}"
        for current, terminal in zip(on, TERMINALS, strict=True)
    )
    return (
        f"as {', '.join(TERMINALS)}, with its gate at {supply:g} V it takes {into}; with its gate "
        f"at its source {abs(off[0]):.2g} A through its drain"
    )


def _gate_capacitance(result: Result, top: float) -> float:
    """Farad, of the gate at ``top`` volt; what leaks before and after the ramp is taken off."""
    wave = result[0]
    time, current = np.asarray(wave.axis) / GATE_RAMP, -np.asarray(wave["i(vg)"])
    before, ramp, after = (
        np.mean(current[(time > start) & (time < start + 0.4)]) for start in (0.5, 1.3, 2.5)
    )
    return float(abs(ramp - (before + after) / 2) * GATE_RAMP / (0.2 * top))


def _multiplier(
    found: DeviceOutline,
    device: Device,
    polarity: Polarity,
    text: str,
    supply: float,
    engine: Engine,
) -> tuple[str, ...]:
    """The parameters that make two devices of one, and those that go with them."""
    size = _probe_size(found, _SWITCHED_LENGTH)

    def current(names: tuple[str, ...], copies: int) -> np.ndarray:
        written = replace(device, multiplier=names)
        drawn = replace(size, multiplier=copies)
        benches = DeviceBenches(written, polarity, drawn, text, supply)
        return np.abs(currents_into(engine.run(benches.currents(_switching(supply))))[:-1, 0])

    one = current((), 1)

    def doubles(names: tuple[str, ...]) -> bool:
        try:
            return bool(np.allclose(current(names, 2), 2 * one, rtol=1e-3, atol=0.0))
        except SimulatorError:
            return False

    others = tuple(name for name in _COPIES if name in found.parameters)
    tried = f"neither {' = 2 nor '.join(('m', *others))} = 2 makes" if others else "m = 2 makes not"
    for names in (("m",), *((name,) for name in others)):
        if doubles(names):
            # some only shrink the mismatch that the library draws: both belong together
            further = tuple(n for n in others if n not in names and doubles((*names, n)))
            return (*names, *further)
    raise InputError(
        f"{found.name}: {tried} two devices of one, so that transistors in parallel cannot be "
        "written; let the wrapper have a parameter m and hand it on to what is in it (m={m})."
    )
