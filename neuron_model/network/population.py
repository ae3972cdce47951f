"""How many neurons of one structure fire: run side by side in the compiled kernel, then judged.

The equations are those of :mod:`neuron_model.model.dynamics`, by its exponential integrator at a
step of STEP tau_m in float32, which all neurons take together;
:func:`neuron_model.analysis.simulation.simulate` is the one whose steps are as short as its
tolerance asks for.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from neuron_model.analysis.regimes import RegimeReport, classify
from neuron_model.analysis.simulation import DISPLACEMENT
from neuron_model.errors import InputError
from neuron_model.model.dynamics import State
from neuron_model.model.parameters import NeuronParameters
from neuron_model.model.stimulus import Stimulus
from neuron_model.network.neuron import MTCNeuron

STEP = 0.25
"""Time step, in units of the shortest tau_m."""

# Neurons that run side by side: what they fill of memory stays below a hundred megabytes.
_TOGETHER = 100


def population_reports(
    parameters: NeuronParameters,
    stimulus: Stimulus,
    duration: float,
    onset: float = 0.0,
    threshold: float = 0.0,
    step: float | None = None,
) -> tuple[RegimeReport, ...]:
    """The firing regime of each of N neurons, all driven by the same current.

    Args:
        parameters: of N neurons, without amplifiers' lags of their own for the kernel to be used.
        stimulus: I_in; held over each step at its value in the middle.
        duration: end of the run, model time, later than ``onset``.
        onset: from when on responses are judged.
        threshold: U_threshold by which spikes are told, model units.
        step: time step, model time; STEP tau_m of the quickest neuron by default.

    Raises:
        InputError: a duration that is not later than ``onset``, or a step that is not positive.
    """
    if not duration > onset:
        raise InputError(f"duration = {duration:g} must be later than the onset, at {onset:g}.")
    dt = STEP * float(np.min(np.asarray(parameters.tau_m))) if step is None else step
    reports: list[RegimeReport] = []
    for some in _groups(parameters):
        time, voltages = _run(some, stimulus, duration, dt)
        reports += [classify(time, column, onset, threshold) for column in voltages.T]
    return tuple(reports)


def _groups(parameters: NeuronParameters) -> Iterator[NeuronParameters]:
    count = parameters.neurons
    for first in range(0, count, _TOGETHER):
        chosen = slice(first, min(first + _TOGETHER, count))
        yield parameters.map(lambda v, s=chosen: np.broadcast_to(v, (count,))[s])  # type: ignore[misc]


def _run(
    parameters: NeuronParameters, stimulus: Stimulus, duration: float, dt: float
) -> tuple[np.ndarray, np.ndarray]:
    """Time (steps,) and U_m (steps, neurons)."""
    cells = MTCNeuron(parameters, dt=dt, neurons=parameters.neurons, dtype=torch.float32)
    before = dt * np.arange(max(1, round(duration / dt)))
    held = torch.as_tensor(stimulus(before + dt / 2), dtype=torch.float32)
    current = held[None, :, None].expand(1, -1, cells.neurons).contiguous()
    start = cells.initial_state(1, current)
    # where U_rest is an unstable equilibrium a neuron would never leave it
    start = State(start.membrane + DISPLACEMENT, *start[1:])
    with torch.no_grad():
        _, voltage, _ = cells(current, start, return_voltage=True)
    return before + dt, voltage[0].numpy().astype(float)
