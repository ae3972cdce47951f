"""What answers a question about a neuron: its equations, or its circuit in ngspice.

Both give the same objects in model units, so that what judges one judges the other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from netlists.accuracy import Accuracy
from neuron_model.analysis.iv_curves import IVCurves, iv_curves
from neuron_model.analysis.simulation import Trajectory, simulate
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.dynamics import State
from neuron_model.model.parameters import TIMESCALES, NeuronParameters
from neuron_model.model.stimulus import Stimulus

if TYPE_CHECKING:
    from codesign.workflows.circuit import BuiltNeuron
    from netlists.engine import Engine
    from netlists.neuron_benches import Response
    from netlists.underway import Underway
    from neuron_model.progress import Progress

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
    Celsius. time_limit: seconds for one simulation. accuracy: of responses; with AUTO a response is
    simulated again with tight tolerances where its regime hangs on them. watch: see
    :class:`netlists.engine.Engine`.
    """

    technology: str
    corner: str | None = None
    temperature: float = 27.0
    time_limit: float | None = None
    progress: Progress | None = None
    accuracy: Accuracy = Accuracy.TIGHT
    watch: Callable[[Underway], None] | None = None

    def respond(
        self, parameters: NeuronParameters, stimulus: Stimulus, duration: float
    ) -> Trajectory:
        """See :class:`Backend`; samples are where the simulator took its steps."""
        from netlists.neuron_benches import response

        times, values = np.array(stimulus.times), np.array(stimulus.values)

        def simulated(built: BuiltNeuron, engine: Engine, accuracy: Accuracy) -> Response:
            bench = built.benches.at(accuracy).transient(times, values, duration)
            return response(engine.run(bench), built.design)

        with self._built(parameters) as (built, engine):
            run = simulated(built, engine, self.accuracy.first)
            if self.accuracy.repeats and _is_doubtful(built, run, Drive(stimulus, duration)):
                run = simulated(built, engine, Accuracy.TIGHT)
        copies = [run.filtered.get(x, run.membrane) for x in TIMESCALES]
        return Trajectory(run.time, State(run.membrane, *copies), stimulus(run.time), run.output)

    def curves(
        self, parameters: NeuronParameters, voltage: np.ndarray, operating_point: float
    ) -> IVCurves:
        """See :class:`Backend`."""
        from netlists.neuron_benches import iv_curve

        low, high = float(voltage[0]), float(voltage[-1])
        step = (high - low) / (len(voltage) - 1)
        with self._built(parameters) as (built, engine):
            benches = [built.benches.iv(x, low, high, step, operating_point) for x in TIMESCALES]
            results = engine.map(benches)
        # The simulator's sweep may miss the last points by a rounding error.
        measured = [iv_curve(result, built.design) for result in results]
        return IVCurves(voltage, *(np.interp(voltage, u, current) for u, current in measured))

    @contextlib.contextmanager
    def _built(self, parameters: NeuronParameters) -> Iterator[tuple[BuiltNeuron, Engine]]:
        from circuits.technology import load_technology
        from codesign.workflows.circuit import build_neuron, design_neuron
        from netlists.engine import Engine

        technology = load_technology(self.technology)
        if self.corner is not None and self.corner not in technology.corners:
            raise InputError(
                f"corner {self.corner!r} is not one of {technology.name}; it has "
                f"{', '.join(technology.corners)}."
            )
        with Engine(timeout=None, watch=self.watch, time_limit=self.time_limit) as engine:
            design = design_neuron(parameters, technology, engine, self.progress)
            built = build_neuron(
                parameters, design, technology, engine, self.corner, self.temperature, self.progress
            )
            yield built, engine


@dataclass(frozen=True)
class NoisyBackend(CircuitBackend):
    """The macromodel of the transistors that the neuron maps to, with the noise of its cells.

    seed: of the noise. sampling: time between samples of a response; half a tau_m where it is None.
    """

    seed: int = 0
    sampling: float | None = None

    def respond(
        self, parameters: NeuronParameters, stimulus: Stimulus, duration: float
    ) -> Trajectory:
        """See :class:`Backend`."""
        from circuits.technology import load_technology
        from codesign.workflows.noise import noisy_neuron
        from neuron_model.analysis.noise import noisy_runs

        drive, technology = Drive(stimulus, duration), load_technology(self.technology)
        with self._built(parameters) as (built, engine):
            neuron = noisy_neuron(
                parameters,
                built.design,
                technology,
                engine,
                drive,
                built.corner,
                built.temperature,
                self.progress,
            )
        runs = noisy_runs(
            neuron.macromodel,
            neuron.noise,
            [stimulus],
            duration,
            self.seed,
            sampling=self.sampling,
            with_copies=True,
        )
        return runs.trajectory(0, neuron.macromodel, stimulus)


def _is_doubtful(built: BuiltNeuron, run: Response, drive: Drive) -> bool:
    """Whether the regime of a fast simulation may be another one in a tight one."""
    from codesign.close_calls import SURE_MARGIN
    from codesign.workflows.rhythm import about_to_change, model_regime
    from codesign.workflows.validate import circuit_regime

    found = circuit_regime(built, run, drive.onset)
    as_built = model_regime(built.as_built, drive)
    if found.regime != as_built.regime or found.margin < SURE_MARGIN:
        return True
    return about_to_change(built.as_built, drive, as_built) is not None
