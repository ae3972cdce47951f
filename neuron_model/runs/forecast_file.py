"""The file ``forecast.npz`` of a run folder: a trained network's forecast on the stream."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.file_format import FORECAST
from neuron_model.runs.array_file import array_content, open_arrays
from neuron_model.runs.file_names import FORECAST_FILE


@dataclass(frozen=True)
class Forecast:
    """Target and forecast at each moment of the test part, in one continuous run.

    target, forecast: (moments, outputs), in the units of the data. warmup: moments from the first
    that are not scored.

    Raises:
        InputError: the shapes do not go together, or a number is not finite.
    """

    target: np.ndarray
    forecast: np.ndarray
    warmup: int

    def __post_init__(self) -> None:
        if self.target.ndim != 2 or self.target.shape != self.forecast.shape:
            raise InputError(
                f"target of shape {self.target.shape} and forecast of shape {self.forecast.shape} "
                "do not go together; both must be (moments, outputs)."
            )
        if not 0 <= self.warmup < len(self.target):
            raise InputError(
                f"warmup = {self.warmup} is not allowed; it must be from 0 to less than the "
                f"{len(self.target)} moments."
            )
        for name in ("target", "forecast"):
            if not np.all(np.isfinite(getattr(self, name))):
                raise InputError(f"{name} holds numbers that are not finite.")


def write_forecast(folder: Path, forecast: Forecast) -> Path:
    """Into a run folder."""
    return write_atomically(folder / FORECAST_FILE, forecast_content(forecast))


def forecast_content(forecast: Forecast) -> bytes:
    """What stands in the file."""
    return array_content(FORECAST, asdict(forecast))


def read_forecast(path: str | os.PathLike[str]) -> Forecast | None:
    """What :func:`write_forecast` wrote; None where there is no such file.

    Raises:
        InputError: the file is something else, damaged or of another version.
    """
    if not Path(path).is_file():
        return None
    with open_arrays(Path(path), FORECAST) as content:
        target, forecast = (content[k].astype(float) for k in ("target", "forecast"))
        return Forecast(target, forecast, int(content["warmup"]))
