"""What a command line names: a neuron file, a preset or a run folder."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.neuron_file import read_neuron
from neuron_model.model.parameters import NeuronParameters
from neuron_model.model.stimulus import Stimulus

MODEL_FILE = "model.safetensors"
PRESET_PREFIX = "preset:"


CURRENTS_FILE = "currents.npz"


@dataclass(frozen=True)
class Source:
    """The neurons that were named.

    folder: of the run, None where it is a single neuron. drives: what each neuron is driven with
    of its own: a preset's current, or what a network feeds to it; None where nothing is known.
    """

    neurons: tuple[NeuronParameters, ...]
    folder: Path | None = None
    drives: tuple[Drive, ...] | None = None

    def only(self, chosen: Sequence[int]) -> Source:
        """Those of its neurons whose indices are ``chosen``."""
        neurons = tuple(self.neurons[i] for i in chosen)
        drives = None if self.drives is None else tuple(self.drives[i] for i in chosen)
        return Source(neurons, self.folder, drives)


def load_neuron(name: str) -> NeuronParameters:
    """The neuron of a neuron file or of ``preset:NAME``.

    Raises:
        InputError: there is no such file or preset, or the file is not one.
    """
    if name.startswith(PRESET_PREFIX):
        from neuron_model.model.presets import preset

        return preset(name.removeprefix(PRESET_PREFIX)).parameters
    return read_neuron(name)


def load_source(name: str) -> Source:
    """All neurons of a run folder, or the one of a neuron file or preset.

    Files and netlists are named after neurons: layers that have a name in common are called
    ``layer_0`` and so on here, 0 being the one nearest to the input.

    Raises:
        InputError: nothing of the kind is there.
    """
    if name.startswith(PRESET_PREFIX):
        from neuron_model.model.presets import preset

        known = preset(name.removeprefix(PRESET_PREFIX))
        return Source((known.parameters,), drives=(Drive(known.stimulus, known.duration),))
    path = Path(name)
    if not path.is_dir():
        return Source((load_neuron(name),))
    model = path / MODEL_FILE
    if not model.is_file():
        raise InputError(f"{path}: is no run folder: it holds no {MODEL_FILE}.")
    from neuron_model.network.model_file import read_model
    from neuron_model.network.network import neurons_of

    network = read_model(model)
    sizes = network.configuration.sizes
    layers = [neurons_of(network, layer) for layer in range(len(sizes))]
    if len({layer.name for layer in layers}) < len(layers):
        layers = [replace(layer, name=f"layer_{index}") for index, layer in enumerate(layers)]
    neurons = tuple(neuron for layer in layers for neuron in layer)
    return Source(neurons, path, _read_drives(path / CURRENTS_FILE, sizes))


def write_drives(
    folder: Path, currents: np.ndarray, interval: float, *deeper: tuple[np.ndarray, float]
) -> Path:
    """Keep what a network feeds to its neurons.

    Args:
        folder: of the run.
        currents: of the layer nearest to the input, (samples, neurons), in model units.
        interval: for how long a sample is held, in model time.
        deeper: the same two of each further layer.
    """
    arrays: dict[str, Any] = {}
    for index, (recorded, held) in enumerate([(currents, interval), *deeper]):
        arrays |= {_name("currents", index): recorded, _name("interval", index): np.array(held)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return write_atomically(folder / CURRENTS_FILE, buffer.getvalue())


def _name(array: str, layer: int) -> str:
    return f"{array}_{layer}" if layer else array


def _read_drives(path: Path, sizes: tuple[int, ...]) -> tuple[Drive, ...] | None:
    """sizes: neurons of each layer."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as content:
            layers = [
                (content[_name("currents", i)], float(content[_name("interval", i)]))
                for i in range(len(sizes))
            ]
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: is no file of input currents ({error}).") from error
    drives: list[Drive] = []
    for (currents, interval), neurons in zip(layers, sizes, strict=True):
        drives += _layer_drives(path, currents, interval, neurons)
    return tuple(drives)


def _layer_drives(
    path: Path, currents: np.ndarray, interval: float, neurons: int
) -> Iterator[Drive]:
    if currents.ndim != 2 or currents.shape[1] != neurons:
        raise InputError(
            f"{path}: currents of shape {currents.shape} do not fit {neurons} neurons; they must "
            "be (samples, neurons)."
        )
    try:
        stimuli = [Stimulus.sampled(column, interval) for column in currents.T]
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return (Drive(stimulus, len(currents) * interval, True) for stimulus in stimuli)
