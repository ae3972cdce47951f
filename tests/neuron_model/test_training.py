from dataclasses import replace

import numpy as np
import pytest
import torch

from neuron_model.errors import InputError
from neuron_model.limits import Limits
from neuron_model.network import MTCNetwork, NetworkConfiguration, neurons_of
from neuron_model.parameters import Element, NeuronParameters
from neuron_model.tasks.mackey_glass import (
    MackeyGlass,
    make_series,
    training_batch,
    trivial_nrmse,
)
from neuron_model.training import (
    TrainingConfiguration,
    evaluate,
    fit_readout,
    scored_loss,
    train,
)

TASK = MackeyGlass(
    samples=400, training_fraction=0.75, window=30, washout=12, horizon=4, transient=100.0
)
UNPENALISED = TrainingConfiguration(headroom_weight=0.0, silence_weight=0.0)
SHORT = TrainingConfiguration(steps=6, batch=8, learning_rate=0.05)


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def network(seed: int = 0) -> MTCNetwork:
    torch.manual_seed(seed)
    spread = np.linspace(-0.3, 0.3, 6)
    layer = NeuronParameters(
        (Element("fast", -1.5 + spread, 0.0), Element("slow", 2.0, spread)),
        tau_slow=np.linspace(5.5, 15.0, 6),
    )
    return MTCNetwork(NetworkConfiguration(1, 1, (layer,), dt=0.5, steps_per_sample=3))


def test_training_learns_the_series():
    net = network()
    result = train(net, TASK, TrainingConfiguration(steps=25, batch=16, learning_rate=0.05))
    trivial = trivial_nrmse(TASK, make_series(TASK))
    assert result.nrmse < 0.6 * min(trivial.values())
    assert result.nrmse < 0.95 * result.nrmse_before
    assert len(result.history) == 25
    assert result.nrmse == evaluate(net, TASK, make_series(TASK))


def test_training_is_the_same_to_the_last_bit():
    runs = []
    for _ in range(2):
        net = network()
        result = train(net, TASK, SHORT)
        runs.append((result, net.state_dict()))
    assert runs[0][0] == runs[1][0]
    assert all(torch.equal(v, runs[1][1][k]) for k, v in runs[0][1].items())
    other = train(network(), TASK, TrainingConfiguration(steps=6, batch=8, seed=1))
    assert other.history[0].loss != runs[0][0].history[0].loss


def test_neurons_stay_within_the_limits_throughout():
    tight = Limits(alpha=(1.4, 1.6), delta=(-0.1, 0.1), tau_slow=(5.0, 10.0))
    net = network()
    seen = []

    def look(done):
        p = neurons_of(net)
        seen.append(done.step)
        for e in p.elements:
            assert np.all((np.abs(e.alpha) >= 1.4) & (np.abs(e.alpha) <= 1.6))
            assert np.all(np.abs(e.delta) <= np.float32(0.1))
        assert np.all((p.tau_slow >= 5.0) & (p.tau_slow <= 10.0))

    train(net, TASK, TrainingConfiguration(steps=6, batch=8, learning_rate=0.5), tight, look)
    assert seen == list(range(6))


def test_no_steps_leave_only_the_fit():
    net = network()
    before = neurons_of(net)
    result = train(net, TASK, TrainingConfiguration(steps=0), Limits())
    assert result.nrmse == result.nrmse_before
    assert result.history == ()
    assert list(neurons_of(net)) == list(before)


def test_the_fitted_readout_is_the_best_linear_one():
    net, series = network(), make_series(TASK)
    configuration = TrainingConfiguration(batch=64, ridge=1e-9)
    fit_readout(net, TASK, series, configuration)
    signal, target = training_batch(TASK, series, 64, torch.Generator().manual_seed(1))
    loss = scored_loss(net, TASK, UNPENALISED, signal, target)
    loss.backward()
    assert float(net.readout.weight.grad.abs().max()) < 1e-3
    assert float(net.readout.bias.grad.abs().max()) < 1e-3
    assert float(loss.detach()) < 0.5


def test_voltages_beyond_the_headroom_cost():
    net, series = network(), make_series(TASK)
    batch = training_batch(TASK, series, 4, torch.Generator().manual_seed(0))
    free, roomy, tight = (
        scored_loss(net, TASK, replace(UNPENALISED, headroom=h, headroom_weight=w), *batch).item()
        for h, w in ((0.1, 0.0), (100.0, 1.0), (0.1, 1.0))
    )
    assert free == roomy
    (voltage,) = net.hidden(batch[0]).voltages
    cost = float((voltage.abs() - 0.1).clamp_min(0).pow(2).mean())
    assert tight - free == pytest.approx(cost, rel=1e-5)
    assert cost > 0


def test_silence_costs_and_the_cost_wakes_neurons():
    net, series = network(), make_series(TASK)
    with torch.no_grad():
        net.projections[0].bias.fill_(-3.0)
    batch = training_batch(TASK, series, 4, torch.Generator().manual_seed(0))
    (voltage,) = net.hidden(batch[0]).voltages
    peaks = voltage.amax((0, 1))
    assert bool((peaks < 1.0).all())
    costly = replace(UNPENALISED, silence_weight=1.0)
    loss = scored_loss(net, TASK, costly, *batch)
    cost = (loss - scored_loss(net, TASK, UNPENALISED, *batch)).item()
    assert cost == pytest.approx((1.0 - peaks).pow(2).mean().item(), rel=1e-4)
    loss.backward()
    assert bool((net.projections[0].bias.grad < 0).all())


def test_a_loss_that_is_lost_is_said_so():
    net = network()
    with torch.no_grad():
        net.readout.weight.fill_(float("nan"))
    with pytest.raises(InputError, match="smaller learning_rate"):
        train(net, TASK, TrainingConfiguration(steps=1, ridge=0.0))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"steps": -1}, "steps = -1"),
        ({"batch": 0}, "batch = 0"),
        ({"batch": 2.0}, "batch = 2.0"),
        ({"seed": True}, "seed = True"),
        ({"learning_rate": float("nan")}, "learning_rate = nan"),
    ],
)
def test_wrong_configurations_are_refused(values: dict, words: str):
    with pytest.raises(InputError, match=words):
        TrainingConfiguration(**values)
