"""Ways to run the neurons through time: one is the reference, the others are faster.

A backend is a function with the signature and the result of
:func:`neuron_model.integration.integrate`, gradients included.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from neuron_model.dynamics import State
from neuron_model.errors import InputError
from neuron_model.integration import integrate
from neuron_model.parameters import NeuronParameters

Backend = Callable[[Tensor, State, NeuronParameters, float, str], tuple[Tensor, State]]

BACKENDS: dict[str, Backend] = {"eager": integrate}
"""By name; the fastest that is there comes last."""


def find_backend(name: str) -> Backend:
    """The backend of that name; ``auto`` is the fastest that is there.

    Raises:
        InputError: there is none of that name.
    """
    if name == "auto":
        return next(reversed(BACKENDS.values()))
    if name not in BACKENDS:
        raise InputError(
            f"backend = {name!r} is not allowed; it must be one of auto, {', '.join(BACKENDS)}."
        )
    return BACKENDS[name]
