"""How many points a sweep has, and about how long they take."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

from codesign.studies.sweep.axes import AxisValue
from codesign.studies.sweep.plan import SweepPlan
from codesign.studies.sweep.situation import CellSet
from netlists.cells.characterize import is_characterized
from neuron_model.analysis.rhythm import model_regime
from neuron_model.errors import InputError

# Seconds of two processors for the cells of one corner and temperature, and how much longer than
# the model's own run the others take, with a share that does not depend on it: measured, and good
# for a rough answer only.
_CELLS = 25.0
_SENSITIVITIES = 75.0
_RUNS: Mapping[str, tuple[float, float]] = {
    "macromodel": (5.0, 0.05),
    "macromodel_detail": (75.0, 0.1),
    "ngspice": (250.0, 4.0),
}
_SAMPLE = 0.4


@dataclass(frozen=True)
class SweepEstimate:
    """What a sweep will take.

    points, runs: as in the plan. cell_sets: to be measured; the others are cached. seconds:
    roughly, on this machine.
    """

    points: int
    runs: int
    cell_sets: int
    seconds: float


def estimate(plan: SweepPlan, known: int = 0, workers: int | None = None) -> SweepEstimate:
    """What is left to do of ``plan`` where ``known`` of its points are done.

    workers: that do the points; a core each if not given.

    Raises:
        MissingDependencyError: no models.
    """
    configuration = plan.configuration
    missing = _missing_cells(plan)
    neuron = next(iter(plan.neurons.values()))
    began = time.perf_counter()
    model_regime(neuron.parameters, neuron.drive)
    model = time.perf_counter() - began
    factor, more = _RUNS[configuration.backend]
    samples = configuration.mismatch.samples
    point = factor * model + more
    if samples:
        point = samples * (_SAMPLE * model if configuration.backend == "macromodel" else point)
    cores = os.cpu_count() or 1
    cells = missing * (_CELLS + (_SENSITIVITIES if samples else 0.0)) / cores
    left = len(plan.points) - known
    seconds = cells + left * point / (workers or cores)
    return SweepEstimate(len(plan.points), plan.runs, missing, seconds)


def _missing_cells(plan: SweepPlan) -> int:
    """How many sets of cells are not in the cache; those that cannot be are not counted."""
    sets: dict[tuple[AxisValue, ...], CellSet] = {}
    for values in plan.points:
        try:
            for each in plan.situation(values).cell_sets:
                sets.setdefault(each.key, each)
        except InputError:
            continue
    missing = 0
    for each in sets.values():
        try:
            missing += not is_characterized(each.technology, each.conditions)
        except InputError:
            continue
    return missing
