"""What answers a question about a neuron: its equations, or its circuit in ngspice.

Both give the same objects in model units, so that what judges one judges the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from neuron_model.dynamics import State
from neuron_model.errors import InputError
from neuron_model.iv_curves import IVCurves, iv_curves
from neuron_model.parameters import TIMESCALES, NeuronParameters
from neuron_model.simulation import Trajectory, simulate
from neuron_model.stimulus import Stimulus

if TYPE_CHECKING:
    from codesign.workflows.characterize import Progress
    from codesign.workflows.circuit import BuiltNeuron
    from netlists.bench import Bench
    from netlists.engine import Result

BACKENDS = ("model", "ngspice")


class Backend(Protocol):
    """Answers in model units."""

    def respond(
        self, parameters: NeuronParameters, stimulus: Stimulus, duration: float
    ) -> Trajectory:
        """The neuron's response to a current."""
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

    def respond(
        self, parameters: NeuronParameters, stimulus: Stimulus, duration: float
    ) -> Trajectory:
        """See :class:`Backend`."""
        return simulate(parameters, stimulus, duration, sampling=self.sampling)

    def curves(
        self, parameters: NeuronParameters, voltage: np.ndarray, operating_point: float
    ) -> IVCurves:
        """See :class:`Backend`."""
        return iv_curves(parameters, voltage, operating_point)


@dataclass(frozen=True)
class CircuitBackend:
    """The transistors that the neuron maps to, in ngspice.

    technology: name or path. corner: the nominal one where it is None. temperature: degree
    Celsius. timeout: seconds for one simulation.
    """

    technology: str
    corner: str | None = None
    temperature: float = 27.0
    timeout: float = 600.0
    progress: Progress | None = None

    def respond(
        self, parameters: NeuronParameters, stimulus: Stimulus, duration: float
    ) -> Trajectory:
        """See :class:`Backend`; samples are where the simulator took its steps."""
        from netlists.neuron_benches import response

        times, values = np.array(stimulus.times), np.array(stimulus.values)
        built, results = self._run(
            parameters, lambda b: [b.benches.transient(times, values, duration)]
        )
        run = response(results[0], built.design)
        copies = [run.filtered.get(x, run.membrane) for x in TIMESCALES]
        return Trajectory(run.time, State(run.membrane, *copies), stimulus(run.time), run.output)

    def curves(
        self, parameters: NeuronParameters, voltage: np.ndarray, operating_point: float
    ) -> IVCurves:
        """See :class:`Backend`."""
        from netlists.neuron_benches import iv_curve

        low, high = float(voltage[0]), float(voltage[-1])
        step = (high - low) / (len(voltage) - 1)
        built, results = self._run(
            parameters,
            lambda b: [b.benches.iv(x, low, high, step, operating_point) for x in TIMESCALES],
        )
        # The simulator's sweep may miss the last points by a rounding error.
        measured = [iv_curve(result, built.design) for result in results]
        return IVCurves(voltage, *(np.interp(voltage, u, current) for u, current in measured))

    def _run(
        self, parameters: NeuronParameters, benches_of: _Benches
    ) -> tuple[BuiltNeuron, list[Result]]:
        from circuits.technology import load_technology
        from codesign.workflows.circuit import build_neuron, design_neuron
        from netlists.engine import Engine

        technology = load_technology(self.technology)
        if self.corner is not None and self.corner not in technology.corners:
            raise InputError(
                f"corner {self.corner!r} is not one of {technology.name}; it has "
                f"{', '.join(technology.corners)}."
            )
        with Engine(timeout=self.timeout) as engine:
            design = design_neuron(parameters, technology, engine, self.progress)
            built = build_neuron(
                parameters, design, technology, engine, self.corner, self.temperature, self.progress
            )
            return built, engine.map(benches_of(built))


class _Benches(Protocol):
    def __call__(self, built: BuiltNeuron, /) -> Sequence[Bench]: ...
