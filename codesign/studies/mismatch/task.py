"""Some Monte Carlo samples of a neuron: by their macromodels, or in ngspice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from codesign.building.mapped_neuron import MappedNeuron, MonteCarlo
from codesign.studies.identity import JSON
from codesign.studies.mismatch.drawn_neuron import DrawnNeuron, circuits, draw_neuron, predict
from codesign.studies.study import Point, Task
from codesign.workbench import Workbench
from netlists.accuracy import Accuracy
from neuron_model.analysis.regime_reports import report_to_json

MACROMODEL = "macromodel"
"""Stands for the prediction where a point names the accuracy of ngspice."""


@dataclass(frozen=True)
class MismatchTask(Task):
    """How samples of ``neuron`` fire, every transistor being off by what was drawn for it.

    seed, process: of the draw. cells: fingerprint of what was measured of cells and transistors,
    which the models decide. drawn: the samples; drawn anew if None.
    """

    version: ClassVar[int] = 1

    neuron: MappedNeuron
    seed: int
    process: bool
    cells: str
    drawn: DrawnNeuron | None = field(default=None, metadata={"identity": False})

    def __call__(self, point: Point, tools: Workbench) -> JSON:
        """A report for each of ``samples``, in their order.

        A point's values: ``samples``; ``by``, MACROMODEL or an accuracy of ngspice; ``duration``,
        for how long they are driven.

        Raises:
            SimulatorError: a sample could not be simulated; it is named.
        """
        samples, by = point.values["samples"], point.values["by"]
        drawn = self._drawn(max(samples) + 1, tools).lasting(point.values["duration"])
        if by == MACROMODEL:
            return [report_to_json(predict(drawn, sample), spikes=True) for sample in samples]
        found = circuits(drawn, samples, tools.engine, Accuracy(by))
        return [report_to_json(report, spikes=True) for _, report in found]

    def prepare(self, tools: Workbench, points: Sequence[Point]) -> Task:
        """The same with its samples drawn once."""
        count = 1 + max(max(point.values["samples"]) for point in points)
        return replace(self, drawn=self._drawn(count, tools))

    def _drawn(self, count: int, tools: Workbench) -> DrawnNeuron:
        if self.drawn is not None:
            return self.drawn
        return draw_neuron(self.neuron, tools, MonteCarlo(count, self.seed, self.process))
