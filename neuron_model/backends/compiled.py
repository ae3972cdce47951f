"""The equations of :mod:`neuron_model.model.dynamics`, compiled as they stand by torch's inductor.

A step and its gradient are traced once for a kind of neuron and become two functions in C++, in
which all neurons of all sequences lie side by side. Values are arguments: only another kind
(another structure, another number that is the same for all neurons, another dt) is compiled anew,
which takes a minute or two; inductor keeps what it compiled in its cache.

The gradient computes its step again from the state before it. What is kept is that state for each
step, or, with the tape ``segments``, for the first step of each segment.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils.checkpoint import checkpoint

from neuron_model.backends.problem import Problem, Solution, common_type, refuse_type
from neuron_model.errors import InputError
from neuron_model.model.dynamics import Branches, State, at_work, find_integrator, output
from neuron_model.model.parameters import Mask, NeuronParameters, OutputShape

SEGMENT = 32
"""Steps between two states on the tape ``segments``."""

Function = Callable[..., Any]


def cpp_compiler() -> str | None:
    """The C++ compiler that inductor would call; None where there is none."""
    names = [os.environ.get("CXX"), "g++", "clang++"]
    return next((path for name in names if name and (path := shutil.which(name))), None)


def run_by_inductor(problem: Problem) -> Solution:
    """Run ``problem`` with compiled steps.

    Raises:
        InputError: there is no C++ compiler, compiling failed, or there is no code for such
            numbers.
    """
    refuse_type(problem, "compiled", ("cpu",), "the CPU")
    if cpp_compiler() is None:
        raise InputError(
            "backend = 'compiled' is not there: no C++ compiler was found. Install one (apt-get "
            "install g++), or use backend = 'eager'."
        )
    parameters, dtype = problem.parameters, common_type(problem)
    batch, time, neurons = problem.current.shape
    start = at_work(problem.state, parameters)

    def flat(value: Tensor) -> Tensor:
        return value.to(dtype).expand(batch, neurons).reshape(-1)

    names = [name for name, value in parameters.named_values() if not isinstance(value, float)]
    values = dict(parameters.named_values())
    given = [flat(torch.as_tensor(values[name])) for name in names]
    rows = torch.stack(given) if given else torch.zeros(0, batch * neurons, dtype=dtype)
    masks = parameters.masks()
    partial = [torch.as_tensor(m).expand(batch, neurons).reshape(-1) for m in masks if not _is(m)]
    shown = torch.stack(partial) if partial else rows.new_zeros(0, batch * neurons).bool()
    kind = _kind(problem, tuple(names), masks)
    step = _Pair(kind, dtype)

    learns = torch.is_grad_enabled()
    state = torch.stack([flat(u) for u in (*start, *(x for b in start.branches for x in b))])
    # Here, since an error within torch's backward pass would come too late to go another way.
    _prepare(kind, dtype, learns, len(state), len(shown))
    weights = problem.weights

    def feed(membrane: Tensor) -> Tensor:
        assert weights is not None
        return (output(membrane.view(batch, neurons), parameters) @ weights).reshape(-1)

    def segment(state: Tensor, current: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        voltages = []
        for held in current.unbind(0):
            if weights is not None:
                held = held + feed(state[0])
            state = _Step.apply(state, held, rows, shown, step)
            voltages.append(state[0])
        return torch.stack(voltages), state

    current = problem.current.to(dtype).transpose(0, 1).reshape(time, batch * neurons)
    pieces = []
    for piece in current.split(SEGMENT) if time else ():
        if problem.tape == "segments" and learns:
            u, state = checkpoint(
                segment, state, piece, rows, use_reentrant=False, preserve_rng_state=False
            )
        else:
            u, state = segment(state, piece, rows)
        pieces.append(u)
    by_time = torch.cat(pieces) if pieces else current
    voltages = by_time.reshape(time, batch, neurons)
    s = output(voltages, parameters).transpose(0, 1)
    rest = state.reshape(-1, batch, neurons)
    voltage = voltages.transpose(0, 1) if problem.voltage else None
    return Solution(s, voltage, _unpacked(rest.unbind(0)))


def _is(mask: Mask) -> bool:
    return isinstance(mask, bool)


def _unpacked(rows: Any) -> State:
    """Four voltages, then four rows for each lagging amplifier."""
    branches = tuple(Branches(*rows[i : i + 4]) for i in range(4, len(rows), 4))
    return State(*rows[:4]).with_branches(branches)


@dataclass(frozen=True)
class _Kind:
    """What is compiled: everything but values that are rows."""

    parameters: NeuronParameters
    rows: tuple[str, ...]
    masks: tuple[bool | None, ...]
    dt: float
    integrator: str


def _kind(problem: Problem, rows: tuple[str, ...], masks: tuple[Mask, ...]) -> _Kind:
    plain = problem.parameters.map(lambda value: value if isinstance(value, float) else 0.5)
    # s is worked out behind the steps: its shape and its voltages make no other kind
    plain = replace(plain, name="kind", u_threshold=0.0, u_saturation=1.0, output=OutputShape.CLIP)
    return _Kind(
        plain,
        rows,
        tuple(mask if isinstance(mask, bool) else None for mask in masks),
        problem.dt,
        problem.integrator,
    )


class _Pair:
    """The step of a kind and its gradient, each compiled when it is first wanted."""

    def __init__(self, kind: _Kind, dtype: torch.dtype) -> None:
        self.kind, self.dtype = kind, dtype

    def forward(self, *tensors: Tensor) -> Tensor:
        out: Tensor = _call(self.kind, self.dtype, False, tensors)
        return out

    def backward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        out: tuple[Tensor, ...] = _call(self.kind, self.dtype, True, tensors)
        return out


class _Step(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, state: Tensor, current: Tensor, rows: Tensor, masks: Tensor, step: _Pair
    ) -> Tensor:
        ctx.save_for_backward(state, current, rows, masks)
        ctx.step = step
        return step.forward(state, current, rows, masks)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        state, current, rows = ctx.step.backward(*ctx.saved_tensors, grad.contiguous())
        return state, current, rows, None, None


def _call(kind: _Kind, dtype: torch.dtype, gradient: bool, tensors: tuple[Tensor, ...]) -> Any:
    tensors = tuple(tensor.detach() for tensor in tensors)
    function = _compiled(kind, dtype, gradient, len(tensors[0]), len(tensors[3]))
    for tensor in tensors:
        torch._dynamo.maybe_mark_dynamic(tensor, tensor.ndim - 1)
    with torch.no_grad():
        return function(*tensors)


@lru_cache(maxsize=32)
def _prepare(kind: _Kind, dtype: torch.dtype, gradient: bool, states: int, masks: int) -> None:
    """Compile what a run needs.

    Raises:
        InputError: it cannot be compiled.
    """
    warnings.warn(
        "compiling the step of neurons with detailed macromodels, once for their kind; this may "
        "take two minutes.",
        stacklevel=2,
    )
    example = _example(kind, dtype, states, masks)
    try:
        _call(kind, dtype, False, example[:4])
        if gradient:
            _call(kind, dtype, True, example)
    except Exception as error:  # torch's own, of many kinds, and those of the compiler it calls
        first = (str(error).strip().splitlines() or [""])[0]
        raise InputError(
            "backend = 'compiled' is not there: torch's inductor could not compile the neuron "
            f"({type(error).__name__}: {first:.200}). See that the C++ compiler works (apt-get "
            "install g++), or use backend = 'eager'."
        ) from error


def _example(kind: _Kind, dtype: torch.dtype, states: int, masks: int) -> tuple[Tensor, ...]:
    size = 6
    return (
        torch.full((states, size), 0.5, dtype=dtype),
        torch.full((size,), 0.5, dtype=dtype),
        torch.full((len(kind.rows), size), 0.5, dtype=dtype),
        torch.zeros((masks, size), dtype=torch.bool),
        torch.ones((states, size), dtype=dtype),
    )


@lru_cache(maxsize=32)
def _compiled(kind: _Kind, dtype: torch.dtype, gradient: bool, states: int, masks: int) -> Function:
    one = _step_of(kind)

    def step(state: Tensor, current: Tensor, rows: Tensor, masks: Tensor) -> Tensor:
        return torch.stack(one(state.unbind(0), current, rows.unbind(0), masks.unbind(0)))

    # Rows are leaves of their own, so that no size of the example is part of the trace.
    def back(
        state: Tensor, current: Tensor, rows: Tensor, masks: Tensor, grad: Tensor
    ) -> tuple[Tensor, ...]:
        with torch.enable_grad():
            u, held, p = (
                [row.detach().requires_grad_() for row in part]
                for part in (state.unbind(0), [current], rows.unbind(0))
            )
            end = one(u, held[0], p, masks.unbind(0))
            found = torch.autograd.grad(end, [*u, *held, *p], grad.unbind(0), allow_unused=True)
        each = [torch.zeros_like(current) if gradient is None else gradient for gradient in found]
        of_rows = torch.stack(each[len(u) + 1 :]) if p else torch.zeros_like(rows)
        return torch.stack(each[: len(u)]), each[len(u)], of_rows

    example = _example(kind, dtype, states, masks)
    graph = make_fx(back)(*example) if gradient else make_fx(step)(*example[:4])
    return torch.compile(graph)


def _step_of(kind: _Kind) -> Callable[..., list[Tensor]]:
    def step(
        state: Sequence[Tensor], current: Tensor, rows: Sequence[Tensor], masks: Sequence[Tensor]
    ) -> list[Tensor]:
        parameters = kind.parameters.with_values(dict(zip(kind.rows, rows, strict=True)))
        partial = iter(masks)
        parameters.keep_masks([next(partial) if m is None else m for m in kind.masks])
        end = find_integrator(kind.integrator)(parameters, kind.dt)(_unpacked(state), current)
        return [*end, *(x for b in end.branches for x in b)]

    return step
