"""Stand-ins for the derivative of a step, so that spikes can be trained through."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor


def slayer_slope(distance: Tensor, alpha: float = 5.0, c: float = 0.4) -> Tensor:
    """c alpha / 2 exp(-alpha |x|): what stands for the derivative of the step.

    Source: Shrestha and Orchard, SLAYER, NeurIPS 2018 (arXiv 1810.08646), with the numbers of
    Baronig et al. 2024 (arXiv 2408.07517).

    Args:
        distance: x, how far the voltage is above the threshold; any shape.
        alpha: how sharply it falls off. c: its area.
    """
    return torch.exp(distance.abs() * -alpha) * (0.5 * c * alpha)


def atan_slope(distance: Tensor, alpha: float = 2.0) -> Tensor:
    """alpha / 2 / (1 + (pi alpha x / 2)^2): the derivative of atan(pi alpha x / 2) / pi.

    Source: Fang et al., ICCV 2021 (arXiv 2007.05785); snnTorch's default.
    """
    return 0.5 * alpha / (1.0 + (0.5 * math.pi * alpha * distance).square())


class _SlayerSpike(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, distance: Tensor, alpha: float, c: float) -> Tensor:
        context.save_for_backward(distance)
        context.numbers = alpha, c
        return (distance >= 0).to(distance)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (distance,) = context.saved_tensors
        return gradients[0] * slayer_slope(distance, *context.numbers), None, None


def slayer_spike(distance: Tensor, alpha: float = 5.0, c: float = 0.4) -> Tensor:
    """1 where ``distance`` is not negative, else 0; its gradient is :func:`slayer_slope`."""
    spike: Tensor = _SlayerSpike.apply(distance, alpha, c)
    return spike
