import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from neuron_model.errors import InputError
from neuron_model.tasks.mackey_glass import (
    MackeyGlass,
    mackey_glass,
    make_series,
    nrmse,
    scored_windows,
    training_batch,
    trivial_nrmse,
)

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


def test_nothing_of_the_test_part_is_in_the_training_part():
    task = MackeyGlass(
        samples=400, training_fraction=0.75, window=30, washout=10, horizon=5, transient=50.0
    )
    values = mackey_glass(task)
    series = make_series(task)
    assert len(series.training) == 300
    assert len(series.test) == 100
    np.testing.assert_allclose(series.mean + series.deviation * series.training, values[:300])
    np.testing.assert_allclose(series.mean + series.deviation * series.test, values[300:])
    # The scale is of the training part alone.
    assert series.training.mean() == pytest.approx(0.0, abs=1e-12)
    assert series.training.std() == pytest.approx(1.0)
    other = make_series(replace(task, samples=600, training_fraction=0.5))
    np.testing.assert_array_equal(other.training, series.training)
    signal, target = training_batch(task, series, 500, torch.Generator().manual_seed(0))
    known = set(series.training.astype(np.float32).tolist())
    assert set(signal.flatten().tolist()) <= known
    assert set(target.flatten().tolist()) <= known


def test_targets_are_ahead_by_the_horizon():
    series = make_series(SHORT)
    for signal, target in (
        training_batch(SHORT, series, 7, torch.Generator().manual_seed(1)),
        scored_windows(SHORT, series),
    ):
        assert signal.shape == target.shape
        assert signal.shape[1:] == (10, 1)
        assert torch.equal(signal[:, 3:], target[:, :-3])


def test_scored_windows_cover_the_test_part_once():
    series = make_series(SHORT)
    signal, _ = scored_windows(SHORT, series)
    scored = signal[:, SHORT.washout :, 0].flatten().numpy()
    np.testing.assert_array_equal(scored, series.test[2 : 2 + len(scored)].astype(np.float32))


def test_batches_are_those_of_their_seed():
    series = make_series(SHORT)
    first, same = (
        training_batch(SHORT, series, 4, torch.Generator().manual_seed(5))[0] for _ in range(2)
    )
    other = training_batch(SHORT, series, 4, torch.Generator().manual_seed(6))[0]
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_nrmse_by_hand():
    target = torch.tensor([1.0, 2.0, 3.0, 4.0])
    assert nrmse(target, target) == 0.0
    assert nrmse(target.mean().expand(4), target) == pytest.approx(1.0)
    assert nrmse(target + 1.0, target) == pytest.approx(1 / math.sqrt(1.25))


def test_trivial_predictors_are_what_they_say():
    series = make_series(MackeyGlass(horizon=1))
    near = trivial_nrmse(MackeyGlass(horizon=1), series)
    far = trivial_nrmse(MackeyGlass(horizon=25), series)
    assert near["last value"] < 0.2 < 1.2 < far["last value"]
    assert far["mean"] == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"samples": 100.0}, "samples = 100.0"),
        ({"samples": True}, "samples = True"),
        ({"horizon": 0}, "horizon = 0"),
        ({"tau": float("nan")}, "tau = nan"),
        ({"tau": -1.0}, "tau = -1.0"),
        ({"training_fraction": 1.0}, "training_fraction = 1.0"),
        ({"washout": 10}, "washout = 10"),
        ({"window": 50}, "samples = 100"),
    ],
)
def test_wrong_tasks_are_refused(values: dict, words: str):
    with pytest.raises(InputError, match=words):
        replace(SHORT, **values)
