"""Ridge regression on the last rows: what a straight line through the same data gets.

    y(t + horizon) = b + sum over inputs i and lags k of  w_ik x_i(t - k),    k = 0 ... lags - 1

with the w that minimize the squared error on the training part plus penalty |w|^2; the inputs are
scaled as those of the network. Source: Hoerl and Kennard, Technometrics 12 (1970) 55.
"""

from __future__ import annotations

import numpy as np
import torch

from neuron_model.tasks.series import (
    Part,
    Series,
    SeriesTask,
    nrmse,
    scored_moments,
    scored_windows,
)

LAGS = 20
"""Rows that are looked at, the present one among them, where the washout is as long."""

PENALTIES = (1e-8, 1e-6, 1e-4, 1e-2, 1.0)
"""Relative to the number of rows; the one that does best on the validation part is taken, the
middle one where there is none."""


def ridge_name(task: SeriesTask) -> str:
    """What the regression is called in a table."""
    return f"ridge regression on {lags_of(task)} rows"


def lags_of(task: SeriesTask) -> int:
    """How many rows are looked at: no more than there are before the first scored one."""
    return min(LAGS, task.washout + 1)


def ridge_nrmse(task: SeriesTask, series: Series) -> tuple[float, float]:
    """Its NRMSE on the test part: at the moments that windows score, and on the stream."""
    found = ridge_forecast(task, series)
    part = Part(found, series.test.target, series.test.breaks)
    windows, target = (x[:, task.washout :] for x in scored_windows(task, part, torch.double))
    scored = scored_moments(part, task.washout)
    stream = nrmse(torch.tensor(found[scored]), torch.tensor(part.target[scored]))
    return nrmse(windows, target), stream


def ridge_forecast(task: SeriesTask, series: Series) -> np.ndarray:
    """What it says at each moment of the test part, (samples, outputs), scaled.

    The first moments, which have fewer rows before them, look at zeros, the mean.
    """
    lags = lags_of(task)
    training = series.training
    whole = scored_moments(training, lags - 1)
    if not whole.any():
        return np.zeros_like(series.test.target)
    rows, target = _lagged(training.signal, lags)[whole], training.target[whole]
    center, mean = rows.mean(0), target.mean(0)
    rows = rows - center
    gram, right = rows.T @ rows, rows.T @ (target - mean)

    def weights(penalty: float) -> np.ndarray:
        size = penalty * len(rows) * np.eye(len(gram))
        return np.asarray(np.linalg.solve(gram + size, right))

    def said(part: Part, w: np.ndarray) -> np.ndarray:
        return mean + (_lagged(part.signal, lags) - center) @ w

    best = PENALTIES[len(PENALTIES) // 2]
    scored = scored_moments(series.validation, task.washout)
    if scored.any():
        heard = series.validation.target[scored]
        best = min(
            PENALTIES,
            key=lambda p: float(((said(series.validation, weights(p))[scored] - heard) ** 2).sum()),
        )
    return np.asarray(said(series.test, weights(best)))


def _lagged(signal: np.ndarray, lags: int) -> np.ndarray:
    """(samples, lags inputs): each row and the ones before it, zeros where there are none."""
    padded = np.concatenate([np.zeros((lags - 1, signal.shape[1])), signal])
    return np.concatenate([padded[lags - 1 - k : len(padded) - k] for k in range(lags)], axis=1)
