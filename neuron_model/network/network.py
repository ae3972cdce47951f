"""Networks of spiking neurons between a linear input and a linear readout.

Any neurons will do that keep to :class:`Layer`: multi-timescale conductance neurons
(:class:`MTCNetwork`), or those that they are compared with (:mod:`neuron_model.baselines`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
import torch
from torch import Tensor, nn

from neuron_model.errors import InputError
from neuron_model.model.dynamics import INTEGRATORS, State, output
from neuron_model.model.parameters import NeuronParameters
from neuron_model.network.current import as_tensor
from neuron_model.network.low_pass import FILTERS, LowPass
from neuron_model.network.neuron import LEARNABLE, MTCNeuron
from neuron_model.network.serialized import known_to_export


@dataclass(frozen=True)
class NetworkConfiguration:
    """What a network is made of, before training.

    inputs, outputs: how many signals. layers: the first parameters of each hidden layer, the
    one nearest to the input first. dt: time step in the neurons' units of time.
    steps_per_sample: for how many steps a sample of the input is held. learn: what of the
    neurons is learned. readout_tau: time constant of each of the readout's four low-pass
    stages, in samples. learn_readout_tau: whether training may change it. recurrent: whether the
    neurons of each layer feed each other. readout_filter: a key of ``low_pass.FILTERS``.

    Raises:
        InputError: a value is not usable; the text names it.
    """

    inputs: int
    outputs: int
    layers: tuple[NeuronParameters, ...]
    dt: float
    steps_per_sample: int = 1
    learn: tuple[str, ...] = ("alpha", "delta", "tau")
    integrator: str = "exponential"
    readout_tau: float = 1.0
    learn_readout_tau: bool = True
    recurrent: bool = False
    readout_filter: str = "exact"

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "learn", tuple(self.learn))
        for name in ("inputs", "outputs", "steps_per_sample"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10**6:
                raise _wrong(name, value, "a whole number from 1 to 1000000")
        for name in ("dt", "readout_tau"):
            value = getattr(self, name)
            if (
                isinstance(value, bool)
                or not isinstance(value, int | float)
                or not (0 < value < math.inf)
            ):
                raise _wrong(name, value, "a positive, finite number")
        for name in ("learn_readout_tau", "recurrent"):
            if not isinstance(getattr(self, name), bool):
                raise _wrong(name, getattr(self, name), "true or false")
        if not self.layers or not all(isinstance(p, NeuronParameters) for p in self.layers):
            raise _wrong("layers", self.layers, "the neurons of at least one layer")
        for name in self.learn:
            if name not in LEARNABLE:
                raise _wrong("learn", name, f"some of {', '.join(LEARNABLE)}")
        if self.integrator not in INTEGRATORS:
            raise _wrong("integrator", self.integrator, f"one of {', '.join(INTEGRATORS)}")
        if self.readout_filter not in FILTERS:
            raise _wrong("readout_filter", self.readout_filter, f"one of {', '.join(FILTERS)}")

    @property
    def sample_interval(self) -> float:
        """For how long a sample is held, in the neurons' units of time."""
        return self.dt * self.steps_per_sample

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons of each hidden layer."""
        return tuple(p.neurons for p in self.layers)

    @property
    def sizes_text(self) -> str:
        """The same in words: ``16 + 8``."""
        return " + ".join(map(str, self.sizes))


class Layer(Protocol):
    """What a network needs of a hidden layer, which is a module too.

    neurons: how many there are. Called with a current (batch, time, neurons), held for one time
    step each, and the state that an earlier call returned (None: at rest), it gives the output s,
    (batch, time, neurons), from 0 to 1; the membrane voltage, the same, where asked for; and the
    state at the end, a tuple of tensors (batch, ...). ``initial_state(batch, like)`` is that at
    rest; training that carries the state along needs it of layers that have any.
    """

    neurons: int

    def __call__(self, current: Tensor, state: Any = None, return_voltage: bool = False) -> Any:
        """s, the voltage where asked for, and the state."""


class NetworkState(NamedTuple):
    """The state of each hidden layer, and of the readout's filter."""

    layers: tuple[Any, ...]
    readout: Tensor

    def detach(self) -> NetworkState:
        """The same numbers, through which no gradient flows: to go on after a backward pass."""
        layers: list[Any] = []
        for layer in self.layers:
            if isinstance(layer, State):
                layers.append(layer.detach())
            else:
                values = [u.detach() for u in layer]
                kept = type(layer)(*values) if hasattr(layer, "_fields") else tuple(values)
                layers.append(kept)
        return NetworkState(tuple(layers), self.readout.detach())


known_to_export(NetworkState)


class Hidden(NamedTuple):
    """What the hidden layers did.

    activity: s of the last layer as the readout takes it: at each step, (batch, samples * steps,
    neurons), or, with the filter ``paper``, averaged over each sample, (batch, samples, neurons).
    outputs: s of each layer, (batch, samples * steps, neurons). voltages: the membrane voltage
    of each layer, the same. states: at the end.
    """

    activity: Tensor
    outputs: tuple[Tensor, ...]
    voltages: tuple[Tensor, ...]
    states: tuple[Any, ...]


class SpikingNetwork(nn.Module):
    """Linear projection, hidden layers of neurons, linear readout, 4th-order low-pass.

        I_1 = W_1 x + b_1        held for steps_per_sample steps
        I_l = W_l s_(l-1) + b_l
        y   = low_pass(W s_L + b)     at the end of each sample

    Args:
        layers: the hidden ones, the one nearest to the input first; each a module.
        inputs, outputs: how many signals.
        steps_per_sample: for how many steps of the neurons a sample of the input is held.
        readout_tau: first time constant of each of the low-pass's stages, in samples.
        learn_readout_tau: whether training may change it.
        readout_filter: a key of ``low_pass.FILTERS``.
        dtype: of what is learned outside of the layers; torch's default if not given.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        inputs: int,
        outputs: int,
        steps_per_sample: int = 1,
        readout_tau: float = 1.0,
        learn_readout_tau: bool = True,
        readout_filter: str = "exact",
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.inputs = inputs
        self.outputs = outputs
        self.steps_per_sample = steps_per_sample
        widths = (inputs, *(layer.neurons for layer in layers))
        self.projections = nn.ModuleList(
            nn.Linear(before, after, dtype=dtype)
            for before, after in zip(widths, widths[1:], strict=False)
        )
        self.layers = nn.ModuleList(cast(nn.Module, layer) for layer in layers)
        self.readout = nn.Linear(widths[-1], outputs, dtype=dtype)
        self.low_pass = LowPass(
            outputs, readout_tau, learn_readout_tau, readout_filter, steps_per_sample
        ).to(dtype)

    def forward(
        self, signal: Tensor, state: NetworkState | None = None
    ) -> tuple[Tensor, NetworkState]:
        """(batch, samples, inputs) -> (batch, samples, outputs) and the state at the end.

        Raises:
            InputError: the signal has another shape or holds NaN or infinity.
        """
        hidden = self.hidden(signal, state)
        y, readout = self.read(hidden.activity, None if state is None else state.readout)
        return y, NetworkState(hidden.states, readout)

    def initial_state(self, batch: int) -> NetworkState:
        """At rest.

        Raises:
            InputError: a layer does not say what its state at rest is.
        """
        weights = self.readout.weight
        layers = []
        for number, layer in enumerate(self.layers):
            make = getattr(layer, "initial_state", None)
            if make is None:
                raise InputError(
                    f"layer {number} ({type(layer).__name__}) has no initial_state(batch, like), "
                    "which training with state = 'carried' needs; use state = 'from_rest'."
                )
            layers.append(make(batch, weights))
        return NetworkState(tuple(layers), self.low_pass.initial_state(batch, weights))

    def hidden(self, signal: Tensor, state: NetworkState | None = None) -> Hidden:
        """What the hidden layers do, without the readout."""
        signal = as_tensor(signal, self.readout.weight, "signal")
        self._check(signal)
        states = [None] * len(self.layers) if state is None else list(state.layers)
        ends, outputs, voltages = [], [], []
        s = signal
        for index, layer in enumerate(self.layers):
            s, voltage, end = layer(self._current(index, s), states[index], return_voltage=True)
            ends.append(end)
            outputs.append(s)
            voltages.append(voltage)
        activity = self.low_pass.read(s, self.steps_per_sample)
        return Hidden(activity, tuple(outputs), tuple(voltages), tuple(ends))

    def read(self, activity: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """``Hidden.activity`` -> (batch, samples, outputs) and the filter's state."""
        y, end = self.low_pass(self.readout(activity), state)
        return y, end

    def filtered(self, output: int, signals: Tensor) -> Tensor:
        """What an output says of signals (batch, samples * steps, signals) on a weight of 1 each,
        from rest, (batch, samples, signals)."""
        return self.low_pass.channel(output, signals)

    def currents(self, signal: Tensor, layer: int = 0) -> Tensor:
        """Input current of each neuron of a hidden layer, (batch, samples * steps, neurons)."""
        self._check(signal)
        s = signal
        for index in range(layer):
            s, _ = self.layers[index](self._current(index, s))
        return self._current(layer, s)

    def _current(self, layer: int, s: Tensor) -> Tensor:
        current = self.projections[layer](s)
        return current.repeat_interleave(self.steps_per_sample, dim=1) if layer == 0 else current

    def _check(self, signal: Tensor) -> None:
        if signal.ndim != 3 or signal.shape[-1] != self.inputs:
            raise InputError(
                f"signal has shape {tuple(signal.shape)}; it must be (batch, samples, "
                f"{self.inputs})."
            )


class MTCNetwork(SpikingNetwork):
    """A :class:`SpikingNetwork` of multi-timescale conductance neurons.

    Args:
        configuration: what it is made of.
        backend: a key of ``backends.BACKENDS``, or ``auto``.
        dtype: of what is learned; torch's default if not given.
    """

    def __init__(
        self,
        configuration: NetworkConfiguration,
        backend: str = "auto",
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            [
                MTCNeuron(
                    parameters,
                    dt=configuration.dt,
                    learn=configuration.learn,
                    integrator=configuration.integrator,
                    backend=backend,
                    recurrent=configuration.recurrent,
                    dtype=dtype,
                )
                for parameters in configuration.layers
            ],
            inputs=configuration.inputs,
            outputs=configuration.outputs,
            steps_per_sample=configuration.steps_per_sample,
            readout_tau=configuration.readout_tau,
            learn_readout_tau=configuration.learn_readout_tau,
            readout_filter=configuration.readout_filter,
            dtype=dtype,
        )
        self.configuration = configuration

    @property
    def neuron_layers(self) -> tuple[MTCNeuron, ...]:
        """The hidden layers, the one nearest to the input first."""
        return tuple(layer for layer in self.layers if isinstance(layer, MTCNeuron))


def neurons_of(network: MTCNetwork, layer: int = 0) -> NeuronParameters:
    """The neurons of a hidden layer as they are now, in float64 numbers.

    Raises:
        InputError: there is no such layer.
    """
    return _layer(network, layer).parameters_now()


def input_currents(
    network: MTCNetwork, series: np.ndarray, layer: int = 0, skipped: int = 0
) -> np.ndarray:
    """What flows into each neuron of a hidden layer when the network hears ``series``.

    Args:
        network: from rest.
        series: (samples, inputs), or (samples,) where there is one input, scaled as in training.
        layer: 0 is the one nearest to the input.
        skipped: samples, from the first, that the network hears, but whose currents are left out.

    Returns:
        (times, neurons) in float64, each held for :func:`input_interval`; what the neurons of the
        layer feed each other is part of it.

    Raises:
        InputError: there is no such layer, or the series is not fit for the network.
    """
    neurons = _layer(network, layer)
    weight = network.readout.weight
    signal = torch.as_tensor(np.array(series)).to(weight)
    if signal.ndim == 1:
        signal = signal[:, None]
    with torch.no_grad():
        current = network.currents(signal[None], layer)
        if neurons.weights is not None:
            s, _ = neurons(current)
            rest = output(neurons.initial_state(1, current).membrane, neurons.live_parameters())
            current = current + torch.cat([rest[:, None], s[:, :-1]], 1) @ neurons.weights.t()
    step = round(input_interval(network, layer) / network.configuration.dt)
    first = skipped * network.configuration.steps_per_sample
    return current[0, first::step].cpu().double().numpy()


def input_interval(network: MTCNetwork, layer: int = 0) -> float:
    """For how long a row of :func:`input_currents` is held, in the neurons' units of time.

    A sample in layer 0, where the neurons do not feed each other; else a time step.
    """
    configuration = network.configuration
    steady = layer == 0 and not configuration.recurrent
    return configuration.sample_interval if steady else configuration.dt


def _layer(network: MTCNetwork, layer: int) -> MTCNeuron:
    if not 0 <= layer < len(network.layers):
        raise InputError(
            f"layer = {layer} is not allowed; it must be from 0 to {len(network.layers) - 1}."
        )
    return network.neuron_layers[layer]


def _wrong(name: str, value: object, allowed: str) -> InputError:
    return InputError(f"network: {name} = {value!r} is not allowed; it must be {allowed}.")
