"""Numbers rounded to a few significant bits, so that the last ones of a processor are forgotten.

A training is chaotic: what one step rounds otherwise (another processor, another library of linear
algebra) is some ten times as much after the next one, and another network after twenty. Where all
that goes from step to step is rounded, coarsely beside what one step may differ by, two processors
begin every step with the same numbers. They part where a number lies so near to the middle between
two rounded ones that the step's difference decides: n numbers that differ by d of their size do so
with a probability of about n d 2^bits a step.
"""

from __future__ import annotations

import torch
from torch import Tensor

_KEPT = {torch.float32: (torch.int32, 24), torch.float64: (torch.int64, 53)}
"""Integers of the same size, and how many significant bits there are."""


def rounded(values: Tensor, bits: int) -> Tensor:
    """``values`` with ``bits`` significant ones, in integer arithmetic; the same where ``bits`` is
    0, and where there are no more, and what is no floating-point number.

    A half is rounded away from 0. Infinity and NaN stay what they are.

    Args:
        values: of any shape.
        bits: the leading one included.
    """
    if not bits or values.dtype not in _KEPT:
        return values
    integer, all_bits = _KEPT[values.dtype]
    away = all_bits - bits
    if away <= 0:
        return values
    as_integer = values.detach().contiguous().view(integer)
    short = ((as_integer + (1 << (away - 1))) & -(1 << away)).view(values.dtype)
    return torch.where(torch.isfinite(values), short, values)


@torch.no_grad()
def round_(values: Tensor, bits: int) -> None:
    """The same in place."""
    if bits:
        values.copy_(rounded(values, bits))
