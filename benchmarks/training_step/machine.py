"""What the machine can do on one thread: what a fused step cannot be quicker than."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from benchmarks.training_step.contenders import Shape
from neuron_model.model.parameters import Element, NeuronParameters, Timescale
from neuron_model.network.neuron import MTCNeuron

ELEMENTS = 4


def tanh_rate(repeats: int = 15) -> float:
    """tanh per second inside the kernel: what many more elements cost forward, strips of neurons
    staying in the first-level cache."""
    few, many = ELEMENTS, 6 * ELEMENTS
    shape = Shape(batch=8, time=500, neurons=128)
    current = torch.randn(shape.batch, shape.time, shape.neurons)
    seconds = []
    for count in (few, many):
        elements = tuple(Element(Timescale.FAST, 0.5, 0.1 * k) for k in range(count))
        layer = MTCNeuron(
            NeuronParameters(elements),
            dt=0.1,
            integrator="euler",
            backend="fused",
            neurons=shape.neurons,
        )
        with torch.no_grad():
            seconds.append(_best(lambda run=layer: run(current), repeats))  # type: ignore[misc]
    return (many - few) * shape.size / (seconds[1] - seconds[0])


def torch_tanh_rate(repeats: int = 30) -> float:
    """tanh per second of torch's own, float32, on what fits into the second-level cache."""
    x = torch.linspace(-4.0, 4.0, 2**15)
    out = torch.empty_like(x)
    return x.numel() / _best(lambda: torch.tanh(x, out=out), repeats)


def memory_rate(repeats: int = 8) -> float:
    """Bytes per second, read and written, of a copy that no cache holds."""
    x = torch.zeros(2**25)
    out = torch.empty_like(x)
    return 2 * x.numel() * x.element_size() / _best(lambda: out.copy_(x), repeats)


def least_tanh(shape: Shape) -> int:
    """tanh of a step: each element once forward, and once more backward, where they are computed
    again instead of kept."""
    return 2 * ELEMENTS * shape.size


def least_bytes(shape: Shape) -> int:
    """Bytes of a step where the states are computed again in the cache: the current is read twice,
    s is written, its gradient read, and the current's gradient written."""
    return 5 * 4 * shape.size


def _best(run: Callable[[], object], repeats: int) -> float:
    """Seconds of the quickest of ``repeats`` runs: what the machine can do."""
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        run()
        times.append(time.process_time() - begin)
    return min(times)
