"""What answers a question about a neuron: its equations, or its circuit in ngspice.

Both give the same objects in model units, so that what judges one judges the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from netlists.accuracy import Accuracy
from neuron_model.analysis.iv_curves import IVCurves, iv_curves
from neuron_model.analysis.simulation import Trajectory, simulate
from neuron_model.model.drive import Drive
from neuron_model.model.dynamics import State
from neuron_model.model.parameters import TIMESCALES, NeuronParameters
from neuron_model.model.stimulus import Stimulus

if TYPE_CHECKING:
    from circuits.technology import Technology
    from codesign.building.circuit import Circuit
    from codesign.building.mapped_neuron import MappedNeuron
    from codesign.workbench import Workbench
    from mapping.conditions import Conditions
    from netlists.neuron_benches import Response

BACKENDS = ("model", "ngspice")


class Backend(Protocol):
    """Answers in model units."""

    def respond(self, parameters: NeuronParameters, drive: Drive) -> Trajectory:
        """The neuron's response."""
        ...

    def curves(
        self, parameters: NeuronParameters, voltage: np.ndarray, operating_point: float
    ) -> IVCurves:
        """Its I-V curves at ``voltage``, evenly spaced, (points,)."""
        ...


@dataclass(frozen=True)
class ModelBackend:
    """The equations. sampling: time between samples of a response; chosen where it is None."""

    sampling: float | None = None

    def respond(self, parameters: NeuronParameters, drive: Drive) -> Trajectory:
        """See :class:`Backend`."""
        return simulate(parameters, drive.stimulus, drive.duration, sampling=self.sampling)

    def curves(
        self, parameters: NeuronParameters, voltage: np.ndarray, operating_point: float
    ) -> IVCurves:
        """See :class:`Backend`."""
        return iv_curves(parameters, voltage, operating_point)


def circuit_response(
    circuit: Circuit, workbench: Workbench, drive: Drive, accuracy: Accuracy
) -> Trajectory:
    """The response of transistors, in ngspice; samples are where the simulator took its steps.

    accuracy: with AUTO the response is simulated again with tight tolerances where its regime
    hangs on them.
    """
    from netlists.neuron_benches import response

    stimulus = drive.stimulus
    times, values = np.array(stimulus.times), np.array(stimulus.values)

    def simulated(accuracy: Accuracy) -> Response:
        bench = circuit.benches.at(accuracy).transient(times, values, drive.duration)
        return response(workbench.engine.run(bench), circuit.design)

    run = simulated(accuracy.first)
    if accuracy.repeats and _is_doubtful(circuit, run, drive):
        run = simulated(Accuracy.TIGHT)
    copies = [run.filtered.get(x, run.membrane) for x in TIMESCALES]
    return Trajectory(run.time, State(run.membrane, *copies), stimulus(run.time), run.output)


def circuit_curves(
    circuit: Circuit, workbench: Workbench, voltage: np.ndarray, operating_point: float
) -> IVCurves:
    """The I-V curves of transistors, in ngspice, at ``voltage``, evenly spaced, (points,)."""
    from netlists.neuron_benches import iv_curve

    low, high = float(voltage[0]), float(voltage[-1])
    step = (high - low) / (len(voltage) - 1)
    benches = [circuit.benches.iv(x, low, high, step, operating_point) for x in TIMESCALES]
    # The simulator's sweep may miss the last points by a rounding error.
    measured = [iv_curve(result, circuit.design) for result in workbench.engine.map(benches)]
    return IVCurves(voltage, *(np.interp(voltage, u, current) for u, current in measured))


@dataclass(frozen=True)
class CircuitBackend:
    """The transistors that the neuron maps to, in ngspice; accuracy: of responses."""

    technology: Technology
    conditions: Conditions
    workbench: Workbench
    accuracy: Accuracy = Accuracy.TIGHT

    def respond(self, parameters: NeuronParameters, drive: Drive) -> Trajectory:
        """See :class:`Backend` and :func:`circuit_response`."""
        circuit = self._circuit(parameters, drive)
        return circuit_response(circuit, self.workbench, drive, self.accuracy)

    def curves(
        self, parameters: NeuronParameters, voltage: np.ndarray, operating_point: float
    ) -> IVCurves:
        """See :class:`Backend`."""
        circuit = self._circuit(parameters, Drive(Stimulus.constant(0.0), 1.0))
        return circuit_curves(circuit, self.workbench, voltage, operating_point)

    def mapped(self, parameters: NeuronParameters, drive: Drive) -> MappedNeuron:
        """The neuron as it is built."""
        from codesign.building.circuit import design_neuron
        from codesign.building.mapped_neuron import MappedNeuron

        design = design_neuron(parameters, self.technology, self.workbench)
        return MappedNeuron(parameters, design, self.technology, self.conditions, drive)

    def _circuit(self, parameters: NeuronParameters, drive: Drive) -> Circuit:
        from codesign.building.circuit import circuit_of

        return circuit_of(self.mapped(parameters, drive), self.workbench)


def _is_doubtful(built: Circuit, run: Response, drive: Drive) -> bool:
    """Whether the regime of a fast simulation may be another one in a tight one."""
    from codesign.validation.close_calls import SURE_MARGIN
    from codesign.validation.validate import circuit_regime
    from neuron_model.analysis.rhythm import about_to_change, model_regime

    found = circuit_regime(built, run, drive.onset)
    macromodel = model_regime(built.predicted, drive)
    if found.regime != macromodel.regime or found.margin < SURE_MARGIN:
        return True
    return about_to_change(built.predicted, drive, macromodel) is not None
