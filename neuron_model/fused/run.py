"""From a problem to the fused operator and back."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from neuron_model.backends import Problem, Trajectory, kernel_is_built
from neuron_model.dynamics import State
from neuron_model.errors import InputError
from neuron_model.fused import operator
from neuron_model.fused.coefficients import Coefficients, coefficients
from neuron_model.fused.library import TYPES
from neuron_model.integration import find_integrator
from neuron_model.parameters import Value


def run_compiled(problem: Problem) -> Trajectory:
    """Run ``problem`` with the compiled kernel.

    Raises:
        InputError: the kernel was not built, or has no code for such numbers.
    """
    dtype = _type(problem)
    if problem.current.device.type != "cpu" or dtype not in TYPES:
        raise InputError(
            f"backend = 'fused' cannot run {dtype} on {problem.current.device.type}; it takes "
            "float32 and float64 on the CPU. Use backend = 'auto'."
        )
    if not kernel_is_built():
        raise InputError(
            "backend = 'fused' is not there: the kernel was not built. Install a C compiler "
            "(apt-get install gcc libc6-dev) and then the package again, or use backend = 'auto'."
        )
    find_integrator(problem.integrator)
    current = problem.current.to(dtype)
    batch, time, neurons = current.shape
    packed = coefficients(
        problem.parameters.map(_tensor_or_float),
        problem.dt,
        problem.integrator == "exponential",
        neurons,
        current[:0, 0, 0] if time else current.new_empty(0),
    )
    # One run of few neurons would leave the lanes of a vector empty: their sequences lie side by
    # side instead, as if they were neurons.
    spread = batch > 1 and neurons < _FEWEST_LANES and problem.weights is None
    rows = packed.rows
    state = torch.stack([*problem.state[1:], problem.state[0]]).to(dtype)
    if spread:
        current = current.transpose(0, 1).reshape(1, time, batch * neurons)
        rows = rows.expand(-1, batch, -1).reshape(len(rows), 1, batch * neurons)
        state = state.reshape(4, 1, batch * neurons)
    weights = problem.weights if problem.weights is not None else current.new_empty(0, 0)
    s, voltage, end, _ = operator.run(
        current.contiguous(),
        state.contiguous(),
        rows.contiguous(),
        weights.to(dtype).contiguous(),
        packed.structure.to_list(),
        int(packed.needs),
        _segment(problem, packed, current, state, weights),
        problem.voltage,
    )
    if spread:
        s, voltage = (_gather(v, batch, neurons) if v.numel() else v for v in (s, voltage))
        end = end.reshape(4, batch, neurons)
    fast, slow, ultraslow, membrane = end.unbind(0)
    return Trajectory(
        s, voltage if problem.voltage else None, State(membrane, fast, slow, ultraslow)
    )


_FEWEST_LANES = 32


def _gather(values: Tensor, batch: int, neurons: int) -> Tensor:
    """(1, time, batch * neurons) -> (batch, time, neurons)"""
    return values.reshape(values.shape[1], batch, neurons).transpose(0, 1)


def _segment(
    problem: Problem, packed: Coefficients, current: Tensor, state: Tensor, weights: Tensor
) -> int:
    tensors = (current, state, packed.rows, weights)
    if not (torch.is_grad_enabled() and any(t.requires_grad for t in tensors)):
        return 0
    return 1 if problem.tape == "full" else operator.SEGMENT


def _type(problem: Problem) -> torch.dtype:
    dtype = problem.current.dtype
    values = [v for _, v in problem.parameters.named_values()]
    for value in (*values, *problem.state, problem.weights):
        if isinstance(value, Tensor):
            dtype = torch.promote_types(dtype, value.dtype)
    return dtype


def _tensor_or_float(value: Value) -> Value:
    return torch.from_numpy(value) if isinstance(value, np.ndarray) else value
