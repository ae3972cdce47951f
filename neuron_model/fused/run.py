"""From a problem to the compiled kernel and back."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from neuron_model.backends.problem import Problem, Solution, refuse_type
from neuron_model.errors import InputError
from neuron_model.fused import library, operator
from neuron_model.fused.packing import Packed, apply, pack, solution


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
    packed = pack(problem)
    batch, _, neurons = packed.current.shape
    # One run of few neurons would leave the lanes of a vector empty: their sequences lie side by
    # side instead, as if they were neurons.
    spread = batch > 1 and neurons < _FEWEST_LANES and problem.weights is None
    segment = 1 if problem.tape == "full" else operator.SEGMENT
    s, u_m, end = apply(
        operator.run, _spread(packed) if spread else packed, segment, problem.voltage
    )
    if spread:
        s, u_m = (_gather(v, batch, neurons) if v.numel() else v for v in (s, u_m))
        end = end.reshape(4, batch, neurons)
    return solution(problem, s, u_m, end)


_FEWEST_LANES = 32


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
