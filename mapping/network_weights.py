"""What a trained network consists of beside its neurons: weights, biases, poles of the readout.

    I_1 = W_1 x + b_1                   x: inputs, scaled as in training
    I_l = W_l s_(l-1) + R_l s_l + b_l   R_l: of neurons that feed each other
    y   = four poles of (W s_L + b)

Currents are in units of I0, whatever the circuit's I0 is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from neuron_model.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from neuron_model.network.network import MTCNetwork


@dataclass(frozen=True, eq=False)
class LayerWeights:
    """Into one hidden layer, in units of the current I0.

    weights: (neurons, sources). bias: (neurons,). recurrent: (neurons, neurons), (to, from), or
    None. tau_m: the shortest membrane time constant of its neurons, in their units of time.
    """

    weights: np.ndarray
    bias: np.ndarray
    recurrent: np.ndarray | None = None
    tau_m: float = 1.0


@dataclass(frozen=True, eq=False)
class NetworkWeights:
    """All weights of a network, the layer nearest to the input first.

    readout: (outputs, neurons), readout_bias: (outputs,), in units of y. readout_tau: time constant
    of each pole, in samples, (outputs,). sample_interval: in the neurons' units of time. inputs:
    the range of each input that the circuit has to take, (inputs, 2), (smallest, largest).

    Raises:
        InputError: shapes do not fit each other, or a number is not finite; layer and place named.
    """

    layers: tuple[LayerWeights, ...]
    readout: np.ndarray
    readout_bias: np.ndarray
    readout_tau: np.ndarray
    sample_interval: float
    inputs: np.ndarray

    def __post_init__(self) -> None:
        ranges = _numbers("range of the inputs", self.inputs, (None, 2))
        if not (ranges[:, 0] < ranges[:, 1]).all():
            raise InputError("network: an input's smallest value is not below its largest.")
        object.__setattr__(self, "inputs", ranges)
        if not self.layers:
            raise InputError("network: there is no hidden layer.")
        sources = len(ranges)
        layers = []
        for index, layer in enumerate(self.layers):
            where = f"layer {index}"
            weights = _numbers(f"{where}: weight", layer.weights, (None, sources))
            sources = len(weights)
            bias = _numbers(f"{where}: bias", layer.bias, (sources,))
            recurrent = layer.recurrent
            if recurrent is not None:
                recurrent = _numbers(f"{where}: recurrent weight", recurrent, (sources, sources))
            if not 0 < layer.tau_m < np.inf:
                raise InputError(f"network: {where}: tau_m = {layer.tau_m} must be positive.")
            layers.append(LayerWeights(weights, bias, recurrent, layer.tau_m))
        object.__setattr__(self, "layers", tuple(layers))
        readout = _numbers("readout: weight", self.readout, (None, sources))
        object.__setattr__(self, "readout", readout)
        for name in ("readout_bias", "readout_tau"):
            value = _numbers(name.replace("_", ": "), getattr(self, name), (len(readout),))
            object.__setattr__(self, name, value)
        if not (self.readout_tau > 0).all() or not self.sample_interval > 0:
            raise InputError("network: time constants and the sample interval must be positive.")

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons of each hidden layer."""
        return tuple(len(layer.weights) for layer in self.layers)


def trained_weights(network: MTCNetwork, inputs: np.ndarray) -> NetworkWeights:
    """All weights of a network as they are now.

    Args:
        network: trained.
        inputs: range of each input, scaled as in training, (inputs, 2).

    Raises:
        InputError: ranges that do not fit, or weights that are no numbers.
    """

    def plain(tensor: Tensor) -> np.ndarray:
        return tensor.detach().cpu().double().numpy()

    layers = tuple(
        LayerWeights(
            plain(cast("Tensor", projection.weight)),
            plain(cast("Tensor", projection.bias)),
            None if layer.weights is None else plain(layer.weights),
            float(np.min(layer.parameters_now().tau_m)),
        )
        for projection, layer in zip(network.projections, network.neuron_layers, strict=True)
    )
    return NetworkWeights(
        layers,
        plain(network.readout.weight),
        plain(network.readout.bias),
        plain(network.low_pass.log_tau.exp()),
        network.configuration.sample_interval,
        inputs,
    )


def _numbers(what: str, values: object, shape: tuple[int | None, ...]) -> np.ndarray:
    array = np.array(values, dtype=np.float64)
    wanted = tuple(n if n is not None else "any" for n in shape)
    fits = array.ndim == len(shape) and all(
        n in (None, m) for n, m in zip(shape, array.shape, strict=False)
    )
    if not fits or array.size == 0:
        raise InputError(f"network: {what} has shape {array.shape}; it must be {wanted}.")
    bad = np.argwhere(~np.isfinite(array))
    if bad.size:
        place = ", ".join(map(str, bad[0]))
        raise InputError(f"network: {what} [{place}] is {array[tuple(bad[0])]}, not a number.")
    array.flags.writeable = False
    return array
