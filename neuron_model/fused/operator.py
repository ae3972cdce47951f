"""The fused kernel as an operator of torch: ``mtc_codesign::run``, with its gradient.

The tape holds the state before each segment of steps. On the way back a segment is gone through
once more, forward, with all that the gradient needs kept in the processor's cache.
"""

from __future__ import annotations

import ctypes

import torch
from torch import Tensor

from neuron_model.fused.coefficients import Structure
from neuron_model.fused.library import Problem, address, call
from neuron_model.fused.registration import (
    Gradients,
    Inputs,
    Kernel,
    ResultGradients,
    Results,
    register,
)

SEGMENT = 32
"""Steps between two states on the tape, kernel.c's RECALLED: what they need fits into the
second-level cache."""

# Partial sums of the gradients of parameters: as many at most as keep the threads of any
# processor busy; fixed, so that results do not depend on the threads.
_CHUNKS = 64
_TOGETHER = 4  # sequences whose neurons are the lanes of a tile, see kernel.c
_CHUNKS_WITH_WEIGHTS = 16


def _forward(inputs: Inputs, results: Results) -> None:
    problem = _problem(inputs)
    problem.output, problem.voltage = address(results.output), address(results.voltage)
    problem.end, problem.tape = address(results.end), address(results.tape)
    call("forward", problem, inputs.current.dtype)


def _backward(grads: ResultGradients, inputs: Inputs, tape: Tensor, for_current: bool) -> Gradients:
    rows, weights = inputs.rows, inputs.weights
    problem = _problem(inputs)
    grad_output, grad_voltage, grad_end = grads
    g_output, problem.grad_output, problem.output_strides = _strided(grad_output)
    g_voltage, problem.grad_voltage, problem.voltage_strides = _strided(grad_voltage)
    g_end = None if grad_end is None else grad_end.contiguous()
    problem.grad_end, problem.tape = address(g_end), address(tape)
    current = inputs.current
    g_current = torch.empty_like(current) if for_current else current.new_empty(0)
    g_state = torch.empty_like(inputs.state)
    chunks = problem.chunks
    shares = rows.shape[1] if rows.shape[1] > 1 else chunks
    g_rows = rows.new_zeros(rows.shape[0], shares, rows.shape[2])
    g_weights = weights.new_zeros(chunks if weights.numel() else 0, *weights.shape)
    problem.grad_current, problem.grad_state = address(g_current), address(g_state)
    problem.grad_coefficients, problem.grad_weights = address(g_rows), address(g_weights)
    call("backward", problem, rows.dtype)
    if rows.shape[1] == 1:
        g_rows = g_rows.sum(1, keepdim=True)
    return g_current, g_state, g_rows, g_weights.sum(0)


def _rows_on_tape(structure: Structure) -> int:
    """U_m and the copies that are not U_m."""
    return structure.moving + 1


run = register("run", Kernel(_forward, _backward, _rows_on_tape), ["cpu"])


def _strided(grad: Tensor | None) -> tuple[Tensor | None, int | None, tuple[int, int]]:
    """A gradient as the kernel reads it, its address, and its strides over batch and time.

    That of a sum is one number, expanded to all: one row of it is enough.
    """
    if grad is None or grad.numel() == 0:
        return None, None, (0, 0)
    if grad.stride() == (0, 0, 0):
        grad = grad[:1, :1].contiguous().expand(grad.shape)
    elif grad.stride(2) != 1:
        grad = grad.contiguous()
    return grad, grad.data_ptr(), (grad.stride(0), grad.stride(1))


def _problem(inputs: Inputs) -> Problem:
    batch, time, neurons = inputs.current.shape
    assert inputs.segment <= SEGMENT, "the kernel has no room for more"
    structure, sets = inputs.structure, inputs.rows.shape[1]
    most = _CHUNKS_WITH_WEIGHTS if inputs.weights.numel() else _CHUNKS
    timescales = (ctypes.c_int64 * len(structure.timescales))(*structure.timescales)
    problem = Problem(
        batch=batch,
        time=time,
        neurons=neurons,
        parameter_batch=sets,
        elements=len(structure.timescales),
        exponential=structure.exponential,
        saturating_leak=structure.saturating_leak,
        saturating=structure.saturating,
        instant=structure.instant,
        steps=structure.steps,
        ota_output=structure.ota_output,
        segment=inputs.segment,
        chunks=min(-(-batch // _TOGETHER), most),
        needs=inputs.needs,
        threads=torch.get_num_threads(),
        timescale=ctypes.addressof(timescales),
        current=address(inputs.current),
        state=address(inputs.state),
        coefficients=address(inputs.rows),
        weights=address(inputs.weights),
    )
    problem.kept = timescales  # the structure points to it
    return problem
