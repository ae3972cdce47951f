"""Noise of a technology's cells: from the cache, or measured in ngspice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from circuits.bias_mirror import current_sink, current_source
from circuits.ota import divided_ota, ota
from circuits.structure import Cell
from circuits.technology import Technology
from mapping.cell_noise import (
    CellNoise,
    OtaNoise,
    Spectrum,
    common_exponent,
    fit_mirror,
    fit_ota,
    fit_spectrum,
    read_cell_noise,
    write_cell_noise,
)
from mapping.characteristics import CellCharacteristics, OtaPoint, OtaTable
from netlists.bench import Bench
from netlists.cells.characterize import cache_name
from netlists.cells.measured_once import digest, measured_once
from netlists.cells.models import models_for
from netlists.engine import Engine
from netlists.noise_benches import Band, CellNoiseBenches, spectra
from netlists.writer import cell_text
from neuron_model.cache_folder import cache_folder
from neuron_model.progress import Progress, silent

# Raised whenever what is measured, or how, changes.
_METHOD = 2
_BIASES = 6
# Of the slope voltage: t from -0.999 to 0.999, and between.
_DIFFERENCES = (-4.0, -1.5, -0.75, -0.3, 0.0, 0.3, 0.75, 1.5, 4.0)
# A spectrum ends where mirrors hold its white noise back by a few per mille, and begins so far
# below that flicker noise is seen alone.
_BELOW_POLE = 0.05
_DECADES = 5.0
_SLOWEST_MIRROR = 1e-14


def measure_noise(
    technology: Technology,
    measured: CellCharacteristics,
    engine: Engine,
    progress: Progress = silent,
    fresh: bool = False,
) -> CellNoise:
    """The noise of the cells under the conditions of ``measured``.

    The cache is keyed by the characteristics, the models, the sizes and the method. ``fresh``
    measures again.

    Raises:
        InputError: the models have no noise.
        MissingDependencyError: no ngspice or no models.
        SimulatorError: ngspice failed.
    """
    cells = [ota(technology), current_source(technology), current_sink(technology)]
    if technology.divides:
        cells.append(divided_ota(technology))
    conditions = measured.conditions
    models = models_for(technology, conditions.corner, cells)
    fingerprint = _fingerprint(technology, measured, models.content_hash, cells)
    path = cache_folder() / "noise" / cache_name(technology, conditions, fingerprint)

    def measure() -> CellNoise:
        benches = CellNoiseBenches(technology, models.text, conditions.temperature)
        return _measure(benches, measured, fingerprint, engine, progress)

    return measured_once(path, read_cell_noise, measure, write_cell_noise, fresh)


def _fingerprint(
    technology: Technology, measured: CellCharacteristics, models: str, cells: Sequence[Cell]
) -> str:
    content = {
        "method": _METHOD,
        "characteristics": measured.fingerprint,
        "limits": asdict(technology.limits),
        "models": models,
        "cells": [cell_text(cell, technology) for cell in cells],
    }
    return digest(content)


def _measure(
    benches: CellNoiseBenches,
    measured: CellCharacteristics,
    fingerprint: str,
    engine: Engine,
    progress: Progress,
) -> CellNoise:
    technology = benches.technology
    biases = np.geomspace(*technology.limits.bias_current, _BIASES)
    plain = _Points(measured.noninverting, biases, measured.reference)
    rows = list(zip(biases.tolist(), plain.bands, strict=True))
    jobs = plain.jobs(benches)
    for kind in ("source", "sink"):
        jobs += [benches.mirror(kind, bias, limits) for bias, limits in rows]
    divided = None
    if measured.divided is not None:
        slow = measured.divided.bias_current
        divided = _Points(
            measured.divided, np.geomspace(slow[0], slow[-1], _BIASES), measured.reference
        )
        jobs += divided.jobs(benches, divided=True)
    label = f"measuring the noise of {technology.name}, {measured.conditions.corner}"

    def count(done: int, total: int) -> None:
        progress(done, total, label)

    found = [spectra(result) for result in engine.map(jobs, progress=count)]
    size = biases.size
    of_otas, of_source, of_sink, of_divided = (found[i * size : (i + 1) * size] for i in range(4))
    # the exponent of all is that of the balanced one of each bias
    middle = len(_DIFFERENCES) // 2
    exponent = common_exponent([fit_spectrum(row[middle]) for row in of_otas])
    balanced = fit_spectrum(of_otas[size // 2][middle], exponent)
    return CellNoise(
        technology=technology.name,
        conditions=measured.conditions,
        ota=plain.fitted(of_otas, exponent),
        source=fit_mirror(biases, _fitted(of_source, exponent)),
        sink=fit_mirror(biases, _fitted(of_sink, exponent)),
        exponent=exponent,
        corner_frequency=balanced.corner / float(biases[size // 2]),
        fingerprint=fingerprint,
        divided=None if divided is None else divided.fitted(of_divided, exponent),
    )


@dataclass(frozen=True)
class _Points:
    """Where the noise of an OTA is measured: ``biases`` (ampere), at the reference (volt)."""

    table: OtaTable
    biases: np.ndarray
    reference: float

    @property
    def _at(self) -> list[OtaPoint]:
        return [self.table.at(float(b), self.reference) for b in self.biases]

    @property
    def bands(self) -> list[Band]:
        """Frequencies at each bias."""
        pairs = zip(self.biases.tolist(), self._at, strict=True)
        return [band(bias, p.mirror_lag) for bias, p in pairs]

    @property
    def _differences(self) -> list[list[float]]:
        return [[p.offset + share * p.slope_voltage for share in _DIFFERENCES] for p in self._at]

    def jobs(self, benches: CellNoiseBenches, divided: bool = False) -> list[Bench]:
        """One bench a bias."""
        rows = zip(self.biases.tolist(), self._differences, self.bands, strict=True)
        return [benches.ota(bias, apart, limits, divided) for bias, apart, limits in rows]

    def fitted(self, found: Sequence[Sequence[Spectrum]], exponent: float) -> OtaNoise:
        """The laws over the split, from the spectra of each bias."""
        splits = np.array(
            [
                [np.tanh((v - p.offset) / p.slope_voltage) for v in apart]
                for p, apart in zip(self._at, self._differences, strict=True)
            ]
        )
        fits = [[fit_spectrum(s, exponent) for s in row] for row in found]
        return fit_ota(self.biases, splits, fits)


def _fitted(rows: Sequence[Sequence[Spectrum]], exponent: float) -> list:
    return [fit_spectrum(row[0], exponent) for row in rows]


def band(bias: float, mirror_lag: float) -> Band:
    """The frequencies to measure at ``bias`` ampere, where mirrors lag by so many seconds."""
    lag = mirror_lag if mirror_lag > 0 else _SLOWEST_MIRROR / bias
    high = _BELOW_POLE / (2.0 * np.pi * lag)
    return Band(high * 10**-_DECADES, high)
