"""A kernel as an operator of torch with a gradient, whichever device it is for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from neuron_model.backends.carried import saved_of
from neuron_model.backends.problem import is_plain
from neuron_model.fused.coefficients import Structure

COPIES = 4


@dataclass(frozen=True)
class Inputs:
    """What a kernel reads, all of it contiguous.

    current: (batch, time, neurons). state: (4, batch, neurons): the fast, slow and ultraslow
    copies, then U_m. rows: (rows, 1 or batch, neurons), as ``fused.coefficients`` packs them.
    weights: (from, to) among the neurons, through s of the step before; empty for none. structure
    and needs: as there. segment: steps between two states on the tape; 0: there is no tape.
    """

    current: Tensor
    state: Tensor
    rows: Tensor
    weights: Tensor
    structure: Structure
    needs: int
    segment: int


@dataclass(frozen=True)
class Results:
    """What a kernel fills: s and U_m, (batch, time, neurons), the state at the end, the tape.

    U_m and the tape are empty where they are not wanted.
    """

    output: Tensor
    voltage: Tensor
    end: Tensor
    tape: Tensor


ResultGradients = tuple[Tensor | None, Tensor | None, Tensor | None]
"""Those of the first three of ``Results``; None where it is 0."""

Gradients = tuple[Tensor, Tensor, Tensor, Tensor]
"""Those of the first four of ``Inputs``."""


@dataclass(frozen=True)
class Kernel:
    """A kernel's two directions, and how many rows of a state it keeps on its tape.

    backward takes the gradients of the results, the inputs, the tape, and whether the gradient of
    the current is wanted (the first layer's input has none); it is empty where it is not.
    """

    forward: Callable[[Inputs, Results], None]
    backward: Callable[[ResultGradients, Inputs, Tensor, bool], Gradients]
    rows_on_tape: Callable[[Structure], int]


Operator = Callable[
    [Tensor, Tensor, Tensor, Tensor, Sequence[int], int, int, bool],
    tuple[Tensor, Tensor, Tensor, Tensor],
]
"""(``Inputs`` with ``Structure.to_list``, whether U_m is wanted) -> ``Results``"""


@dataclass(frozen=True)
class Ways:
    """Of calling a kernel, with equal results. operator: ``mtc_codesign::name``, which torch can
    trace and compile. direct: a plain autograd function, which costs a fraction of the time that
    torch takes for an operator of Python's; it is for tensors with numbers in them."""

    operator: Any
    direct: Operator

    def __call__(
        self, current: Tensor, state: Tensor, rows: Tensor, weights: Tensor, *rest: Any
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """By whichever way such tensors have to go."""
        plain = is_plain(current, state, rows, weights)
        way = self.direct if plain else self.operator
        found: tuple[Tensor, Tensor, Tensor, Tensor] = way(current, state, rows, weights, *rest)
        return found


def register(name: str, kernel: Kernel, devices: Sequence[str]) -> Ways:
    """The kernel with its gradient, also as the operator ``mtc_codesign::name``."""

    def empty_results(inputs: Inputs, voltage: bool) -> Results:
        current = inputs.current
        batch, time, neurons = current.shape
        shape: tuple[int, ...] = (0,)
        if inputs.segment:
            rows = kernel.rows_on_tape(inputs.structure)
            shape = (rows, batch, -(-time // inputs.segment), neurons)
        u_m = torch.empty_like(current) if voltage else current.new_empty(0)
        end = torch.empty_like(inputs.state)
        return Results(torch.empty_like(current), u_m, end, current.new_empty(shape))

    def forward(
        current: Tensor,
        state: Tensor,
        rows: Tensor,
        weights: Tensor,
        structure: Sequence[int],
        needs: int,
        segment: int,
        voltage: bool,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        parsed = _parsed(tuple(structure))
        inputs = Inputs(current, state, rows, weights, parsed, needs, segment)
        results = empty_results(inputs, voltage)
        kernel.forward(inputs, results)
        return results.output, results.voltage, results.end, results.tape

    run = torch.library.custom_op(
        f"mtc_codesign::{name}", forward, mutates_args=(), device_types=tuple(devices)
    )

    @run.register_fake
    def _(
        current: Tensor,
        state: Tensor,
        rows: Tensor,
        weights: Tensor,
        structure: Sequence[int],
        needs: int,
        segment: int,
        voltage: bool,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        parsed = _parsed(tuple(structure))
        inputs = Inputs(current, state, rows, weights, parsed, needs, segment)
        results = empty_results(inputs, voltage)
        return results.output, results.voltage, results.end, results.tape

    def gradient(
        grad_output: Tensor | None,
        grad_voltage: Tensor | None,
        grad_end: Tensor | None,
        current: Tensor,
        state: Tensor,
        rows: Tensor,
        weights: Tensor,
        tape: Tensor,
        structure: Sequence[int],
        needs: int,
        segment: int,
        for_current: bool,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        parsed = _parsed(tuple(structure))
        inputs = Inputs(current, state, rows, weights, parsed, needs, segment)
        return kernel.backward((grad_output, grad_voltage, grad_end), inputs, tape, for_current)

    run_gradient = torch.library.custom_op(
        f"mtc_codesign::{name}_gradient", gradient, mutates_args=(), device_types=tuple(devices)
    )

    @run_gradient.register_fake
    def _(
        grad_output: Tensor | None,
        grad_voltage: Tensor | None,
        grad_end: Tensor | None,
        current: Tensor,
        state: Tensor,
        rows: Tensor,
        weights: Tensor,
        tape: Tensor,
        structure: Sequence[int],
        needs: int,
        segment: int,
        for_current: bool,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        g_current = torch.empty_like(current) if for_current else current.new_empty(0)
        same = [torch.empty_like(part) for part in (state, rows, weights)]
        return g_current, same[0], same[1], same[2]

    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        current, state, rows, weights, structure, needs, segment, _ = inputs
        *_, tape = output
        ctx.structure, ctx.needs, ctx.segment = structure, needs, segment
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(current, state, rows, weights, tape)

    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        if ctx.segment == 0:
            raise RuntimeError("run was called without a tape; call it with one to get a gradient.")
        wanted = ctx.needs_input_grad[:4]
        saved = saved_of(ctx)
        # a gradient of it may be asked for
        way: Any = run_gradient if torch.is_grad_enabled() or not is_plain(*saved) else gradient
        fixed = (ctx.structure, ctx.needs, ctx.segment, wanted[0])
        found = way(*grads[:3], *saved, *fixed)
        kept = [g if want else None for g, want in zip(found, wanted, strict=True)]
        return (*kept, None, None, None, None)

    run.register_autograd(backward, setup_context=setup_context)
    run_gradient.register_autograd(_no_second_derivative)

    class Direct(torch.autograd.Function):
        """The same without torch's dispatcher."""

        @staticmethod
        def forward(ctx: Any, *inputs: Any) -> tuple[Tensor, ...]:
            found = forward(*inputs)
            setup_context(ctx, inputs, found)
            return found

        @staticmethod
        def backward(ctx: Any, *grads: Tensor | None) -> Any:
            return backward(ctx, *grads)

    def direct(*inputs: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        segment = inputs[6]
        found: Any = Direct.apply(*inputs) if segment else forward(*inputs)
        return found

    return Ways(run, direct)


@lru_cache(maxsize=64)
def _parsed(numbers: tuple[int, ...]) -> Structure:
    """Of :meth:`Structure.to_list`; each step asks for the same again."""
    return Structure.from_list(list(numbers))


def _no_second_derivative(ctx: Any, *grads: Tensor | None) -> None:
    raise RuntimeError(
        "the compiled kernels have no second derivative (a backward pass through "
        "create_graph=True); make the neurons with backend='eager', which has."
    )
