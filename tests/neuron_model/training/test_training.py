from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from neuron_model.errors import InputError
from neuron_model.model.parameters import Element, NeuronParameters
from neuron_model.network.bursting_layer import BurstingLayer
from neuron_model.network.initial_layer import draw_inputs
from neuron_model.network.limits import ParameterLimits
from neuron_model.network.network import (
    MTCNetwork,
    NetworkConfiguration,
    SpikingNetwork,
    neurons_of,
)
from neuron_model.network.variation import Variation
from neuron_model.tasks.mackey_glass import MackeyGlass
from neuron_model.tasks.series import (
    cut_series,
    make_series,
    training_batch,
    trivial_nrmse,
)
from neuron_model.training import processes
from neuron_model.training.objective import Objective
from neuron_model.training.scoring import (
    Scores,
    evaluate,
    evaluate_samples,
    evaluate_stream,
    score_test,
)
from neuron_model.training.training import (
    Callbacks,
    Interrupted,
    Rates,
    TrainingConfiguration,
    fit,
    fit_readout,
    scored_loss,
)

TASK = MackeyGlass(
    samples=400, training_fraction=0.75, window=30, washout=12, horizon=4, transient=100.0
)
UNPENALISED = TrainingConfiguration(headroom_weight=0.0, silence_weight=0.0)
SHORT = TrainingConfiguration(steps=6, batch=8, learning_rate=0.05)


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def network(seed: int = 0, readout_tau: float = 0.5, readout_filter: str = "exact") -> MTCNetwork:
    torch.manual_seed(seed)
    spread = np.linspace(-0.3, 0.3, 6)
    layer = NeuronParameters(
        (Element("fast", -1.5 + spread, 0.0), Element("slow", 2.0, spread)),
        tau_slow=np.linspace(5.5, 15.0, 6),
    )
    made = NetworkConfiguration(1, 1, (layer,), dt=0.5, steps_per_sample=3)
    return MTCNetwork(replace(made, readout_tau=readout_tau, readout_filter=readout_filter))


def test_training_learns_the_series():
    net = network()
    result = fit(net, TASK, TrainingConfiguration(steps=25, batch=16, learning_rate=0.05))
    trivial = trivial_nrmse(TASK, make_series(TASK))
    for error, before in (
        (result.nrmse, result.nrmse_before),
        (result.stream_nrmse, result.stream_nrmse_before),
    ):
        assert error < 0.6 * min(trivial.values())
        assert error < 0.95 * before
    assert len(result.history) == 25
    scores = score_test(net, TASK, make_series(TASK))
    assert Scores(result.nrmse, result.stream_nrmse) == scores


def test_training_is_the_same_to_the_last_bit():
    runs = []
    for _ in range(2):
        net = network()
        result = fit(net, TASK, SHORT)
        runs.append((result, net.state_dict()))
    assert runs[0][0] == runs[1][0]
    assert all(torch.equal(v, runs[1][1][k]) for k, v in runs[0][1].items())
    other = fit(network(), TASK, TrainingConfiguration(steps=6, batch=8, seed=1))
    assert other.history[0].loss != runs[0][0].history[0].loss


def test_neurons_stay_within_the_limits_throughout():
    tight = ParameterLimits(alpha=(1.4, 1.6), delta=(-0.1, 0.1), tau_slow=(5.0, 10.0))
    net = network()
    seen = []

    def look(done):
        p = neurons_of(net)
        seen.append(done.step)
        for e in p.elements:
            assert np.all((np.abs(e.alpha) >= 1.4) & (np.abs(e.alpha) <= 1.6))
            assert np.all(np.abs(e.delta) <= np.float32(0.1))
        assert np.all((p.tau_slow >= 5.0) & (p.tau_slow <= 10.0))

    fit(
        net,
        TASK,
        TrainingConfiguration(steps=6, batch=8, learning_rate=0.5),
        tight,
        Callbacks(look),
    )
    assert seen == list(range(6))


def test_no_steps_leave_only_the_fit():
    net = network()
    before = neurons_of(net)
    result = fit(net, TASK, TrainingConfiguration(steps=0), ParameterLimits())
    assert result.nrmse == result.nrmse_before
    assert result.history == ()
    assert list(neurons_of(net)) == list(before)


def test_the_fitted_readout_is_the_best_linear_one():
    net, series = network(), make_series(TASK)
    configuration = TrainingConfiguration(batch=64, ridge=1e-9, state="from_rest")
    fit_readout(net, TASK, series, configuration)
    signal, target = training_batch(TASK, series, 64, torch.Generator().manual_seed(1))
    loss = scored_loss(net, TASK, UNPENALISED, signal, target)
    loss.backward()
    assert float(net.readout.weight.grad.abs().max()) < 1e-3
    assert float(net.readout.bias.grad.abs().max()) < 1e-3
    assert float(loss.detach()) < 0.5


def test_where_all_are_silent_the_fit_is_the_mean():
    net, series = network(), make_series(TASK)
    with torch.no_grad():
        net.projections[0].bias.fill_(-9.0)
    fit_readout(net, TASK, series, replace(SHORT, state="from_rest"))
    assert net.readout.weight.abs().max().item() == 0.0
    _, target = training_batch(TASK, series, 32, torch.Generator().manual_seed(1))
    assert net.readout.bias.item() == pytest.approx(target[:, TASK.washout :].mean().item())


def test_voltages_beyond_the_headroom_cost():
    net, series = network(), make_series(TASK)
    batch = training_batch(TASK, series, 4, torch.Generator().manual_seed(0))
    free, roomy, tight = (
        scored_loss(net, TASK, replace(UNPENALISED, headroom=h, headroom_weight=w), *batch).item()
        for h, w in ((0.1, 0.0), (100.0, 1.0), (0.1, 1.0))
    )
    assert free == roomy
    (voltage,) = net.hidden(batch[0]).voltages
    cost = (voltage.abs() - 0.1).clamp_min(0).pow(2).mean().item()
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
        fit(net, TASK, TrainingConfiguration(steps=1, ridge=0.0))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"steps": -1}, "steps = -1"),
        ({"batch": 0}, "batch = 0"),
        ({"batch": 2.0}, "batch = 2.0"),
        ({"seed": True}, "seed = True"),
        ({"learning_rate": float("nan")}, "learning_rate = nan"),
        ({"optimizer": "lion"}, "optimizer = 'lion'"),
        ({"schedule": ["cosine"]}, "schedule = "),
        ({"betas": (0.9, 1.0)}, "betas"),
        ({"device": "gpu"}, "device = 'gpu'"),
        ({"momentum": 1.5}, "momentum = 1.5"),
        ({"rates": 1.0}, "rates = 1.0"),
        ({"state": "kept"}, "state = 'kept'"),
        ({"restart": 1.5}, "restart = 1.5"),
    ],
)
def test_wrong_configurations_are_refused(values: dict, words: str):
    with pytest.raises(InputError, match=words):
        TrainingConfiguration(**values)


def state_of(net: MTCNetwork) -> dict[str, torch.Tensor]:
    return {k: v.clone() for k, v in net.state_dict().items()}


VALIDATED = replace(TASK, training_fraction=0.5, validation_fraction=0.2)


@pytest.mark.parametrize(
    ("optimizer", "state"),
    [("adam", "carried"), ("adam", "from_rest"), ("adamw", "carried"), ("sgd", "carried")],
)
def test_training_goes_on_from_a_snapshot_as_if_it_had_not_stopped(optimizer: str, state: str):
    configuration = replace(
        SHORT, optimizer=optimizer, learning_rate=0.02, warmup=2, validate_every=2, state=state
    )
    whole = network()
    snapshots = []
    result = fit(
        whole, VALIDATED, configuration, callbacks=Callbacks(save=snapshots.append, save_every=1)
    )
    assert [s.step for s in snapshots] == [1, 2, 3, 4, 5, 6]
    for snapshot in (snapshots[0], snapshots[2], snapshots[-1]):
        resumed = network(seed=7)  # whatever it was, the snapshot says what it is
        again = fit(resumed, VALIDATED, configuration, resume=snapshot)
        assert again == result
        assert all(torch.equal(v, resumed.state_dict()[k]) for k, v in state_of(whole).items())


def test_an_interruption_is_saved_and_resumed():
    snapshots = []
    with pytest.raises(Interrupted) as stopped:
        fit(
            network(),
            TASK,
            SHORT,
            callbacks=Callbacks(save=snapshots.append, stop=lambda: True),
        )
    assert stopped.value.step == 1
    assert [s.step for s in snapshots] == [1]
    assert fit(network(), TASK, SHORT, resume=snapshots[0]) == fit(network(), TASK, SHORT)


def test_the_best_weights_on_the_validation_part_are_kept():
    # A rate so large that training makes it worse again.
    wild = replace(SHORT, steps=8, learning_rate=0.3, schedule="constant", validate_every=1)
    wild = replace(wild, ridge=0.0)
    looks, states = [], []

    def look(done):
        looks.append((done.validation_nrmse, done.validation_stream_nrmse))
        states.append(state_of(net))

    net = network(0, 1.0, "paper")
    result = fit(net, VALIDATED, wild, callbacks=Callbacks(look))
    # In both ways: the worse of the two decides.
    best = int(np.argmin([max(both) for both in looks]))
    assert best != len(looks) - 1
    assert result.best_step == best
    assert (result.validation_nrmse, result.validation_stream_nrmse) == looks[best]
    assert all(torch.equal(v, net.state_dict()[k]) for k, v in states[best].items())
    series = make_series(VALIDATED)
    assert result.nrmse == evaluate(net, VALIDATED, series.test)
    assert result.stream_nrmse == evaluate_stream(net, VALIDATED, series.test, series.before_test)
    last = network(0, 1.0, "paper")
    fit(last, VALIDATED, replace(wild, keep="last"))
    assert all(torch.equal(v, last.state_dict()[k]) for k, v in states[-1].items())


def test_from_rest_the_best_weights_are_those_that_do_best_in_windows():
    wild = replace(SHORT, steps=8, learning_rate=0.3, schedule="constant", validate_every=1)
    result = fit(network(), VALIDATED, replace(wild, ridge=0.0, state="from_rest"))
    looks = [done.validation_nrmse for done in result.history]
    assert result.best_step == int(np.argmin(looks))


def test_what_is_carried_is_part_of_a_snapshot():
    snapshots: list = []
    fit(network(), TASK, SHORT, callbacks=Callbacks(save=snapshots.append, save_every=1))
    state = {k: v for k, v in snapshots[2].tensors.items() if k.startswith("streams.")}
    assert state["streams.at"].shape == state["streams.past"].shape == (8,)
    # U_m and its three copies, and the four stages of the readout's filter.
    shapes = [tuple(v.shape) for k, v in state.items() if k.startswith("streams.state")]
    assert shapes == [(8, 6)] * 4 + [(8, 4, 1)]
    from_rest = replace(SHORT, state="from_rest")
    fit(network(), TASK, from_rest, callbacks=Callbacks(save=snapshots.append))
    assert not any(k.startswith("streams.") for k in snapshots[-1].tensors)


def test_a_network_trained_in_windows_gets_worse_on_a_stream_and_one_trained_on_it_does_not():
    task = MackeyGlass(
        samples=2000, horizon=6, window=60, washout=25, transient=100.0, validation_fraction=0.15
    )
    results = {}
    for state in ("carried", "from_rest"):
        layer, generator = BurstingLayer(neurons=6), np.random.default_rng(0)
        torch.manual_seed(0)
        net = MTCNetwork(
            NetworkConfiguration(1, 1, (layer.draw_neurons(generator),), dt=0.5, steps_per_sample=4)
        )
        draw_inputs(net, layer, generator)
        configuration = TrainingConfiguration(steps=80, batch=16, state=state)
        results[state] = fit(net, task, configuration)
    carried, from_rest = results["carried"], results["from_rest"]
    assert carried.stream_nrmse <= 1.1 * carried.nrmse
    assert from_rest.stream_nrmse > 1.1 * from_rest.nrmse
    assert carried.stream_nrmse < 0.9 * from_rest.stream_nrmse


def test_training_ends_early_where_it_brings_nothing_more():
    wild = replace(
        SHORT, steps=30, learning_rate=0.3, schedule="constant", validate_every=1, patience=2
    )
    snapshots = []
    result = fit(network(), VALIDATED, wild, callbacks=Callbacks(save=snapshots.append))
    assert len(result.history) == result.best_step + 3 < 30
    assert [s.step for s in snapshots] == [len(result.history)]
    assert fit(network(), VALIDATED, wild, resume=snapshots[0]) == result


def test_the_test_part_changes_nothing_that_is_learned():
    longer = replace(TASK, samples=500, training_fraction=0.6)  # the same training part
    nets = [network(), network()]
    results = [fit(n, t, SHORT) for n, t in zip(nets, (TASK, longer), strict=True)]
    assert results[0].history == results[1].history
    assert results[0].nrmse != results[1].nrmse
    assert all(torch.equal(v, nets[1].state_dict()[k]) for k, v in state_of(nets[0]).items())


def test_groups_learn_at_their_own_rates_and_0_is_not_at_all():
    rates = Rates(delta=0.0, projection=0.0, tau=0.1)
    net = network()
    before = state_of(net)
    fit(net, TASK, replace(SHORT, steps=1, ridge=0.0, rates=rates), ParameterLimits())
    moved = {k: (v - before[k]).abs().max().item() for k, v in net.state_dict().items()}
    assert moved["layers.0.delta"] == moved["projections.0.weight"] == 0.0
    # Adam's first step is the learning rate, whatever the gradient.
    assert moved["layers.0.alpha_growth"] == pytest.approx(0.05, rel=1e-3)
    assert moved["layers.0.tau_growth"] == pytest.approx(0.005, rel=1e-3)
    assert moved["readout.weight"] == pytest.approx(0.05, rel=1e-3)
    assert all(p.requires_grad for p in net.parameters())
    with pytest.raises(InputError, match="at least one group must learn"):
        fit(net, TASK, replace(SHORT, rates=Rates(*[0.0] * 9)))


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [0.5, 1.0, 1.0, 1.0, 1.0, 1.0]),
        ("linear", [0.5, 1.0, 1.0, 0.775, 0.55, 0.325]),
        ("cosine", [0.5, 1.0, 1.0, 0.868198, 0.55, 0.231802]),
    ],
)
def test_schedules(schedule: str, expected: list[float]):
    configuration = TrainingConfiguration(
        steps=6, warmup=2, schedule=schedule, final_rate=0.1, learning_rate=1.0
    )
    rates = [configuration.rate(step) for step in range(6)]
    assert rates == pytest.approx(expected, abs=1e-5)


def test_activity_is_counted_and_can_be_made_to_cost():
    series = make_series(TASK)
    signal, target = training_batch(TASK, series, 4, torch.Generator().manual_seed(0))
    net = network()
    s, _ = net.layers[0](net.currents(signal))
    loss = Objective(net, TASK, UNPENALISED)(signal, target)
    assert loss.activity.item() == pytest.approx((s > 0).float().mean().item())
    assert loss.total.item() == loss.error.item()
    costly = Objective(net, TASK, replace(UNPENALISED, activity_weight=3.0))(signal, target)
    cost = (costly.total - loss.total).item()
    assert cost == pytest.approx(3.0 * s.mean().item(), rel=1e-4)
    budget = replace(UNPENALISED, activity_weight=3.0, activity_target=0.15)
    some = Objective(net, TASK, budget)(signal, target)
    excess = (s.mean((0, 1)) - 0.15).clamp_min(0).mean().item()
    assert excess > 0
    assert (some.total - loss.total).item() == pytest.approx(3.0 * excess, rel=1e-4)


def test_networks_that_do_not_fit_the_task_are_refused():
    net = MTCNetwork(NetworkConfiguration(2, 1, network().configuration.layers, dt=0.5))
    with pytest.raises(InputError, match="the network has 2 inputs; the task needs 1"):
        fit(net, TASK, SHORT)
    with pytest.raises(InputError, match="device = 'cuda:99' is not there"):
        fit(network(), TASK, replace(SHORT, device="cuda:99"))


def test_a_batch_that_cannot_be_shared_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processes, "count", lambda: 3)
    with pytest.raises(InputError, match="batch = 8 .* a multiple of the 3 processes"):
        fit(network(), TASK, SHORT)


@dataclass(frozen=True)
class Echo:
    """A task of the user's own: the sum of two signals, five samples later."""

    window: int = 30
    washout: int = 10
    stops: int = 400

    def series(self):
        signal = torch.randn(400, 2, generator=torch.Generator().manual_seed(0)).numpy()
        target = np.roll(signal.sum(1, keepdims=True), 5, axis=0).astype(float)
        target[self.stops :] = 0.5
        return cut_series(signal.astype(float), target, 0, 0.6, 0.2, (None,))


def test_a_task_of_the_users_own_is_any_with_windows_and_a_series():
    torch.manual_seed(0)
    net = MTCNetwork(NetworkConfiguration(2, 1, network().configuration.layers, dt=0.5))
    result = fit(net, Echo(), SHORT)
    assert len(result.history) == 6
    assert result.validation_nrmse is not None
    assert 0 < result.nrmse < 1.5


def test_targets_that_do_not_change_where_they_are_scored_are_refused():
    net = MTCNetwork(NetworkConfiguration(2, 1, network().configuration.layers, dt=0.5))
    for stops, part in ((250, "validation"), (325, "test")):
        with pytest.raises(InputError, match=f"target 1 of 1 does not change in the {part} part"):
            fit(net, Echo(stops=stops), SHORT)


class Threshold(torch.nn.Module):
    """Neurons of another kind: any module that keeps to the network's Layer."""

    neurons = 6

    def initial_state(self, batch, like):
        return ()

    def __init__(self) -> None:
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(6))

    def forward(self, current, state=None, return_voltage=False):
        voltage = self.gain * current + 0.1 * torch.randn_like(current)
        s = torch.sigmoid(voltage)
        return (s, voltage, ()) if return_voltage else (s, ())


def test_other_neurons_are_trained_by_the_same_loop():
    results = []
    for _ in range(2):
        torch.manual_seed(0)
        net = SpikingNetwork([Threshold()], inputs=1, outputs=1)
        torch.manual_seed(len(results))  # noise comes from the configuration's seed
        results.append(fit(net, TASK, SHORT))
    assert results[0] == results[1]
    assert results[0].history[-1].activity == 1.0
    assert net.layers[0].gain.detach().ne(1.0).all()


def draw_samples(net: SpikingNetwork, seed: int) -> list[Variation]:
    """Three samples whose currents are off by a tenth, as the network stands."""
    rng = np.random.default_rng(seed)
    reference = neurons_of(net)
    many = 3 * reference.neurons
    built = reference.map(lambda v: np.tile(np.broadcast_to(v, reference.neurons), 3))
    off = [replace(e, alpha=e.alpha * (1 + 0.1 * rng.normal(size=many))) for e in built.elements]
    built = replace(built, elements=tuple(off), i_bias=0.1 * rng.normal(size=many))
    return [Variation(3, built, reference)]


@pytest.mark.parametrize("state", ["carried", "from_rest"])
def test_training_with_variation_can_be_left_and_resumed(state: str):
    configuration = replace(SHORT, redraw=4, state=state)
    whole = network()
    expected = fit(whole, TASK, configuration, draw_samples=draw_samples)
    assert expected.history != fit(network(), TASK, configuration).history
    saved = []
    left = network()
    with pytest.raises(Interrupted):
        fit(
            left,
            TASK,
            configuration,
            callbacks=Callbacks(save=saved.append, stop=lambda: not saved),
            draw_samples=draw_samples,
        )
    gone_on = network()
    # In the middle between two draws, too: the samples are those of the network at the draw.
    snapshots = []
    fit(
        network(),
        TASK,
        configuration,
        draw_samples=draw_samples,
        callbacks=Callbacks(save=snapshots.append, save_every=1),
    )
    for snapshot in (saved[0], snapshots[2], snapshots[4]):
        result = fit(gone_on, TASK, configuration, draw_samples=draw_samples, resume=snapshot)
        assert result == expected
        for key, value in whole.state_dict().items():
            assert torch.equal(gone_on.state_dict()[key], value), key


def test_samples_are_judged_one_by_one():
    net = network()
    fit(net, TASK, SHORT)
    part = make_series(TASK).test
    variations = draw_samples(net, 0)
    each = evaluate_samples(net, TASK, part, variations)
    assert len(set(each)) == 3
    same = replace(variations[0], built=variations[0].reference, samples=1)
    assert evaluate_samples(net, TASK, part, [same]) == pytest.approx([evaluate(net, TASK, part)])
