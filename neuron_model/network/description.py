"""What a network is before it is trained, in a few numbers: from them and a seed it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
import torch

from neuron_model.backends.backends import find_backend
from neuron_model.errors import InputError
from neuron_model.model.parameters import Element, NeuronParameters, Timescale
from neuron_model.network.bursting_layer import BurstingLayer
from neuron_model.network.initial_layer import InitialLayer, draw_inputs
from neuron_model.network.network import MTCNetwork, NetworkConfiguration
from neuron_model.shown import Shown, ShownSettings

DTYPES = ("float32", "float64")


@dataclass(frozen=True, repr=False)
class NetworkSettings(ShownSettings):
    """How the network computes; fields as in ``network.NetworkConfiguration``.

    readout_tau: 0: what the task allows (:meth:`for_horizon`). backend: a key of
    ``backends.BACKENDS``, or auto. dtype: float32 or float64.
    """

    dt: float = 0.5
    steps_per_sample: int = 4
    learn: tuple[str, ...] = ("alpha", "delta", "tau")
    integrator: str = "exponential"
    readout_tau: float = 0.0
    learn_readout_tau: bool = True
    recurrent: bool = False
    readout_filter: str = "exact"
    backend: str = "auto"
    dtype: str = "float32"

    def __post_init__(self) -> None:
        # The network's own checks, on the smallest one, so that they come with the file's name.
        probe = NeuronParameters((Element(Timescale.FAST, 1.0, 0.0),))
        self.network((probe,), 1, 1)
        find_backend(self.backend)
        if self.dtype not in DTYPES:
            raise InputError(
                f"network: dtype = {self.dtype!r} is not allowed; it must be {', '.join(DTYPES)}."
            )

    def for_horizon(self, horizon: int | None) -> NetworkSettings:
        """The same with a readout_tau, where it has none.

        A low-pass of four stages delays by 4 tau what is to be said ``horizon`` samples ahead: tau
        is a tenth of that, at most the sample that it is where nothing is forecast (None).
        """
        if self.readout_tau:
            return self
        tau = 1.0 if horizon is None else min(1.0, max(1, horizon) / 10.0)
        return replace(self, readout_tau=tau)

    def network(
        self, layers: tuple[NeuronParameters, ...], inputs: int, outputs: int
    ) -> NetworkConfiguration:
        """The network of these hidden layers."""
        values = {f.name: getattr(self.for_horizon(None), f.name) for f in fields(self)}
        del values["backend"], values["dtype"]
        return NetworkConfiguration(inputs=inputs, outputs=outputs, layers=layers, **values)


@dataclass(frozen=True, repr=False)
class Network(Shown):
    """A network to be drawn: ``Network(16)`` has one hidden layer of 16 bursters and spikers.

    layers: of each hidden layer, the one nearest to the input first, what it is drawn from
    (:class:`~neuron_model.network.bursting_layer.BurstingLayer`,
    :class:`~neuron_model.network.preset_layer.PresetLayer`), or how many neurons of the former.
    settings: how it computes. seed: of the draw.

    Raises:
        InputError: there is no layer, or a number of neurons is not usable.
    """

    layers: int | InitialLayer | Sequence[int | InitialLayer] = 16
    settings: NetworkSettings = field(default_factory=NetworkSettings)
    seed: int = 0

    def _brief(self) -> str:
        sizes = " + ".join(str(getattr(layer, "neurons", "?")) for layer in self.hidden)
        return f"{sizes} neurons, seed {self.seed}"

    def __post_init__(self) -> None:
        several = self.layers if isinstance(self.layers, Sequence) else (self.layers,)
        drawn = tuple(BurstingLayer(n) if isinstance(n, int) else n for n in several)
        if not drawn:
            raise InputError("network: layers must hold at least one layer.")
        object.__setattr__(self, "layers", drawn)

    @property
    def hidden(self) -> tuple[InitialLayer, ...]:
        """What each hidden layer is drawn from."""
        assert isinstance(self.layers, tuple)
        return self.layers

    def module(self, inputs: int, outputs: int) -> MTCNetwork:
        """The torch module, drawn from the seed: the same for the same arguments."""
        generator = np.random.default_rng(self.seed)
        drawn = [layer.draw_neurons(generator) for layer in self.hidden]
        if len(drawn) > 1:  # One name in a run is one neuron.
            drawn = [replace(neurons, name=f"layer_{i}") for i, neurons in enumerate(drawn)]
        made = self.settings.network(tuple(drawn), inputs, outputs)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            network = MTCNetwork(made, self.settings.backend, getattr(torch, self.settings.dtype))
        for index, layer in enumerate(self.hidden):
            draw_inputs(network, layer, generator, index)
        return network
