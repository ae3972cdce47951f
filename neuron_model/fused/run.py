"""From a problem to the compiled kernel and back."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from neuron_model.backends.problem import Problem, Solution, refuse_type
from neuron_model.errors import InputError
from neuron_model.fused import library, operator
from neuron_model.fused.coefficients import Coefficients
from neuron_model.fused.packing import Packed, apply, pack, solution
from neuron_model.model.dynamics import State


def run_kernel(problem: Problem) -> Solution:
    """Run ``problem`` with the compiled kernel.

    Raises:
        InputError: the kernel was not built, or has no code for such numbers.
    """
    refuse_type(problem, "fused", ("cpu",), "the CPU")
    if library.load() is None:
        raise InputError(
            "backend = 'fused' is not there: the kernel was not built. Install a C compiler "
            "(apt-get install gcc libc6-dev) and then the package again, or use backend = 'auto'."
        )
    s, u_m, end = run_packed(pack(problem), problem.tape, problem.voltage)
    return solution(problem.voltage, s, u_m, end)


def run_rows(
    current: Tensor,
    begin: State | float,
    rows: Coefficients,
    weights: Tensor | None,
    voltage: bool,
    tape: str,
) -> Solution:
    """Run neurons whose coefficients are there already; all is on the CPU, and of one type.

    Args:
        current: (batch, time, neurons).
        begin: the state, or the voltage where all of it is.
        rows: the coefficients.
        weights, voltage, tape: as in a problem.
    """
    if isinstance(begin, State):
        state = torch.stack([*begin[1:], begin[0]])
    else:
        state = current.new_full((4, current.shape[0], current.shape[2]), begin)
    packed = Packed(current, state, rows, current.new_empty(0, 0) if weights is None else weights)
    return solution(voltage, *run_packed(packed, tape, voltage))


def run_packed(packed: Packed, tape: str, voltage: bool) -> tuple[Tensor, Tensor, Tensor]:
    """s, U_m (empty where it is not wanted) and the state at the end."""
    batch, _, neurons = packed.current.shape
    # One run of few neurons would leave the lanes of a vector empty: their sequences lie side by
    # side instead, as if they were neurons.
    spread = batch > 1 and neurons < _FEWEST_LANES and not packed.weights.numel()
    segment = 1 if tape == "full" else operator.SEGMENT
    s, u_m, end = apply(operator.run, _spread(packed) if spread else packed, segment, voltage)
    if spread:
        s, u_m = (_gather(v, batch, neurons) if v.numel() else v for v in (s, u_m))
        end = end.reshape(4, batch, neurons)
    return s, u_m, end


_FEWEST_LANES = 16
"""Numbers in a vector of the longest kind. So many neurons fill lanes on their own: what is gained
beyond is less than what it costs to lay the sequences side by side and back."""


def _spread(packed: Packed) -> Packed:
    """(batch, time, neurons) -> (1, time, batch * neurons), and the others likewise."""
    batch, time, neurons = packed.current.shape
    rows = packed.coefficients.rows
    rows = rows.expand(-1, batch, -1).reshape(len(rows), 1, batch * neurons)
    return replace(
        packed,
        current=packed.current.transpose(0, 1).reshape(1, time, batch * neurons),
        state=packed.state.reshape(4, 1, batch * neurons),
        coefficients=replace(packed.coefficients, rows=rows),
    )


def _gather(values: Tensor, batch: int, neurons: int) -> Tensor:
    """(1, time, batch * neurons) -> (batch, time, neurons)"""
    return values.reshape(values.shape[1], batch, neurons).transpose(0, 1)
