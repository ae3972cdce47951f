"""Training on sequences: decisions, masks, weights, scores, and that it learns and goes on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neuron_model.errors import InputError
from neuron_model.network.bursting_layer import BurstingLayer
from neuron_model.network.description import Network, NetworkSettings
from neuron_model.runs.train import train
from neuron_model.tasks.sequence_arrays import sequences
from neuron_model.tasks.sequences import UNLABELED
from neuron_model.training.sequence_readout import LOGIT, fit_sequence_readout
from neuron_model.training.sequence_scoring import (
    batch_of,
    class_scores,
    decided,
    decisions,
    looked_at,
    trivial_scores,
)
from neuron_model.training.sequence_training import (
    SequenceCallbacks,
    fit_sequences,
)
from neuron_model.training.training import Interrupted
from neuron_model.training.training_configuration import TrainingConfiguration

SETTINGS = NetworkSettings(dt=0.5, steps_per_sample=2)


def waves(count: int = 24, samples: int = 20, rare: int = 2):
    """Rising and falling ones; one of ``rare`` rises."""
    generator = np.random.default_rng(0)
    y = (np.arange(count) % rare == 0).astype(int)
    slope = np.where(y, 1.0, -1.0)[:, None, None]
    x = slope * np.linspace(-1, 1, samples)[None, :, None]
    return x + 0.1 * generator.normal(size=x.shape), y


def network(outputs: int = 2, neurons: int = 4):
    return Network(BurstingLayer(neurons), SETTINGS).module(1, outputs)


def test_what_counts_is_behind_the_washout_and_before_the_end():
    x, y = waves(4, 6)
    task = sequences(x, y, washout=2)
    mask = looked_at(torch.tensor([6, 4, 1]), 6, task)
    assert mask.int().tolist() == [[0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 0, 0], [1, 0, 0, 0, 0, 0]]
    readouts = torch.arange(18.0).reshape(3, 6, 1)
    readouts[1, 4:] = float("nan")  # never looked at, nor in the gradient
    readouts.requires_grad_()
    z, _ = decided(readouts, torch.zeros(3), torch.tensor([6, 4, 1]), task, False)
    assert z[:, 0].tolist() == [3.5, 8.5, 12.0]
    z.sum().backward()
    assert readouts.grad[1, :, 0].tolist() == [0.0, 0.0, 0.5, 0.5, 0.0, 0.0]
    last = sequences(x, y, decision="last")
    z, _ = decided(readouts, torch.zeros(3), torch.tensor([6, 4, 1]), last, False)
    assert z[:, 0].tolist() == [5.0, 9.0, 12.0]


def test_samples_without_a_label_do_not_count():
    x, y = waves(4, 3)
    task = sequences(x, y)
    target = torch.tensor([[0, UNLABELED, 1], [1, 1, UNLABELED]])
    z, t = decided(torch.rand(2, 3, 2), target, torch.tensor([3, 2]), task, True)
    assert t.tolist() == [0, 1, 1, 1]
    assert z.shape == (4, 2)


def test_padding_changes_no_decision():
    x, y = waves()
    lengths = np.arange(len(x)) % 6 + 10
    task = sequences(x, y, lengths)
    data = task.sequences()
    net = network()
    found, _ = decisions(net, task, data.training, False)
    for index in range(len(data.training)):
        n = data.training.lengths[index]
        alone = net(torch.tensor(data.training.signal[index : index + 1, :n]))[0].mean(1)
        assert torch.allclose(alone[0], found[index], atol=1e-5)
    signal, _, _ = batch_of(data.training, np.array([0]), net.readout.weight)
    assert signal.shape[1] == data.training.lengths[0]


def test_scores_of_classes():
    scores = class_scores(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]), 3)
    assert scores.accuracy == 0.75
    assert scores.balanced_accuracy == pytest.approx((2 / 3 + 1) / 2)
    assert scores.confusion == ((2, 1, 0), (0, 1, 0), (0, 0, 0))
    assert scores.error == 0.25


def test_trivial_predictors():
    x, y = waves(rare=3)
    task = sequences(x, y)
    found = trivial_scores(task, task.sequences())
    true = task.sequences().test.target
    assert found["most frequent class"].accuracy == np.mean(true == 0)
    assert found["nearest neighbor"].accuracy == 1.0
    in_time = sequences(x, np.repeat(y[:, None], x.shape[1], 1))
    assert list(trivial_scores(in_time, in_time.sequences())) == ["most frequent class"]
    numbers = sequences(x, y + 0.5)
    assert list(trivial_scores(numbers, numbers.sequences())) == ["mean"]


def test_the_fit_of_the_readout_is_least_squares_with_the_classes_weights():
    x, y = waves(rare=4)
    task = sequences(x, y)
    data = task.sequences()
    net = network().double()
    fit_sequence_readout(net, task, data, ridge=1e-12)
    signal, target, lengths = batch_of(
        data.training, np.arange(len(data.training)), net.readout.weight
    )
    with torch.no_grad():
        filtered = net.low_pass.channel(0, net.hidden(signal).activity)
        a, t = decided(filtered, target, lengths, task, False)
    a = torch.cat([a, torch.ones_like(a[:, :1])], 1).numpy()
    root = np.sqrt(data.weights[t.numpy()])
    for output in range(2):
        wanted = np.where(t.numpy() == output, LOGIT, -LOGIT)
        said = a @ np.append(net.readout.weight[output].detach(), net.readout.bias[output].item())
        best = a @ np.linalg.lstsq(root[:, None] * a, root * wanted, rcond=None)[0]
        assert np.mean(root**2 * (said - wanted) ** 2) == pytest.approx(
            np.mean(root**2 * (best - wanted) ** 2), rel=1e-4, abs=1e-6
        )


CONFIGURATION = TrainingConfiguration(steps=8, batch=8, validate_every=2)


def test_it_learns_to_tell_apart_and_says_the_names():
    x, y = waves()
    names = np.where(y, "up", "down")
    trained = train(Network(8, SETTINGS), sequences(x, names), CONFIGURATION)
    result = trained.result
    assert trained.accuracy == 1.0
    assert result.history[-1].error < result.history[0].error
    assert result.validation is not None
    assert result.validation.accuracy == 1.0
    assert trained.classes == ("down", "up")
    assert trained.predict(x[:4]).tolist() == names[:4].tolist()
    assert trained.currents[0].currents.shape[1] == 8
    assert "accuracy 100.0 %" in repr(trained)
    with pytest.raises(InputError, match=r"x\[0\] has shape \(20, 2\)"):
        trained.predict(np.zeros((1, 20, 2)))


def test_labels_in_time_and_numbers_are_learned_too():
    x, y = waves()
    in_time = np.repeat(y[:, None], x.shape[1], 1)
    assert (
        train(Network(8, SETTINGS), sequences(x, in_time, washout=4), CONFIGURATION).accuracy > 0.8
    )
    numbers = np.stack([y * 3.0, 1.0 - y], 1)
    trained = train(Network(8, SETTINGS), sequences(x, numbers), CONFIGURATION)
    assert trained.accuracy is None
    assert len(trained.result.test.nrmse) == 2
    assert trained.result.test.error < 0.5
    assert np.abs(trained.predict(x[:6]) - numbers[:6]).mean() < 0.5


def test_rare_classes_count_as_much_as_frequent_ones():
    x, y = waves(40, rare=5)
    x = x + np.random.default_rng(2).normal(0.0, 1.5, x.shape)
    found = [
        train(Network(6, SETTINGS), sequences(x, y, balance=balance), CONFIGURATION).result
        for balance in (True, False)
    ]
    said = [np.array(result.before.confusion).sum(0)[1] for result in found]
    assert said[0] > said[1]


def test_a_training_that_stopped_goes_on_to_the_same_weights():
    x, y = waves()
    task = sequences(x, y)
    whole = network()
    result = fit_sequences(whole, task, CONFIGURATION)
    saved = []
    half = network()
    with pytest.raises(Interrupted):
        fit_sequences(
            half,
            task,
            CONFIGURATION,
            callbacks=SequenceCallbacks(save=saved.append, stop=lambda: True),
        )
    for _ in range(CONFIGURATION.steps):
        gone_on = network()
        try:
            again = fit_sequences(
                gone_on,
                task,
                CONFIGURATION,
                callbacks=SequenceCallbacks(save=saved.append, stop=lambda: len(saved) < 4),
                resume=saved[-1],
            )
            break
        except Interrupted:
            pass
    assert again.history == result.history
    assert again.test == result.test
    assert again.before == result.before
    for key, value in whole.state_dict().items():
        assert torch.equal(gone_on.state_dict()[key], value), key


def test_of_equal_errors_the_later_wins_and_patience_counts_gains():
    x, y = waves()
    task = sequences(x, y)
    configuration = TrainingConfiguration(steps=30, batch=8, validate_every=1, patience=3)
    result = fit_sequences(network(neurons=8), task, configuration)
    errors = [done.validation_error for done in result.history]
    gained = errors.index(min(errors))
    assert len(errors) == gained + 1 + 3
    assert result.best_step == max(i for i, e in enumerate(errors) if e == min(errors))
    assert result.best_step > gained


def test_networks_of_another_size_are_refused():
    x, y = waves()
    with pytest.raises(InputError, match="has 3 outputs; the task needs 2"):
        fit_sequences(network(3), sequences(x, y), CONFIGURATION)
