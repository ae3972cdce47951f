"""A network's state after a run, as tensors: to be carried on, kept in a file, restored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from neuron_model.model.dynamics import State
from neuron_model.network.network import NetworkState

Change = Callable[[Tensor], Tensor]


def changed(state: NetworkState, change: Change) -> NetworkState:
    """The same state with every tensor (batch, ...) changed, in the order of :func:`tensors_of`.

    The filter's, (stages, batch, outputs), is passed with its batch first.
    """
    layers = tuple(_changed_layer(layer, change) for layer in state.layers)
    return NetworkState(layers, change(state.readout.transpose(0, 1)).transpose(0, 1))


def detached(state: NetworkState) -> NetworkState:
    """The same numbers, through which no gradient flows."""
    return state.detach()


def tensors_of(state: NetworkState) -> list[Tensor]:
    """All of a state's tensors, the batch first in each."""
    found: list[Tensor] = []

    def keep(tensor: Tensor) -> Tensor:
        found.append(tensor)
        return tensor

    changed(state, keep)
    return found


def with_tensors(like: NetworkState, tensors: Sequence[Tensor]) -> NetworkState:
    """The inverse of :func:`tensors_of`, for a state made like that of ``like``.

    Raises:
        ValueError: there are more or fewer tensors than such a state has.
    """
    if len(tensors) != len(tensors_of(like)):
        raise ValueError(f"{len(tensors)} tensors; such a state has {len(tensors_of(like))}.")
    left = iter(tensors)
    return changed(like, lambda _: next(left))


def restarted(state: NetworkState, rest: NetworkState, begins: Tensor) -> NetworkState:
    """``rest`` for the sequences that ``begins`` (batch,) names, ``state`` for the others.

    Amplifiers' branches, which follow within a few steps, stay as they are.
    """
    layers = tuple(
        _restarted_layer(carried, fresh, begins)
        for carried, fresh in zip(state.layers, rest.layers, strict=True)
    )
    return NetworkState(layers, _choose(begins, rest.readout, state.readout, 1))


def _restarted_layer(state: Any, rest: Any, begins: Tensor) -> Any:
    values = [_choose(begins, r, s) for s, r in zip(state, rest, strict=True)]
    if isinstance(state, State):
        return State(*values).with_branches(state.branches)
    return type(state)(*values) if hasattr(state, "_fields") else tuple(values)


def _choose(which: Tensor, one: Tensor, other: Tensor, dimension: int = 0) -> Tensor:
    shape = [1] * one.ndim
    shape[dimension] = -1
    return torch.where(which.to(one.device).reshape(shape), one, other)


def _changed_layer(state: Any, change: Change) -> Any:
    if isinstance(state, State):
        return state.changed(change)
    values = [change(tensor) for tensor in state]
    return type(state)(*values) if hasattr(state, "_fields") else tuple(values)
