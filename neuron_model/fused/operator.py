"""The fused kernel as an operator of torch: ``mtc_codesign::run``, with its gradient.

The tape holds the state before each segment of steps. On the way back a segment is gone through
once more, forward, with all that the gradient needs kept in the processor's cache.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from neuron_model.fused.coefficients import Structure
from neuron_model.fused.library import Problem, address, call

SEGMENT = 32
"""Steps between two states on the tape: what they need fits into the second-level cache."""

# Partial sums of the gradients of parameters: as many at most as keep the threads of any
# processor busy; fixed, so that results do not depend on the threads.
_CHUNKS = 64
_CHUNKS_WITH_WEIGHTS = 16

COPIES = 4


@torch.library.custom_op("mtc_codesign::run", mutates_args=(), device_types="cpu")
def run(
    current: Tensor,
    state: Tensor,
    coefficients: Tensor,
    weights: Tensor,
    structure: Sequence[int],
    needs: int,
    segment: int,
    voltage: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Run the neurons through a current.

    Args:
        current: (batch, time, neurons), contiguous as all that follows.
        state: (4, batch, neurons): the fast, slow and ultraslow copies, then U_m.
        coefficients: (rows, 1 or batch, neurons).
        weights: (from, to) among the neurons, through s of the step before; empty for none.
        structure: ``Structure.to_list``.
        needs: a ``Needs``.
        segment: steps between two states on the tape; 0: no gradient is wanted, so no tape.
        voltage: whether U_m is wanted.

    Returns:
        s and U_m, (batch, time, neurons) (U_m empty where it is not wanted), the state at the end,
        and the tape.
    """
    batch, time, neurons = current.shape
    parsed = Structure.from_list(list(structure))
    s, end = torch.empty_like(current), torch.empty_like(state)
    u_m = torch.empty_like(current) if voltage else current.new_empty(0)
    tape = current.new_empty(_tape_shape(parsed, segment, batch, time, neurons))
    problem = _problem(current, state, coefficients, weights, parsed, needs, segment)
    problem.output, problem.voltage = address(s), address(u_m)
    problem.end, problem.tape = address(end), address(tape)
    call("forward", problem, current.dtype)
    return s, u_m, end, tape


@run.register_fake
def _(
    current: Tensor,
    state: Tensor,
    coefficients: Tensor,
    weights: Tensor,
    structure: Sequence[int],
    needs: int,
    segment: int,
    voltage: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    batch, time, neurons = current.shape
    parsed = Structure.from_list(list(structure))
    u_m = torch.empty_like(current) if voltage else current.new_empty(0)
    tape = current.new_empty(_tape_shape(parsed, segment, batch, time, neurons))
    return torch.empty_like(current), u_m, torch.empty_like(state), tape


@torch.library.custom_op("mtc_codesign::run_gradient", mutates_args=(), device_types="cpu")
def run_gradient(
    grad_output: Tensor | None,
    grad_voltage: Tensor | None,
    grad_end: Tensor | None,
    current: Tensor,
    state: Tensor,
    coefficients: Tensor,
    weights: Tensor,
    tape: Tensor,
    structure: Sequence[int],
    needs: int,
    segment: int,
    for_current: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The gradients of :func:`run`'s first four arguments, by those of its first three results.

    That of the current is empty where it is not wanted (the first layer's input has none).
    """
    parsed = Structure.from_list(list(structure))
    problem = _problem(current, state, coefficients, weights, parsed, needs, segment)
    g_output, problem.grad_output, problem.output_strides = _strided(grad_output)
    g_voltage, problem.grad_voltage, problem.voltage_strides = _strided(grad_voltage)
    g_end = None if grad_end is None else grad_end.contiguous()
    problem.grad_end, problem.tape = address(g_end), address(tape)
    g_current = torch.empty_like(current) if for_current else current.new_empty(0)
    g_state = torch.empty_like(state)
    chunks = problem.chunks
    g_rows = coefficients.new_empty(coefficients.shape[0], chunks, coefficients.shape[2])
    g_weights = weights.new_zeros(chunks if weights.numel() else 0, *weights.shape)
    problem.grad_current, problem.grad_state = address(g_current), address(g_state)
    problem.grad_coefficients, problem.grad_weights = address(g_rows), address(g_weights)
    call("backward", problem, coefficients.dtype)
    if coefficients.shape[1] == 1:
        g_rows = g_rows.sum(1, keepdim=True)
    return g_current, g_state, g_rows, g_weights.sum(0)


@run_gradient.register_fake
def _(
    grad_output: Tensor | None,
    grad_voltage: Tensor | None,
    grad_end: Tensor | None,
    current: Tensor,
    state: Tensor,
    coefficients: Tensor,
    weights: Tensor,
    tape: Tensor,
    structure: Sequence[int],
    needs: int,
    segment: int,
    for_current: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    g_current = torch.empty_like(current) if for_current else current.new_empty(0)
    same = [torch.empty_like(part) for part in (state, coefficients, weights)]
    return g_current, same[0], same[1], same[2]


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    current, state, coefficients, weights, structure, needs, segment, _ = inputs
    *_, tape = output
    ctx.structure, ctx.needs, ctx.segment = structure, needs, segment
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(current, state, coefficients, weights, tape)


def _backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
    current, state, coefficients, weights, tape = ctx.saved_tensors
    if ctx.segment == 0:
        raise RuntimeError("run was called without a tape; call it with one to get a gradient.")
    wanted = ctx.needs_input_grad[:4]
    found = run_gradient(
        *grads[:3],
        current,
        state,
        coefficients,
        weights,
        tape,
        ctx.structure,
        ctx.needs,
        ctx.segment,
        wanted[0],
    )
    kept = [g if want else None for g, want in zip(found, wanted, strict=True)]
    return (*kept, None, None, None, None)


run.register_autograd(_backward, setup_context=_setup_context)


def _tape_shape(
    structure: Structure, segment: int, batch: int, time: int, neurons: int
) -> tuple[int, ...]:
    if segment == 0:
        return (0,)
    return (structure.moving + 1, batch, -(-time // segment), neurons)


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


def _problem(
    current: Tensor,
    state: Tensor,
    coefficients: Tensor,
    weights: Tensor,
    structure: Structure,
    needs: int,
    segment: int,
) -> Problem:
    batch, time, neurons = current.shape
    recurrent = weights.numel() > 0
    most = _CHUNKS_WITH_WEIGHTS if recurrent else _CHUNKS
    timescales = (ctypes.c_int64 * len(structure.timescales))(*structure.timescales)
    problem = Problem(
        batch=batch,
        time=time,
        neurons=neurons,
        parameter_batch=coefficients.shape[1],
        elements=len(structure.timescales),
        exponential=structure.exponential,
        saturating_leak=structure.saturating_leak,
        saturating=structure.saturating,
        instant=structure.instant,
        is_long=structure.is_long,
        segment=segment,
        chunks=batch if coefficients.shape[1] > 1 else min(batch, most),
        needs=needs,
        threads=torch.get_num_threads(),
        timescale=ctypes.addressof(timescales),
        current=address(current),
        state=address(state),
        coefficients=address(coefficients),
        weights=address(weights),
    )
    problem.kept = timescales  # the structure points to it
    return problem
