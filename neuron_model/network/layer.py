"""MTC neurons as a layer among others, as torch.nn.Sequential has them."""

from __future__ import annotations

from torch import Tensor, nn

from neuron_model.network.neuron import MTCNeuron


class MTCLayer(nn.Module):
    """The outputs s of :class:`MTCNeuron` alone, from rest, without the state.

        nn.Sequential(nn.Linear(3, 8), MTCLayer(MTCNeuron(parameters, neurons=8)), nn.Linear(8, 1))

    Args:
        neuron: the neurons.
    """

    def __init__(self, neuron: MTCNeuron) -> None:
        super().__init__()
        self.neuron = neuron

    def forward(self, current: Tensor) -> Tensor:
        """s, of the shape of ``current``, (batch, time, neurons).

        Raises:
            InputError: see :meth:`MTCNeuron.forward`.
        """
        outputs: Tensor = self.neuron(current)[0]
        return outputs
