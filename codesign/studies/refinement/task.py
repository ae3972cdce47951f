"""One design of a neuron in ngspice: validated, and its blocks measured at a clamped membrane."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from circuits.technology import Technology
from codesign.building.circuit import Circuit, assemble
from codesign.building.mapped_neuron import MappedNeuron
from codesign.studies.identity import JSON
from codesign.studies.study import Point, Task
from codesign.validation.validate import DrivenCircuit, validate
from codesign.validation.validation import Validation, validation_to_json
from codesign.workbench import Workbench
from mapping.characteristics import CellCharacteristics
from mapping.conditions import Conditions
from mapping.design import NeuronDesign, designs_from_json
from mapping.macromodel import Macromodel
from mapping.refinement import CLAMP, Correction
from netlists.accuracy import Accuracy
from netlists.bench import Bench, Step
from netlists.engine import Result
from netlists.mismatch_benches import line_settings
from netlists.neuron_benches import clamp_current
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters, Timescale


@dataclass(frozen=True)
class RefinementTask(Task):
    """What the circuit of a design does. The design is the point's.

    cells: fingerprint of the ``measured`` ones. tolerances: of ngspice with ``accuracy``.
    """

    version: ClassVar[int] = 2

    parameters: NeuronParameters
    drive: Drive
    technology: Technology
    conditions: Conditions
    cells: str
    tolerances: JSON
    measured: CellCharacteristics = field(metadata={"identity": False})
    accuracy: Accuracy = field(metadata={"identity": False})

    @staticmethod
    def of(neuron: MappedNeuron, cells: CellCharacteristics, accuracy: Accuracy) -> RefinementTask:
        """Of this neuron on these cells."""
        where = neuron.technology, neuron.conditions, cells.fingerprint
        what = accuracy.identity, cells, accuracy
        return RefinementTask(neuron.parameters, neuron.drive, *where, *what)

    def built(self, design: NeuronDesign, known: Correction) -> Circuit:
        """The circuit of a design; ``known``: what the macromodel is known to miss of it."""
        circuit = assemble(self.parameters[0], Macromodel(design, self.measured), self.technology)
        return replace(circuit, correction=known)

    def __call__(self, point: Point, tools: Workbench) -> JSON:
        """The ``validation`` of a ``design``, and its curves at CLAMP: ``total`` and ``blocks``.

        Raises:
            SimulatorError: it could not be simulated.
        """
        (design,) = designs_from_json(point.values["design"])
        known: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in point.values["known"].items()
        }
        circuit = self.built(design, Correction(**known))
        found = validate([DrivenCircuit(circuit, self.drive)], tools, self.accuracy)
        total, blocks = clamp_curves(tools.engine.run(clamp_bench(circuit)), circuit)
        whole = Validation(self.technology.name, circuit.conditions, found)
        return {
            "validation": validation_to_json(whole),
            "total": total.tolist(),
            "blocks": blocks.tolist(),
        }


def clamp_bench(built: Circuit) -> Bench:
    """The steady curve at CLAMP with all blocks on, and with each element's bias off."""
    low, high, step = float(CLAMP[0]), float(CLAMP[-1]), float(CLAMP[1] - CLAMP[0])
    bench = built.benches.iv(
        Timescale.ULTRASLOW, low, high, step, float(built.parameters[0].u_rest)
    )
    steps: list[Step] = [*bench.analyses]
    for a in built.design.elements:
        steps += line_settings({f"ib_{a.name}": 0.0})
        steps += bench.analyses
        steps += line_settings({f"ib_{a.name}": a.bias_current})
    return replace(bench, analyses=tuple(steps))


def clamp_curves(result: Result, built: Circuit) -> tuple[np.ndarray, np.ndarray]:
    """(total (points,), blocks (elements, points)) of a :func:`clamp_bench`, in I0."""
    total, *without = [clamp_current(wave, built.design) for wave in result.waveforms]
    return total, np.stack([total - each for each in without])
