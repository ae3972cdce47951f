"""Some Monte Carlo samples of a neuron with some codes, measured in ngspice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from codesign.building.mapped_neuron import MappedNeuron
from codesign.studies.identity import JSON
from codesign.studies.mismatch.drawn_neuron import DrawnNeuron
from codesign.studies.study import Point, Task
from codesign.validation.validate import circuit_regime
from codesign.workbench import Workbench
from netlists.accuracy import Accuracy
from netlists.bench import Bench
from netlists.engine import Result
from netlists.mismatch_benches import sampled_bench
from netlists.neuron_benches import clamp_current, response
from netlists.sample_results import sample_results
from neuron_model.analysis.regime_reports import report_to_json
from neuron_model.model.parameters import Timescale

CURRENTS, PATTERN = "currents", "pattern"
"""What is measured: currents into a clamped membrane, or how a sample fires."""


@dataclass(frozen=True)
class CalibrationTask(Task):
    """Measures netlists of samples, every transistor and every line altered in place.

    seed, process: of the draw. cells: fingerprint of what was measured of cells and transistors.
    tolerances: of ngspice. drawn: the samples.
    """

    version: ClassVar[int] = 2

    neuron: MappedNeuron
    seed: int
    process: bool
    cells: str
    tolerances: JSON
    drawn: DrawnNeuron = field(metadata={"identity": False})

    @staticmethod
    def of(drawn: DrawnNeuron, accuracy: Accuracy) -> CalibrationTask:
        """Of these samples."""
        drawing = drawn.drawing
        return CalibrationTask(
            drawn.neuron, drawing.seed, drawing.process, drawn.measured, accuracy.identity, drawn
        )

    def __call__(self, point: Point, tools: Workbench) -> JSON:
        """What was measured of each of ``samples``, by its name in ``names``.

        A point's values: ``samples`` (of the one without mismatch where ``as_drawn``), their
        ``names`` and ``lines``; ``what`` is measured, CURRENTS at ``voltage`` with the element
        ``without`` off, or a PATTERN for ``duration`` with an ``accuracy``.

        Raises:
            SimulatorError: a sample could not be simulated; it is named.
        """
        values, built = point.values, self.drawn.built
        samples: Sequence[int] = values["samples"]
        lines: Sequence[Mapping[str, float]] = values["lines"]
        draw = self.drawn.draw.as_drawn if values["as_drawn"] else self.drawn.draw
        nominal, read = self._analysis(values)

        def bench_of(group: Sequence[int]) -> Bench:
            moved = [lines[i] for i in group]
            drawn = draw[[samples[i] for i in group]]
            return sampled_bench(nominal, built.benches, self.drawn.technology, drawn, moved)

        results = sample_results(
            tools.engine,
            range(len(samples)),
            bench_of,
            lambda index: f"sample {samples[index]} (seed {self.seed})",
            len(samples),
        )
        return {values["names"][index]: read(result) for index, result in results}

    def _analysis(self, values: Mapping[str, JSON]) -> tuple[Bench, Callable[[Result], Any]]:
        """The bench of the neuron as drawn, and what is read of a sample's analysis."""
        built, drive = self.drawn.built, self.drawn.drive
        if values["what"] == CURRENTS:
            low, *_, high = voltage = values["voltage"]
            rest = float(built.parameters[0].u_rest)
            step = voltage[1] - low
            return built.benches.iv(Timescale.ULTRASLOW, low, high, step, rest), lambda result: [
                float(f"{i:.7g}") for i in clamp_current(result[0], built.design)
            ]
        nominal = built.benches.at(Accuracy(values["accuracy"])).transient(
            np.array(drive.stimulus.times), np.array(drive.stimulus.values), values["duration"]
        )
        return nominal, lambda result: report_to_json(
            circuit_regime(built, response(result, built.design), drive.onset)
        )
