"""The current that neurons are run with: what may be given for it, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from neuron_model.backends.problem import transformed
from neuron_model.errors import InputError
from neuron_model.model.dynamics import State


def as_tensor(values: object, like: Tensor | None, name: str) -> Tensor:
    """``values`` as a tensor; an array of numpy or a list takes the type and device of ``like``.

    Args:
        values: a tensor, which comes back as it is, an array, or nested lists of numbers.
        like: one of the module's own numbers; None: torch's default type, on the CPU.
        name: what an error calls it.

    Raises:
        InputError: it is something else.
    """
    if isinstance(values, Tensor):
        return values
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name} is of {type(values).__name__} ({error}); it must be a tensor, an array of "
            "numpy or nested lists of numbers, all rows of one length."
        ) from error
    dtype = torch.get_default_dtype() if like is None else like.dtype
    return torch.as_tensor(array).to(dtype=dtype, device=None if like is None else like.device)


def check_shape(current: Tensor, neurons: int) -> None:
    """Refuse what is not (batch, time, neurons) of floating point.

    Raises:
        InputError: as said.
    """
    if current.ndim != 3 or current.shape[-1] != neurons:
        raise InputError(
            f"current has shape {tuple(current.shape)}; it must be (batch, time, "
            f"{neurons}), the last being the neurons."
        )
    if not torch.is_floating_point(current):
        raise InputError(f"current is of {current.dtype}; it must be of floating point.")


def check_finite(current: Tensor, end: State) -> None:
    """Refuse a current that is not finite, once the run is over.

    What is not finite stays in the membrane voltage: there is only that at the end to look at.
    Numbers that are traced, or of many runs at once (``torch.vmap``), cannot be looked at.

    Raises:
        InputError: the text names the first number and its place.
    """
    if torch.compiler.is_compiling() or transformed():
        return
    if math.isfinite(end.membrane.detach().sum()):
        return
    bad = torch.nonzero(~torch.isfinite(current.detach()))
    if len(bad):
        batch, time, neuron = bad[0].tolist()
        raise InputError(
            f"current[{batch}, {time}, {neuron}] = {current[batch, time, neuron].item()} "
            f"(batch, time, neuron) is not allowed; {len(bad)} of the current's numbers "
            "are not finite."
        )
