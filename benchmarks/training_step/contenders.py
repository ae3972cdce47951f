"""What is timed: a layer of neurons, forward and backward through a current.

A contender is made for a shape and gives a function that runs one step. Gradients are those of the
current and of every parameter that the layer can learn, one for each neuron.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from neuron_model.model.parameters import OTA_FILTER, Element, Leak, NeuronParameters, Timescale
from neuron_model.network.neuron import LEARNABLE, MTCNeuron


@dataclass(frozen=True)
class Shape:
    """batch sequences of time steps of neurons, float32."""

    batch: int = 32
    time: int = 1000
    neurons: int = 100

    @property
    def size(self) -> int:
        """Neuron-steps."""
        return self.batch * self.time * self.neurons


Step = Callable[[], None]
"""Forward and backward once."""


class MissingLibrary(Exception):
    """A library is not installed; its text names it."""


def burster(circuit_shaped: bool = False) -> NeuronParameters:
    """Four elements: f-, s+, s-, us+; with a circuit's leak and filters, or the paper's."""
    shape = (
        {
            "leak": Leak(range=6.0),
            "filter_fast": OTA_FILTER,
            "filter_slow": OTA_FILTER,
            "filter_ultraslow": OTA_FILTER,
        }
        if circuit_shaped
        else {}
    )
    return NeuronParameters(
        (
            Element(Timescale.FAST, -2.0, 0.0),
            Element(Timescale.SLOW, 2.0, 0.0),
            Element(Timescale.SLOW, -1.5, -0.9),
            Element(Timescale.ULTRASLOW, 1.5, -0.9),
        ),
        tau_slow=50.0,
        tau_ultraslow=2500.0,
        **shape,  # type: ignore[arg-type]
    )


def mtc(backend: str, circuit_shaped: bool = False) -> Callable[[Shape], Step]:
    """MTC neurons; every alpha, delta, tau and kappa of every neuron is learned.

    The paper's: linear filters and leak, explicit Euler. Circuit-shaped: tanh in filters and leak,
    exponential Euler.
    """

    def make(shape: Shape) -> Step:
        layer = MTCNeuron(
            burster(circuit_shaped),
            dt=0.2,
            learn=LEARNABLE,
            integrator="exponential" if circuit_shaped else "euler",
            backend=backend,
            neurons=shape.neurons,
        )
        current, weight = _current(shape, by_time=False)

        def step() -> None:
            s, _ = layer(current)
            _back(s, weight, [current, *layer.parameters()])

        return step

    return make


def snntorch_indexed(shape: Shape) -> Step:
    """As snnTorch's documentation writes the loop: over x[t]."""
    layer = _snntorch(shape)
    current, weight = _current(shape)

    def step() -> None:
        u = torch.zeros(shape.batch, shape.neurons)
        spikes = []
        for t in range(shape.time):
            z, u = layer(current[t], u)
            spikes.append(z)
        _back(torch.stack(spikes), weight, [current, *layer.parameters()])

    return step


def snntorch_unbound(shape: Shape) -> Step:
    """The same over x.unbind, whose gradient is not quadratic in time."""
    layer = _snntorch(shape)
    current, weight = _current(shape)

    def step() -> None:
        u = torch.zeros(shape.batch, shape.neurons)
        spikes = []
        for held in current.unbind(0):
            z, u = layer(held, u)
            spikes.append(z)
        _back(torch.stack(spikes), weight, [current, *layer.parameters()])

    return step


def norse_module(shape: Shape) -> Step:
    """Norse's LIF, which loops by itself; current-based, two states."""
    norse = _library("norse.torch", "norse")
    layer = norse.LIF()
    current, weight = _current(shape)

    def step() -> None:
        s, _ = layer(current)
        _back(s, weight, [current])

    return step


def norse_unbound(shape: Shape) -> Step:
    """Norse's LIFCell over x.unbind."""
    norse = _library("norse.torch", "norse")
    cell = norse.LIFCell()
    current, weight = _current(shape)

    def step() -> None:
        state, spikes = None, []
        for held in current.unbind(0):
            z, state = cell(held, state)
            spikes.append(z)
        _back(torch.stack(spikes), weight, [current])

    return step


def spikingjelly_multi_step(shape: Shape) -> Step:
    """SpikingJelly's LIFNode in its multi-step mode, the quickest that it has on a CPU."""
    neuron = _library("spikingjelly.activation_based.neuron", "spikingjelly")
    layer = neuron.LIFNode(step_mode="m")
    current, weight = _current(shape)

    def step() -> None:
        layer.reset()
        _back(layer(current), weight, [current])

    return step


CONTENDERS: dict[str, Callable[[Shape], Step]] = {
    "MTC eager, unbind (reference)": mtc("eager"),
    "MTC fused": mtc("fused"),
    "MTC eager, circuit-shaped": mtc("eager", circuit_shaped=True),
    "MTC fused, circuit-shaped": mtc("fused", circuit_shaped=True),
    "snnTorch Leaky, as documented": snntorch_indexed,
    "snnTorch Leaky, unbind": snntorch_unbound,
    "Norse LIF": norse_module,
    "Norse LIFCell, unbind": norse_unbound,
    "SpikingJelly LIFNode, step mode m": spikingjelly_multi_step,
}
"""In the order of the table."""

FUSED = "MTC fused"


def _snntorch(shape: Shape) -> torch.nn.Module:
    snntorch = _library("snntorch", "snntorch")
    layer: torch.nn.Module = snntorch.Leaky(
        beta=torch.full((shape.neurons,), 0.9),
        threshold=torch.ones(shape.neurons),
        learn_beta=True,
        learn_threshold=True,
    )
    return layer


def _current(shape: Shape, by_time: bool = True) -> tuple[Tensor, Tensor]:
    """A current, (time, batch, neurons) or batch first, and a gradient for the output."""
    size = (
        (shape.time, shape.batch, shape.neurons)
        if by_time
        else (shape.batch, shape.time, shape.neurons)
    )
    generator = torch.Generator().manual_seed(0)
    current = torch.randn(size, generator=generator).requires_grad_()
    return current, torch.randn(size, generator=generator)


def _back(s: Tensor, weight: Tensor, learned: list[Tensor]) -> None:
    torch.autograd.grad(s, learned, weight, allow_unused=True)


def _library(module: str, package: str):  # type: ignore[no-untyped-def]  # whatever the library is
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingLibrary(f"{package} is not there ({error})") from error
