"""Modules that stay in single or double precision whatever is around them.

Half precision has 11 bits (bfloat16: 8). A neuron's voltage is a sum over thousands of steps, each
of which moves it by less than the last of those bits, and a spike is a decision on it: computed so,
neurons fire at other times. So ``half()`` and ``bfloat16()`` leave these modules' numbers as they
are, automatic mixed precision is off inside, and only what goes in and out is half.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Self

import torch
from torch import Tensor, nn

HALVES = (torch.float16, torch.bfloat16)


class FullPrecision(nn.Module):
    """Its parameters and buffers move between devices, but do not become half."""

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        def moved(tensor: Tensor) -> Tensor:
            out = fn(tensor)
            return tensor.to(out.device) if out.dtype in HALVES else out

        return super()._apply(moved, recurse)


def widened(tensor: Tensor) -> Tensor:
    """The same in float32 where it is half."""
    return tensor.float() if tensor.dtype in HALVES else tensor


def without_autocast(device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """Automatic mixed precision is off while the block runs."""
    if not torch.is_autocast_enabled(device.type):
        return contextlib.nullcontext()
    return torch.autocast(device.type, enabled=False)
