import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from neuron_model.errors import InputError
from neuron_model.tasks.mackey_glass import MackeyGlass, mackey_glass
from neuron_model.tasks.series import (
    cut_series,
    make_series,
    nrmse,
    scored_windows,
    training_batch,
    trivial_nrmse,
)

SHORT = MackeyGlass(
    samples=100, training_fraction=0.75, window=10, washout=2, horizon=3, transient=0.0
)
THREE = MackeyGlass(
    samples=400,
    training_fraction=0.5,
    validation_fraction=0.2,
    window=30,
    washout=10,
    horizon=5,
    transient=50.0,
)


def test_no_part_holds_a_sample_of_another_not_even_as_a_target():
    values = mackey_glass(THREE)
    series = make_series(THREE)
    scale = series.signal_scale
    parts = (series.training, series.validation, series.test)
    for part, (start, end) in zip(parts, ((0, 200), (200, 280), (280, 400)), strict=True):
        assert len(part) == end - start - THREE.horizon
        raw = [scale.mean + scale.deviation * x[:, 0] for x in (part.signal, part.target)]
        np.testing.assert_allclose(raw[0], values[start : end - 5])
        np.testing.assert_allclose(raw[1], values[start + 5 : end])


def test_the_scale_is_of_the_training_part_alone():
    series = make_series(THREE)
    values = mackey_glass(THREE)[:200]
    assert series.signal_scale.mean[0] == pytest.approx(values.mean())
    assert series.target_scale.deviation[0] == pytest.approx(values.std())
    other = make_series(replace(THREE, samples=800, training_fraction=0.25))
    np.testing.assert_array_equal(other.training.signal, series.training.signal)


def test_batches_come_from_the_training_part():
    series = make_series(SHORT)
    signal, target = training_batch(SHORT, series, 500, torch.Generator().manual_seed(0))
    known = {*series.training.signal[:, 0].astype(np.float32).tolist()}
    known |= {*series.training.target[:, 0].astype(np.float32).tolist()}
    assert {*signal.flatten().tolist(), *target.flatten().tolist()} == known


def test_targets_are_ahead_by_the_horizon():
    series = make_series(SHORT)
    for signal, target in (
        training_batch(SHORT, series, 7, torch.Generator().manual_seed(1)),
        scored_windows(SHORT, series.test, torch.float64),
    ):
        assert signal.shape == target.shape
        assert signal.shape[1:] == (10, 1)
        assert torch.equal(signal[:, 3:], target[:, :-3])


def test_scored_windows_cover_a_part_once():
    series = make_series(SHORT)
    signal, _ = scored_windows(SHORT, series.test, torch.float64)
    scored = signal[:, SHORT.washout :].flatten().numpy()
    np.testing.assert_array_equal(scored, series.test.signal[2 : 2 + len(scored), 0])
    assert len(series.test) - SHORT.window < 2 + len(scored) <= len(series.test)


def test_batches_are_those_of_their_seed():
    series = make_series(SHORT)
    first, same = (
        training_batch(SHORT, series, 4, torch.Generator().manual_seed(5))[0] for _ in range(2)
    )
    other = training_batch(SHORT, series, 4, torch.Generator().manual_seed(6))[0]
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_several_columns_are_cut_alike():
    signal = np.random.default_rng(0).normal(3.0, 2.0, (60, 3))
    target = np.cumsum(signal[:, :2], axis=0)
    series = cut_series(signal, target, 4, 0.5, 0.25, (None, 1))
    assert (series.inputs, series.outputs) == (3, 2)
    np.testing.assert_allclose(
        series.training.signal.std(0), signal[:26].std(0) / signal[:30].std(0)
    )
    raw = series.target_scale.mean + series.target_scale.deviation * series.validation.target
    np.testing.assert_allclose(raw, target[34:45])


def test_columns_that_never_change_are_refused():
    signal = np.ones((60, 2))
    signal[:, 0] = np.arange(60)
    with pytest.raises(InputError, match="input column 'pump' is 1 all through"):
        cut_series(signal, signal[:, :1], 1, 0.5, names=(("level", "pump"), ("level",), ()))


def test_nrmse_by_hand():
    target = torch.tensor([1.0, 2.0, 3.0, 4.0])
    assert nrmse(target, target) == 0.0
    assert nrmse(target.mean().expand(4), target) == pytest.approx(1.0)
    assert nrmse(target + 1.0, target) == pytest.approx(1 / math.sqrt(1.25))
    # Each output by its own deviation, however large its numbers are.
    two = torch.stack([target, 100 * target], dim=-1)
    said = two + torch.tensor([1.0, 0.0])
    assert nrmse(said, two) == pytest.approx(math.sqrt(1 / 1.25 / 2))
    assert nrmse(said[None], two[None]) == nrmse(said, two)


def test_trivial_predictors_are_what_they_say():
    series = make_series(MackeyGlass(horizon=1))
    near = trivial_nrmse(MackeyGlass(horizon=1), series)
    far = trivial_nrmse(MackeyGlass(horizon=25), make_series(MackeyGlass(horizon=25)))
    assert near["last value"] < 0.2 < 1.2 < far["last value"]
    assert far["mean"] == pytest.approx(1.0, abs=0.05)
    unheard = replace(series, persistence=(None,))
    assert list(trivial_nrmse(MackeyGlass(horizon=1), unheard)) == ["mean"]
