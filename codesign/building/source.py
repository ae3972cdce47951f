"""What a command line names: a neuron file, a preset or a run folder."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.neuron_file import read_neuron
from neuron_model.model.parameters import NeuronParameters
from neuron_model.model.presets import Preset, preset
from neuron_model.model.stimulus import Stimulus
from neuron_model.shown import Shown, counted

if TYPE_CHECKING:
    from neuron_model.training.train import TrainedNetwork

MODEL_FILE = "model.safetensors"
CONFIG_FILE = "config.toml"
PRESET_PREFIX = "preset:"


CURRENTS_FILE = "currents.npz"


@dataclass(frozen=True, repr=False)
class Source(Shown):
    """The neurons that were named.

    folder: of the run, None where it is a single neuron. drives: what each neuron is driven with
    of its own: a preset's current, or what a network feeds to it; None where nothing is known.
    trained: the network that they are of, where ``neuron_model.train`` gave it.
    """

    neurons: tuple[NeuronParameters, ...]
    folder: Path | None = None
    drives: tuple[Drive, ...] | None = None
    trained: TrainedNetwork | None = field(default=None, compare=False, repr=False)

    def _brief(self) -> str:
        where = "" if self.folder is None else f" of {self.folder}"
        names = ", ".join(neuron.name for neuron in self.neurons[:3])
        more = ", ..." if len(self.neurons) > 3 else ""
        return f"{counted(len(self.neurons), 'neuron')}{where}: {names}{more}"

    @property
    def why_no_network(self) -> str:
        """Why there is no trained network with the series of its task; empty where there is."""
        if self.trained is not None:
            return ""
        if self.folder is None:
            return (
                "these are single neurons; give the folder of a trained network, or what "
                "neuron_model.train gave."
            )
        missing = [n for n in (MODEL_FILE, CONFIG_FILE) if not (self.folder / n).is_file()]
        if missing:
            return (
                f"{self.folder}: holds no {missing[0]}, so it is no folder of `codesign train`, "
                "whose network and test series are needed."
            )
        return ""

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
        return _of_preset(preset(name.removeprefix(PRESET_PREFIX)))
    path = Path(name)
    if not path.is_dir():
        return Source((load_neuron(name),))
    model = path / MODEL_FILE
    if not model.is_file():
        raise InputError(f"{path}: is no run folder: it holds no {MODEL_FILE}.")
    from neuron_model.network.model_file import read_model

    network = read_model(model)
    drives = _read_drives(path / CURRENTS_FILE, network.configuration.sizes)
    return _of_layers([layer.parameters_now() for layer in network.neuron_layers], path, drives)


def source_of(named: Any) -> Source:
    """The neurons that ``named`` is or holds.

    It may be what :func:`load_source` takes, a path, a Source, NeuronParameters or a list of them,
    a Preset, what ``neuron_model.train`` gave, or a torch module that holds MTCNeuron layers, at
    any depth; they are taken in the order of ``module.modules()``.

    Raises:
        InputError: it is nothing of the kind, or holds no such neurons.
    """
    if isinstance(named, Source):
        return named
    if isinstance(named, str | os.PathLike):
        return load_source(os.fspath(named))
    if isinstance(named, NeuronParameters):
        return Source(tuple(named))
    if isinstance(named, Preset):
        return _of_preset(named)
    if isinstance(named, list | tuple) and all(isinstance(n, NeuronParameters) for n in named):
        if not named:
            raise InputError("there are no neurons: give at least one.")
        return _of_layers(named)
    return _of_module(named)


def _of_preset(known: Preset) -> Source:
    return Source((known.parameters,), drives=(Drive(known.stimulus, known.duration),))


def _of_layers(
    layers: Sequence[NeuronParameters],
    folder: Path | None = None,
    drives: tuple[Drive, ...] | None = None,
) -> Source:
    """Layers that have a name in common are called ``layer_0`` and so on."""
    if len({layer.name for layer in layers}) < len(layers):
        layers = [replace(layer, name=f"layer_{index}") for index, layer in enumerate(layers)]
    return Source(tuple(neuron for layer in layers for neuron in layer), folder, drives)


def _of_module(named: Any) -> Source:
    """Of a torch module, or of a network that was trained; torch is loaded only for these."""
    from torch import nn

    from neuron_model.network.description import Network
    from neuron_model.network.neuron import MTCNeuron
    from neuron_model.training.train import TrainedNetwork

    drives = trained = None
    if isinstance(named, TrainedNetwork):
        trained = named
        drives = tuple(
            drive
            for currents, interval in named.currents
            for drive in _layer_drives("currents", currents, interval, currents.shape[1])
        )
        named = named.module
    if isinstance(named, Network):
        raise InputError("a Network is a description: train it first, with neuron_model.train.")
    if not isinstance(named, nn.Module):
        raise InputError(
            f"{named!r:.200} is nothing that can be built; give a neuron file, preset:NAME, a run "
            "folder, NeuronParameters, a trained network or a torch module with MTCNeuron layers."
        )
    layers = [layer for layer in named.modules() if isinstance(layer, MTCNeuron)]
    if not layers:
        raise InputError(
            f"the {type(named).__name__} holds no MTCNeuron layer, so there is nothing to build."
        )
    found = _of_layers([layer.parameters_now() for layer in layers], drives=drives)
    return replace(found, trained=trained)


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
    what: Path | str, currents: np.ndarray, interval: float, neurons: int
) -> Iterator[Drive]:
    if currents.ndim != 2 or currents.shape[1] != neurons:
        raise InputError(
            f"{what}: currents of shape {currents.shape} do not fit {neurons} neurons; they must "
            "be (samples, neurons)."
        )
    try:
        stimuli = [Stimulus.sampled(column, interval) for column in currents.T]
    except InputError as error:
        raise InputError(f"{what}: {error}") from error
    return (Drive(stimulus, len(currents) * interval, True) for stimulus in stimuli)
