"""An echo state network of as many units as the MTC network has neurons, by reservoirpy.

    x(t) = (1 - a) x(t-1) + a tanh(W x(t-1) + V u(t) + c),    y = w x + b

W, V and c are drawn and stay; w and b are found by ridge regression. Source: Jaeger, GMD Report 148
(2001); leaky units: Jaeger et al., Neural Networks 20 (2007) 335. The leak a, the spectral radius
of W, the size of V and the penalty are those of a grid that do best on the validation part.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import torch

from neuron_model.errors import MissingDependencyError
from neuron_model.tasks.series import Series, SeriesTask, nrmse, scored_moments

LEAKS = (0.3, 0.6, 1.0)
RADII = (0.5, 0.9, 1.2)
INPUT_SIZES = (0.1, 0.3, 1.0)
PENALTIES = (1e-8, 1e-6, 1e-4, 1e-2, 1.0)
"""Of the ridge regression, relative to the number of moments."""

BIAS_SIZE = 0.2
"""Of c: without one the units are odd in their input and tell x from no square of it."""


def echo_state_nrmse(task: SeriesTask, series: Series, units: int, seed: int) -> float:
    """NRMSE on the test part, in one run over validation and test part, as networks are scored.

    Raises:
        MissingDependencyError: reservoirpy is not installed.
    """
    found = (
        _tried(task, series, units, seed, *chosen) for chosen in product(LEAKS, RADII, INPUT_SIZES)
    )
    return min(found)[1]


def _reservoir(units: int, seed: int, leak: float, radius: float, size: float) -> Any:
    try:
        from reservoirpy.nodes import Reservoir
    except ImportError as error:
        raise MissingDependencyError(
            "The echo state network needs reservoirpy, which is not installed; "
            "run `pip install -c constraints.txt -e '.[benchmarks]'`."
        ) from error

    def bias(neurons: int, **how: Any) -> np.ndarray:
        return np.asarray(how["seed"].uniform(-BIAS_SIZE, BIAS_SIZE, neurons))

    return Reservoir(
        units,
        lr=leak,
        sr=radius,
        input_scaling=size,
        input_connectivity=1.0,
        rc_connectivity=min(1.0, 10 / units),
        bias=bias,
        seed=seed,
    )


def _tried(
    task: SeriesTask,
    series: Series,
    units: int,
    seed: int,
    leak: float,
    radius: float,
    size: float,
) -> tuple[float, float]:
    """NRMSE on the validation part by the best penalty, and with that on the test part."""

    def states(signal: np.ndarray) -> np.ndarray:
        # A new one for each run, from rest: the same numbers by the same seed.
        return np.asarray(_reservoir(units, seed, leak, radius, size).run(signal))

    training, validation, test = series.training, series.validation, series.test
    heard = training.signal
    x, whole = states(heard), scored_moments(training, task.washout)
    x_validation = states(validation.signal)
    before = series.before_test
    assert before is not None, "the task has a validation part"
    x_test = states(np.concatenate([before, test.signal]))[-len(test) :]
    rows, target = x[whole], training.target[whole]
    center, mean = rows.mean(0), target.mean(0)
    gram, right = (rows - center).T @ (rows - center), (rows - center).T @ (target - mean)
    best = (np.inf, np.inf)
    for penalty in PENALTIES:
        w = np.linalg.solve(gram + penalty * len(rows) * np.eye(units), right)
        errors = []
        for part, some in ((validation, x_validation), (test, x_test)):
            scored = scored_moments(part, task.washout)
            said = mean + (some[scored] - center) @ w
            errors.append(nrmse(torch.tensor(said), torch.tensor(part.target[scored])))
        best = min(best, (errors[0], errors[1]))
    return best
