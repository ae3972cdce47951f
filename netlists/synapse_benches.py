"""Test benches of a network's cells, and the measurements taken from their waveforms.

static     a line's current swept, the membrane held          weights, nonlinearity
output     the membrane swept at a line's full current        output conductance
silent     an output stage below its threshold                what leaks at s = 0
stage      an output stage swept over its threshold           its gain, as spikes have it
fold       a line's gates stepped by a voltage source         pole of a column's PMOS mirror
onset      an output stage stepped over its threshold         delay of a line
readout    a current into the node, swept and stepped         gain, linear range, four poles
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import least_squares
from scipy.stats import gamma

from circuits.neuron import MEMBRANE
from circuits.programmable_synapse import code_of, programmable_column
from circuits.readout import readout, readout_bias_lines, readout_reference_lines
from circuits.structure import Cell
from circuits.synapse import KEEP, Weight, gate_line, line_driver, synapse_column
from circuits.technology import Technology
from mapping.readout import FOLLOWERS, ReadoutDesign
from netlists.bench import (
    Bench,
    BenchInstance,
    CurrentSource,
    DCSweep,
    Element,
    OperatingPoint,
    PiecewiseLinear,
    Step,
    Transient,
    VoltageSource,
)
from netlists.engine import Result
from netlists.writer import cell_text

_OPTIONS: Mapping[str, float] = {"reltol": 1e-5, "abstol": 1e-17, "vntol": 1e-8}
LINE, COLUMN = "line", "column"
# Of the full current, in a sweep.
_POINTS = 40
# Volt above the threshold, first, last and step: where the membrane is in a spike. The tail carries
# more the higher its pair is lifted (6 % a volt): what a stage delivers far above is no spike's.
_SPIKE = (0.01, 0.2, 0.01)
# Of the duration of a step's response: when it comes, how long it takes, and the largest step.
_ONSET, _RAMP, _MAX_STEP = 0.1, 1e-4, 1 / 400


@dataclass(frozen=True)
class SynapseBenches:
    """Makes the benches of one technology's synapses over the given models.

    models: text of the models in use. temperature: degree Celsius. keep_units, keep_current: units
    on the keep-alive line of columns that have a mirror, and the current into it, ampere, which is
    what each column gets; 0 units leave it away. options: ngspice's.
    """

    technology: Technology
    models: str
    temperature: float
    keep_units: int = 0
    keep_current: float = 0.0
    options: Mapping[str, float] = field(default_factory=lambda: _OPTIONS)

    def cells(self, line_units: int, units: int) -> tuple[Cell, ...]:
        """One of each kind: for the models that they need."""
        t = self.technology
        weights = (Weight("a", units), Weight("b", -units))
        column = synapse_column("column", t, weights, self.keep_units)
        return gate_line(t, line_units), line_driver(t, line_units), column

    def static(self, units: int, line_units: int, full_scale: float) -> Bench:
        """Current at the held membrane over that of the line, from 0 to ``full_scale`` ampere.

        units: of the weight, with its sign. line_units: of the line's diode.
        """
        step = DCSweep("iline", 0.0, full_scale, full_scale / _POINTS)
        sources = [CurrentSource("iline", "vdd", LINE, full_scale)]
        return self._line_bench("static", units, line_units, sources, [step])

    def programmable(self, units: int, bits: int, line_units: int, full_scale: float) -> Bench:
        """:meth:`static` of a synapse of ``bits`` and a sign whose code is that of ``units``.

        Raises:
            InputError: more units than the bits have.
        """
        t = self.technology
        column = programmable_column(COLUMN, t, (LINE,), bits, self.keep_units)
        code = {f"{LINE}_{port}": high for port, high in code_of(units, bits).items()}
        stored = [VoltageSource(f"v{n}", n, "0", t.supply * high) for n, high in code.items()]
        sources: list[Element] = [CurrentSource("iline", "vdd", LINE, full_scale), *stored]
        line = gate_line(t, line_units)
        drive = [(line, BenchInstance("xline", line.name, (LINE, "0")))]
        step = DCSweep("iline", 0.0, full_scale, full_scale / _POINTS)
        return self._bench("programmable", drive, column, sources, [step])

    def output(self, units: int, line_units: int, full_scale: float, span: float) -> Bench:
        """Current over the membrane's voltage, ``span`` volt on each side of the reference."""
        middle = self.technology.reference
        step = DCSweep("vmembrane", middle - span, middle + span, span / 10)
        sources = [CurrentSource("iline", "vdd", LINE, full_scale)]
        return self._line_bench("output", units, line_units, sources, [step])

    def silent(self, units: int, line_units: int, full_scale: float) -> Bench:
        """What a weight draws where the output stage that drives its line is below threshold."""
        driven = self._driver(full_scale, self.technology.reference - 0.4)
        return self._driven_bench("silent", units, line_units, driven, [OperatingPoint()])

    def stage(self, units: int, line_units: int, full_scale: float) -> Bench:
        """An output stage swept from its threshold to where a spike saturates it, DC."""
        middle = self.technology.reference
        step = DCSweep("vsource", middle + _SPIKE[0], middle + _SPIKE[1], _SPIKE[2])
        driven = self._driver(full_scale, middle)
        return self._driven_bench("stage", units, line_units, driven, [step])

    def fold(self, units: int, gates: float, duration: float) -> Bench:
        """The gates of a weight's line stepped to ``gates`` volt and, ``duration`` later, back."""
        wave = _pulse(0.0, gates, duration)
        sources = [VoltageSource("vline", LINE, "0", wave)]
        analysis = Transient(float(wave.times[-1]), _MAX_STEP * duration)
        return self._bench("fold", [], self._column(units), sources, [analysis])

    def onset(self, fan_out: int, line_units: int, full_scale: float, duration: float) -> Bench:
        """An output stage that steps from far below to far above its threshold.

        fan_out: units on its line, all of them on one membrane, beside the line's own.
        """
        middle = self.technology.reference
        wave = _pulse(middle - 0.4, middle + 0.4, duration)
        driven = self._driver(full_scale, wave)
        analysis = Transient(float(wave.times[-1]), _MAX_STEP * duration)
        return self._driven_bench("onset", -fan_out, line_units, driven, [analysis])

    def _driver(self, full_scale: float, membrane: float | PiecewiseLinear) -> list[Element]:
        return [
            VoltageSource("vsource", "source", "0", membrane),
            VoltageSource("vthreshold", "threshold", "0", self.technology.reference),
            CurrentSource("ibias", "vdd", "ib", full_scale),
        ]

    def _column(self, units: int) -> Cell:
        weights = (Weight(LINE, units),)
        return synapse_column(COLUMN, self.technology, weights, self.keep_units)

    def _line_bench(
        self,
        what: str,
        units: int,
        line_units: int,
        sources: Sequence[Element],
        steps: Sequence[Step],
    ) -> Bench:
        line = gate_line(self.technology, line_units)
        drive = [(line, BenchInstance("xline", line.name, (LINE, "0")))]
        return self._bench(what, drive, self._column(units), sources, steps)

    def _driven_bench(
        self,
        what: str,
        units: int,
        line_units: int,
        sources: Sequence[Element],
        steps: Sequence[Step],
    ) -> Bench:
        driver = line_driver(self.technology, line_units)
        nodes = ("source", "threshold", LINE, "ib", "vdd", "0")
        drive = [(driver, BenchInstance("xdriver", driver.name, nodes))]
        return self._bench(what, drive, self._column(units), sources, steps)

    def _bench(
        self,
        what: str,
        drive: Sequence[tuple[Cell, BenchInstance]],
        column: Cell,
        sources: Sequence[Element],
        steps: Sequence[Step],
    ) -> Bench:
        t = self.technology
        cells = [cell for cell, _ in drive]
        instances = [instance for _, instance in drive]
        nodes = {"vm": MEMBRANE, "vss": "0"}
        ports = tuple(nodes.get(port.name, port.name) for port in column.ports)
        instances.append(BenchInstance("xcolumn", column.name, ports))
        cells.append(column)
        kept: list[Element] = []
        if KEEP in ports:
            keeper = gate_line(t, self.keep_units)
            if keeper.name not in [cell.name for cell in cells]:
                cells.append(keeper)
            instances.append(BenchInstance("xkeep", keeper.name, (KEEP, "0")))
            kept.append(CurrentSource("ikeep", "vdd", KEEP, self.keep_current))
        return Bench(
            title=f"{t.name}: synapses, {what}",
            models=self.models,
            cells="".join(cell_text(cell, t) for cell in cells),
            instances=tuple(instances),
            sources=(
                VoltageSource("vdd", "vdd", "0", t.supply),
                VoltageSource("vmembrane", MEMBRANE, "0", t.reference),
                *sources,
                *kept,
            ),
            analyses=tuple(steps),
            save=("i(vmembrane)", f"v({LINE})"),
            temperature=self.temperature,
            options=self.options,
        )


@dataclass(frozen=True)
class ReadoutBenches:
    """Makes the benches of one readout over the given models."""

    design: ReadoutDesign
    technology: Technology
    models: str
    temperature: float
    options: Mapping[str, float] = field(default_factory=lambda: _OPTIONS)

    @property
    def cell(self) -> Cell:
        """The readout."""
        return readout("readout", self.design, self.technology)

    def static(self, span: float) -> Bench:
        """The output over currents that make ``span`` units of y on each side of 0."""
        low, high = (self.design.current(y - self.design.resting) for y in (-span, span))
        step = DCSweep("iin", low, high, (high - low) / (2 * _POINTS))
        return self._bench("static", 0.0, step)

    def step(self, y: float, duration: float) -> Bench:
        """The response to a step to ``y`` units at a tenth of ``duration`` (s), and back."""
        wave = _pulse(0.0, self.design.current(y), duration)
        analysis = Transient(float(wave.times[-1]), _MAX_STEP * duration)
        return self._bench("step", wave, analysis)

    def _bench(self, what: str, current: float | PiecewiseLinear, step: Step) -> Bench:
        t, cell = self.technology, self.cell
        lines = readout_bias_lines(self.design)
        references = readout_reference_lines(self.design)
        return Bench(
            title=f"{t.name}: readout, {what}",
            models=self.models,
            cells=cell_text(cell, t),
            instances=(
                BenchInstance(
                    "xreadout",
                    cell.name,
                    tuple("0" if port.name == "vss" else port.name for port in cell.ports),
                ),
            ),
            sources=(
                VoltageSource("vdd", "vdd", "0", t.supply),
                CurrentSource("iin", "0", MEMBRANE, current),
                *(CurrentSource(f"i{line.port}", "vdd", line.port, line.value) for line in lines),
                *(VoltageSource(f"v{r.port}", r.port, "0", r.value) for r in references),
            ),
            analyses=(step,),
            save=(f"v({MEMBRANE})", "v(y)"),
            temperature=self.temperature,
            options=self.options,
        )


def _pulse(low: float, high: float, duration: float) -> PiecewiseLinear:
    """To ``high`` at a tenth of ``duration``, and back after that time; then as long again."""
    begin, ramp = _ONSET * duration, _RAMP * duration
    times = np.array([0.0, begin, begin + ramp, begin + duration, begin + duration + ramp])
    times = np.append(times, begin + 2 * duration)
    return PiecewiseLinear(times, np.array([low, low, high, high, low, low]))


@dataclass(frozen=True)
class StaticGain:
    """A straight line through a weight's current: I = gain I_line / line_units + constant.

    gain: signed, in units. constant: ampere, at no line current. nonlinearity: the largest
    deviation from the line, over the current at full scale. full: ampere there. gates: volt, of the
    line at full scale.
    """

    gain: float
    constant: float
    nonlinearity: float
    full: float
    gates: float


def static_gain(result: Result, line_units: int) -> StaticGain:
    """From a :meth:`SynapseBenches.static` bench."""
    wave = result[0]
    into = wave["i(vmembrane)"]
    slope, constant = np.polyfit(wave.axis, into, 1)
    deviation = np.abs(into - slope * wave.axis - constant).max()
    height = abs(into[-1] - into[0])
    return StaticGain(
        gain=float(slope) * line_units,
        constant=float(into[0]),
        nonlinearity=float(deviation / height),
        full=float(into[-1]),
        gates=float(wave[f"v({LINE})"][-1]),
    )


def output_conductance(result: Result, reference: float) -> float:
    """(dI / dV) / I at the reference, 1 / V, from an :meth:`SynapseBenches.output` bench.

    Positive where the current grows with the distance to the rail that it is drawn to.
    """
    wave = result[0]
    into = wave["i(vmembrane)"]
    slope = np.polyfit(wave.axis, into, 1)[0]
    return float(-slope / abs(np.interp(reference, wave.axis, into)))


def silent_current(result: Result) -> float:
    """Ampere into the membrane at s = 0."""
    return float(result[0]["i(vmembrane)"][0])


@dataclass(frozen=True)
class Settling:
    """Seconds after a pulse's edges until a part of the way is done.

    rise, fall: of the current's way up, and back down.
    """

    rise: float
    fall: float


def settling(result: Result, duration: float, share: float) -> Settling:
    """When the current at the membrane has done ``share`` of its way, at both edges of a pulse."""
    wave = result[0]
    time, into = wave.axis, np.abs(wave["i(vmembrane)"])
    begin, end = _ONSET * duration, (1 + _ONSET) * duration
    rest, top = np.interp([begin, end], time, into)
    last = into[-1]

    def after(edge: float, start: float, goal: float) -> float:
        later = time > edge + _RAMP * duration
        way = (into[later] - start) / (goal - start)
        # the last time that it is not there yet: what gates feed through comes before
        missing = np.flatnonzero(way < share)
        window = missing[missing < np.searchsorted(time[later], edge + 0.999 * duration)]
        if window.size == 0:
            return 0.0
        k = int(window[-1])
        if k + 1 >= way.size:
            return duration
        part = (share - way[k]) / (way[k + 1] - way[k])
        found = time[later][k] + part * (time[later][k + 1] - time[later][k])
        return float(found - edge)

    return Settling(after(begin, rest, top), after(end, top, last))


@dataclass(frozen=True)
class StageFit:
    """What an output stage sends into its line: I = current tanh((v - offset) / slope).

    v: of the membrane above the threshold. current: ampere at the membrane that is fed. offset,
    slope: volt. The stage's line pulls at its output: the current begins below the threshold.
    """

    current: float
    offset: float
    slope: float


def stage_fit(result: Result, reference: float) -> StageFit:
    """Least squares through a :meth:`SynapseBenches.stage` bench."""
    wave = result[0]
    above, into = wave.axis - reference, np.abs(wave["i(vmembrane)"])
    full = into[-1]

    def error(p: np.ndarray) -> np.ndarray:
        return np.asarray(p[0] * np.tanh((above - p[1]) / p[2]) - into / full)

    fit = least_squares(error, [1.0, 0.0, 0.07], x_scale=[1.0, 0.005, 0.05])
    return StageFit(full * float(fit.x[0]), float(fit.x[1]), float(fit.x[2]))


@dataclass(frozen=True)
class ReadoutGain:
    """A readout's curve: y = gain y_wanted + offset.

    gain, offset: of a straight line through the middle half, offset in units of y. linear_range:
    units of y on each side up to which y is within 2 % of that line (of one unit, near 0).
    """

    gain: float
    offset: float
    linear_range: float


def readout_gain(result: Result, design: ReadoutDesign) -> ReadoutGain:
    """From a :meth:`ReadoutBenches.static` bench."""
    wave = result[0]
    wanted = wave.axis / design.current(1.0) + design.resting
    found = design.units(wave["v(y)"])
    middle = np.abs(wanted) <= 0.5 * np.abs(wanted).max()
    gain, offset = np.polyfit(wanted[middle], found[middle], 1)
    error = np.abs(found - gain * wanted - offset) > 0.02 * np.maximum(np.abs(wanted), 1.0)
    beyond = np.abs(wanted[error])
    reach = float(beyond.min()) if beyond.size else float(np.abs(wanted).max())
    return ReadoutGain(float(gain), float(offset), reach)


def four_poles(time: np.ndarray, time_constant: float) -> np.ndarray:
    """Response of four equal poles to a step at time 0: the Gamma(4) distribution function."""
    return np.asarray(gamma.cdf(time, FOLLOWERS + 1, scale=time_constant))


def step_error(result: Result, design: ReadoutDesign, duration: float) -> float:
    """Largest deviation from the exact four poles, of the step's height, up and down."""
    wave = result[0]
    time, y = wave.axis, wave["v(y)"]
    begin, end = _ONSET * duration, (1 + _ONSET) * duration
    low, high = np.interp([begin, end], time, y)
    exact = four_poles(time - begin, design.time_constant)
    exact = exact - four_poles(time - end, design.time_constant)
    return float(np.abs((y - low) / (high - low) - exact).max())
