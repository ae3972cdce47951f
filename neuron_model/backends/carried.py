"""A word for those who carry a state from one backward pass into the next."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_HINT = (
    "backward went into a run of neurons that an earlier backward pass has gone through and freed: "
    "the state that the run ended in was handed on with its gradient. Hand on state.detach(), or "
    "call the earlier backward(retain_graph=True)."
)


class _Boundary(torch.autograd.Function):
    """The identity; it keeps something, so that it too is freed by the first backward pass."""

    generate_vmap_rule = True

    @staticmethod
    def forward(*tensors: Tensor) -> tuple[Tensor, ...]:
        return tuple(tensor.view_as(tensor) for tensor in tensors)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: tuple[Tensor, ...]) -> None:
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(inputs[-1])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> Any:
        saved_of(ctx)
        return grads


def saved_of(ctx: Any) -> tuple[Tensor, ...]:
    """What the forward pass has saved.

    Raises:
        RuntimeError: an earlier backward pass has freed it; the text says what to do.
    """
    try:
        saved: tuple[Tensor, ...] = ctx.saved_tensors
    except RuntimeError as error:
        raise RuntimeError(_HINT) from error
    return saved


def bounded(tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The same tensors, the results of one run: a second way back through them says what is wrong,
    in place of torch's "a second time"."""
    if not torch.is_grad_enabled() or not any(t.requires_grad for t in tensors):
        return tensors
    found: tuple[Tensor, ...] = _Boundary.apply(*tensors)
    return found
