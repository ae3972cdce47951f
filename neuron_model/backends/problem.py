"""What a backend is given and gives back, and what all of them check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from neuron_model.errors import InputError
from neuron_model.model.dynamics import State
from neuron_model.model.parameters import NeuronParameters


@dataclass(frozen=True)
class Problem:
    """What is to be run.

    current: (batch, time, neurons). state: each (batch, neurons). parameters: floats and tensors
    that broadcast to (neurons,). dt: time step. integrator: a key of ``dynamics.INTEGRATORS``.
    weights: (from, to) among the neurons, or None. voltage: whether U_m is wanted. tape: a key of
    ``TAPES``.
    """

    current: Tensor
    state: State
    parameters: NeuronParameters
    dt: float
    integrator: str
    weights: Tensor | None = None
    voltage: bool = False
    tape: str = "segments"


class Solution(NamedTuple):
    """s and, where it was wanted, U_m, (batch, time, neurons); the state at the end."""

    output: Tensor
    voltage: Tensor | None
    state: State


Backend = Callable[[Problem], Solution]

TYPES = (torch.float32, torch.float64)
"""Of numbers, for which there are compiled backends."""

TAPES = ("segments", "full")
"""What a compiled backend keeps for the gradient: the state before each segment of steps, from
which they are computed again, or that before every step. The eager one keeps what torch keeps."""


def common_type(problem: Problem) -> torch.dtype:
    """The type that torch promotes all of the problem's numbers to."""
    values = (value for _, value in problem.parameters.named_values())
    types = {v.dtype for v in (*values, *problem.state, problem.weights) if isinstance(v, Tensor)}
    dtype = problem.current.dtype
    for other in types:
        dtype = torch.promote_types(dtype, other)
    return dtype


def refuse_type(problem: Problem, backend: str, devices: tuple[str, ...], where: str) -> None:
    """Raise InputError if the problem's numbers are not those of a kernel for ``devices``."""
    dtype, device = common_type(problem), problem.current.device.type
    if device not in devices or dtype not in TYPES:
        raise InputError(
            f"backend = {backend!r} cannot run {dtype} on {device}; it takes float32 and float64 "
            f"on {where}. Use backend = 'auto'."
        )


def transformed() -> bool:
    """Whether ``torch.func`` (grad, vmap, jvp, ...) or forward-mode AD is under way: both see
    through plain torch alone."""
    # torch has no public word for either
    active = getattr(torch._C, "_are_functorch_transforms_active", None)
    dual = getattr(torch.autograd.forward_ad, "_current_level", -1) >= 0
    return dual or (active is not None and bool(active()))


def is_plain(*tensors: Tensor) -> bool:
    """Whether these are tensors with numbers in them, and nobody wants to see every operator of
    torch that they go through."""
    # torch has no public word for modes that do
    modes = getattr(torch._C, "_len_torch_dispatch_stack", lambda: 1)()
    kinds = all(type(t) in (Tensor, torch.nn.Parameter) for t in tensors)
    return kinds and not modes and not torch.compiler.is_compiling()
