"""The reference backend: plain torch, one step after the other."""

from __future__ import annotations

from neuron_model.backends.integration import integrate
from neuron_model.backends.problem import Problem, Solution
from neuron_model.model.dynamics import output


def run_eager(problem: Problem) -> Solution:
    """The reference: one step after the other, in torch; it keeps whatever torch keeps."""
    by_time = problem.current.transpose(0, 1).contiguous()
    voltages, state = integrate(
        by_time,
        problem.state,
        problem.parameters,
        problem.dt,
        problem.integrator,
        problem.weights,
    )
    s = output(voltages, problem.parameters).transpose(0, 1)
    return Solution(s, voltages.transpose(0, 1) if problem.voltage else None, state)
