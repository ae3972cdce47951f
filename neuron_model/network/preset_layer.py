"""A layer to start training from: neurons of one preset, or of several in turn, no two alike."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from neuron_model.errors import InputError
from neuron_model.model.parameters import (
    TIMESCALES,
    Element,
    NeuronParameters,
    OutputShape,
    Timescale,
)
from neuron_model.model.presets import Preset, preset
from neuron_model.shown import ShownSettings

Range = tuple[float, float]
Slot = tuple[Timescale, bool, int]

DEFAULT = ("tonic_bursting",)


@dataclass(frozen=True, repr=False)
class PresetLayer(ShownSettings):
    """From what the first parameters of a layer are drawn.

    neurons: how many. preset: one name or several of ``neuron_model.model.presets``, which take
    turns. spread: each alpha and time constant is multiplied by up to exp(+-spread), each delta
    moved by up to +-spread. input_gain: least and greatest magnitude of an input weight, of either
    sign. input_bias: least and greatest constant current; where there are none, the current that
    brings out the preset's regime, moved by up to +-spread. output: shape of s, one of
    ``parameters.OutputShape``, whatever the preset's is.

    Raises:
        InputError: a value is not usable; the text names it.
    """

    neurons: int = 16
    preset: tuple[str, ...] = DEFAULT
    spread: float = 0.1
    input_gain: Range = (0.5, 1.0)
    input_bias: Range | tuple[()] = ()
    output: str = OutputShape.OTA.value

    def __post_init__(self) -> None:
        names = (self.preset,) if isinstance(self.preset, str) else tuple(self.preset)
        object.__setattr__(self, "preset", names)
        if isinstance(self.neurons, bool) or not isinstance(self.neurons, int):
            raise _wrong("neurons", self.neurons, "a whole number")
        if not 1 <= self.neurons <= 100_000:
            raise _wrong("neurons", self.neurons, "from 1 to 100000")
        if self.output not in tuple(OutputShape):
            raise _wrong("output", self.output, f"one of {', '.join(OutputShape)}")
        if not names or not all(isinstance(name, str) for name in names):
            raise _wrong("preset", self.preset, "the name of a preset or a list of them")
        if names != DEFAULT:
            self._presets()
        if not _is_number(self.spread) or not 0 <= self.spread <= 1:
            raise _wrong("spread", self.spread, "a number from 0 to 1")
        for key, least in (("input_gain", 0.0), ("input_bias", -1e6)):
            pair = tuple(getattr(self, key))
            if key == "input_bias" and not pair:
                continue
            if len(pair) != 2 or not all(_is_number(v) for v in pair):
                raise _wrong(key, pair, "two numbers, the least and the greatest")
            if not least <= pair[0] <= pair[1] <= 1e6:
                raise _wrong(key, pair, f"two rising numbers from {least:g} to 1000000")
            object.__setattr__(self, key, (float(pair[0]), float(pair[1])))

    def draw_neurons(self, generator: np.random.Generator) -> NeuronParameters:
        """The layer's first parameters."""
        shape = OutputShape(self.output)
        chosen = _alike([replace(one.parameters, output=shape) for one in self._presets()])
        turns = [chosen[i % len(chosen)] for i in range(self.neurons)]
        layer = NeuronParameters.stack(turns, "neuron")

        def moved(value: np.ndarray) -> np.ndarray:
            return value + self.spread * generator.uniform(-1.0, 1.0, self.neurons)

        def scaled(value: np.ndarray) -> np.ndarray:
            return value * np.exp(self.spread * generator.uniform(-1.0, 1.0, self.neurons))

        return replace(
            layer,
            elements=tuple(
                replace(e, alpha=scaled(e.alpha), delta=moved(e.delta)) for e in layer.elements
            ),
            tau_fast=scaled(layer.tau_fast),
            tau_slow=scaled(layer.tau_slow),
            tau_ultraslow=scaled(layer.tau_ultraslow),
        )

    def draw_bias(self, generator: np.random.Generator) -> np.ndarray:
        """The constant current of each neuron, (neurons,)."""
        if self.input_bias:
            return generator.uniform(*self.input_bias, self.neurons)
        currents = [one.stimulus.values[-1] for one in self._presets()]
        center = np.array([currents[i % len(currents)] for i in range(self.neurons)])
        return center + self.spread * generator.uniform(-1.0, 1.0, self.neurons)

    def _presets(self) -> list[Preset]:
        return [preset(name) for name in self.preset]


def _alike(many: list[NeuronParameters]) -> list[NeuronParameters]:
    """The same neurons with the same list of elements each, those that one lacks of strength 0.

    Elements are the same where timescale and sign are, one after the other. A time constant that
    only elements of strength 0 read is that of another neuron: it has no effect.
    """
    slots: list[Slot] = []
    for neuron in many:
        for slot in _slots(neuron):
            if slot not in slots:
                slots.append(slot)
    found = []
    for neuron in many:
        own = dict(zip(_slots(neuron), neuron.elements, strict=True))
        taus = {
            f"tau_{x}": next(other.tau(x) for other in many if other.of(x))
            for x in TIMESCALES
            if not neuron.of(x) and any(other.of(x) for other in many)
        }
        elements = tuple(own.get(slot) or Element(slot[0], 0.0, 0.0) for slot in slots)
        found.append(replace(neuron, elements=elements, **taus))
    return found


def _slots(neuron: NeuronParameters) -> list[Slot]:
    kinds = [(e.timescale, bool(e.alpha < 0)) for e in neuron.elements]
    return [(*kind, kinds[:i].count(kind)) for i, kind in enumerate(kinds)]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _wrong(name: str, value: object, allowed: str) -> InputError:
    return InputError(f"layer: {name} = {value!r} is not allowed; it must be {allowed}.")
