from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.neurobench_mackey_glass import Forecaster, Settings, forecast, offset
from neuron_model.errors import MissingDependencyError
from neuron_model.network.neuron import MTCNeuron
from neuron_model.tasks.mackey_glass import MackeyGlass, mackey_glass

SMALL = replace(Settings(), neurons=60, ridge=1e-9)


def points(count: int) -> torch.Tensor:
    task = MackeyGlass(interval=197 / 75, transient=17.0)
    return torch.from_numpy(mackey_glass(task)[:count, None])


@torch.no_grad()
def test_neurons_step_by_step_are_a_layer_that_feeds_itself():
    network = Forecaster(SMALL, 0)
    heard = torch.sin(torch.arange(20.0, dtype=torch.float64))
    stepped = torch.cat([network.hear(x.reshape(1, 1)).clone() for x in heard])
    fixed = network.neurons.layer.parameters_now()
    layer = MTCNeuron(fixed, dt=SMALL.dt, recurrent=True, dtype=torch.float64)
    layer.weights.copy_(network.recurrent.weight)
    # At rest U is 0 and the output a half, in the middle of -3 and 3.
    s, _ = layer(network.input(heard[:, None])[None])
    torch.testing.assert_close(stepped, s[0])


@torch.no_grad()
def test_a_forecast_hears_only_its_first_point():
    series = points(450)
    network = Forecaster(SMALL, 0)
    assert network.fit(series[:350], SMALL) < 0.02
    state = {name: value.clone() for name, value in network.state_dict().items()}
    batch = series[350:380, None]
    said = network(batch)
    assert said.shape == (30, 1)
    assert (said - series[351:381]).abs().max() < 0.3 * series.std()
    network.load_state_dict(state)
    batch[1:] = float("nan")
    assert torch.equal(network(batch), said)


def test_the_draw_is_that_of_its_seed():
    first, same, other = (Forecaster(SMALL, seed).recurrent.weight for seed in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    radius = np.abs(np.linalg.eigvals(first.detach().numpy())).max() / 6.0
    assert radius == pytest.approx(SMALL.spectral_radius)


def test_repeats_begin_half_a_lyapunov_time_later():
    assert [offset(repeat) for repeat in range(4)] == [0, 37, 75, 112]


def test_without_neurobench_it_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "neurobench.benchmarks", None)
    monkeypatch.setitem(__import__("sys").modules, "neurobench", None)
    with pytest.raises(MissingDependencyError, match="pip install 'neurobench"):
        forecast(tmp_path / "series.npy", SMALL, 0)
