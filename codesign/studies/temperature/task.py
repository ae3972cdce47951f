"""A neuron at one temperature: by its macromodel, or in ngspice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from codesign.building.circuit import Circuit, assemble
from codesign.building.mapped_neuron import MappedNeuron
from codesign.studies.identity import JSON
from codesign.studies.study import Point, Task
from codesign.validation.validate import circuit_regime
from codesign.workbench import Workbench
from mapping.characteristics import CellCharacteristics
from mapping.macromodel import Macromodel
from mapping.temperature import BiasLaws, design_at
from netlists.accuracy import Accuracy
from netlists.neuron_benches import response
from neuron_model.analysis.regime_reports import report_to_json
from neuron_model.analysis.rhythm import model_regime

MACROMODEL = "macromodel"
"""Stands for the prediction where a point names the accuracy of ngspice."""


@dataclass(frozen=True)
class TemperatureTask(Task):
    """How ``neuron`` fires at the temperature of a point, its biases moved by ``laws``.

    models: content of the transistor models. The drive is in units of the neuron's own current
    there, as it comes from other cells with the same biases. A point's values: ``temperature``,
    degree Celsius; ``by``, MACROMODEL or an accuracy of ngspice.
    """

    version: ClassVar[int] = 1

    neuron: MappedNeuron
    laws: BiasLaws
    models: str

    def prepare(self, tools: Workbench, points: Sequence[Point]) -> Task:
        """Measure the cells of all points on all cores: workers find them in the cache."""
        for temperature in dict.fromkeys(float(p.values["temperature"]) for p in points):
            self._cells(temperature, tools)
        return self

    def __call__(self, point: Point, tools: Workbench) -> JSON:
        """``report``, and units there: ``time_unit`` (s), ``unit_current`` (A), ``unit_voltage``
        (V)."""
        circuit, drive = self._circuit(point, tools), self.neuron.drive
        by = str(point.values["by"])
        if by == MACROMODEL:
            report = model_regime(circuit.predicted, drive)
        else:
            times, values = np.array(drive.stimulus.times), np.array(drive.stimulus.values)
            benches = circuit.benches.at(Accuracy(by))
            result = tools.engine.run(benches.transient(times, values, drive.duration))
            report = circuit_regime(circuit, response(result, circuit.design), drive.onset)
        design = circuit.design
        return {
            "report": report_to_json(report, spikes=True),
            "time_unit": design.time_unit,
            "unit_current": design.unit_current,
            "unit_voltage": design.unit_voltage,
        }

    def _cells(self, temperature: float, tools: Workbench) -> tuple[CellCharacteristics, ...]:
        """Those that the neuron was mapped on, and those at ``temperature``."""
        neuron = self.neuron
        there = replace(neuron.conditions, temperature=temperature)
        return tuple(
            tools.cells(neuron.technology, each) for each in (neuron.design.conditions, there)
        )

    def _circuit(self, point: Point, tools: Workbench) -> Circuit:
        neuron = self.neuron
        nominal, cells = self._cells(float(point.values["temperature"]), tools)
        moved = design_at(Macromodel(neuron.design, nominal), self.laws, cells)
        return assemble(neuron.parameters, Macromodel(moved, cells), neuron.technology)
