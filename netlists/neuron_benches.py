"""Test benches of a whole neuron: I-V curves by timescale, and its response in time.

Ideal sources stand here and only here: one current source a bias line, one voltage source a
reference line, the supply, a load for the output current, and what drives the membrane.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from circuits.neuron import MEMBRANE, OUTPUT, NeuronCircuit
from mapping.design import FollowerDesign, NeuronDesign
from netlists.accuracy import SOLVING, Accuracy
from netlists.bench import (
    DEFAULT_OPTIONS,
    Alteration,
    Bench,
    BenchInstance,
    CurrentSource,
    DCSweep,
    PiecewiseLinear,
    Resistor,
    Step,
    Subject,
    Transient,
    VoltageSource,
)
from netlists.bench import Element as BenchElement
from netlists.engine import Result
from netlists.waveforms import Waveforms
from neuron_model.model.parameters import Timescale, follows
from neuron_model.shown import Shown, in_short
from neuron_model.small_picture import MEMBRANE_COLOR, small_picture

SUPPLY = "vdd"
# Of the time unit: the largest step of a transient, and the ramp of a current step.
_MAX_STEP = 10.0
_RAMP = 0.05
# The ramps of a recorded current, about the times at which it changes: ngspice begins anew with
# small steps at each corner, of which there are thousands, and smaller ones after a shorter ramp.
# Spikes come 0.002 tau_m later than with ramps of 0.02 tau_m, from a quarter fewer points.
_SLOW_RAMP = 0.5
_FEW_STEPS = 10
# A sweep finds each point from the one before. Held to 1e-6, some points of a trained neuron's
# curves come out of ngspice's search wrong by several I0, and it takes ten times as long; held to
# 1e-4, the curves are the same but for those points.
_SWEEP_OPTIONS = {"reltol": 1e-4, **SOLVING}
# Ohm, of what holds a voltage: nanoamperes through the one are nanovolts, a volt at the other is a
# thousandth of gmin's current.
_HOLDING, _LETTING_GO = 1.0, 1e18


@dataclass(frozen=True, repr=False)
class NeuronBenches(Shown):
    """Makes the benches of one neuron.

    models, cells: SPICE text. temperature: degree Celsius. options: of the simulator, over those
    that neurons are run with. accuracy: of responses in time; curves are the same with each.
    ports: of the subcircuit in ``cells``, where they stand in another order than the circuit's.
    """

    design: NeuronDesign
    circuit: NeuronCircuit
    models: str
    cells: str
    temperature: float
    comments: tuple[str, ...] = ()
    options: Mapping[str, float] = field(default_factory=dict)
    accuracy: Accuracy = Accuracy.TIGHT
    ports: tuple[str, ...] = ()

    def _brief(self) -> str:
        return f"{self.design.name} on {self.design.technology}, {self.temperature:g} °C"

    def at(self, accuracy: Accuracy) -> NeuronBenches:
        """The same benches, whose responses are simulated with another accuracy."""
        return replace(self, accuracy=accuracy)

    @property
    def simulator_options(self) -> dict[str, float]:
        """Options of a response in time, on top of the simulator module's own."""
        return dict(self.accuracy.options) | dict(self.options)

    def iv(self, timescale: Timescale, low: float, high: float, step: float, held: float) -> Bench:
        """The membrane swept from ``low`` to ``high`` units, the slower voltages held at ``held``.

        What the membrane source delivers is the curve, plus the compensation current. A voltage of
        a slower name whose time constant is no longer than those that follow does so as well, see
        :func:`neuron_model.model.parameters.follows`.
        """
        fixed: list[BenchElement] = [
            VoltageSource(f"vhold_{x.timescale}", f"v_{x.timescale}", "0", self._held(x, held))
            for x in self.design.followers
            if not follows(self.design, x.timescale, timescale)
        ]
        return self._curves(f"I-V curve, {timescale}", fixed, (self._sweep(low, high, step),), held)

    def iv_of_all(self, low: float, high: float, step: float, held: float) -> Bench:
        """The curves of :meth:`iv` of all timescales, fast to ultraslow, from one circuit.

        ngspice reads it once, which takes it as long as a curve. Slower voltages are held through
        a resistor each, which lets go of them when it is altered.
        """
        fixed: list[BenchElement] = []
        for x in self.design.followers:
            name, node = f"hold_{x.timescale}", f"v_{x.timescale}"
            fixed.append(VoltageSource(f"v{name}", name, "0", self._held(x, held)))
            fixed.append(Resistor(f"r{name}", node, name, _HOLDING))
        steps: list[Step] = []
        for timescale in Timescale:
            for x in self.design.followers:
                free = follows(self.design, x.timescale, timescale)
                resistance = _LETTING_GO if free else _HOLDING
                steps.append(Alteration(f"rhold_{x.timescale}", "resistance", resistance))
            steps.append(self._sweep(low, high, step))
        return self._curves("I-V curves", fixed, tuple(steps), held)

    def _sweep(self, low: float, high: float, step: float) -> DCSweep:
        """The membrane from ``low`` to ``high`` units."""
        volts = self.design.volts
        size = step * self.design.unit_voltage
        return DCSweep("vmembrane", float(volts(low)), float(volts(high)), size)

    def _held(self, follower: FollowerDesign, held: float) -> float:
        """At which voltage a follower settles whose membrane stands at ``held`` units."""
        return float(self.design.volts(held)) + follower.shift

    def _curves(
        self, what: str, fixed: list[BenchElement], steps: tuple[Step, ...], held: float
    ) -> Bench:
        membrane = VoltageSource("vmembrane", MEMBRANE, "0", float(self.design.volts(held)))
        options = _SWEEP_OPTIONS | dict(self.options)
        return self._bench(what, [membrane, *fixed], steps, ("i(vmembrane)",), options)

    def transient(
        self, times: np.ndarray, currents: np.ndarray, duration: float, start: float = 0.0
    ) -> Bench:
        """The response to a piecewise constant current, from rest.

        Args:
            times: model time at which each current begins, (steps,), the first 0.
            currents: in units of I0, (steps,).
            duration: in model time.
            start: model time from which waveforms are kept.
        """
        unit, design = self.design.time_unit, self.design
        tau = design_tau(design)
        wave = _steps(np.asarray(times), np.asarray(currents), _RAMP * tau, _SLOW_RAMP * tau)
        drive = PiecewiseLinear(wave[0] * unit, wave[1] * design.unit_current)
        rest = float(design.volts(design.u_rest))
        initial = {MEMBRANE: rest}
        initial |= {f"v_{f.timescale}": rest + f.shift for f in design.followers}
        step = _MAX_STEP * design_tau(design) * unit
        analysis = Transient(duration * unit, step, start * unit, initial)
        monitors = tuple(f"v({name})" for name in self.circuit.monitors)
        save = (f"v({MEMBRANE})", *monitors, f"i({SUPPLY_SOURCE})", "i(vs_load)")
        source = CurrentSource("iin", "0", MEMBRANE, drive)
        what = "response to an input current"
        return self._bench(what, [source], (analysis,), save, self.simulator_options)

    def _smallest_current(self) -> float:
        """Ampere, that ngspice is to know a current to: a millionth of the smallest bias, at least
        its usual. More exactly is in vain, see :class:`netlists.cell_benches.CellBenches`."""
        smallest = min(line.value for line in self.circuit.bias_lines)
        return max(float(DEFAULT_OPTIONS["abstol"]), 1e-6 * smallest)

    def _bench(
        self,
        what: str,
        drive: list[BenchElement],
        steps: tuple[Step, ...],
        save: tuple[str, ...],
        options: Mapping[str, float],
    ) -> Bench:
        supply = self.design.supply
        names = self.ports or tuple(port.name for port in self.circuit.cell.ports)
        nodes = tuple("0" if name == "vss" else name for name in names)
        sources: list[BenchElement] = [
            VoltageSource(SUPPLY_SOURCE, SUPPLY, "0", supply),
            VoltageSource("vs_load", OUTPUT, "0", supply),
            *(
                CurrentSource(f"i{x.port}", SUPPLY, x.port, x.value)
                for x in self.circuit.bias_lines
            ),
            *(
                VoltageSource(f"v{x.port}", x.port, "0", x.value)
                for x in self.circuit.reference_lines
            ),
            *drive,
        ]
        return Bench(
            title=f"{self.design.name} on {self.design.technology}: {what}",
            models=self.models,
            cells=self.cells,
            instances=(BenchInstance("xneuron", self.circuit.cell.name, nodes),),
            sources=tuple(sources),
            analyses=steps,
            save=save,
            temperature=self.temperature,
            options={"abstol": self._smallest_current()} | dict(options),
            comments=self.comments,
            subject=Subject(self.design.name, self.design.time_unit),
        )


SUPPLY_SOURCE = "vdd_supply"


def design_tau(design: NeuronDesign) -> float:
    """tau_m in model time: what steps and ramps are measured in."""
    return (
        design.membrane_capacitance * design.unit_voltage / design.unit_current / design.time_unit
    )


def iv_curve(
    result: Result, design: NeuronDesign, number: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """(voltage in U, current in I0) of an I-V bench: leak and elements, the bias taken off.

    number: of its curve, where the bench has several.
    """
    wave = result[number]
    return design.units(wave.axis), clamp_current(wave, design) + design.i_bias


def clamp_current(wave: Waveforms, design: NeuronDesign) -> np.ndarray:
    """What the membrane draws from its source in an I-V bench, in I0, (points,)."""
    return np.asarray(-wave["i(vmembrane)"] / design.unit_current)


@dataclass(frozen=True, repr=False)
class Response(Shown):
    """A transient in model units.

    time, membrane: (points,). filtered: U_x by timescale. output: s, (points,).
    supply_current: ampere, (points,).
    """

    time: np.ndarray
    membrane: np.ndarray
    filtered: dict[Timescale, np.ndarray]
    output: np.ndarray
    supply_current: np.ndarray

    def _brief(self) -> str:
        return (
            f"{self.time.size} samples, time {in_short(self.time)}, U_m {in_short(self.membrane)}"
        )

    def _drawing(self) -> str:
        return small_picture(self.time, [self.membrane], [MEMBRANE_COLOR], "U_m over time")


def response(result: Result, design: NeuronDesign) -> Response:
    """The waveforms of a transient bench in model units.

    Args:
        result: of :meth:`NeuronBenches.transient`, simulated.
        design: of the neuron, whose scales turn volt and ampere into units.
    """
    wave = result[0]
    filtered = {
        f.timescale: design.units(wave[f"v(v_{f.timescale})"] - f.shift) for f in design.followers
    }
    return Response(
        time=wave.axis / design.time_unit,
        membrane=design.units(wave[f"v({MEMBRANE})"]),
        filtered=filtered,
        output=-wave["i(vs_load)"] / design.output.unit_current,
        supply_current=-wave[f"i({SUPPLY_SOURCE})"],
    )


def _steps(
    times: np.ndarray, values: np.ndarray, ramp: float, slow: float
) -> tuple[np.ndarray, np.ndarray]:
    """Corners of a piecewise constant current.

    A few steps take ``ramp`` each; many take ``slow``, half of it before and half of it after the
    time of the step. None takes longer than half the time to the next.
    """
    many = len(times) > _FEW_STEPS
    shortest = float(np.diff(times).min()) if len(times) > 1 else np.inf
    ramp = min(slow if many else ramp, 0.5 * shortest)
    early = 0.5 * ramp if many else 0.0
    corners_t, corners_v = [0.0], [float(values[0])]
    for when, before, after in zip(times[1:] - early, values[:-1], values[1:], strict=True):
        if before != after:
            corners_t += [float(when), float(when) + ramp]
            corners_v += [float(before), float(after)]
    return np.array(corners_t), np.array(corners_v)
