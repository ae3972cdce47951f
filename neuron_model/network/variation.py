"""Samples of a layer, none of which has the parameters that were trained, and training through
them.

A sample's parameters were found for the trained ones as they stood when it was drawn (the
reference). While training goes on they follow it, as the circuit would:

    p' = p_sample p / p_reference           alpha, kappa, tau
    p' = p_sample + (p - p_reference)       delta

so that a gradient goes straight through whatever lies between: mapping, codes, transistors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor

from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters, Value

if TYPE_CHECKING:
    from neuron_model.network.network import SpikingNetwork
    from neuron_model.network.neuron import MTCNeuron


@dataclass(frozen=True)
class Variation:
    """Parameters of the macromodels of a layer of neurons on some samples.

    samples: how many. built: arrays (samples * neurons,), one sample's neurons after the other's;
    its first elements are those of the trained neurons, in their order, and more may follow (a
    leak's sections). reference: the trained parameters that they were found for, arrays (neurons,).
    always: whether they follow the trained ones also where no gradient flows, as in an evaluation.

    Raises:
        InputError: the sizes or the elements do not go together.
    """

    samples: int
    built: NeuronParameters
    reference: NeuronParameters
    always: bool = False

    def __post_init__(self) -> None:
        sizes = self.built.neurons, self.samples * self.reference.neurons
        if sizes[0] != sizes[1]:
            raise InputError(
                f"variation: {sizes[0]} neurons were built; {self.samples} samples of "
                f"{self.reference.neurons} need {sizes[1]}."
            )
        ours, theirs = ([e.timescale for e in p.elements] for p in (self.reference, self.built))
        if theirs[: len(ours)] != ours:
            raise InputError(
                f"variation: the built neurons begin with the elements {theirs[: len(ours)]}; "
                f"they must be the trained ones', {ours}."
            )

    def follow(self, live: NeuronParameters, index: Tensor) -> NeuronParameters:
        """The neurons of one sample for each sequence, as they are while ``live`` is trained.

        Args:
            live: the trained parameters now, floats and tensors (neurons,).
            index: which sample each sequence is on, (batch,).

        Returns:
            Tensors (batch * neurons,), one sequence's neurons after the other's.
        """
        neurons = self.reference.neurons
        now, before = dict(live.named_values()), dict(self.reference.named_values())
        tensors = (v for v in now.values() if isinstance(v, Tensor))
        numbers = next(tensors, index.new_zeros((), dtype=torch.get_default_dtype()))

        def value(key: str, built: Value) -> Value:
            trained = now.get(key)
            if np.ndim(built) == 0 and not isinstance(trained, Tensor):
                return built
            like = trained if isinstance(trained, Tensor) else numbers
            rows = torch.as_tensor(built).to(like).expand(self.samples * neurons)
            rows = rows.reshape(self.samples, neurons)[index]
            if isinstance(trained, Tensor) and (trained.requires_grad or self.always):
                reference = torch.as_tensor(before[key]).to(like)
                if key.endswith(".delta"):
                    rows = rows + (trained - reference)
                elif trained.requires_grad or bool((trained != reference).any()):
                    rows = rows * (trained / reference)
            return rows.reshape(-1)

        return self.built.with_values({k: value(k, v) for k, v in self.built.named_values()})


def sample_count(variations: Sequence[Variation | None]) -> int:
    """How many samples there are of all layers; 0 without variations."""
    return min((v.samples for v in variations if v is not None), default=0)


def in_turn(variations: Sequence[Variation | None], sequences: int) -> Tensor | None:
    """An index for :func:`varied`: an equal share for each sample; None without variations."""
    count = sample_count(variations)
    return torch.arange(sequences) % count if count else None


@contextmanager
def varied(
    network: SpikingNetwork, variations: Sequence[Variation | None], index: Tensor | None
) -> Iterator[None]:
    """Each sequence of a batch is heard by the sample that ``index`` names, while the block runs.

    Args:
        network: layers that have a variation must be of MTC neurons.
        variations: of each hidden layer; None leaves it as it is trained. Empty: all are left so.
        index: (batch,); None where there are no variations.

    Raises:
        InputError: a layer that has a variation is of other neurons.
    """
    if index is None or not variations:
        yield
        return
    varying: list[tuple[MTCNeuron, Variation]] = []
    for number, (layer, variation) in enumerate(zip(network.layers, variations, strict=True)):
        if variation is None:
            continue
        if not hasattr(layer, "samples"):
            raise InputError(f"layer {number} is not of MTC neurons, so it has no samples.")
        varying.append((cast("MTCNeuron", layer), variation))
    try:
        for neuron, variation in varying:
            neuron.samples = (variation, index)
        yield
    finally:
        for neuron, _ in varying:
            neuron.samples = None
