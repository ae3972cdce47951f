"""What every baseline refuses."""

from __future__ import annotations

import torch
from torch import Tensor

from neuron_model.errors import InputError


def check_current(current: Tensor, neurons: int) -> None:
    """Refuse what is not a finite current (batch, time, neurons).

    Raises:
        InputError: it has another shape or holds NaN or infinity; the text says where.
    """
    if current.ndim != 3 or current.shape[-1] != neurons:
        raise InputError(
            f"current has shape {tuple(current.shape)}; it must be (batch, time, {neurons})."
        )
    bad = torch.nonzero(~torch.isfinite(current.detach()))
    if len(bad):
        batch, time, neuron = bad[0].tolist()
        raise InputError(
            f"current[{batch}, {time}, {neuron}] = {current[batch, time, neuron].item()} "
            "(batch, time, neuron) is not allowed; it must be finite."
        )
