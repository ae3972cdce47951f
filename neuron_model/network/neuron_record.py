"""What of neurons nothing learns, in their state dict: without it the dict is no neuron.

Beside the parameters and buffers of an ``MTCNeuron`` its state dict holds, under ``fixed_``,

    fixed_structure     text as bytes: integrator, shape of s, the timescale of each element
    fixed_dt            the time step
    fixed_u_rest, fixed_elements_0_alpha, ...    every number that is not learned, in float64:
                        () where all neurons share it; (neurons,), a buffer, where they do not

Loading takes the numbers over and refuses another structure or another dt, which would make of the
same numbers another neuron.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters, Value

PREFIX = "fixed_"
STRUCTURE, DT = f"{PREFIX}structure", f"{PREFIX}dt"


@dataclass(frozen=True)
class Record:
    """fixed: the parameters before training, floats and arrays. keys: of those that nothing learns,
    by their names in a state dict."""

    fixed: NeuronParameters
    keys: Mapping[str, str]
    dt: float
    integrator: str

    @property
    def structure(self) -> str:
        """What decides how the numbers are used."""
        elements = (str(e.timescale) for e in self.fixed.elements)
        return " ".join((self.integrator, str(self.fixed.output), *elements))

    def tensors(self) -> dict[str, Tensor]:
        """What stands in a state dict beside the buffers."""
        values = dict(self.fixed.named_values())
        shared = {
            name: torch.tensor(values[key], dtype=torch.float64)
            for name, key in self.keys.items()
            if isinstance(values[key], float)
        }
        text = torch.tensor(list(self.structure.encode()), dtype=torch.uint8)
        dt = torch.tensor(self.dt, dtype=torch.float64)
        return {STRUCTURE: text, DT: dt, **shared}

    def loaded(self, entries: Mapping[str, Tensor]) -> NeuronParameters:
        """The parameters with the numbers of a state dict.

        Args:
            entries: those of the state dict whose names begin with ``PREFIX``.

        Raises:
            InputError: they are of another structure, another dt or another number of neurons, or
                no neuron can have them.
        """
        if STRUCTURE not in entries:
            warnings.warn(
                "the state dict was saved by an earlier version, which did not say what of the "
                "neurons is not learned (dt, u_rest, ...): that stays as this module has it.",
                stacklevel=2,
            )
            return self.fixed
        theirs = bytes(entries[STRUCTURE].flatten().tolist()).decode(errors="replace")
        if theirs != self.structure:
            raise InputError(
                f"the state dict is of neurons of another structure ({theirs}), not of this one "
                f"({self.structure}): integrator, shape of s, timescale of each element."
            )
        dt = float(entries[DT]) if DT in entries else self.dt
        if dt != self.dt:
            raise InputError(
                f"the state dict is of neurons with dt = {dt:g}, this module has dt = {self.dt:g}; "
                "make it with the same."
            )
        values = dict(self.fixed.named_values())
        numbers: dict[str, Value] = {}
        for name, key in self.keys.items():
            if name in entries:
                numbers[key] = _number(name, entries[name], values[key], self.fixed)
        return self.fixed.with_values(numbers)


def _number(name: str, entry: Tensor, now: Value, neurons: NeuronParameters) -> Value:
    array = entry.detach().cpu().double().numpy()
    if array.ndim > 1 or (array.ndim == 1 and array.size == 0):
        raise InputError(f"{name} has shape {array.shape}; it must be () or (neurons,).")
    if array.ndim == 1 and np.ndim(now) == 1 and np.array_equal(_cast(now, entry), array):
        return now  # it is only rounded there
    return float(array) if array.ndim == 0 else array


def _cast(value: Value, like: Tensor) -> np.ndarray:
    return torch.as_tensor(value).to(like.dtype).double().numpy()


def buffer_name(key: str) -> str:
    """That of a number, by its dotted key."""
    return PREFIX + re.sub(r"\W+", "_", key)


def without_record(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """A state dict, of whatever modules, less what only a record holds."""
    return {key: value for key, value in tensors.items() if not _only_recorded(key, value)}


def only_record(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """What :func:`without_record` leaves out."""
    return {key: value for key, value in tensors.items() if _only_recorded(key, value)}


def _only_recorded(key: str, value: Tensor) -> bool:
    name = key.rpartition(".")[2]
    return name == STRUCTURE or (name.startswith(PREFIX) and value.ndim == 0)
