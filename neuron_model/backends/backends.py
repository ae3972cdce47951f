"""Ways to run the neurons through time: one is the reference, the others are faster.

Each is a function from a :class:`Problem` to a :class:`Solution`, with the values and the
gradients of :func:`neuron_model.backends.integration.integrate`.
"""

from __future__ import annotations

import warnings
from functools import cache
from importlib.util import find_spec

import torch
from torch import Tensor

from neuron_model.backends.eager import run_eager
from neuron_model.backends.problem import TYPES, Backend, Problem, Solution, transformed
from neuron_model.errors import InputError


def run_fused(problem: Problem) -> Solution:
    """The compiled kernel, on the CPU.

    Raises:
        InputError: the kernel was not built, or has no code for such numbers.
    """
    # Not needed by those who only read a neuron, and registering an operator takes a moment.
    from neuron_model.fused.run import run_kernel

    return run_kernel(problem)


def run_triton(problem: Problem) -> Solution:
    """The kernel in Triton, on a GPU; in Triton's interpreter (TRITON_INTERPRET=1) anywhere.

    Raises:
        InputError: Triton is not there, nor a GPU, or the kernel has no code for such numbers or
            for so many neurons that feed each other.
    """
    if not triton_is_there():
        raise InputError(
            "backend = 'triton' is not there: Triton is not installed. Install it (pip install "
            "'mtc-codesign[gpu]'), or use backend = 'auto'."
        )
    from neuron_model.fused_gpu.run import run_on_gpu

    return run_on_gpu(problem)


def run_compiled(problem: Problem) -> Solution:
    """The equations as they stand, compiled by torch's inductor, on the CPU; for any neuron.

    Raises:
        InputError: there is no C++ compiler, or compiling failed.
    """
    from neuron_model.backends.compiled import run_by_inductor

    return run_by_inductor(problem)


BACKENDS: dict[str, Backend] = {
    "eager": run_eager,
    "fused": run_fused,
    "triton": run_triton,
    "compiled": run_compiled,
}

WORTH_COMPILING = {True: 100, False: 20_000}
"""From how many steps on ``auto`` compiles neurons with amplifiers; True: with a gradient.

On one core, for neurons of 13 amplifiers, compiling took as long as plain torch takes for 20,000
steps forward, or 10,000 forward and backward (``benchmarks.detailed_step``). A run with a gradient
is one of many in training, and there 100 runs of 100 steps pay; one without may be the only one.
The rule looks at the problem alone: training that goes on takes the way that it took before.
"""


def find_backend(name: str, problem: Problem | None = None) -> Backend:
    """The backend of that name; ``auto`` is the one made for such a problem, else the eager one.

    Neurons with amplifiers are compiled where that is worth it, see ``WORTH_COMPILING``.

    Raises:
        InputError: there is none of that name.
    """
    if name == "auto":
        if problem is None:
            return run_eager
        return _amplified(problem) if problem.parameters.amplified else BACKENDS[_fastest(problem)]
    if name not in BACKENDS:
        raise InputError(
            f"backend = {name!r} is not allowed; it must be one of auto, {', '.join(BACKENDS)}."
        )
    return BACKENDS[name]


def _fastest(problem: Problem) -> str:
    current = problem.current
    if current.dtype not in TYPES or transformed():
        return "eager"
    if current.device.type == "cpu":
        if kernel_is_built():
            return "fused"
        _say_once(_NOT_BUILT)
    if current.device.type == "cuda" and triton_is_there():
        from neuron_model.fused_gpu.operator import fits

        return "triton" if fits(problem.weights) else "eager"
    return "eager"


def _amplified(problem: Problem) -> Backend:
    """For neurons that the fused kernels do not know."""
    current = problem.current
    if transformed() or current.shape[1] < WORTH_COMPILING[_has_gradient(problem)]:
        return run_eager
    if current.device.type != "cpu" or current.dtype not in TYPES:
        _say_once(_NO_BRANCHES)
        return run_eager
    return _compiled_or_eager


def _has_gradient(problem: Problem) -> bool:
    values = [value for _, value in problem.parameters.named_values()]
    tensors = [problem.current, *problem.state, problem.weights, *values]
    learned = any(isinstance(t, Tensor) and t.requires_grad for t in tensors)
    return learned and torch.is_grad_enabled()


def _compiled_or_eager(problem: Problem) -> Solution:
    try:
        return run_compiled(problem)
    except InputError as error:
        _say_once(f"{error} {_SLOWLY}")
        return run_eager(problem)


@cache
def triton_is_there() -> bool:
    """Whether Triton is installed."""
    return find_spec("triton") is not None


@cache
def kernel_is_built() -> bool:
    """Whether the compiled kernel is there."""
    from neuron_model.fused.library import load

    return load() is not None


_NOT_BUILT = (
    "the fused kernel was not built, or from other sources than these, so neurons run some twenty "
    "times as slowly, in plain torch; install a C compiler (apt-get install gcc libc6-dev) and "
    "then the package again."
)

_NO_BRANCHES = (
    "neurons with detailed macromodels are compiled for the CPU alone, in float32 and float64: "
    "these run in plain torch, many times as slowly; compact parameters of the macromodel, without "
    "amplifiers, are for that."
)

_SLOWLY = "Until then neurons with detailed macromodels run in plain torch, many times as slowly."


@cache
def _say_once(notice: str) -> None:
    warnings.warn(notice, stacklevel=2)
