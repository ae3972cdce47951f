"""Measure what each transistor of a cell does to it, once; keep what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from circuits.structure import Cell
from circuits.technology import Technology
from mapping.characteristics import CellCharacteristics, Orientation, fit_transfer
from mapping.sensitivity import (
    CellSensitivities,
    MirrorSensitivity,
    OtaSensitivity,
    central_difference,
    features,
    read_sensitivities,
    write_sensitivities,
)
from netlists.bench import Bench
from netlists.cell_benches import CellBenches
from netlists.cells.characterize import cache_name
from netlists.cells.measured_once import digest, measured_once
from netlists.cells.models import models_for
from netlists.engine import Engine, Result
from netlists.sensitivity_benches import Perturbation, perturbed
from netlists.waveforms import Waveforms
from neuron_model.cache_folder import cache_folder
from neuron_model.progress import Progress, silent

# Raise it whenever what is measured, or how, changes.
_METHOD = 2
_BIASES = 5
_MODES = 3
# About one standard deviation of the built-in cells' devices.
_THRESHOLD_STEP = 5e-3
_FACTOR_STEP = 0.02
_SPAN_SLOPES = 4.5
_MIRROR_SPAN = 0.02


def measure_sensitivities(
    technology: Technology,
    characteristics: CellCharacteristics,
    engine: Engine,
    progress: Progress = silent,
    fresh: bool = False,
) -> CellSensitivities:
    """The sensitivities at the conditions of ``characteristics``, from the cache or ngspice.

    The cache is keyed by the characteristics' own fingerprint (technology, conditions, sizes,
    content of the models) and by whether current factors differ as well.

    Raises:
        MissingDependencyError: no ngspice or no models.
        SimulatorError: ngspice failed.
    """
    process = technology.process.current_factor.values() if technology.process else ()
    with_factor = technology.mismatch.has_current_factors or any(process)
    fingerprint = _fingerprint(characteristics, with_factor)
    name = cache_name(technology, characteristics.conditions, fingerprint)
    path = cache_folder() / "sensitivities" / name

    def measure() -> CellSensitivities:
        measurement = _Measurement(technology, characteristics, with_factor)
        return measurement.run(engine, fingerprint, progress)

    return measured_once(path, read_sensitivities, measure, write_sensitivities, fresh)


def _fingerprint(characteristics: CellCharacteristics, with_factor: bool) -> str:
    content = [_METHOD, characteristics.fingerprint, with_factor]
    return digest(content)


class _Measurement:
    """The benches of one technology at one set of conditions, and what they say."""

    def __init__(
        self, technology: Technology, characteristics: CellCharacteristics, with_factor: bool
    ) -> None:
        self.technology = technology
        self.characteristics = characteristics
        self.with_factor = with_factor
        conditions = characteristics.conditions
        cells = CellBenches(technology, "", conditions.temperature).cells()
        models = models_for(technology, conditions.corner, cells)
        self.benches = CellBenches(technology, models.text, conditions.temperature)
        self.divided = replace(self.benches, divided=True)
        self.ota, self.source, self.sink, *_ = self.benches.cells()
        self.biases = np.geomspace(*technology.limits.bias_current, _BIASES)

    def run(self, engine: Engine, fingerprint: str, progress: Progress) -> CellSensitivities:
        jobs: list[Bench] = []
        for orientation in Orientation:
            table = self.characteristics.ota(orientation)
            span = _SPAN_SLOPES * float(table.slope_voltage.mean())
            bench = self.benches.transfer(orientation, self.biases, self._modes(orientation), span)
            jobs += self._jobs(bench, self.ota)
        divided = self._divided()
        if divided is not None:
            jobs += self._jobs(divided, self.divided.amplifier)
        for kind, cell in (("source", self.source), ("sink", self.sink)):
            jobs += self._jobs(self.benches.mirror(kind, self.biases, _MIRROR_SPAN), cell)
        label = (
            f"measuring what each transistor does to the cells of {self.technology.name}, "
            f"{self.characteristics.conditions}"
        )

        def count(done: int, total: int) -> None:
            progress(done, total, label)

        results = iter(engine.map(jobs, progress=count))
        tables = {x: self._ota(x, results, self.ota, self.biases) for x in Orientation}
        dividing = None
        if divided is not None:
            cell = self.divided.amplifier
            dividing = self._ota(Orientation.FOLLOWER, results, cell, self._slow_biases())
        mirrors = {
            kind: self._mirror(cell, results, sign)
            for kind, cell, sign in (("source", self.source, 1), ("sink", self.sink, -1))
        }
        return CellSensitivities(
            technology=self.technology.name,
            conditions=self.characteristics.conditions,
            noninverting=tables[Orientation.NONINVERTING],
            inverting=tables[Orientation.INVERTING],
            follower=tables[Orientation.FOLLOWER],
            source=mirrors["source"],
            sink=mirrors["sink"],
            fingerprint=fingerprint,
            divided=dividing,
        )

    def _divided(self) -> Bench | None:
        """Transfer curves of the follower that divides, if there is one."""
        table = self.characteristics.divided
        if table is None:
            return None
        span = _SPAN_SLOPES * float(table.slope_voltage.mean())
        modes = self._modes(Orientation.FOLLOWER)
        return self.divided.transfer(Orientation.FOLLOWER, self._slow_biases(), modes, span)

    def _slow_biases(self) -> np.ndarray:
        table = self.characteristics.divided
        assert table is not None
        return np.geomspace(table.bias_current[0], table.bias_current[-1], _BIASES)

    def _modes(self, orientation: Orientation) -> np.ndarray:
        measured = self.characteristics.ota(orientation).common_mode
        return np.linspace(measured[0], measured[-1], _MODES)

    def _steps(self) -> Iterator[tuple[str, float]]:
        yield "threshold", _THRESHOLD_STEP
        if self.with_factor:
            yield "current_factor", _FACTOR_STEP

    def _jobs(self, bench: Bench, cell: Cell) -> list[Bench]:
        """One bench a device and kind: up, then down."""
        return [
            perturbed(
                bench,
                cell,
                self.technology,
                [Perturbation(device, **{kind: sign * step}) for sign in (1, -1)],
            )
            for kind, step in self._steps()
            for device in _devices(cell)
        ]

    def _differences(
        self,
        cell: Cell,
        results: Iterator[Result],
        shape: tuple[int, ...],
        measure: Callable[[int, Waveforms], Sequence[float]],
    ) -> dict[str, np.ndarray]:
        """Derivatives by kind, (*shape, devices, features).

        ``measure``: (number of the analysis, its waveforms) -> features.
        """
        tables = {}
        for kind, step in self._steps():
            columns = []
            for _ in _devices(cell):
                waves = next(results).waveforms
                half = len(waves) // 2
                values = [measure(i % half, wave) for i, wave in enumerate(waves)]
                slopes = central_difference(values[:half], values[half:], step)
                columns.append(slopes.reshape(*shape, -1))
            tables[kind] = np.stack(columns, axis=len(shape))
        tables.setdefault("current_factor", np.zeros_like(tables["threshold"]))
        return tables

    def _ota(
        self, orientation: Orientation, results: Iterator[Result], cell: Cell, biases: np.ndarray
    ) -> OtaSensitivity:
        modes = self._modes(orientation)
        sign = self.characteristics.ota(orientation).sign

        def measure(index: int, wave: Waveforms) -> Sequence[float]:
            bias, mode = biases[index // modes.size], modes[index % modes.size]
            fit = fit_transfer(wave.axis - mode, wave["i(vout)"], float(bias), sign)
            return [float(value) for value in features(fit)]

        shape = (biases.size, modes.size)
        tables = self._differences(cell, results, shape, measure)
        return OtaSensitivity(_devices(cell), biases, modes, **tables)

    def _mirror(self, cell: Cell, results: Iterator[Result], sign: int) -> MirrorSensitivity:
        def measure(index: int, wave: Waveforms) -> Sequence[float]:
            current = np.interp(self.technology.reference, wave.axis, wave["i(vout)"])
            return [float(np.log(sign * current / self.biases[index]))]

        tables = self._differences(cell, results, (self.biases.size,), measure)
        return MirrorSensitivity(
            _devices(cell), self.biases, **{kind: t[..., 0] for kind, t in tables.items()}
        )


def _devices(cell: Cell) -> tuple[str, ...]:
    return tuple(path[-1] for path, _ in cell.transistors())
