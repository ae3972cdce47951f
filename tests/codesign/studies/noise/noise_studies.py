"""A noise study made by hand, for the tests of statistics, pictures and documents."""

import numpy as np

from codesign.studies.noise.results import Boundary, BoundaryPoint, CellRow, NoiseResults
from mapping.conditions import Conditions
from mapping.jitter import Train
from mapping.noise import NodeNoise
from neuron_model.analysis.regimes import Regime
from neuron_model.model.parameters import Timescale

TONIC, RESTING = Regime.TONIC_SPIKING, Regime.RESTING


def trains(runs: int, deviation: float, seed: int = 0, spikes: int = 40) -> tuple[Train, ...]:
    """Independent normal intervals around 35."""
    generator = np.random.default_rng(seed)
    gaps = 35.0 + deviation * generator.standard_normal((runs, spikes))
    return tuple(Train(tuple(np.cumsum(row).tolist()), TONIC) for row in gaps)


def study(**changes: object) -> NoiseResults:
    points = tuple(
        BoundaryPoint(0.7 + 0.001 * k, {TONIC: 10 + 10 * k, RESTING: 90 - 10 * k})
        for k in range(-1, 10)
    )
    parts: dict[str, object] = {
        "name": "spiker",
        "technology": "made_up",
        "conditions": Conditions("tt", 27.0),
        "seed": 3,
        "current": "0:1",
        "duration": 1500.0,
        "time_unit": 2e-4,
        "unit_current": 1e-9,
        "unit_voltage": 0.06,
        "wanted": TONIC,
        "burst_gap": None,
        "cells": (CellRow("OTA of fm", 1.5e-9, 6.0, 4.0, 10.0),),
        "nodes": (
            NodeNoise(None, 1.8e-26, 1e-25, 1.0, 4e-12),
            NodeNoise(Timescale.SLOW, 2e-28, 1e-28, 1.0, 6e-12),
        ),
        "rms": 2.5e-4,
        "trains": trains(30, 0.1),
        "circuits": trains(4, 0.1, seed=1),
        "boundary": Boundary(0.704, RESTING, TONIC, points),
    }
    return NoiseResults(**(parts | changes))  # type: ignore[arg-type]
