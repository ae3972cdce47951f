"""Benches that move one transistor of a cell at a time and measure the cell again.

Nothing is loaded anew: an analysis after an alteration costs no more than one without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from circuits.structure import Cell
from circuits.technology import Technology
from netlists.bench import Bench, Step
from netlists.device_names import alterations, restored


@dataclass(frozen=True)
class Perturbation:
    """One device off by ``threshold`` volt or by ``current_factor`` of its own."""

    device: str
    threshold: float = 0.0
    current_factor: float = 0.0


def perturbed(
    bench: Bench, cell: Cell, technology: Technology, perturbations: Sequence[Perturbation]
) -> Bench:
    """The analyses of ``bench``, whose one instance is of ``cell``, once for each perturbation."""
    names = [path[-1] for path, _ in cell.transistors()]
    (instance,) = bench.instances
    steps: list[Step] = []
    for one in perturbations:
        here = np.array([name == one.device for name in names], dtype=float)
        moved = [
            step
            for step in alterations(
                cell,
                technology,
                bench.models,
                instance.name,
                one.threshold * here,
                one.current_factor * here if one.current_factor else None,
            )
            if step not in restored([step])
        ]
        steps += [*moved, *bench.analyses, *restored(moved)]
    return replace(bench, analyses=tuple(steps))
