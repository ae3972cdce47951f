"""A device of an unknown library, measured until it is known how to write it.

A single transistor between four voltage sources: in which order its terminals come, in what unit
its sizes are, which parameters put devices in parallel. Nothing here trusts a name: a gate is what
switches a current and takes none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations, product
from pathlib import Path

import numpy as np

from circuits.structure import Cell, Direction, Polarity, Port, Size, Transistor
from circuits.technology import Device, Models, SizeStyle, Technology
from mapping.limits import Limits
from netlists.bench import (
    Alteration,
    Bench,
    BenchInstance,
    DCSweep,
    OperatingPoint,
    PiecewiseLinear,
    Step,
    Transient,
    VoltageSource,
)
from netlists.device_outline import DeviceOutline
from netlists.engine import Engine, Result
from netlists.model_library import trimmed_models
from netlists.model_statistics import find_statistics, with_parameter
from netlists.writer import cell_text, device_uses
from neuron_model.errors import InputError, SimulatorError

_A = {Polarity.NMOS: "an nmos", Polarity.PMOS: "a pmos"}
_STYLES = (SizeStyle.MICRO, SizeStyle.PLAIN)
TERMINALS = ("drain", "gate", "source", "bulk")
_NODES = ("d", "g", "s", "b")
_TWIN = "xtwin"
_PERMITTIVITY = 3.9 * 8.854e-12  # of silicon dioxide, farad per metre
# Farad per square micrometre of gates: oxides of 0.6 to 70 nm.
_PLAUSIBLE_OXIDE = (5e-16, 6e-14)
# Of the drain's current, what may go into the gate or the bulk of a transistor that is on.
_STRAY = 0.02
_OFF = 0.1
# Of the supply, where a transistor is looked at: thick gates of some models take more than the
# drain at the supply itself, where no cell has them.
_ON = (1.0, 0.75, 0.5)
# What libraries call the number of devices in parallel, besides m.
_COPIES = ("mult", "multi", "par")
_GATE_RAMP = 5e-8
# Relative: beyond it equal transistors are no longer equal but for the solver; and where this found
# a solution with looser tolerances alone.
_DRAWN, _DRAWN_LOOSELY = 1e-6, 1e-2
# Micrometres: short enough for gates that leak not to hide the channel, long enough for its oxide.
_SWITCHED_LENGTH, _OXIDE_LENGTH = 1.0, 10.0
_SWEEP_STEP = 0.01
# Microamperes are to be seen to a per cent; tighter tolerances find no way from one charge to the
# next in some models.
_RAMP_OPTIONS: Mapping[str, float | str] = {
    "reltol": 1e-3,
    "abstol": 1e-12,
    "chgtol": 1e-15,
    "vntol": 1e-5,
    "trtol": 7.0,
    "method": "gear",
}
_NO_MODELS = Models(name="probe", folder=Path(), paths=())


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


@dataclass(frozen=True)
class DeviceBenches:
    """Benches of one transistor of ``polarity`` over the given models.

    size: of the transistor. supply: volt. A PMOS has source and bulk at the supply.
    """

    device: Device
    polarity: Polarity
    size: Size
    models: str
    supply: float
    temperature: float = 27.0

    def currents(self, cases: Sequence[Mapping[str, float]]) -> Bench:
        """Operating points; each case gives volts from the source, positive towards inversion."""
        steps: list[Step] = []
        for case in cases:
            for terminal, node in zip(TERMINALS, _NODES, strict=True):
                steps.append(Alteration(f"v{node}", "dc", self._volts(case.get(terminal, 0.0))))
            steps.append(OperatingPoint())
        return self._bench("operating points", steps)

    def twins(self) -> Bench:
        """The operating point of two equal transistors that conduct, each with its own drain."""
        half = self.supply / 2
        one = self._bench("twins", [OperatingPoint()], {"d": half, "g": half})
        (first,) = one.instances
        return replace(
            one,
            instances=(first, replace(first, name=_TWIN, nodes=(f"d{_TWIN}", *_NODES[1:]))),
            sources=(*one.sources, VoltageSource(f"v{_TWIN}", f"d{_TWIN}", "0", self._volts(half))),
            save=(*one.save, f"i(v{_TWIN})"),
        )

    def transfer(self, drain: float) -> Bench:
        """Drain current over the gate's voltage, from 0 to the supply."""
        sweep = DCSweep("vg", 0.0, self.supply, _SWEEP_STEP)
        return self._bench(
            "transfer", [Alteration("vd", "dc", self._volts(drain)), sweep], {"s": 0.0, "b": 0.0}
        )

    def gate_ramp(self, top: float) -> Bench:
        """The gate from 0.8 to 1 times ``top`` volt in 50 ns, everything else at rest."""
        low, high = self._volts(0.8 * top), self._volts(top)
        times = _GATE_RAMP * np.arange(4.0)
        wave = PiecewiseLinear(times, np.array([low, low, high, high]))
        return self._bench("gate ramp", [Transient(3 * _GATE_RAMP, _GATE_RAMP / 50)], {}, wave)

    def _volts(self, from_source: float) -> float:
        return from_source if self.polarity == Polarity.NMOS else self.supply - from_source

    def _bench(
        self,
        title: str,
        steps: Sequence[Step],
        levels: Mapping[str, float] | None = None,
        gate: PiecewiseLinear | None = None,
    ) -> Bench:
        technology = probe_technology(self.device, self.supply)
        cell = probe_cell(self.polarity, self.size)
        level = {node: self._volts((levels or {}).get(node, 0.0)) for node in _NODES}
        return Bench(
            title=f"{self.device.model}: {title}",
            models=self.models,
            cells=cell_text(cell, technology),
            instances=(BenchInstance("xprobe", cell.name, _NODES),),
            sources=tuple(
                VoltageSource(f"v{node}", node, "0", gate if gate and node == "g" else level[node])
                for node in _NODES
            ),
            analyses=tuple(steps),
            save=tuple(f"i(v{node})" for node in _NODES),
            temperature=self.temperature,
            options=_RAMP_OPTIONS if gate is not None else {},
        )


def probe_cell(polarity: Polarity, size: Size) -> Cell:
    """One transistor with its four terminals outside."""
    ports = tuple(Port(node, Direction.BIDIRECTIONAL) for node in _NODES)
    return Cell("probe", ports, (Transistor("device", polarity, *_NODES, size),))


def probe_technology(device: Device, supply: float) -> Technology:
    """What the writer of netlists needs to write ``device``."""
    return Technology(
        name="probe",
        supply=supply,
        reference=supply / 2,
        nmos=device,
        pmos=device,
        sizes={},
        models=_NO_MODELS,
        limits=Limits((1e-12, 1e-6), (0.0, supply), (1e-13, 1e-11), (1e-10, 1e-7)),
    )


def probe_models(models: Models, corner: str, device: Device, size: Size) -> str:
    """The text of the models that one device of ``size`` needs."""
    cell = probe_cell(Polarity.NMOS, size)
    uses = device_uses(cell, probe_technology(device, 1.0))
    return trimmed_models(models, corner, uses).text


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
    bare = _steady(found, DeviceBenches(bare, polarity, size, text, supply), engine)
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


def _steady(found: DeviceOutline, benches: DeviceBenches, engine: Engine) -> Device:
    """The device, with its own switch of statistics off where it has one.

    Raises:
        InputError: equal transistors carry other currents, in whatever way they are written; what
            is drawn is named.
    """
    statistics = find_statistics(benches.models)
    if not statistics.draws:
        return benches.device
    for style, order in product(_STYLES, _orders(found)):
        written = replace(
            benches, device=replace(benches.device, terminals=order, size_style=style)
        )
        drawn = _twins(written, statistics.runs, engine)
        if drawn is None or not drawn.differ:
            continue
        for name in statistics.own:
            if name in found.parameters and name not in benches.device.size_parameters:
                device = replace(written.device, parameters={name: 0.0})
                if _stills(replace(written, device=device), drawn, statistics.runs, engine):
                    return replace(benches.device, parameters=device.parameters)
        off = (
            name
            for name in statistics.switches
            if _stills(_switched_off(written, name), drawn, statistics.runs, engine)
        )
        switch = next(off, "")
        given = (
            f"--parameter {switch}=0, which switches them off (tried)"
            if switch
            else "what switches them off (--parameter NAME=VALUE)"
        )
        raise InputError(
            f"{statistics.refusal(found.name)} Equal transistors carry {min(drawn.drains):.4g} to "
            f"{max(drawn.drains):.4g} A: nothing measured of one is true of the next. Give "
            f"{given}, or use the section of the library that has no statistics."
        )
    return benches.device


def _switched_off(benches: DeviceBenches, switch: str) -> DeviceBenches:
    return replace(benches, models=with_parameter(benches.models, switch, 0.0))


def _stills(changed: DeviceBenches, drawn: _Twins, runs: int, engine: Engine) -> bool:
    """Whether transistors that differed as ``drawn`` are equal so, and conduct."""
    twins = _twins(changed, runs, engine)
    return twins is not None and not twins.differ and twins.is_near(drawn)


@dataclass(frozen=True)
class _Twins:
    """Equal transistors, two a run: ampere into their drains, and whether they differ."""

    drains: tuple[float, ...]
    differ: bool

    def is_near(self, other: _Twins) -> bool:
        """Whether they conduct much as others do, rather than not at all."""
        mean = sum(other.drains) / len(other.drains)
        return all(0.2 * mean <= drain <= 5.0 * mean for drain in self.drains)


def _twins(benches: DeviceBenches, runs: int, engine: Engine) -> _Twins | None:
    """None where ngspice does not take them as they are written."""
    drains: list[float] = []
    allowed = _DRAWN
    for _ in range(runs):
        try:
            result = engine.run(benches.twins())
        except SimulatorError:
            return None
        allowed = _DRAWN_LOOSELY if result.loosened else allowed
        drains += [abs(float(np.asarray(result[0][f"i({v})"])[0])) for v in ("vd", f"v{_TWIN}")]
        if max(drains) - min(drains) > allowed * max(drains):
            return _Twins(tuple(drains), True)
    return _Twins(tuple(drains), False)


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
        InputError: none of the orders and units makes it a transistor.
    """
    refused, implausible, stray = "", "", ""
    size, wide = (_probe_size(found, each) for each in (_SWITCHED_LENGTH, _OXIDE_LENGTH))
    text, wide_text = (probe_models(models, corner, bare, each) for each in (size, wide))
    for style in _STYLES:
        best: tuple[_Switched, Device] | None = None
        for order in _orders(found):
            device = replace(bare, terminals=order, size_style=style)
            benches = DeviceBenches(device, polarity, size, text, supply)
            try:
                result = engine.run(benches.currents(_switching(supply)))
            except SimulatorError as error:
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


def _orders(found: DeviceOutline) -> Iterator[tuple[str, ...]]:
    """Orders of terminals to try: those that the names say, then all; drain before source."""
    if found.prefix == "M":
        yield TERMINALS
        return
    named = _named(found.terminals)
    if named is not None:
        yield named
    source_first = named is not None and named.index("source") < named.index("drain")
    for order in permutations(TERMINALS):
        if order != named and (order.index("source") < order.index("drain")) == source_first:
            yield order


def _named(ports: Sequence[str]) -> tuple[str, ...] | None:
    """The terminals that ports called d, g, s, b (or drain, ..., nd, sub, well) are."""
    letters = {"d": "drain", "g": "gate", "s": "source", "b": "bulk", "w": "bulk"}
    found = []
    for port in ports:
        word = port.lower().lstrip("n_")
        found.append("bulk" if word.startswith("sub") else letters.get(word[:1], ""))
    return tuple(found) if sorted(found) == sorted(TERMINALS) else None


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


def currents_into(result: Result) -> np.ndarray:
    """Currents into drain, gate, source and bulk, (operating points, 4)."""
    return np.array(
        [[-float(np.asarray(wave[f"i(v{n})"])[0]) for n in _NODES] for wave in result.waveforms]
    )


def _gate_capacitance(result: Result, top: float) -> float:
    """Farad, of the gate at ``top`` volt; what leaks before and after the ramp is taken off."""
    wave = result[0]
    time, current = np.asarray(wave.axis) / _GATE_RAMP, -np.asarray(wave["i(vg)"])
    before, ramp, after = (
        np.mean(current[(time > start) & (time < start + 0.4)]) for start in (0.5, 1.3, 2.5)
    )
    return float(abs(ramp - (before + after) / 2) * _GATE_RAMP / (0.2 * top))


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
