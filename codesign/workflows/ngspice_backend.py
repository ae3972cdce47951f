"""The commands that ask a model, asked of its circuit instead: ``--backend ngspice``."""

import numpy as np

from circuits.technology import Technology
from codesign.workflows.characterize import Progress
from codesign.workflows.circuit import BuiltNeuron, build_neuron, design_neuron
from netlists.engine import Engine
from netlists.neuron_benches import Response, iv_curve, response
from neuron_model.iv_curves import IVCurves
from neuron_model.parameters import NeuronParameters, Timescale
from neuron_model.stimulus import Stimulus


def built_on(
    parameters: NeuronParameters,
    technology: Technology,
    engine: Engine,
    corner: str | None = None,
    temperature: float = 27.0,
    progress: Progress | None = None,
) -> BuiltNeuron:
    """The neuron mapped at the nominal corner and built at the given one.

    Raises:
        InputError: it does not fit, or a condition is not usable.
    """
    design = design_neuron(parameters, technology, engine, progress)
    return build_neuron(parameters, design, technology, engine, corner, temperature, progress)


def circuit_response(
    built: BuiltNeuron, stimulus: Stimulus, duration: float, engine: Engine
) -> Response:
    """The circuit in time, in model units; both times in model time."""
    bench = built.benches.transient(np.array(stimulus.times), np.array(stimulus.values), duration)
    return response(engine.run(bench), built.design)


def circuit_iv_curves(
    built: BuiltNeuron, low: float, high: float, points: int, held: float, engine: Engine
) -> IVCurves:
    """I-V curves at ``points`` voltages, slower ones held at ``held``; in model units."""
    step = (high - low) / (points - 1)
    benches = [built.benches.iv(x, low, high, step, held) for x in Timescale]
    curves = [iv_curve(result, built.design) for result in engine.map(benches)]
    currents = {x.value: current for x, (_, current) in zip(Timescale, curves, strict=True)}
    return IVCurves(voltage=curves[0][0], **currents)
