"""The configuration of a training run: what `codesign train` reads.

    seed = 0

    [task]
    name = "mackey_glass"
    horizon = 10                 # and the rest of tasks.mackey_glass.MackeyGlass

    [network]
    neurons = 16                 # and the rest of bursting_layer.BurstingLayer
    dt = 0.5                     # and the rest of NetworkSettings
    steps_per_sample = 4

    [training]
    steps = 80                   # and the rest of training.TrainingConfiguration

    [limits]
    alpha = [0.5, 4.0]           # and the rest of limits.Limits

Everything has a default; an empty file is the small network of `codesign demo`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import tomli_w

from neuron_model.bursting_layer import BurstingLayer
from neuron_model.errors import InputError
from neuron_model.limits import REALISABLE, Limits
from neuron_model.network import NetworkConfiguration
from neuron_model.neuron_file import named_source, parse_toml, read_text
from neuron_model.parameters import Element, NeuronParameters, Timescale
from neuron_model.tasks.mackey_glass import MackeyGlass
from neuron_model.training import TrainingConfiguration

LARGEST_FILE = 1_000_000
"""Bytes."""

TASKS = {"mackey_glass": MackeyGlass}


@dataclass(frozen=True)
class NetworkSettings:
    """How the network computes; fields as in ``network.NetworkConfiguration``."""

    dt: float = 0.5
    steps_per_sample: int = 4
    learn: tuple[str, ...] = ("alpha", "delta", "tau")
    integrator: str = "exponential"
    readout_tau: float = 1.0
    learn_readout_tau: bool = True

    def __post_init__(self) -> None:
        # The network's own checks, on the smallest one, so that they come with the file's name.
        probe = NeuronParameters((Element(Timescale.FAST, 1.0, 0.0),))
        self.network(probe)

    def network(self, neurons: NeuronParameters) -> NetworkConfiguration:
        """The network of one hidden layer between one signal and one output."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return NetworkConfiguration(inputs=1, outputs=1, layers=(neurons,), **values)


@dataclass(frozen=True)
class RunConfiguration:
    """All of a run: the same configuration gives the same network."""

    seed: int = 0
    task: MackeyGlass = field(default_factory=MackeyGlass)
    layer: BurstingLayer = field(default_factory=BurstingLayer)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingConfiguration = field(default_factory=TrainingConfiguration)
    limits: Limits = REALISABLE


def read_run_configuration(path: str | os.PathLike[str]) -> RunConfiguration:
    """Read a configuration file.

    Raises:
        InputError: it cannot be read, a key is not known or a value not allowed; the text names
            file, key, value and what is allowed.
    """
    return run_configuration_from_toml(read_text(path, LARGEST_FILE), str(path))


def run_configuration_from_toml(text: str, source: str) -> RunConfiguration:
    """The configuration that ``text`` describes; ``source`` is what errors call it.

    Raises:
        InputError: as :func:`read_run_configuration`.
    """
    document = parse_toml(text, source)
    with named_source(source):
        known = ("seed", "task", "network", "training", "limits")
        _refuse_unknown("", document, known)
        seed = document.get("seed", 0)
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**31:
            raise InputError(
                f"seed = {seed!r} is not allowed; it must be a whole number from 0 to 2147483647."
            )
        tables = {key: _table(key, document.get(key, {})) for key in known[1:]}
        task = dict(tables["task"])
        name = task.pop("name", "mackey_glass")
        if name not in TASKS:
            raise InputError(f"task.name = {name!r} is not allowed; it must be {_words(TASKS)}.")
        layer, network = _split(tables["network"])
        return RunConfiguration(
            seed=seed,
            task=_build(MackeyGlass(), "task", task),
            layer=_build(BurstingLayer(), "network", layer),
            network=_build(NetworkSettings(), "network", network),
            training=_build(TrainingConfiguration(seed=seed), "training", tables["training"]),
            limits=_build(REALISABLE, "limits", tables["limits"]),
        )


def run_configuration_to_toml(configuration: RunConfiguration) -> str:
    """A file with every value written out; reading it gives ``configuration`` back."""
    training = _entries(configuration.training)
    del training["seed"]
    return tomli_w.dumps(
        {
            "seed": configuration.seed,
            "task": {"name": "mackey_glass", **_entries(configuration.task)},
            "network": {**_entries(configuration.layer), **_entries(configuration.network)},
            "training": training,
            "limits": _entries(configuration.limits),
        }
    )


def _build(default: Any, key: str, table: Mapping[str, Any]) -> Any:
    """``default`` with the values of ``table``, each of the type that the default's has."""
    names = tuple(f.name for f in fields(default) if f.name != "seed")
    _refuse_unknown(f"{key}.", table, names)
    values: dict[str, Any] = {
        name: _typed(f"{key}.{name}", value, getattr(default, name))
        for name, value in table.items()
    }
    return replace(default, **values)


def _typed(key: str, value: object, example: Any) -> Any:
    if is_dataclass(example):
        return _build(example, key, _table(key, value))
    if isinstance(example, tuple):
        if isinstance(value, list) and all(
            isinstance(v, str) if isinstance(example[0], str) else _is_number(v) for v in value
        ):
            return tuple(value)
        kind = "texts" if isinstance(example[0], str) else "numbers"
        raise InputError(f"{key} = {value!r} is not allowed; it must be a list of {kind}.")
    kinds: dict[type, tuple[type, ...]] = {float: (int, float), int: (int,), str: (str,)}
    allowed = kinds.get(type(example), (bool,))
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        words = {float: "a number", int: "a whole number", str: "text", bool: "true or false"}
        raise InputError(f"{key} = {value!r} is not allowed; it must be {words[type(example)]}.")
    if isinstance(example, float) and isinstance(value, int):
        return float(value) if abs(value) < 10**300 else math.inf
    return value


def _split(table: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of [network] says which neurons, and what says how they are computed."""
    settings = {f.name for f in fields(NetworkSettings)}
    known = settings | {f.name for f in fields(BurstingLayer)}
    _refuse_unknown("network.", table, tuple(sorted(known)))
    return (
        {k: v for k, v in table.items() if k not in settings},
        {k: v for k, v in table.items() if k in settings},
    )


def _entries(part: Any) -> dict[str, Any]:
    """What a file can say of a dataclass."""

    def entry(value: Any) -> Any:
        if is_dataclass(value):
            return _entries(value)
        return list(value) if isinstance(value, tuple) else value

    return {f.name: entry(getattr(part, f.name)) for f in fields(part)}


def _table(key: str, entry: object) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise InputError(f"{key} = {entry!r} is not allowed; it must be a table, [{key}].")
    return entry


def _refuse_unknown(prefix: str, table: Mapping[str, object], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            raise InputError(f"{prefix}{key} is not a known key; allowed are {_words(known)}.")


def _words(names: Any) -> str:
    return ", ".join(names)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
