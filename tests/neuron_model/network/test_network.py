from dataclasses import replace

import numpy as np
import pytest
import torch

from neuron_model.errors import InputError
from neuron_model.model.parameters import Element, NeuronParameters
from neuron_model.network.low_pass import LowPass
from neuron_model.network.network import (
    MTCNetwork,
    NetworkConfiguration,
    SpikingNetwork,
    input_currents,
    input_interval,
    neurons_of,
)
from neuron_model.network.neuron import MTCNeuron


def layer(size: int, name: str = "layer") -> NeuronParameters:
    singles = [
        NeuronParameters(
            (Element("fast", -2.0 + 0.1 * i, 0.0), Element("slow", 2.0, 0.1 * i)),
            tau_slow=5.0 + i,
        )
        for i in range(size)
    ]
    return NeuronParameters.stack(singles, name)


def network(dtype: torch.dtype = torch.float64, **values) -> MTCNetwork:
    torch.manual_seed(0)
    defaults = {"inputs": 2, "outputs": 3, "layers": (layer(4, "a"), layer(5, "b")), "dt": 0.2}
    return MTCNetwork(
        NetworkConfiguration(**defaults | {"steps_per_sample": 3} | values), dtype=dtype
    )


def signal(batch: int = 2, samples: int = 6) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(batch, samples, 2, dtype=torch.float64, generator=generator)


def test_shapes_and_going_on():
    net = network()
    whole, end = net(signal())
    assert whole.shape == (2, 6, 3)
    first, middle = net(signal()[:, :2])
    second, last = net(signal()[:, 2:], middle)
    torch.testing.assert_close(torch.cat([first, second], 1), whole, rtol=0, atol=1e-14)
    torch.testing.assert_close(last.readout, end.readout, rtol=0, atol=1e-14)


def test_gradients_reach_every_weight_and_are_exact():
    net = network(learn=("alpha", "delta", "tau", "kappa"))
    names, values = zip(*net.named_parameters(), strict=True)
    net(signal())[0].pow(2).sum().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in values)

    def run(*weights: torch.Tensor) -> torch.Tensor:
        given = dict(zip(names, weights, strict=True))
        return torch.func.functional_call(net, given, (signal(1, 2),))[0]

    weights = [v.detach().clone().requires_grad_() for v in values]
    # s has corners; none may lie within a finite difference of a voltage.
    voltages = torch.cat([v.flatten() for v in net.hidden(signal(1, 2)).voltages])
    assert voltages.abs().min().item() > 1e-4
    assert torch.autograd.gradcheck(run, weights)


class Integrators(torch.nn.Module):
    """A layer of another kind: the voltage is the sum of what flowed in."""

    def __init__(self, neurons: int) -> None:
        super().__init__()
        self.neurons = neurons

    def forward(self, current, state=None, return_voltage=False):
        voltage = current.cumsum(1) + (0.0 if state is None else state[0][:, None])
        s = (voltage > 0).to(current)
        return (s, voltage, (voltage[:, -1],)) if return_voltage else (s, (voltage[:, -1],))


def test_layers_of_other_neurons():
    net = SpikingNetwork(
        [Integrators(4), Integrators(5)],
        inputs=2,
        outputs=3,
        steps_per_sample=3,
        readout_filter="paper",
        dtype=torch.float64,
    )
    whole, _ = net(signal())
    first, middle = net(signal()[:, :2])
    second, _ = net(signal()[:, 2:], middle)
    torch.testing.assert_close(torch.cat([first, second], 1), whole, rtol=0, atol=1e-14)
    hidden = net.hidden(signal())
    assert [tuple(s.shape) for s in hidden.outputs] == [(2, 18, 4), (2, 18, 5)]
    assert [tuple(v.shape) for v in hidden.voltages] == [(2, 18, 4), (2, 18, 5)]
    averaged = hidden.outputs[-1].reshape(2, 6, 3, 5).mean(2)
    torch.testing.assert_close(hidden.activity, averaged)


def test_the_exact_filter_hears_each_step_and_speaks_once_a_sample():
    net = SpikingNetwork(
        [Integrators(4)], inputs=2, outputs=3, steps_per_sample=3, readout_tau=0.7,
        dtype=torch.float64,
    )  # fmt: skip
    whole, end = net(signal())
    hidden = net.hidden(signal())
    assert hidden.activity is hidden.outputs[-1]
    assert tuple(whole.shape) == (2, 6, 3)
    every_step = LowPass(3, tau=2.1).double()
    stepwise, last = every_step(net.readout(hidden.activity))
    torch.testing.assert_close(stepwise[:, 2::3], whole, rtol=0, atol=1e-7)
    torch.testing.assert_close(last, end.readout, rtol=0, atol=1e-7)
    first, middle = net(signal()[:, :2])
    second, _ = net(signal()[:, 2:], middle)
    torch.testing.assert_close(torch.cat([first, second], 1), whole, rtol=0, atol=1e-14)


def test_the_papers_low_pass_is_four_decays_in_a_row():
    low_pass = LowPass(1, tau=5.0, kind="paper")
    ones = torch.ones(1, 200, 1, dtype=torch.float64)
    y, _ = low_pass.double()(ones)
    a = np.exp(-1 / 5.0)
    impulse = np.zeros(200)
    impulse[0] = 1.0
    for _ in range(4):
        state, out = 0.0, []
        for x in impulse:
            state = a * state + (1 - a) * x
            out.append(state)
        impulse = np.array(out)
    np.testing.assert_allclose(y[0, :, 0].detach().numpy(), np.cumsum(impulse), rtol=1e-6)
    assert y[0, -1, 0].item() == pytest.approx(1.0, abs=1e-6)


def test_low_pass_step_by_step_and_in_chunks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("neuron_model.network.low_pass.CHUNK", 7)
    generator = torch.Generator().manual_seed(1)
    x, start = (
        torch.randn(shape, dtype=torch.float64, generator=generator).requires_grad_()
        for shape in ((2, 30, 3), (4, 2, 3))
    )
    low_pass = LowPass(3, tau=2.0, kind="paper").double()
    with torch.no_grad():
        low_pass.log_tau += torch.tensor([-0.5, 0.0, 0.7])
    gain = 1 - torch.exp(-torch.exp(-low_pass.log_tau))
    stages, rows = list(start), []
    for value in x.unbind(1):
        for k, stage in enumerate(stages):
            value = stages[k] = stage + gain * (value - stage)
        rows.append(value)
    y, end = low_pass(x, start)
    torch.testing.assert_close(y, torch.stack(rows, 1), rtol=0, atol=1e-14)
    torch.testing.assert_close(end, torch.stack(stages), rtol=0, atol=1e-14)
    weight = torch.linspace(-1, 1, 30).double()[:, None]
    by_hand, ours = (
        torch.autograd.grad((weight * out).sum() + last.pow(2).sum(), [x, start, low_pass.log_tau])
        for out, last in ((torch.stack(rows, 1), torch.stack(stages)), (y, end))
    )
    for one, other in zip(by_hand, ours, strict=True):
        torch.testing.assert_close(other, one, rtol=1e-11, atol=1e-13)
    alone = low_pass.channel(1, x[..., :1])
    torch.testing.assert_close(alone[..., 0], low_pass(x[..., :1].expand(2, 30, 3))[0][..., 1])


def test_low_pass_can_be_fixed():
    assert not list(LowPass(2, 3.0, learn=False).parameters())
    assert "log_tau" in LowPass(2, 3.0, learn=False).state_dict()


def test_input_currents_drive_a_single_neuron_as_in_the_network():
    net = network(layers=(layer(4),))
    series = signal(1)[0].numpy()
    currents = input_currents(net, series)
    assert currents.shape == (6, 4)
    from neuron_model.network.neuron import MTCNeuron

    voltage = net.hidden(signal(1)).voltages[0]
    for index, one in enumerate(neurons_of(net)):
        held = torch.as_tensor(np.repeat(currents[:, index], 3))[None, :, None]
        alone = MTCNeuron(one, dt=0.2, dtype=torch.float64)
        u_m = alone(held, return_voltage=True)[1]
        torch.testing.assert_close(u_m[0, :, 0], voltage[0, :, index], rtol=1e-12, atol=1e-12)


def test_input_currents_of_deeper_layers_come_at_every_step():
    net = network()
    assert input_currents(net, signal(1)[0].numpy(), layer=1).shape == (18, 5)
    assert neurons_of(net, 1).neurons == 5
    with pytest.raises(InputError, match="layer = 2"):
        neurons_of(net, 2)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"inputs": 0}, "inputs = 0"),
        ({"outputs": True}, "outputs = True"),
        ({"steps_per_sample": 1.5}, "steps_per_sample = 1.5"),
        ({"dt": -0.1}, "dt = -0.1"),
        ({"dt": float("nan")}, "dt = nan"),
        ({"readout_tau": 0.0}, "readout_tau = 0.0"),
        ({"layers": ()}, "layers"),
        ({"learn": ("beta",)}, "learn = 'beta'"),
        ({"integrator": "rk4"}, "integrator = 'rk4'"),
        ({"learn_readout_tau": 1}, "learn_readout_tau = 1"),
        ({"readout_filter": "ideal"}, "readout_filter = 'ideal' is not allowed; it must be one of"),
    ],
)
def test_wrong_configurations_are_refused(values: dict, words: str):
    with pytest.raises(InputError, match=words):
        network(**values)


def test_wrong_signals_are_refused():
    with pytest.raises(InputError, match=r"\(batch, samples, 2\)"):
        network()(torch.zeros(1, 4, 3).double())
    bad = signal()
    bad[0, 1, 0] = float("nan")
    with pytest.raises(InputError, match="not finite"):
        network()(bad)


def test_input_currents_hold_what_the_neurons_feed_each_other():
    torch.manual_seed(0)
    layer = NeuronParameters(
        (Element("fast", -1.5, 0.0), Element("slow", 2.0, np.linspace(-0.3, 0.3, 5))), tau_slow=10.0
    )
    configuration = NetworkConfiguration(1, 1, (layer,), dt=0.5, steps_per_sample=3, recurrent=True)
    net = MTCNetwork(configuration, dtype=torch.float64)
    series = np.sin(np.arange(40) / 3.0)
    currents = input_currents(net, series)
    assert currents.shape == (120, 5)
    assert input_interval(net) == 0.5
    alone = MTCNeuron(neurons_of(net), dt=0.5, dtype=torch.float64)
    s, _ = alone(torch.tensor(currents)[None])
    expected = net.hidden(torch.tensor(series)[None, :, None]).outputs[0]
    torch.testing.assert_close(s, expected.detach())
    plain = MTCNetwork(replace(configuration, recurrent=False), dtype=torch.float64)
    assert input_interval(plain) == 1.5
    assert len(input_currents(plain, series)) == 40
