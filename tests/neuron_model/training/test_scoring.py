"""A network is scored in windows and on a stream, and neither way looks ahead."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from neuron_model.model.parameters import Element, NeuronParameters
from neuron_model.network.network import MTCNetwork, NetworkConfiguration
from neuron_model.network.variation import Variation
from neuron_model.tasks.mackey_glass import MackeyGlass
from neuron_model.tasks.series import Part, make_series, nrmse
from neuron_model.training import scoring
from neuron_model.training.scoring import (
    Scores,
    evaluate,
    evaluate_samples_stream,
    evaluate_stream,
    forecast,
    run_on,
    score,
    score_test,
    score_with_variation,
)

TASK = MackeyGlass(
    samples=400,
    training_fraction=0.5,
    validation_fraction=0.2,
    window=30,
    washout=12,
    horizon=4,
    transient=100.0,
)


def network() -> MTCNetwork:
    torch.manual_seed(0)
    spread = np.linspace(-0.3, 0.3, 6)
    layer = NeuronParameters(
        (Element("fast", -1.5 + spread, 0.0), Element("slow", 2.0, spread)),
        tau_slow=np.linspace(5.5, 15.0, 6),
    )
    return MTCNetwork(
        NetworkConfiguration(1, 1, (layer,), dt=0.5, steps_per_sample=3), dtype=torch.float64
    )


def test_a_run_in_pieces_is_one_run(monkeypatch: pytest.MonkeyPatch):
    net, signal = network(), make_series(TASK).test.signal
    with torch.no_grad():
        whole, end = net(torch.tensor(signal)[None])
    monkeypatch.setattr(scoring, "_STEPS_AT_ONCE", 40)  # 13 samples
    said, state = run_on(net, signal)
    torch.testing.assert_close(said, whole, rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(state.readout, end.readout, rtol=1e-12, atol=1e-13)


def test_the_stream_is_scored_behind_its_warm_up():
    net, series = network(), make_series(TASK)
    said = forecast(net, series.test)
    target = torch.tensor(series.test.target)
    error = evaluate_stream(net, TASK, series.test)
    assert error == nrmse(said[12:], target[12:])
    wrong = series.test.target.copy()
    wrong[:12] = 99.0
    assert evaluate_stream(net, TASK, Part(series.test.signal, wrong)) == error
    wrong[12] = 99.0
    assert evaluate_stream(net, TASK, Part(series.test.signal, wrong)) != error


def test_a_forecast_knows_nothing_of_what_is_heard_later():
    net, series = network(), make_series(TASK)
    said = forecast(net, series.test, series.before_test)
    other = series.test.signal.copy()
    other[50:] = np.random.default_rng(0).normal(size=other[50:].shape)
    changed = forecast(net, Part(other, series.test.target), series.before_test)
    assert torch.equal(said[:50], changed[:50])
    assert not torch.equal(said[50:], changed[50:])
    # and nothing of the target
    blind = forecast(net, Part(series.test.signal, 0 * series.test.target), series.before_test)
    assert torch.equal(said, blind)


def test_the_test_part_is_heard_behind_the_validation_part_in_one_run():
    net, series = network(), make_series(TASK)
    before = series.before_test
    assert before is not None
    # Moments of which the target lies in the next part are heard, though they are not scored.
    assert len(before) == len(series.validation) + TASK.horizon
    whole, _ = run_on(net, np.concatenate([before, series.test.signal]))
    target = torch.tensor(series.test.target[12:])
    expected = nrmse(whole[0, len(before) + 12 :], target)
    found = score_test(net, TASK, series)
    assert found == Scores(evaluate(net, TASK, series.test), expected)
    assert found.stream != evaluate_stream(net, TASK, series.test)
    # The validation part is the first in that run, so its score is that of a run by itself.
    validation = nrmse(
        whole[0, 12 : len(series.validation)], torch.tensor(series.validation.target[12:])
    )
    assert score(net, TASK, series.validation).stream == pytest.approx(validation, rel=1e-12)


def test_without_a_validation_part_the_run_begins_with_the_test_part():
    alone = replace(TASK, validation_fraction=0.0)
    net, series = network(), make_series(alone)
    assert series.before_test is None
    assert score_test(net, alone, series).stream == evaluate_stream(net, alone, series.test)


def test_the_worse_of_two_scores():
    assert Scores(0.2, 0.1).worse == Scores(0.1, 0.2).worse == 0.2
    assert np.isnan(Scores(0.1, float("nan")).worse)


def test_each_sample_gets_the_stream():
    net, series = network(), make_series(TASK)
    reference = net.neuron_layers[0].parameters_now()
    many = reference.map(lambda v: np.tile(np.broadcast_to(v, 6), 3))
    bias = np.repeat([0.0, 0.1, -0.2], 6)
    samples = [Variation(3, replace(many, i_bias=bias), reference)]
    errors = evaluate_samples_stream(net, TASK, series.test, samples, series.before_test)
    alone = score_test(net, TASK, series).stream
    assert errors[0] == pytest.approx(alone, rel=1e-9)
    assert len(set(errors)) == 3
    both = score_with_variation(net, TASK, series.validation, samples)
    each = evaluate_samples_stream(net, TASK, series.validation, samples)
    assert min(each) < both.stream < max(each)
    assert both.stream**2 == pytest.approx(np.mean(np.square(each)))
