"""The model file: a trained network as safetensors, its configuration as JSON in the metadata.

The tensors are the network's state dict. The metadata has one entry, ``mtc-codesign`` (safetensors
would write several in any order, and equal networks are to make equal files): a JSON object of
``format``, always ``network 1``, and ``configuration``, in which every first neuron is a table as
in a neuron file. Nothing in the file is ever executed.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch

from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.file_format import MODEL
from neuron_model.model.neuron_file import neuron_from_table, neuron_to_table
from neuron_model.model.parameters import NeuronParameters
from neuron_model.network.network import MTCNetwork, NetworkConfiguration
from neuron_model.network.neuron_record import only_record, without_record
from neuron_model.toml_file import named_source

ENTRY = "mtc-codesign"
FORMAT = f"network {MODEL.version}"

_LATER = {"recurrent": False, "readout_filter": "paper"}
"""Keys that the first files of this format do not have, and what they meant."""


def write_model(path: str | os.PathLike[str], network: MTCNetwork) -> Path:
    """Write a model file; reading it gives a network with the same configuration and weights.

    Raises:
        InputError: the file cannot be written.
    """
    return write_atomically(path, model_content(network))


def model_content(network: MTCNetwork) -> bytes:
    """What stands in the model file."""
    weights = without_record(network.state_dict())  # the configuration says the rest
    tensors = {k: v.detach().cpu().contiguous() for k, v in weights.items()}
    entry = {"format": FORMAT, "configuration": configuration_to_json(_now(network))}
    metadata = {ENTRY: json.dumps(entry, allow_nan=False)}
    content: bytes = safetensors.torch.save(tensors, metadata)
    return content


def read_model(path: str | os.PathLike[str], backend: str = "auto") -> MTCNetwork:
    """The network of the model file at ``path``, on the CPU.

    Args:
        path: of the file.
        backend: that it computes with: a key of ``backends.BACKENDS``, or auto.

    Raises:
        InputError: the file is missing, damaged, not a model file, or its configuration and its
            tensors do not go together; the text says which.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: cannot be read, there is no such file.")
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (OSError, safetensors.SafetensorError, ValueError, KeyError) as error:
        raise InputError(
            f"{path}: is not a model file or is damaged ({error}); give the model.safetensors of "
            "a run folder."
        ) from error
    with named_source(str(path)):
        return network_of(_configuration(metadata.get(ENTRY)), tensors, backend)


def _now(network: MTCNetwork) -> NetworkConfiguration:
    """The configuration, with what a state dict has brought since it was made."""
    layers = []
    for given, neuron in zip(network.configuration.layers, network.neuron_layers, strict=True):
        first = dict(neuron.first_parameters.named_values())
        changed = {
            key: np.broadcast_to(first[key], (neuron.neurons,))
            for key, value in given.named_values()
            if not np.array_equal(
                np.broadcast_to(first[key], (neuron.neurons,)),
                np.broadcast_to(np.asarray(value), (neuron.neurons,)),
            )
        }
        layers.append(given.with_values(changed) if changed else given)
    return replace(network.configuration, layers=tuple(layers))


def _configuration(text: str | None) -> NetworkConfiguration:
    if text is None:
        raise InputError(f"is not a model file: its metadata must have the entry {ENTRY!r}.")
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not a model file: {ENTRY} is not JSON: {error}.") from error
    said = entry.get("format") if isinstance(entry, dict) else None
    if isinstance(said, str) and re.fullmatch(r"network [0-9]{1,6}", said):
        MODEL.check(int(said.split()[1]))
    if said != FORMAT:
        raise InputError(f"is not a model file: {ENTRY} must be of format = {FORMAT!r}.")
    return configuration_from_json(entry.get("configuration"))


def configuration_to_json(configuration: NetworkConfiguration) -> dict[str, Any]:
    """What JSON can say of a configuration, exactly."""
    entry = {f.name: getattr(configuration, f.name) for f in fields(configuration)}
    entry["learn"] = list(configuration.learn)
    entry["layers"] = [
        {"name": p.name, "neurons": [neuron_to_table(one) for one in p]}
        for p in configuration.layers
    ]
    return entry


def configuration_from_json(entry: object) -> NetworkConfiguration:
    """The inverse of :func:`configuration_to_json`.

    Raises:
        InputError: ``entry`` is not what that function gives.
    """
    names = {f.name for f in fields(NetworkConfiguration)}
    if isinstance(entry, dict):
        entry = {**_LATER, **entry}
    if not isinstance(entry, dict) or set(entry) != names:
        raise InputError(f"configuration: must have the keys {', '.join(sorted(names))}.")
    layers, learn = entry["layers"], entry["learn"]
    if not isinstance(layers, list) or not isinstance(learn, list):
        raise InputError("configuration: layers and learn must be lists.")
    return NetworkConfiguration(
        **{**entry, "layers": tuple(_layer(layer) for layer in layers), "learn": tuple(learn)}
    )


def _layer(entry: object) -> NeuronParameters:
    if not isinstance(entry, dict) or set(entry) != {"name", "neurons"}:
        raise InputError("configuration: each layer must have a name and neurons.")
    if not isinstance(entry["neurons"], list):
        raise InputError("configuration: the neurons of a layer must be a list.")
    return NeuronParameters.stack([neuron_from_table(t) for t in entry["neurons"]], entry["name"])


def network_of(
    configuration: NetworkConfiguration, tensors: dict[str, torch.Tensor], backend: str
) -> MTCNetwork:
    """A network with the tensors of a file.

    Args:
        configuration: what it is made of.
        tensors: its state dict, with or without what the configuration says.
        backend: a key of ``backends.BACKENDS``, or auto.

    Raises:
        InputError: the configuration and the tensors do not go together, or no neuron can have
            them; the text says which.
    """
    weight = tensors.get("readout.weight")
    dtype = weight.dtype if weight is not None else None
    if dtype not in (torch.float32, torch.float64, None):
        raise InputError(f"its tensors are of {dtype}; they must be float32 or float64.")
    network = MTCNetwork(configuration, backend, dtype)
    known = network.state_dict()
    tensors = {**only_record(known), **tensors}  # the file need not have it
    for key in sorted(set(known) | set(tensors)):
        if key not in tensors:
            raise InputError(f"the tensor {key} is missing.")
        if key not in known:
            raise InputError(f"the tensor {key} is not known; it belongs to another network.")
        tensor = tensors[key]
        if tensor.shape != known[key].shape or tensor.dtype != known[key].dtype:
            raise InputError(
                f"the tensor {key} is {tensor.dtype} {tuple(tensor.shape)}; it must be "
                f"{known[key].dtype} {tuple(known[key].shape)}."
            )
        # a leak without saturation has an infinite range, in the configuration as well
        if not (torch.isfinite(tensor) | (tensor == known[key])).all():
            raise InputError(f"the tensor {key} holds NaN or infinity.")
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise InputError(f"its tensors are not of its configuration ({error}).") from error
    _check_learned(network)
    return network


def _check_learned(network: MTCNetwork) -> None:
    """Refuse learned values that no neuron can have, as a neuron file would."""
    for layer in network.neuron_layers:
        layer.parameters_now()
