"""Test benches that measure single cells, and the measurements taken from their waveforms.

Each bench holds one cell only: many cells side by side share a matrix in which ngspice's
convergence test lets errors of nanoamperes pass, while one at a time agrees to parts in a million.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from circuits.bias_mirror import current_sink, current_source
from circuits.ota import divided_ota, ota
from circuits.structure import Cell
from circuits.technology import Technology
from mapping.characteristics import Orientation
from netlists.bench import (
    Alteration,
    Bench,
    BenchInstance,
    CurrentSource,
    DCSweep,
    PiecewiseLinear,
    Step,
    Transient,
    VoltageSource,
)
from netlists.engine import Result
from netlists.writer import cell_text

# A deviation of the current by 1e-4 of the bias is what the fits resolve.
_OPTIONS: Mapping[str, float] = {"reltol": 1e-5, "abstol": 1e-17, "vntol": 1e-8}
_SWEEP_STEP = 5e-3

QUICK_OPTIONS: Mapping[str, float] = {"reltol": 1e-4, "abstol": 1e-15, "vntol": 1e-6}
"""For a first look at cells: a deviation by one per cent of ten picoamperes is seen."""

QUICK_STEP = 2e-2
"""Volt between the points of such a look's sweeps."""


@dataclass(frozen=True)
class CellBenches:
    """Makes the benches of one technology's cells over the given models.

    models: text of the models in use. temperature: degree Celsius. divided: whether the OTA is the
    one that divides its bias. options: ngspice's. step: volt, between the points of a sweep.
    """

    technology: Technology
    models: str
    temperature: float
    divided: bool = False
    options: Mapping[str, float] = field(default_factory=lambda: _OPTIONS)
    step: float = _SWEEP_STEP

    @property
    def amplifier(self) -> Cell:
        """The OTA that is measured."""
        return divided_ota(self.technology) if self.divided else ota(self.technology)

    def transfer(
        self,
        orientation: Orientation,
        biases: np.ndarray,
        modes: np.ndarray,
        span: float,
        beyond: float | None = None,
    ) -> Bench:
        """DC transfer curves: the moving input over +-``span`` volt around each common mode.

        The output is held at the reference, or at the common mode for a follower. One sweep a
        bias and mode, biases outermost. ``beyond``: sweep from there, at ``span`` above the common
        mode, to this voltage instead.
        """
        steps: list[Step] = []
        for bias in biases:
            steps.append(Alteration("ibias", "dc", float(bias)))
            for mode in modes:
                steps.append(Alteration("vfixed", "dc", mode))
                if orientation == Orientation.FOLLOWER:
                    steps.append(Alteration("vout", "dc", mode))
                low, high = self._swing(mode, span)
                if beyond is not None:
                    low, high = high, beyond
                steps.append(DCSweep("vmoving", low, high, self.step))
        return self._ota_bench(f"{orientation} transfer", orientation, steps)

    def output(self, biases: np.ndarray, span: float, difference: float = 0.0) -> Bench:
        """DC output curves over +-``span`` volt, one a bias.

        ``difference``: of the inputs, volt; 0 balances them, a large one makes the output source
        (positive) or sink (negative) its whole current.
        """
        low, high = self._swing(self.technology.reference, span)
        steps: list[Step] = [
            Alteration("vmoving", "dc", self.technology.reference + difference / 2),
            Alteration("vfixed", "dc", self.technology.reference - difference / 2),
        ]
        for bias in biases:
            steps += [Alteration("ibias", "dc", bias), DCSweep("vout", low, high, self.step)]
        return self._ota_bench("output", Orientation.NONINVERTING, steps)

    def ramp(
        self,
        bias: float,
        duration: float,
        height: float,
        ramped: str = "moving",
        orientation: Orientation = Orientation.NONINVERTING,
        difference: float = 0.0,
    ) -> Bench:
        """The input or the output ("moving" or "out") ramped up and down by +-``height`` volt.

        ``orientation`` says which input moves, ``difference`` by how many volts it lies above the
        other one in the middle.
        """
        low, high = self._swing(self.technology.reference, height)
        wait = duration
        times = wait + np.array([0.0, 1.0, 2.0, 3.0]) * duration
        wave = PiecewiseLinear(np.r_[0.0, times], np.array([low, low, high, high, low]))
        end = float(times[-1])
        _, fixed = self._swing(self.technology.reference - difference, 0.0)
        steps: list[Step] = [
            Alteration("ibias", "dc", bias),
            Alteration("vfixed", "dc", fixed),
            Transient(end, duration / 400, start=wait),
        ]
        return self._ota_bench(f"{ramped} ramp", orientation, steps, {ramped: wave})

    def mirror(self, kind: str, biases: np.ndarray, span: float) -> Bench:
        """DC output curves of a current "source" or "sink", one a bias."""
        cell = {"source": current_source, "sink": current_sink}[kind](self.technology)
        supplies = ("vdd", "0") if kind == "source" else ("0",)
        low, high = self._swing(self.technology.reference, span)
        steps: list[Step] = []
        for bias in biases:
            steps += [Alteration("ibias", "dc", bias), DCSweep("vout", low, high, self.step)]
        return Bench(
            title=f"{self.technology.name}: current {kind}",
            models=self.models,
            cells=cell_text(cell, self.technology),
            instances=(BenchInstance("xcell", cell.name, ("ib", "out", *supplies)),),
            sources=(
                VoltageSource("vdd", "vdd", "0", self.technology.supply),
                CurrentSource("ibias", "vdd", "ib", biases[0]),
                VoltageSource("vout", "out", "0", self.technology.reference),
            ),
            analyses=tuple(steps),
            save=("i(vout)",),
            temperature=self.temperature,
            options=self._tolerances(),
        )

    def cells(self) -> tuple[Cell, ...]:
        """The cells that are measured: OTA, source, sink, and the OTA that divides, if any."""
        t = self.technology
        divided = (divided_ota(t),) if t.divides else ()
        return ota(t), current_source(t), current_sink(t), *divided

    def _tolerances(self) -> dict[str, float]:
        """ngspice's options; its currents are known to a millionth of the smallest bias.

        More exactly than that is in vain: through a gate's and a substrate's resistances of ohms
        the voltages' last bits carry currents of femtoamperes, and no step in time converges.
        """
        smallest = self.technology.limits.bias_current[0]
        return {**self.options, "abstol": max(self.options["abstol"], 1e-6 * smallest)}

    def _swing(self, middle: float, span: float) -> tuple[float, float]:
        low, high = max(middle - span, 0.0), min(middle + span, self.technology.supply)
        return low, high

    def _ota_bench(
        self,
        title: str,
        orientation: Orientation,
        steps: Sequence[Step],
        waves: dict[str, PiecewiseLinear] | None = None,
    ) -> Bench:
        cell = self.amplifier
        reference = self.technology.reference
        waves = waves or {}
        moves_plus = orientation != Orientation.INVERTING
        inputs = ("moving", "fixed") if moves_plus else ("fixed", "moving")
        return Bench(
            title=f"{self.technology.name}: {'divided ' if self.divided else ''}OTA, {title}",
            models=self.models,
            cells=cell_text(cell, self.technology),
            instances=(BenchInstance("xcell", cell.name, (*inputs, "out", "ib", "vdd", "0")),),
            sources=(
                VoltageSource("vdd", "vdd", "0", self.technology.supply),
                CurrentSource("ibias", "vdd", "ib", 1e-9),
                *(
                    VoltageSource(f"v{name}", name, "0", waves.get(name, reference))
                    for name in ("moving", "fixed", "out")
                ),
            ),
            analyses=tuple(steps),
            save=("i(vout)", "i(vmoving)", "v(moving)", "v(out)"),
            temperature=self.temperature,
            options=self._tolerances(),
        )


def lag(result: Result) -> float:
    """Seconds by which the output current of a :meth:`CellBenches.ramp` lags the input.

    The current on the way up and on the way down at the same input differ by twice the lag
    times slope and rate: a least-squares shift of the two against each other.
    """
    up, down, rate = _both_ways(result, "v(moving)", "i(vout)")
    slope = np.gradient((up + down) / 2, _GRID)
    difference = (up - down) / 2
    return float(-np.sum(difference * slope) / np.sum(slope * slope) / rate)


def capacitance(result: Result, node: str) -> float:
    """Capacitance in farad seen by the source that ramps ``node`` ("moving" or "out")."""
    up, down, rate = _both_ways(result, f"v({node})", f"i(v{node})")
    span = result[0][f"v({node})"]
    return float(abs(np.mean(up - down)) / 2 / (rate * (span.max() - span.min())))


def feedthrough(result: Result) -> float:
    """Farad by which the ramped input of a :meth:`CellBenches.ramp` sends current to the output.

    The pair is steered wholly to one side all the while, so that nothing else makes the current
    differ on the way up and down.
    """
    up, down, rate = _both_ways(result, "v(moving)", "i(vout)")
    span = result[0]["v(moving)"]
    return float(np.mean(up - down)) / 2 / (rate * float(span.max() - span.min()))


_GRID = np.linspace(0.1, 0.9, 81)


def _both_ways(result: Result, voltage: str, current: str) -> tuple[np.ndarray, np.ndarray, float]:
    """Currents up and down on a grid of the ramp's relative height, and the rate 1/s."""
    waves = result[0]
    height = waves[voltage]
    relative = (height - height.min()) / (height.max() - height.min())
    top = int(np.argmax(relative >= 1 - 1e-9))
    last_top = len(relative) - 1 - int(np.argmax(relative[::-1] >= 1 - 1e-9))
    up = np.interp(_GRID, relative[: top + 1], waves[current][: top + 1])
    down = np.interp(_GRID, relative[last_top:][::-1], waves[current][last_top:][::-1])
    rising = np.flatnonzero(relative > 1e-9)[0]
    duration = waves.axis[top] - waves.axis[rising - 1]
    return up, down, 1.0 / float(duration)
