"""A choice of cell sizes: what it gives, or why it cannot be built."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

from circuits.sizing import SCALED_ROLES
from codesign.studies.identity import JSON
from codesign.studies.optimizer import CHOICE
from codesign.studies.sizing.evaluation import SizingProblem, evaluate
from codesign.studies.sizing.results import SizingChoice, SizingFigures
from codesign.studies.study import Point, Task
from codesign.workbench import Workbench
from netlists.errors import ConvergenceError
from neuron_model.errors import InputError


@dataclass(frozen=True)
class SizingTask(Task):
    """What sizes for ``problem`` give.

    A point's values: its CHOICE; ``samples``, how many are drawn; ``seed`` of the draw;
    ``own_sensitivities``: see :func:`codesign.studies.sizing.evaluation.evaluate`.
    """

    version: ClassVar[int] = 1

    problem: SizingProblem

    def __call__(self, point: Point, tools: Workbench) -> JSON:
        """Its CHOICE with ``figures``, or with the ``reason`` why it cannot be built.

        Raises:
            SimulatorError: ngspice failed, other than by finding no solution of a cell.
        """
        values = point.values
        chosen = values[CHOICE]
        # a choice's cells are measured without a word of their own
        quiet = Workbench(tools.engine)
        numbers = values["samples"], values["seed"], values["own_sensitivities"]
        try:
            figures = evaluate(self.problem, choice_from_json(chosen), quiet, *numbers)
        except (InputError, ConvergenceError) as error:
            return {CHOICE: chosen, "reason": str(error)}
        return {CHOICE: chosen, "figures": asdict(figures)}


def choice_from_json(content: JSON) -> SizingChoice:
    """Of the numbers of a trial, by name."""
    factors = {role: content[role] for role in SCALED_ROLES}
    return SizingChoice(factors, content["membrane_capacitance"], content["unit_current"])


def figures_from_json(outcome: JSON) -> SizingFigures | None:
    """Of the outcome of a point; None where the choice cannot be built."""
    return SizingFigures(**outcome["figures"]) if "figures" in outcome else None
