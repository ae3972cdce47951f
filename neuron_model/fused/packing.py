"""From a problem to what the operator of a fused kernel takes, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from neuron_model.backends.problem import Problem, Solution, common_type, transformed
from neuron_model.errors import InputError
from neuron_model.fused.coefficients import Coefficients, coefficients
from neuron_model.fused.registration import Ways
from neuron_model.model.dynamics import State, find_integrator
from neuron_model.model.parameters import Value


@dataclass(frozen=True)
class Packed:
    """current: (batch, time, neurons). state: (4, batch, neurons): the copies, then U_m. weights:
    (from, to), or empty. They need not be contiguous.
    """

    current: Tensor
    state: Tensor
    coefficients: Coefficients
    weights: Tensor


def pack(problem: Problem) -> Packed:
    """All in the type that torch would promote it to.

    Raises:
        InputError: the integrator is not known, or there are amplifiers.
    """
    if problem.parameters.amplified:
        raise InputError(
            "the compiled kernels cannot run neurons with amplifiers (detailed macromodels); "
            "use backend = 'eager' or 'auto'."
        )
    if transformed():
        raise InputError(
            "the compiled kernels cannot be transformed by torch.func nor by forward-mode AD; use "
            "backend = 'eager' or 'auto'."
        )
    find_integrator(problem.integrator)
    dtype = common_type(problem)
    current = problem.current.to(dtype)
    _, time, neurons = current.shape
    parameters = problem.parameters
    if any(isinstance(value, np.ndarray) for _, value in parameters.named_values()):
        parameters = parameters.map(_tensor_or_float)
    packed = coefficients(
        parameters,
        problem.dt,
        problem.integrator == "exponential",
        neurons,
        current[:0, 0, 0] if time else current.new_empty(0),
    )
    state = torch.stack([*problem.state[1:], problem.state[0]]).to(dtype)
    weights = problem.weights if problem.weights is not None else current.new_empty(0, 0)
    return Packed(current, state, packed, weights.to(dtype))


def apply(
    kernel: Ways, packed: Packed, segment: int, voltage: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """s, U_m (empty where it is not wanted) and the state at the end; a tape only if needed."""
    rows = packed.coefficients.rows
    tensors = (packed.current, packed.state, rows, packed.weights)
    learns = torch.is_grad_enabled() and any(t.requires_grad for t in tensors)
    s, u_m, end, _ = kernel(
        packed.current.contiguous(),
        packed.state.contiguous(),
        rows.contiguous(),
        packed.weights.contiguous(),
        packed.coefficients.structure.to_list(),
        int(packed.coefficients.needs),
        segment if learns else 0,
        voltage,
    )
    return s, u_m, end


def solution(voltage: bool, s: Tensor, u_m: Tensor, end: Tensor) -> Solution:
    """What a backend gives back."""
    fast, slow, ultraslow, membrane = end.unbind(0)
    return Solution(s, u_m if voltage else None, State(membrane, fast, slow, ultraslow))


def _tensor_or_float(value: Value) -> Value:
    return torch.from_numpy(value) if isinstance(value, np.ndarray) else value
