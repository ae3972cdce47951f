"""What a run folder holds for a report."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from circuits.datasheet import Entry, datasheet_from_csv
from codesign.building.estimates import Estimates, read_estimates
from codesign.building.export import DESIGN_FILE, NETLIST_FOLDER, datasheet_path
from codesign.building.source import load_source
from codesign.networks.files import read_network_validation
from codesign.networks.verdict import AnyValidation
from codesign.validation.validation import Validation, read_validation
from mapping.design import NeuronDesign, read_designs
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters
from neuron_model.model.stimulus import Stimulus
from neuron_model.runs.file_names import (
    CONFIG_FILE,
    FORECAST_FILE,
    HISTORY_FILE,
    MODEL_FILE,
    RESULT_FILE,
)
from neuron_model.runs.forecast_file import Forecast, read_forecast
from neuron_model.runs.history_file import read_history_table
from neuron_model.runs.result_file import read_entries
from neuron_model.runs.sequence_files import scores_from_entries
from neuron_model.text_file import read_text
from neuron_model.training.scoring import Scores
from neuron_model.training.sequence_scoring import SequenceScores

VALIDATION_FILE = "validation.json"


@dataclass(frozen=True)
class History:
    """The loss at each step of the training. column: what the file calls the steps.

    activity: fraction of the neurons' steps in which s > 0, at each step, empty where the file does
    not say. validation: (step, NRMSE on the validation part) of each look at it, in windows from
    rest; validation_stream: in one continuous run.
    """

    column: str
    steps: tuple[float, ...]
    losses: tuple[float, ...]
    activity: tuple[float, ...] = ()
    validation: tuple[tuple[float, float], ...] = ()
    validation_stream: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class WrittenFile:
    """One netlist: its path, size in bytes and SHA-256, hex."""

    path: Path
    size: int
    digest: str


@dataclass(frozen=True)
class RunFolder:
    """All that the report shows; what a run does not have is empty or None.

    datasheets, estimates: of the designs, by the name of the neuron. neurons: as trained, where the
    run holds its model. stimuli: the recorded input currents, by the name of the neuron. forecast:
    what the network says on the stream. scores: test NRMSE; predictors: that of ridge regression
    and the trivial ones, by what they are called. network: the task of its whole circuit.
    """

    path: Path
    validation: Validation
    designs: Mapping[str, NeuronDesign]
    datasheets: Mapping[str, tuple[Entry, ...]]
    estimates: Mapping[str, Estimates]
    neurons: tuple[NeuronParameters, ...]
    stimuli: Mapping[str, Stimulus]
    config: str | None
    history: History | None
    netlists: tuple[WrittenFile, ...]
    forecast: Forecast | None = None
    scores: Scores | None = None
    predictors: Mapping[str, Scores] = field(default_factory=dict)
    classification: Classification | None = None
    network: AnyValidation | None = None


@dataclass(frozen=True)
class Classification:
    """Of a network that was trained on sequences: names of the classes, and the test scores."""

    classes: tuple[str, ...]
    scores: SequenceScores


def read_run_folder(path: Path) -> RunFolder:
    """Read what there is; only the validation has to be there.

    Raises:
        InputError: there is no validation, or a file is not what its name says.
    """
    if not path.is_dir():
        raise InputError(f"{path}: is no run folder; `codesign train` makes one.")
    if not (path / VALIDATION_FILE).is_file():
        raise InputError(
            f"{path}: holds no {VALIDATION_FILE}; run `codesign validate` on it first (without "
            "--network), then report."
        )
    try:
        validation = read_validation(path / VALIDATION_FILE)
    except InputError as error:
        raise InputError(f"{error} Run `codesign validate` again, then report.") from error
    designs = read_designs(path / DESIGN_FILE) if (path / DESIGN_FILE).is_file() else ()
    neurons: tuple[NeuronParameters, ...] = ()
    stimuli = {}
    if (path / MODEL_FILE).is_file():
        source = load_source(str(path))
        neurons = source.neurons
        for neuron, drive in zip(neurons, source.drives or (), strict=False):
            stimuli[neuron.name] = drive.stimulus
    there = (path / RESULT_FILE).is_file()
    result = read_entries(path / RESULT_FILE) if there else {}
    return RunFolder(
        path=path,
        validation=validation,
        designs={design.name: design for design in designs},
        datasheets=_datasheets(path, designs),
        estimates=read_estimates(path),
        neurons=neurons,
        stimuli=stimuli,
        config=_text(path / CONFIG_FILE),
        history=read_history(path / HISTORY_FILE),
        netlists=_netlists(path / NETLIST_FOLDER),
        forecast=read_forecast(path / FORECAST_FILE),
        scores=_scores(result),
        predictors=_predictors(result),
        classification=_classification(result),
        network=read_network_validation(path),
    )


def read_history(path: Path) -> History | None:
    """The training's losses; None where there is no such file or it has no rows.

    The file has a column ``loss``; the steps are in ``epoch`` or ``step``, or are counted.
    The columns ``activity``, ``validation_nrmse`` and ``validation_stream_nrmse`` may be there; the
    latter two may have gaps.

    Raises:
        InputError: no such column, a value that is no number, or a file of another version.
    """
    if not path.is_file():
        return None
    rows = read_history_table(path)
    columns = rows.fieldnames or []
    if "loss" not in columns:
        raise InputError(f"{path}: has no column loss; its second line must be names of columns.")
    column = next((name for name in ("epoch", "step") if name in columns), "")
    steps: list[float] = []
    losses: list[float] = []
    activity: list[float] = []
    looks: dict[str, list[tuple[float, float]]] = {name: [] for name in _LOOKS}
    for number, row in enumerate(rows):
        line = f"{path}, line {number + 3}"
        steps.append(_number(line, row[column] if column else str(number)))
        losses.append(_number(line, row["loss"]))
        if "activity" in columns:
            activity.append(_number(line, row["activity"]))
        for name, found in looks.items():
            if row.get(name):
                found.append((steps[-1], _number(line, row[name])))
    if not losses:
        return None
    both = (tuple(found) for found in looks.values())
    return History(column or "step", tuple(steps), tuple(losses), tuple(activity), *both)


def _datasheets(path: Path, designs: Sequence[NeuronDesign]) -> dict[str, tuple[Entry, ...]]:
    found = {}
    for design in designs:
        file = datasheet_path(path, design.name, len(designs))
        text = _text(file)
        if text is not None:
            found[design.name] = datasheet_from_csv(text, str(file))
    return found


_LOOKS = ("validation_nrmse", "validation_stream_nrmse")


def _scores(entries: Mapping[str, Any]) -> Scores | None:
    """Of the file that training writes last; None where it says nothing of a series."""
    try:
        return Scores(float(entries["nrmse"]), float(entries["stream_nrmse"]))
    except (ValueError, KeyError, TypeError):
        return None


def _predictors(entries: Mapping[str, Any]) -> dict[str, Scores]:
    """Of the same file; empty where it says nothing of them, as older ones do."""
    try:
        named = {f"predicting the {name}": each for name, each in entries["trivial"].items()}
        ridge = entries["ridge"]
        named[f"ridge regression on {int(ridge['rows'])} rows"] = ridge
        return {k: Scores(float(v["nrmse"]), float(v["stream_nrmse"])) for k, v in named.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _classification(entries: Mapping[str, Any]) -> Classification | None:
    """Of the same file; None where it is of no training on sequences."""
    try:
        classes = tuple(str(name) for name in entries["classes"])
        return Classification(classes, scores_from_entries(entries["test"]))
    except (ValueError, KeyError, TypeError):
        return None


def _number(line: str, word: str | None) -> float:
    try:
        value = float(word or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{line}: {word!r} is not allowed; it must be a number.")
    return value


def _text(path: Path) -> str | None:
    return read_text(path) if path.is_file() else None


def _netlists(folder: Path) -> tuple[WrittenFile, ...]:
    try:
        paths = sorted(path for path in folder.glob("*.spice") if path.is_file())
        contents = [path.read_bytes() for path in paths]
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error}).") from error
    return tuple(
        WrittenFile(path, len(content), hashlib.sha256(content).hexdigest())
        for path, content in zip(paths, contents, strict=True)
    )
