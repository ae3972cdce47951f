"""What is compared and how each model is made and trained: one TOML file a model.

model = "adlif"              # mtc | adlif | lif | mtc_ota: MTC neurons as a circuit has them
sizes = [69, 69]             # neurons of each hidden layer
readout_tau = 2.0            # first time constant of the low-pass, in samples
input_gain = 15.0            # deviation of the first input weights
hidden_gain = 15.0           # of the others, times sqrt(fan-in)
bias = [-3.0, 3.0]           # least and greatest first constant current
steps_per_sample = 1         # optional, of MTC neurons: time steps in which a sample is held
readout_filter = "exact"     # optional: "exact" or "paper"

[neurons]                    # what the model's layers are made with

[training]                   # as neuron_model.training.training_configuration.TrainingConfiguration
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from neuron_model.errors import InputError
from neuron_model.tasks.mackey_glass import MackeyGlass
from neuron_model.training.training_configuration import Rates, TrainingConfiguration

FOLDER = Path(__file__).parent

MODELS = {
    "mtc": "MTC",
    "adlif": "adaptive LIF",
    "lif": "LIF",
    "mtc_ota": "MTC, OTA output and exact filter",
}
"""In the order of the table, and how they are called there."""

TASK = MackeyGlass(
    samples=20_000,
    interval=1.5,
    horizon=90,
    window=180,
    washout=60,
    training_fraction=0.7,
    validation_fraction=0.15,
)
"""The same for all: 135 units of time ahead. Everything is chosen by the validation part."""


@dataclass(frozen=True)
class Settings:
    """One model's settings; fields as in the module's docstring."""

    model: str
    sizes: tuple[int, ...]
    readout_tau: float
    input_gain: float
    hidden_gain: float
    bias: tuple[float, float]
    neurons: Mapping[str, Any]
    training: TrainingConfiguration
    steps_per_sample: int = 1
    readout_filter: str = "exact"


def with_state(settings: Settings, state: str) -> Settings:
    """The same model, its training with the state carried, or with every window from rest."""
    return replace(settings, training=replace(settings.training, state=state))


def read_settings(path: Path) -> Settings:
    """The settings of a file.

    Raises:
        InputError: a key is missing or not known, or a value not allowed; the text names both.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    names = {f.name for f in fields(Settings)}
    if set(table) | {"steps_per_sample", "readout_filter"} != names:
        raise InputError(f"{path}: must have the keys {', '.join(sorted(names))}, and no others.")
    if table["model"] not in MODELS:
        raise InputError(f"{path}: model = {table['model']!r} must be one of {', '.join(MODELS)}.")
    training = dict(table.pop("training"))
    try:
        rates = Rates(**training.pop("rates", {}))
        configuration = TrainingConfiguration(**training, rates=rates)
    except (InputError, TypeError) as error:
        raise InputError(f"{path}: {error}") from error
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    return Settings(**values, training=configuration)
