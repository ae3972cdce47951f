import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from neuron_model.errors import InputError
from neuron_model.tasks.mackey_glass import PREDICTABILITY_LIMIT, MackeyGlass, mackey_glass

SHORT = MackeyGlass(
    samples=100, training_fraction=0.75, window=10, washout=2, horizon=3, transient=0.0
)


def by_method_of_steps(task: MackeyGlass) -> np.ndarray:
    """Delay by delay with an adaptive solver, the delayed value from its own dense output."""
    pieces: list = []

    def past(t: float) -> float:
        if t <= 0:
            return task.start
        return float(pieces[min(int(t / task.tau), len(pieces) - 1)](t)[0])

    def rate(t: float, x: np.ndarray) -> list[float]:
        delayed = past(t - task.tau)
        return [task.beta * delayed / (1 + delayed**task.n) - task.gamma * x[0]]

    end, x = task.samples * task.interval, [task.start]
    for k in range(math.ceil(end / task.tau)):
        span = (k * task.tau, (k + 1) * task.tau)
        run = solve_ivp(rate, span, x, "DOP853", dense_output=True, rtol=1e-11, atol=1e-12)
        pieces.append(run.sol)
        x = run.y[:, -1]
    return np.array([past(t) if t else task.start for t in np.arange(task.samples) * task.interval])


def test_the_series_solves_the_delay_equation():
    np.testing.assert_allclose(mackey_glass(SHORT), by_method_of_steps(SHORT), atol=2e-8)


def test_the_series_is_of_fourth_order_between_grid_points_too():
    task = replace(SHORT, interval=0.777)
    exact = mackey_glass(task, 1600)
    coarse, fine = (np.abs(mackey_glass(task, n) - exact).max() for n in (40, 80))
    assert fine < 1e-6
    assert 11 < coarse / fine < 22


def test_the_papers_setting_is_135_units_of_time_ahead():
    task = PREDICTABILITY_LIMIT
    assert task.horizon * task.interval == pytest.approx(135.0)
    assert (task.beta, task.gamma, task.n, task.tau) == (0.2, 0.1, 10.0, 17.0)
    task = replace(task, samples=16_000, validation_fraction=0.0)
    series, values = task.series(), mackey_glass(task)
    scale = series.target_scale
    heard = scale.mean + scale.deviation * series.test.signal[:, 0]
    said = scale.mean + scale.deviation * series.test.target[:, 0]
    np.testing.assert_allclose(heard, values[9_600:-675])
    np.testing.assert_allclose(said, values[10_275:])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"samples": 100.0}, "samples = 100.0"),
        ({"samples": True}, "samples = True"),
        ({"horizon": 0}, "horizon = 0"),
        ({"tau": float("nan")}, "tau = nan"),
        ({"tau": -1.0}, "tau = -1.0"),
        ({"training_fraction": 1.0}, "training_fraction = 1.0"),
        ({"validation_fraction": 0.3}, "validation_fraction = 0.3"),
        ({"validation_fraction": 0.05}, "at most 5, the length of the validation part of 100"),
        ({"washout": 10}, "washout = 10"),
        ({"window": 50}, r"window \+ horizon = 53"),
    ],
)
def test_wrong_tasks_are_refused(values: dict, words: str):
    with pytest.raises(InputError, match=words):
        replace(SHORT, **values)
