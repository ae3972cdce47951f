"""The files ``training.json`` and ``history.csv`` of a run folder: how the training went."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from neuron_model.file_format import RESULT
from neuron_model.runs.file_names import HISTORY_FILE, MODEL_FILE, RESULT_FILE
from neuron_model.runs.history_file import Step, read_steps
from neuron_model.tasks.ridge import lags_of, ridge_nrmse
from neuron_model.tasks.series import (
    Series,
    SeriesTask,
    make_series,
    trivial_nrmse,
    trivial_stream_nrmse,
)
from neuron_model.tasks.series_file import SeriesFile
from neuron_model.text_file import read_text
from neuron_model.training.training import TrainingResult, TrainingStep


def result_json(
    result: TrainingResult, identity: str, task: SeriesTask, series: Series | None = None
) -> str:
    """What stands in ``training.json``.

    Args:
        result: how it went.
        identity: of the run's configuration.
        task: where it is a table, how that was read is said.
        series: of the task; made if not given.
    """
    series = series or make_series(task)
    windows, stream = ridge_nrmse(task, series)
    entries: dict[str, Any] = {
        "identity": identity,
        "steps": len(result.history),
        **{f.name: getattr(result, f.name) for f in fields(result) if f.name != "history"},
    }
    if result.history:
        entries["activity"] = result.history[-1].activity
    on_stream = trivial_stream_nrmse(task, series)
    entries["trivial"] = {
        name: {"nrmse": error, "stream_nrmse": on_stream[name]}
        for name, error in trivial_nrmse(task, series).items()
    }
    entries["ridge"] = {"rows": lags_of(task), "nrmse": windows, "stream_nrmse": stream}
    if isinstance(task, SeriesFile):
        entries["table"] = task.said()
    return RESULT.json_text(entries) + "\n"


def read_entries(path: Path) -> dict[str, Any]:
    """What a file ``training.json`` says, whatever was learned.

    Raises:
        InputError: it cannot be read, or is of another version.
    """
    return RESULT.json_content(read_text(path), str(path), str(path.parent))


def whole_run(
    folder: Path, kind: type[Step], identity: str | None
) -> tuple[dict[str, Any], tuple[Step, ...]] | None:
    """What the run says of itself that is there, and its steps; None where it is not whole, not
    that of ``identity``, or of something else.

    Raises:
        InputError: a file of it is damaged, or of another version.
    """
    if not all((folder / name).is_file() for name in (RESULT_FILE, MODEL_FILE, HISTORY_FILE)):
        return None
    entries = read_entries(folder / RESULT_FILE)
    try:
        history = read_steps(folder / HISTORY_FILE, kind)
    except (ValueError, KeyError, TypeError):
        return None
    whole = entries.get("steps") == len(history)
    whole &= identity is None or entries.get("identity") == identity
    return (entries, history) if whole else None


def read_result(folder: Path, identity: str | None = None) -> TrainingResult | None:
    """How the run went that is there; None and errors as :func:`whole_run`."""
    found = whole_run(folder, TrainingStep, identity)
    if found is None:
        return None
    entries, history = found
    names = [f.name for f in fields(TrainingResult) if f.name != "history"]
    with RESULT.reading(str(folder / RESULT_FILE)):
        return TrainingResult(history, **{name: entries[name] for name in names})
