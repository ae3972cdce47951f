"""A layer to start training from: bursters and spikers, no two alike.

Each neuron has the four elements f-, s+, s-, us+ of the burster of Ribar and Sepulchre (arXiv
1805.05696), drawn around published values, the leak and the filters that a circuit has, and time
constants spread over what the task may need.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

from neuron_model.errors import InputError
from neuron_model.model.parameters import (
    OTA_FILTER,
    Element,
    Leak,
    NeuronParameters,
    OutputShape,
    Timescale,
)
from neuron_model.shown import ShownSettings

Range = tuple[float, float]

# (timescale, alpha, delta) of the center of each element.
_CENTERS = (
    (Timescale.FAST, -2.0, 0.0),
    (Timescale.SLOW, 2.0, 0.0),
    (Timescale.SLOW, -1.5, -1.2),
    (Timescale.ULTRASLOW, 1.5, -1.2),
)


@dataclass(frozen=True, repr=False)
class BurstingLayer(ShownSettings):
    """From what the first parameters of a layer are drawn.

    neurons: how many. tau_slow, tau_ultraslow: least and greatest, drawn evenly in the logarithm,
    relative to tau_m. spread: of alpha and delta to both sides of their centers. leak_range: where
    the leak saturates. input_gain: least and greatest magnitude of an input weight, of either
    sign. input_bias: least and greatest constant current. output: shape of s, one of
    ``parameters.OutputShape``.

    Raises:
        InputError: a value is not usable; the text names it.
    """

    neurons: int = 16
    tau_slow: Range = (10.0, 30.0)
    tau_ultraslow: Range = (60.0, 400.0)
    spread: float = 0.3
    leak_range: float = 6.0
    input_gain: Range = (0.5, 1.0)
    input_bias: Range = (-1.5, 0.3)
    output: str = OutputShape.OTA.value

    def __post_init__(self) -> None:
        if isinstance(self.neurons, bool) or not isinstance(self.neurons, int):
            raise _wrong("neurons", self.neurons, "a whole number")
        if not 1 <= self.neurons <= 100_000:
            raise _wrong("neurons", self.neurons, "from 1 to 100000")
        if self.output not in tuple(OutputShape):
            raise _wrong("output", self.output, f"one of {', '.join(OutputShape)}")
        for f in fields(self)[1:]:
            value = getattr(self, f.name)
            if f.name == "output":
                continue
            if f.name in ("spread", "leak_range"):
                if not _is_number(value) or not 0 <= value <= (1.0 if f.name == "spread" else 1e6):
                    most = "1" if f.name == "spread" else "1000000"
                    raise _wrong(f.name, value, f"a number from 0 to {most}")
                continue
            pair = value if isinstance(value, list | tuple) else ()
            least = -1e6 if f.name == "input_bias" else 0.0 if f.name == "input_gain" else 1e-6
            if len(pair) != 2 or not all(_is_number(v) for v in pair):
                raise _wrong(f.name, value, "two numbers, the least and the greatest")
            if not least <= pair[0] <= pair[1] <= 1e6:
                raise _wrong(f.name, value, f"two rising numbers from {least:g} to 1000000")
            object.__setattr__(self, f.name, (float(pair[0]), float(pair[1])))

    def draw_neurons(self, generator: np.random.Generator) -> NeuronParameters:
        """The layer's first parameters."""

        def around(center: float) -> np.ndarray:
            return center + self.spread * generator.uniform(-1.0, 1.0, self.neurons)

        def between(ends: Range) -> np.ndarray:
            return np.exp(generator.uniform(math.log(ends[0]), math.log(ends[1]), self.neurons))

        return NeuronParameters(
            tuple(Element(x, around(alpha), around(delta)) for x, alpha, delta in _CENTERS),
            name="neuron",
            tau_slow=between(self.tau_slow),
            tau_ultraslow=between(self.tau_ultraslow),
            output=OutputShape(self.output),
            leak=Leak(range=self.leak_range),
            filter_fast=OTA_FILTER,
            filter_slow=OTA_FILTER,
            filter_ultraslow=OTA_FILTER,
        )

    def draw_bias(self, generator: np.random.Generator) -> np.ndarray:
        """The constant current of each neuron, (neurons,)."""
        return generator.uniform(*self.input_bias, self.neurons)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _wrong(name: str, value: object, allowed: str) -> InputError:
    return InputError(f"layer: {name} = {value!r} is not allowed; it must be {allowed}.")
