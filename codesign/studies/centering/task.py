"""A choice of alphas, deltas and bias: what it gives, or why it cannot be built."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from codesign.studies.centering.evaluation import (
    CenteringFigures,
    CenteringProblem,
    evaluate,
    moved,
)
from codesign.studies.identity import JSON
from codesign.studies.optimizer import CHOICE
from codesign.studies.study import Point, Task
from codesign.workbench import Workbench
from neuron_model.analysis.regime_reports import report_from_json, report_to_json
from neuron_model.errors import InputError


@dataclass(frozen=True)
class CenteringTask(Task):
    """What it gives to move the neuron of ``problem``.

    A point's values: its CHOICE, as :func:`codesign.studies.centering.evaluation.moved` takes it;
    ``samples``, how many are drawn; ``seed`` of the draw.
    """

    version: ClassVar[int] = 1

    problem: CenteringProblem

    def __call__(self, point: Point, tools: Workbench) -> JSON:
        """Its CHOICE with ``figures``, or with the ``reason`` why it cannot be built."""
        chosen, samples, seed = (point.values[name] for name in (CHOICE, "samples", "seed"))
        try:
            parameters = moved(self.problem.parameters, chosen)
            figures = evaluate(self.problem, parameters, samples, seed)
        except InputError as error:
            return {CHOICE: chosen, "reason": str(error)}
        numbers = {f.name: getattr(figures, f.name) for f in fields(figures)}
        return {CHOICE: chosen, "figures": numbers | {"nominal": report_to_json(figures.nominal)}}


def figures_from_json(outcome: JSON) -> CenteringFigures | None:
    """Of the outcome of a point; None where the choice cannot be built."""
    if "figures" not in outcome:
        return None
    known = outcome["figures"]
    return CenteringFigures(**{**known, "nominal": report_from_json(known["nominal"])})
