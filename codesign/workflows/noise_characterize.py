"""Noise of a technology's cells: from the cache, or measured in ngspice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from circuits.bias_mirror import current_sink, current_source
from circuits.ota import ota
from circuits.structure import Cell
from circuits.technology import Technology
from codesign.workflows.characterize import Progress, models_for
from mapping.cell_noise import (
    CellNoise,
    Spectrum,
    common_exponent,
    fit_mirror,
    fit_ota,
    fit_spectrum,
    read_cell_noise,
    write_cell_noise,
)
from mapping.characteristics import CellCharacteristics
from netlists.cache_folder import cache_folder
from netlists.engine import Engine
from netlists.noise_benches import Band, CellNoiseBenches, spectra
from netlists.writer import cell_text
from neuron_model.errors import InputError

# Raised whenever what is measured, or how, changes.
_METHOD = 1
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
    progress: Progress | None = None,
    fresh: bool = False,
) -> CellNoise:
    """The noise of the cells at the corner and temperature of ``measured``.

    The cache is keyed by the characteristics, the models, the sizes and the method. ``fresh``
    measures again.

    Raises:
        InputError: the models have no noise.
        MissingDependencyError: no ngspice or no models.
        SimulatorError: ngspice failed.
    """
    cells = (ota(technology), current_source(technology), current_sink(technology))
    models = models_for(technology, measured.corner, cells)
    fingerprint = _fingerprint(technology, measured, models.content_hash, cells)
    name = f"{technology.name}_{measured.corner}_{measured.temperature:g}_{fingerprint[:16]}.json"
    path = cache_folder() / "noise" / name
    if not fresh and path.is_file():
        try:
            return read_cell_noise(path)
        except InputError:
            pass  # a broken cache file is measured again and replaced
    benches = CellNoiseBenches(technology, models.text, measured.temperature)
    noise = _measure(benches, measured, fingerprint, engine, progress)
    write_cell_noise(path, noise)
    return noise


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
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _measure(
    benches: CellNoiseBenches,
    measured: CellCharacteristics,
    fingerprint: str,
    engine: Engine,
    progress: Progress | None,
) -> CellNoise:
    technology = benches.technology
    biases = np.geomspace(*technology.limits.bias_current, _BIASES)
    points = [measured.noninverting.at(float(b), measured.reference) for b in biases]
    bands = [band(float(b), p.mirror_lag) for b, p in zip(biases, points, strict=True)]
    differences = [[p.offset + share * p.slope_voltage for share in _DIFFERENCES] for p in points]
    rows = list(zip(biases.tolist(), bands, strict=True))
    jobs = [
        benches.ota(bias, apart, limits)
        for (bias, limits), apart in zip(rows, differences, strict=True)
    ]
    for kind in ("source", "sink"):
        jobs += [benches.mirror(kind, bias, limits) for bias, limits in rows]
    label = f"measuring the noise of {technology.name}, {measured.corner}"

    def count(done: int, total: int) -> None:
        if progress:
            progress(done, total, label)

    found = [spectra(result) for result in engine.map(jobs, progress=count)]
    size = biases.size
    of_otas, of_source, of_sink = found[:size], found[size : 2 * size], found[2 * size :]
    # the balanced one of each bias tells the exponent of all
    middle = len(_DIFFERENCES) // 2
    exponent = common_exponent([fit_spectrum(row[middle]) for row in of_otas])
    splits = np.array(
        [
            [np.tanh((v - p.offset) / p.slope_voltage) for v in apart]
            for p, apart in zip(points, differences, strict=True)
        ]
    )
    fits = [[fit_spectrum(s, exponent) for s in row] for row in of_otas]
    balanced = fits[size // 2][middle]
    return CellNoise(
        technology=technology.name,
        corner=measured.corner,
        temperature=measured.temperature,
        ota=fit_ota(biases, splits, fits),
        source=fit_mirror(biases, _fitted(of_source, exponent)),
        sink=fit_mirror(biases, _fitted(of_sink, exponent)),
        exponent=exponent,
        corner_frequency=balanced.corner / float(biases[size // 2]),
        fingerprint=fingerprint,
    )


def _fitted(rows: Sequence[Sequence[Spectrum]], exponent: float) -> list:
    return [fit_spectrum(row[0], exponent) for row in rows]


def band(bias: float, mirror_lag: float) -> Band:
    """The frequencies to measure at ``bias`` ampere, where mirrors lag by so many seconds."""
    lag = mirror_lag if mirror_lag > 0 else _SLOWEST_MIRROR / bias
    high = _BELOW_POLE / (2.0 * np.pi * lag)
    return Band(high * 10**-_DECADES, high)
