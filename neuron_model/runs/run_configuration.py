"""The configuration of a training run: what `codesign train` reads.

    seed = 0

    [task]
    name = "mackey_glass"
    horizon = 10                 # and the rest of tasks.mackey_glass.MackeyGlass
    # or: name = "series", file = "my.csv", and the rest of tasks.series_file.SeriesFile
    # or: name = "sequences", file = "my_TRAIN.ts", and the rest of
    #     tasks.sequence_file.SequenceFile: classes, or numbers, of sequences

    [network]
    neurons = 16                 # and the rest of bursting_layer.BurstingLayer, or
    # preset = "tonic_bursting"  # and the rest of preset_layer.PresetLayer
    layers = 1                   # that many alike; or tables [[network.layers]], each a layer
    dt = 0.5                     # and the rest of description.NetworkSettings
    steps_per_sample = 4

    [training]
    steps = 200                  # and the rest of training_configuration.TrainingConfiguration
    state = "carried"            # from window to window; or "from_rest"

    [training.rates]
    readout = 1.0                # and the rest of training_configuration.Rates

    [limits]
    alpha = [0.5, 4.0]           # and the rest of limits.Limits

    [variation]                      # optional: train with variation as they would be built
    technology = "sky130"        # and the rest of variation_settings.VariationSettings

    [circuit]                        # optional: train through the macromodel of its circuit
    technology = "sky130"        # and the rest of circuit_settings.CircuitSettings

    [log]
    tensorboard = true           # and the rest of LogSettings

``start = "runs/first"`` before the tables begins with the network of that run instead of a new
one; [network] then has no say. Everything has a default; an empty file is 16 neurons on
Mackey-Glass. In [[network.layers]] a value that is not given is that of [network]. Paths are
relative to the configuration file. ``format = 2`` before the tables is the version of the format
(:mod:`neuron_model.file_format`); it may be left out.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import tomli_w

from neuron_model.errors import InputError
from neuron_model.file_format import KEY, RUN_CONFIGURATION
from neuron_model.network.bursting_layer import BurstingLayer
from neuron_model.network.description import NetworkSettings
from neuron_model.network.limits import REALISABLE, ParameterLimits
from neuron_model.network.preset_layer import PresetLayer
from neuron_model.runs.circuit_settings import CircuitSettings
from neuron_model.runs.toml_tables import as_table, build_part, listed, typed_value
from neuron_model.runs.variation_settings import VariationSettings
from neuron_model.shown import ShownSettings
from neuron_model.suggestion import suggestion
from neuron_model.tasks.mackey_glass import MackeyGlass
from neuron_model.tasks.sequence_file import SequenceFile
from neuron_model.tasks.series_file import SeriesFile
from neuron_model.text_file import read_text
from neuron_model.toml_file import named_source, parse_toml, refuse_unknown
from neuron_model.training.training_configuration import TrainingConfiguration

LARGEST_FILE = 1_000_000
"""Bytes."""

_Part = TypeVar("_Part", VariationSettings, CircuitSettings)
AnyTask = MackeyGlass | SeriesFile | SequenceFile
AnyLayer = BurstingLayer | PresetLayer

# By name, with values that stand for what has no default.
TASKS: dict[str, AnyTask] = {
    "mackey_glass": MackeyGlass(validation_fraction=0.1),
    "series": SeriesFile("?", window=0),
    "sequences": SequenceFile("?"),
}


@dataclass(frozen=True)
class LogSettings:
    """What a run keeps beside its result.

    tensorboard: whether to write a log for TensorBoard, where that is installed.
    checkpoint_every: steps from one checkpoint to the next; 0: a twentieth of the run, at most
    100.

    Raises:
        InputError: a value is not usable; the text names it.
    """

    tensorboard: bool = True
    checkpoint_every: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.checkpoint_every <= 10**9:
            raise InputError(
                f"log: checkpoint_every = {self.checkpoint_every} is not allowed; it must be a "
                "whole number from 0 to 1000000000."
            )


@dataclass(frozen=True, repr=False)
class RunConfiguration(ShownSettings):
    """All of a run: the same configuration gives the same network.

    Raises:
        InputError: parts of it do not go together.
    """

    seed: int = 0
    task: AnyTask = TASKS["mackey_glass"]
    layers: tuple[AnyLayer, ...] = (BurstingLayer(),)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingConfiguration = field(default_factory=TrainingConfiguration)
    limits: ParameterLimits = REALISABLE
    log: LogSettings = field(default_factory=LogSettings)
    variation: VariationSettings = field(default_factory=VariationSettings)
    circuit: CircuitSettings = field(default_factory=CircuitSettings)
    start: str = ""

    def __post_init__(self) -> None:
        if self.circuit.wanted and self.variation.wanted:
            raise InputError(
                "[circuit] and [variation] do not go together: train with the samples first, then "
                "through the circuit, with start."
            )
        if self.circuit.wanted and self.network.recurrent:
            raise InputError(
                "[circuit]: there is no macromodel of layers that feed themselves "
                "(network.recurrent = true)."
            )
        if self.circuit.wanted and isinstance(self.task, SequenceFile):
            raise InputError(
                '[circuit] is for the forecast of a series, not task.name = "sequences".'
            )

    def _brief(self) -> str:
        task = str(getattr(self.task, "file", "")) or type(self.task).__name__
        neurons = " + ".join(str(layer.neurons) for layer in self.layers)
        begun = f"from {self.start}" if self.start else f"{neurons} neurons"
        return f"{Path(task).name}: {begun}, {self.training.steps} steps, seed {self.seed}"

    def named(self) -> RunConfiguration:
        """The same with what the task says written out: of its file, and of the network.

        Raises:
            InputError: the file cannot be read or does not go with the task.
        """
        task = self.task
        if isinstance(task, SeriesFile | SequenceFile):
            task = task.named()
        network = self.network.for_horizon(getattr(task, "horizon", None))
        return replace(self, task=task, network=network)

    @property
    def series_task(self) -> MackeyGlass | SeriesFile:
        """The task, which is to be the forecast of a series.

        Raises:
            InputError: it is another.
        """
        if isinstance(self.task, SequenceFile):
            raise InputError(
                'task.name = "sequences" is not for this: it needs a network that forecasts a '
                "series (`train` and `codesign train` learn sequences)."
            )
        return self.task

    @property
    def sequence_task(self) -> SequenceFile:
        """The task, which is to be of sequences.

        Raises:
            InputError: it is another.
        """
        if not isinstance(self.task, SequenceFile):
            raise InputError('task.name must be "sequences" to train on sequences.')
        return self.task


def read_run_configuration(path: str | os.PathLike[str]) -> RunConfiguration:
    """Read a configuration file.

    Raises:
        InputError: it cannot be read, a key is not known or a value not allowed; the text names
            file, key, value and what is allowed.
    """
    text = read_text(path, LARGEST_FILE)
    return run_configuration_from_toml(text, str(path), Path(path).resolve().parent)


_BEFORE = {"output": "clip", "readout_filter": "paper"}
"""What runs were trained with whose written configuration does not say it."""


def read_written_configuration(path: str | os.PathLike[str]) -> RunConfiguration:
    """The configuration that a run wrote, every value of it, to its folder.

    Raises:
        InputError: as :func:`read_run_configuration`.
    """
    return written_configuration(read_text(path, LARGEST_FILE), path)


def written_configuration(text: str, path: str | os.PathLike[str]) -> RunConfiguration:
    """The same of the text of such a file, which lies at ``path`` or is to lie there.

    Raises:
        InputError: as :func:`read_run_configuration`.
    """
    return run_configuration_from_toml(text, str(path), Path(path).resolve().parent, _BEFORE)


def run_configuration_from_toml(
    text: str, source: str, folder: Path | None = None, unsaid: Mapping[str, Any] | None = None
) -> RunConfiguration:
    """The configuration that ``text`` describes.

    Args:
        text: of the file.
        source: what errors call it.
        folder: what the paths in it are relative to; the working directory if not given.
        unsaid: values of [network] where the text has none, in place of today's defaults.

    Raises:
        InputError: as :func:`read_run_configuration`.
    """
    parsed = parse_toml(text, source)
    with named_source(source):
        document = RUN_CONFIGURATION.check_document(parsed, source)
        known = ("seed", "task", "network", "training", "limits", "log", "variation", "circuit")
        _refuse_misplaced(document)
        refuse_unknown("", document, (*known, *_TOP))
        seed = _seed("seed", document.get("seed", 0))
        tables = {key: as_table(key, document.get(key, {})) for key in known[1:]}
        settings, layers = _network({**(unsaid or {}), **tables["network"]})
        # of the sequences drawn, where that is another one than the network's
        drawn = _seed("training.seed", tables["training"].pop("seed", seed))
        here = folder or Path.cwd()
        start = typed_value("start", document.get("start", ""), "")
        return RunConfiguration(
            seed=seed,
            task=_task(tables["task"], here),
            layers=layers,
            network=settings,
            training=build_part(TrainingConfiguration(seed=drawn), "training", tables["training"]),
            limits=build_part(REALISABLE, "limits", tables["limits"]),
            log=build_part(LogSettings(), "log", tables["log"]),
            variation=_of_technology(VariationSettings(), "variation", tables["variation"], here),
            circuit=_of_technology(CircuitSettings(), "circuit", tables["circuit"], here),
            start=str((here / Path(start).expanduser()).resolve()) if start else "",
        )


_TOP = ("seed", "start")
"""Keys before the tables begin."""
_OF_NETWORK = frozenset(f.name for f in fields(NetworkSettings))
_OF_LAYERS = frozenset(f.name for kind in (BurstingLayer, PresetLayer) for f in fields(kind))
_IN_NETWORK = _OF_NETWORK | _OF_LAYERS | {"layers"}
"""Keys of [network]: how the neurons are computed, and which they are."""


def _refuse_misplaced(document: Mapping[str, Any]) -> None:
    """A key that is known, but not where it stands, is told where it belongs."""
    homes = {
        "network": _IN_NETWORK,
        "training": {f.name for f in fields(TrainingConfiguration)},
        "limits": {f.name for f in fields(ParameterLimits)},
        "log": {f.name for f in fields(LogSettings)},
        "variation": {f.name for f in fields(VariationSettings)},
        "circuit": {f.name for f in fields(CircuitSettings)},
        "task": {"name"}.union(*({f.name for f in fields(task)} for task in TASKS.values())),
    }
    tables = {name: table for name, table in document.items() if isinstance(table, dict)}
    alone = {key: value for key, value in document.items() if key not in (*tables, *_TOP)}
    for name, table in {"": alone, **tables}.items():
        for key in table:
            where = [f"[{home}]" for home, keys in homes.items() if key in keys]
            if where and key not in homes.get(name, ()):
                here = f"{name}.{key}" if name else key
                raise InputError(f"{here} is not a known key; it belongs in {' or '.join(where)}.")


def _seed(key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise InputError(
            f"{key} = {value!r} is not allowed; it must be a whole number from 0 to 2147483647."
        )
    return value


def run_configuration_to_toml(configuration: RunConfiguration) -> str:
    """A file with every value written out; reading it gives ``configuration`` back."""
    return tomli_w.dumps(_document(configuration))


def _document(configuration: RunConfiguration) -> dict[str, Any]:
    training = _entries(configuration.training)
    if training["seed"] == configuration.seed:
        del training["seed"]
    first, *others = configuration.layers
    network = _entries(configuration.network)
    if others:
        network["layers"] = [_entries(layer) for layer in configuration.layers]
    else:
        network = {**_entries(first), **network}
    name = next(n for n, task in TASKS.items() if type(task) is type(configuration.task))
    optional: dict[str, VariationSettings | CircuitSettings] = {
        "variation": configuration.variation,
        "circuit": configuration.circuit,
    }
    return {
        KEY: RUN_CONFIGURATION.version,
        "seed": configuration.seed,
        **({"start": configuration.start} if configuration.start else {}),
        "task": {"name": name, **_entries(configuration.task)},
        "network": network,
        "training": training,
        "limits": _entries(configuration.limits),
        "log": _entries(configuration.log),
        **{name: _entries(part) for name, part in optional.items() if part.wanted},
    }


def describes(layers: Sequence[object]) -> bool:
    """Whether a file can say all of ``layers``: none is of a class of one's own."""
    return all(type(layer) in (BurstingLayer, PresetLayer) for layer in layers)


def identity(configuration: RunConfiguration) -> str:
    """SHA-256, hex, of all that the result depends on: not where it is computed or what is kept."""
    defaults = RunConfiguration()
    plain = replace(
        configuration,
        log=defaults.log,
        training=replace(configuration.training, device=defaults.training.device),
    )
    document = _document(plain)
    if not plain.training.significant_bits:
        del document["training"]["significant_bits"]  # runs from before this key stay the same runs
    return hashlib.sha256(tomli_w.dumps(document).encode()).hexdigest()


def differences(one: RunConfiguration, other: RunConfiguration) -> list[str]:
    """What of the result the two make different: ``task.horizon = 10, not 4``.

    Where it is computed and what is logged is left out.
    """
    flat = []
    for configuration in (one, other):
        document = parse_toml(run_configuration_to_toml(configuration), "a configuration")
        del document["log"], document["training"]["device"]
        flat.append(dict(_flat(document)))
    keys = list(dict.fromkeys((*flat[0], *flat[1])))
    return [
        f"{key} = {flat[0].get(key, 'none')!r}, not {flat[1].get(key, 'none')!r}"
        for key in keys
        if flat[0].get(key) != flat[1].get(key)
    ]


def _flat(content: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in content.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{before}{name}.")
        elif name == "layers" and isinstance(value, list):
            for index, layer in enumerate(value):
                rows += _flat(layer, f"{before}layers[{index}].")
        else:
            rows.append((f"{before}{name}", value))
    return rows


def _task(table: Mapping[str, Any], folder: Path) -> AnyTask:
    entries = dict(table)
    name = entries.pop("name", "mackey_glass")
    if not isinstance(name, str) or name not in TASKS:
        meant = suggestion(str(name), TASKS)
        raise InputError(f"task.name = {name!r} is not allowed; it must be {listed(TASKS)}.{meant}")
    if name in ("series", "sequences"):
        if not entries.get("file"):
            kinds = "a table" if name == "series" else "NPZ, TS or CSV"
            raise InputError(f"task.file is missing; it must be the path of a file, {kinds}.")
        for key in ("input", "target"):
            if isinstance(entries.get(key), str):
                entries[key] = [entries[key]]
        for key in ("file", "test_file"):
            if entries.get(key):
                file = typed_value(f"task.{key}", entries[key], "")
                entries[key] = str((folder / Path(file).expanduser()).resolve())
    task: AnyTask = build_part(TASKS[name], "task", entries)
    return task


def _of_technology(default: _Part, key: str, table: Mapping[str, Any], folder: Path) -> _Part:
    """The table [variation] or [circuit]."""
    part: _Part = build_part(default, key, table)
    if table and not part.wanted:
        raise InputError(f"{key}.technology is missing; it must be a built-in name or a path.")
    if "/" in part.technology or "." in part.technology:
        path = (folder / Path(part.technology).expanduser()).resolve()
        return replace(part, technology=str(path))
    return part


def _network(table: Mapping[str, Any]) -> tuple[NetworkSettings, tuple[AnyLayer, ...]]:
    """What of [network] says how the neurons are computed, and which they are."""
    refuse_unknown("network.", table, tuple(sorted(_IN_NETWORK)))
    common = {k: v for k, v in table.items() if k in _OF_LAYERS}
    layers = table.get("layers", 1)
    if isinstance(layers, list) and layers:
        tables = [as_table(f"network.layers[{i}]", entry) for i, entry in enumerate(layers)]
    elif isinstance(layers, int) and not isinstance(layers, bool) and 1 <= layers <= 100:
        tables = [{}] * layers
    else:
        raise InputError(
            f"network.layers = {layers!r} is not allowed; it must be a whole number from 1 to 100 "
            "or tables [[network.layers]]."
        )
    own = {k: v for k, v in table.items() if k in _OF_NETWORK}
    found = []
    for index, entry in enumerate(tables):
        key = f"network.layers[{index}]" if entry else "network"
        found.append(_layer(key, {**common, **entry}))
    return build_part(NetworkSettings(), "network", own), tuple(found)


def _layer(key: str, table: Mapping[str, Any]) -> AnyLayer:
    if "preset" not in table:
        bursting: BurstingLayer = build_part(BurstingLayer(), key, table)
        return bursting
    name = table["preset"]
    layer: PresetLayer = build_part(
        PresetLayer(), key, {**table, "preset": [name] if isinstance(name, str) else name}
    )
    return layer


def _entries(part: Any) -> dict[str, Any]:
    """What a file can say of a dataclass."""

    def entry(value: Any) -> Any:
        if is_dataclass(value):
            return _entries(value)
        return list(value) if isinstance(value, tuple) else value

    return {f.name: entry(getattr(part, f.name)) for f in fields(part)}
