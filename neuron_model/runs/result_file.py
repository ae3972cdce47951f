"""The files ``training.json`` and ``history.csv`` of a run folder: how the training went."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from neuron_model.runs.file_names import HISTORY_FILE, MODEL_FILE, RESULT_FILE
from neuron_model.runs.history_file import read_steps
from neuron_model.tasks.ridge import lags_of, ridge_nrmse
from neuron_model.tasks.series import (
    Series,
    SeriesTask,
    make_series,
    trivial_nrmse,
    trivial_stream_nrmse,
)
from neuron_model.tasks.series_file import SeriesFile
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
    return json.dumps(entries, indent=2) + "\n"


def read_result(folder: Path, identity: str | None = None) -> TrainingResult | None:
    """How the run went that is there; None where it is not whole, or not that of ``identity``."""
    if not all((folder / name).is_file() for name in (RESULT_FILE, MODEL_FILE, HISTORY_FILE)):
        return None
    try:
        entries = json.loads((folder / RESULT_FILE).read_text(encoding="utf-8"))
        history = read_steps(folder / HISTORY_FILE, TrainingStep)
        whole = entries["steps"] == len(history)
        whole &= identity is None or entries["identity"] == identity
        names = [f.name for f in fields(TrainingResult) if f.name != "history"]
        result = TrainingResult(history, **{name: entries[name] for name in names})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return result if whole else None
