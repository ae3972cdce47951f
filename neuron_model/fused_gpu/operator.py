"""The Triton kernel as an operator of torch: ``mtc_codesign::run_triton``, with its gradient.

Its values are those of ``mtc_codesign::run``, on a GPU, or, in Triton's interpreter, anywhere.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
from torch import Tensor
from triton.runtime import JITFunction

from neuron_model.fused.coefficients import LONG, NONE
from neuron_model.fused.registration import (
    COPIES,
    Gradients,
    Inputs,
    Kernel,
    ResultGradients,
    Results,
    register,
)
from neuron_model.fused_gpu import kernel

SEGMENT = 32
"""Steps between two states on the tape."""

MOST_RECURRENT = 128
"""Neurons that can feed each other: the lanes of one program, with all weights in registers."""

INTERPRETED = not isinstance(kernel.forward, JITFunction)
"""Whether TRITON_INTERPRET was set when the kernel was loaded, so that it needs no GPU."""

# One warp: all of a lane's copies and elements are then in the registers of one thread.
_LANES = 32


def fits(weights: Tensor | None) -> bool:
    """Whether there are few enough neurons with such weights among them, (neurons, neurons)."""
    return weights is None or len(weights) <= MOST_RECURRENT


def _forward(inputs: Inputs, results: Results) -> None:
    given = (inputs.current, inputs.state, inputs.rows, _or_none(inputs.weights))
    u_m, tape = _or_none(results.voltage), _or_none(results.tape)
    filled = (results.output, u_m, results.end, tape)
    with torch.cuda.device_of(inputs.current):
        kernel.forward[_programs(inputs)](*given, *filled, *_sizes(inputs), **_switches(inputs))


def _backward(grads: ResultGradients, inputs: Inputs, tape: Tensor, for_current: bool) -> Gradients:
    grad_output, grad_voltage, grad_end = grads
    current, rows, weights = inputs.current, inputs.rows, inputs.weights
    batch, _, neurons = current.shape
    switches = _switches(inputs)
    room = (*_programs(inputs), inputs.segment, COPIES, switches["LANES"])
    recurrent = weights.numel() > 0
    g_current = torch.empty_like(current) if for_current or recurrent else current.new_empty(0)
    g_state = torch.empty_like(inputs.state)
    g_rows = rows.new_zeros(rows.shape[0], batch, neurons)
    fed_back = torch.empty_like(current) if recurrent else None
    turned = weights.t().contiguous()
    given = (current, inputs.state, rows, _or_none(weights), _or_none(turned), tape)
    g_end = None if grad_end is None else grad_end.contiguous()
    strides = [(0, 0, 0) if grad is None else grad.stride() for grad in (grad_output, grad_voltage)]
    with torch.cuda.device_of(current):
        kernel.backward[_programs(inputs)](
            *given,
            current.new_empty(room),
            *(grad_output, grad_voltage, g_end),
            *(_or_none(g_current), g_state, g_rows, fed_back),
            *_sizes(inputs),
            *strides,
            NEEDS=inputs.needs,
            **switches,
        )
    if rows.shape[1] == 1:
        g_rows = g_rows.sum(1, keepdim=True)
    g_weights = torch.zeros_like(weights)
    if fed_back is not None:
        g_weights = fed_back.reshape(-1, neurons).t() @ g_current.reshape(-1, neurons)
    return g_current if for_current else current.new_empty(0), g_state, g_rows, g_weights


run = register("run_triton", Kernel(_forward, _backward, lambda _: COPIES), ["cuda", "cpu"])


def _lanes(inputs: Inputs) -> int:
    neurons = inputs.current.shape[2]
    return int(triton.next_power_of_2(max(neurons, 16))) if inputs.weights.numel() else _LANES


def _programs(inputs: Inputs) -> tuple[int]:
    batch, _, neurons = inputs.current.shape
    return (batch if inputs.weights.numel() else triton.cdiv(batch * neurons, _LANES),)


def _sizes(inputs: Inputs) -> tuple[int, int, int, int, int]:
    """From the batch to the strides of the coefficients, as the kernels take them."""
    sets, neurons = inputs.rows.shape[1:]
    return (*inputs.current.shape, sets * neurons, neurons if sets > 1 else 0)


def _switches(inputs: Inputs) -> dict[str, Any]:
    """What the kernels are compiled for."""
    structure, lanes = inputs.structure, _lanes(inputs)
    return {
        "TIMESCALES": structure.timescales,
        "ELEMENTS": int(triton.next_power_of_2(max(len(structure.timescales), 1))),
        "LANES": lanes,
        "SEGMENT": max(inputs.segment, 1),
        "EXPONENTIAL": structure.exponential,
        "LEAK": structure.saturating_leak != NONE,
        "FILTERS": any(kind != NONE for kind in structure.saturating),
        "LONG": structure.steps == LONG,
        "OTA": structure.ota_output,
        "num_warps": lanes // 32 or 1,
    }


def _or_none(tensor: Tensor) -> Tensor | None:
    return tensor if tensor.numel() else None
