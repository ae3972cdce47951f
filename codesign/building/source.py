"""What a command line names: a neuron file, a preset or a run folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.neuron_file import read_neuron
from neuron_model.model.parameters import NeuronParameters
from neuron_model.model.presets import Preset, preset
from neuron_model.runs.currents_file import layer_drives, read_drives
from neuron_model.runs.file_names import CONFIG_FILE, CURRENTS_FILE, MODEL_FILE
from neuron_model.shown import Shown, counted

if TYPE_CHECKING:
    from neuron_model.runs.sequence_train import TrainedOnSequences
    from neuron_model.runs.train import TrainedNetwork

PRESET_PREFIX = "preset:"


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
    trained: TrainedNetwork | TrainedOnSequences | None = field(
        default=None, compare=False, repr=False
    )

    def _brief(self) -> str:
        where = "" if self.folder is None else f" of {self.folder}"
        names = ", ".join(neuron.name for neuron in self.neurons[:3])
        more = ", ..." if len(self.neurons) > 3 else ""
        return f"{counted(len(self.neurons), 'neuron')}{where}: {names}{more}"

    @property
    def why_no_network(self) -> str:
        """Why there is no trained network with the data of its task; empty where there is."""
        if self.trained is not None:
            return ""
        if self.folder is None:
            return (
                "these are single neurons; give the folder of a trained network, or what "
                "`train` gave."
            )
        missing = [n for n in (MODEL_FILE, CONFIG_FILE) if not (self.folder / n).is_file()]
        if missing:
            return (
                f"{self.folder}: holds no {missing[0]}, so it is no folder of `codesign train`, "
                "whose network and test part are needed."
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
    drives = read_drives(path / CURRENTS_FILE, network.configuration.sizes)
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
    from neuron_model.runs.sequence_train import TrainedOnSequences
    from neuron_model.runs.train import TrainedNetwork

    drives = trained = None
    if isinstance(named, TrainedNetwork | TrainedOnSequences):
        trained = named
        drives = tuple(
            drive
            for currents, interval in named.currents
            for drive in layer_drives("currents", currents, interval, currents.shape[1])
        )
        named = named.module
    if isinstance(named, Network):
        raise InputError("a Network is a description: train it first, with `train`.")
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
