"""How much a layer does: the two sparsity measures, and the operations that its outputs cause.

All of them take s, (batch, time, neurons), from 0 to 1, and hold for graded outputs and for binary
spikes alike, so that both can stand in one table.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from neuron_model.errors import InputError


def rate_sparsity(s: Tensor) -> float:
    """Spikes per neuron and step: how often an output begins.

    A graded spike is a run of steps with s > 0; it is counted once, at its first step, also where
    it goes on from before the first step. A binary output is a spike in each step in which it is
    1, because each of these 1s is an event of its own, after a reset. An output is binary where
    it is never anything but 0 and 1.
    """
    return _mean(starts(s))


def duty_cycle_sparsity(s: Tensor) -> float:
    """Fraction of neuron-steps with s > 0; for binary spikes the same as :func:`rate_sparsity`."""
    return _mean(_active(s))


def synaptic_operations(outputs: Sequence[Tensor], fan_out: Sequence[int]) -> float:
    """Operations per sequence and step: each active output times the weights that it meets.

    sum over layers of (active neurons of the layer in a step) * fan_out; an accumulate each for
    a binary spike, a multiply-accumulate for a graded output. The dense projection of the input
    is not counted: it is the same for all networks of one shape.

    Args:
        outputs: s of each layer, (batch, time, neurons).
        fan_out: to how many neurons or readouts each neuron of that layer leads.

    Raises:
        InputError: there is not one fan_out a layer.
    """
    if len(outputs) != len(fan_out):
        raise InputError(
            f"fan_out has {len(fan_out)} numbers; there must be one for each of the "
            f"{len(outputs)} layers."
        )
    return sum(
        duty_cycle_sparsity(s) * s.shape[-1] * fan for s, fan in zip(outputs, fan_out, strict=True)
    )


def starts(s: Tensor) -> Tensor:
    """Where a spike begins, a boolean of the shape of s: see :func:`rate_sparsity`."""
    active = _active(s)
    if bool(((s == 0) | (s == 1)).all()):
        return active
    first = active.clone()
    first[:, 1:] &= ~active[:, :-1]
    return first


def _active(s: Tensor) -> Tensor:
    if s.ndim != 3 or not s.numel():
        raise InputError(
            f"s has shape {tuple(s.shape)}; it must be (batch, time, neurons), none of them 0."
        )
    return s > 0


def _mean(events: Tensor) -> float:
    return float(events.to(torch.float64).mean())
