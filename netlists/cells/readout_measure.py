"""What a readout's output voltage means, measured: its offset and one unit of y."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from circuits.technology import Technology
from mapping.conditions import Conditions
from mapping.readout import ReadoutDesign
from netlists.cells.models import models_for
from netlists.engine import Engine
from netlists.synapse_benches import ReadoutBenches, readout_gain

SPAN = 5.0
"""Units of y on each side of 0 that are swept; the line is of the middle half, as targets are."""


def measured_readouts(
    readouts: Sequence[ReadoutDesign],
    technology: Technology,
    conditions: Conditions,
    engine: Engine,
) -> tuple[ReadoutDesign, ...]:
    """The same circuits, each with the offset and the scale that it really has.

    A tenth of y is a millivolt or two at the output, and as much is what the many small offsets of
    a readout's amplifiers add up to; what y is told by is found in a sweep of its own.

    Raises:
        MissingDependencyError: no ngspice or no models.
        SimulatorError: ngspice failed.
    """
    jobs = []
    for design in readouts:
        benches = ReadoutBenches(design, technology, "", conditions.temperature)
        models = models_for(technology, conditions.corner, [benches.cell])
        jobs.append(replace(benches, models=models.text).static(SPAN))
    made = []
    for design, result in zip(readouts, engine.map(jobs), strict=True):
        found = readout_gain(result, design)
        offset = design.offset + design.scale * found.offset
        made.append(replace(design, scale=design.scale * found.gain, offset=offset))
    return tuple(made)
