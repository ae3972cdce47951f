"""From a problem to the Triton kernel and back."""

from __future__ import annotations

from neuron_model.backends.problem import Problem, Solution, refuse_type
from neuron_model.errors import InputError
from neuron_model.fused.packing import apply, pack, solution
from neuron_model.fused_gpu import operator


def run_on_gpu(problem: Problem) -> Solution:
    """Run ``problem`` with the Triton kernel.

    Raises:
        InputError: it is not on a GPU (and Triton does not interpret), or the kernel has no code
            for such numbers or for so many neurons that feed each other.
    """
    devices = ("cuda", "cpu") if operator.INTERPRETED else ("cuda",)
    where = "a GPU (or, with TRITON_INTERPRET=1 from the start, anywhere, to try it out)"
    refuse_type(problem, "triton", devices, where)
    if not operator.fits(problem.weights):
        raise InputError(
            f"backend = 'triton' cannot run {problem.current.shape[2]} neurons that feed each "
            f"other; it takes up to {operator.MOST_RECURRENT}. Use backend = 'auto'."
        )
    segment = 1 if problem.tape == "full" else operator.SEGMENT
    found = apply(operator.run, pack(problem), segment, problem.voltage)
    return solution(problem.voltage, *found)
