import builtins
import math

import numpy as np
import pytest
import torch

from neuron_model.baselines.lif import LeakyLIF, LeakyState, require_snntorch, run, run_stepwise
from neuron_model.baselines.surrogates import atan_slope
from neuron_model.errors import InputError, MissingDependencyError

try:
    require_snntorch()
except MissingDependencyError:
    snntorch_is_there = False
else:
    snntorch_is_there = True
with_snntorch = pytest.mark.skipif(not snntorch_is_there, reason="snnTorch is not installed")


def layer(neurons: int = 3, **values) -> LeakyLIF:
    generator = torch.Generator().manual_seed(1)
    return LeakyLIF(neurons, tau=(2.0, 9.0), generator=generator, dtype=torch.float64, **values)


def current(batch: int = 2, time: int = 30, neurons: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(4)
    return torch.randn(batch, time, neurons, dtype=torch.float64, generator=generator) + 0.3


@with_snntorch
def test_against_the_recursion_and_its_gradient_written_out():
    one = layer(1, threshold=0.8, slope=3.0)
    given = current(1, 30, 1).requires_grad_()
    s, voltage, _ = one(given, return_voltage=True)
    beta = one.leaky.beta.item()
    assert math.exp(-1 / 2.0) <= beta <= math.exp(-1 / 9.0)
    u = reset = 0.0
    spikes, voltages = [], []
    for i in given[0, :, 0].tolist():
        u = beta * u + i - reset * 0.8
        reset = 1.0 if u > 0.8 else 0.0
        spikes.append(reset)
        voltages.append(u)
    assert 0 < sum(spikes) < 30
    assert s[0, :, 0].tolist() == spikes
    np.testing.assert_allclose(voltage[0, :, 0].detach().numpy(), voltages, rtol=1e-12)
    # The reset is held constant, so a current reaches a later spike by decay alone.
    weight = torch.linspace(-1.0, 2.0, 30).double()
    (gradient,) = torch.autograd.grad((s[0, :, 0] * weight).sum(), given)
    slope = atan_slope(torch.tensor(voltages).double() - 0.8, 3.0)
    expected = [
        sum(float(weight[n] * slope[n]) * beta ** (n - k) for n in range(k, 30)) for k in range(30)
    ]
    np.testing.assert_allclose(gradient[0, :, 0].numpy(), expected, rtol=1e-5, atol=1e-7)


@with_snntorch
def test_the_written_out_loop_is_snntorch():
    neurons = layer(slope=3.0)
    given = current().transpose(0, 1).contiguous().requires_grad_()
    start = current(1, 2)[0].requires_grad_()
    generator = torch.Generator().manual_seed(2)
    weights = [torch.randn(30, 2, 3, dtype=torch.float64, generator=generator) for _ in range(2)]
    found = []
    for way in (run_stepwise, run):
        z, voltage, end = way(given, start, neurons.leaky, neurons.slope)
        loss = (weights[0] * z).sum() + (weights[1] * voltage).sum() + end.pow(2).sum()
        found.append(
            (z, voltage, end, *torch.autograd.grad(loss, [given, start, *neurons.parameters()]))
        )
    assert 0 < found[0][0].mean().item() < 1
    for theirs, ours in zip(*found, strict=True):
        # snnTorch gives its spikes in float32.
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


@with_snntorch
def test_going_on_learning_and_constraining():
    neurons = layer()
    whole, end = neurons(current())
    first, middle = neurons(current()[:, :11])
    second, last = neurons(current()[:, 11:], middle)
    assert isinstance(middle, LeakyState)
    torch.testing.assert_close(torch.cat([first, second], 1), whole, rtol=0, atol=0)
    torch.testing.assert_close(last.u, end.u, rtol=0, atol=1e-13)
    for _ in range(2):
        neurons(current())[0].sum().backward()
    shapes = {name: tuple(p.grad.shape) for name, p in neurons.named_parameters()}
    assert shapes == {"leaky.beta": (3,), "leaky.threshold": (3,)}
    with torch.no_grad():
        neurons.leaky.beta += 5.0
        neurons.leaky.threshold -= 5.0
    neurons.constrain()
    assert neurons.leaky.beta.max() == 1.0
    assert neurons.leaky.threshold.min() == 0.05


@with_snntorch
def test_bad_values_are_refused():
    with pytest.raises(InputError, match="threshold = 0.0"):
        layer(threshold=0.0)
    with pytest.raises(InputError, match="tau"):
        LeakyLIF(3, tau=(5.0, 2.0))
    with pytest.raises(InputError, match=r"\(batch, time, 3\)"):
        layer()(torch.zeros(1, 5, 2).double())


def test_without_snntorch_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    whole = builtins.__import__

    def without(name: str, *rest, **named):
        if name.split(".")[0] == "snntorch":
            raise ImportError(name)
        return whole(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependencyError, match="pip install"):
        LeakyLIF(3)
