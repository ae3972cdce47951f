"""Time: a current goes in step by step, the membrane voltages come out.

The loop goes over ``current.unbind(0)``. Indexing ``current[t]`` would make each backward step
allocate a gradient of the size of the whole current, which is quadratic in time.
"""

from __future__ import annotations

import torch
from torch import Tensor

from neuron_model.model.dynamics import State, at_work, find_integrator, output
from neuron_model.model.parameters import NeuronParameters


def integrate(
    current: Tensor,
    state: State,
    parameters: NeuronParameters,
    dt: float,
    integrator: str = "exponential",
    weights: Tensor | None = None,
) -> tuple[Tensor, State]:
    """Run the neurons through a current that is held over each step.

    Args:
        current: (time, ..., neurons), in model units; row t acts from t dt to (t + 1) dt.
        state: the voltages before the first step, each (..., neurons).
        parameters: of one neuron or as many as there are; floats and tensors.
        dt: the time step, in the neuron's units of time.
        integrator: a key of ``dynamics.INTEGRATORS``.
        weights: (from, to); s of a step flows, weighted, into the neurons during the next one.

    Returns:
        U_m after each step, (time, ..., neurons), and the state after the last one.

    Raises:
        InputError: the integrator is not known.
    """
    step = find_integrator(integrator)(parameters, dt)
    state = at_work(state, parameters)
    voltages = []
    for held in current.unbind(0):
        if weights is not None:
            held = held + output(state.membrane, parameters) @ weights
        state = step(state, held)
        voltages.append(state.membrane)
    return torch.stack(voltages) if voltages else torch.empty_like(current), state
