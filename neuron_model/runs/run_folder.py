"""What stands in a run folder once a network is trained."""

from __future__ import annotations

import os
from pathlib import Path

from neuron_model.errors import InputError
from neuron_model.network.model_file import model_content
from neuron_model.network.network import MTCNetwork
from neuron_model.runs.currents_file import currents_content
from neuron_model.runs.file_names import (
    CURRENTS_FILE,
    FORECAST_FILE,
    HISTORY_FILE,
    MODEL_FILE,
    RESULT_FILE,
)
from neuron_model.runs.forecast_file import Forecast, forecast_content
from neuron_model.runs.history_file import history_csv
from neuron_model.runs.result_file import result_json
from neuron_model.tasks.series import Series, SeriesTask
from neuron_model.training.recording import Recording
from neuron_model.training.scoring import forecast
from neuron_model.training.training import TrainingResult, TrainingStep


def folder_to_save_in(folder: str | os.PathLike[str], overwrite: bool) -> Path:
    """``folder`` as a path, where a run may be saved.

    Raises:
        InputError: it is a file, or holds a run that is not to be replaced.
    """
    path = Path(folder)
    if path.is_file():
        raise InputError(f"{path}: is a file; give the folder of a run.")
    if (path / MODEL_FILE).is_file() and not overwrite:
        raise InputError(f"{path}: holds a run already; give another folder, or overwrite=True.")
    return path


def run_files(
    network: MTCNetwork,
    task: SeriesTask,
    series: Series,
    result: TrainingResult,
    currents: tuple[Recording, ...],
    identity: str,
) -> dict[str, str | bytes]:
    """Content by name, in the order in which it is to appear: what says that all is there is last.

    Args:
        network: trained. task, series: what it learned. result: how that went.
        currents: see :func:`neuron_model.training.recording.recorded_currents`.
        identity: of the run's configuration.
    """
    return {
        HISTORY_FILE: history_csv(result.history, TrainingStep),
        CURRENTS_FILE: currents_content(list(currents)),
        FORECAST_FILE: forecast_content(stream_forecast(network, series, task.washout)),
        MODEL_FILE: model_content(network),
        RESULT_FILE: result_json(result, identity, task, series),
    }


def stream_forecast(network: MTCNetwork, series: Series, washout: int) -> Forecast:
    """The forecast on the stream, in the units of the data."""
    scale = series.target_scale
    found = forecast(network, series.test, series.before_test).double().numpy()
    target, found = (scale.mean + scale.deviation * x for x in (series.test.target, found))
    return Forecast(target, found, washout)
