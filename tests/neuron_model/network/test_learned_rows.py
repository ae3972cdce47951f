"""The short way to the kernel's coefficients: as the long one, in value and gradient."""

import copy
import pickle

import numpy as np
import pytest
import torch

from neuron_model.backends.backends import kernel_is_built
from neuron_model.model.parameters import OTA_FILTER, Element, Filter, Leak, NeuronParameters
from neuron_model.network.neuron import LEARNABLE, MTCNeuron

pytestmark = pytest.mark.skipif(not kernel_is_built(), reason="the kernel was not built")

ELEMENTS = (
    Element("fast", -2.0, 0.0),
    Element("slow", np.array([2.0, 1.9, 2.2]), 0.1),
    Element("slow", -1.5, np.array([-0.9, -1.0, -1.2]), 1.1),
    Element("ultraslow", 1.5, -0.9),
)


def parameters(**changed) -> NeuronParameters:
    return NeuronParameters(
        ELEMENTS, **{"tau_slow": [20.0, 25.0, 30.0], "tau_ultraslow": 300.0} | changed
    )


KINDS = {
    "linear": parameters(),
    "saturating": parameters(
        leak=Leak(range=6.0), filter_slow=OTA_FILTER, filter_ultraslow=OTA_FILTER
    ),
    "fast filter": parameters(tau_fast=0.5, filter_fast=OTA_FILTER, filter_slow=OTA_FILTER),
    "long steps": parameters(tau_fast=0.005, filter_fast=OTA_FILTER),
}


def layer(kind: str | NeuronParameters, learn: tuple[str, ...] = LEARNABLE, **options) -> MTCNeuron:
    """As training leaves it: no number is the one that it began with."""
    torch.manual_seed(3)
    chosen = KINDS[kind] if isinstance(kind, str) else kind
    found = MTCNeuron(
        chosen, **{"dt": 0.2, "learn": learn, "backend": "fused", "neurons": 3} | options
    )
    with torch.no_grad():
        for parameter in found.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    return found


def noise(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=dtype)


def is_short(of: MTCNeuron, current: torch.Tensor) -> bool:
    return of._learned_rows(current, None) is not None


def by_the_long_way(of: MTCNeuron, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of, "_learned_rows", lambda current, state: None)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("integrator", ["euler", "exponential"])
@pytest.mark.parametrize("learn", [LEARNABLE, ("alpha",), ("delta", "tau"), ("tau",)])
@pytest.mark.parametrize("kind", KINDS)
def test_it_has_the_values_and_gradients_of_the_long_way(
    kind: str, learn: tuple[str, ...], integrator: str, dtype: torch.dtype, monkeypatch
):
    if learn != LEARNABLE:  # what is not learned is the same for all neurons, or there is no way
        kind = KINDS[kind].map(lambda v: float(np.reshape(v, -1)[0]))
    net = layer(kind, learn, integrator=integrator, dtype=dtype)
    current = noise(4, 30, 3, dtype=dtype).requires_grad_()
    assert is_short(net, current)

    def run() -> list[torch.Tensor]:
        s, u_m, end = net(current, return_voltage=True)
        loss = s.sum() + u_m.pow(2).mean() + end.slow.sum()
        return [s, u_m, *end, *torch.autograd.grad(loss, [current, *net.parameters()])]

    short = run()
    by_the_long_way(net, monkeypatch)
    for one, other in zip(short, run(), strict=True):
        close = 2e-5 if dtype == torch.float32 else 1e-12
        torch.testing.assert_close(one, other, rtol=close, atol=close)
    torch.testing.assert_close(short[0], net(current)[0], rtol=0, atol=0)


def test_the_gradient_is_that_of_finite_differences():
    net = layer("saturating", dtype=torch.float64)
    current = noise(2, 5, 3, dtype=torch.float64).requires_grad_()
    assert is_short(net, current)
    learned = list(net.parameters())

    def run(current: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        return net(current, return_voltage=True)[1]

    assert torch.autograd.gradcheck(run, (current, *learned), eps=1e-6, atol=1e-6)


def test_a_step_of_training_is_seen_at_the_next_run(monkeypatch):
    net = layer("linear")
    current = noise(2, 20, 3)
    before = net(current)[0]
    with torch.no_grad():
        net.tau_growth += 0.5
        net.delta -= 0.2
    after = net(current)[0]
    assert not torch.equal(before, after)
    by_the_long_way(net, monkeypatch)
    assert torch.equal(net(current)[0], after)


def test_steps_become_long_where_a_time_constant_is_learned_to_be_short(monkeypatch):
    net = layer("saturating", integrator="exponential")
    current = noise(2, 20, 3)
    net(current)
    with torch.no_grad():
        net.tau_growth[0] -= 8.0
    found = net(current)[0]
    by_the_long_way(net, monkeypatch)
    assert torch.equal(net(current)[0], found)


def test_state_dicts_copies_and_pickles_bring_their_own_numbers(monkeypatch):
    current = noise(2, 20, 3)
    net, other = layer("linear"), layer(parameters(u_rest=0.3, i_bias=-0.2))
    net(current)
    expected = other(current)[0]
    for copied in (copy.deepcopy(other), pickle.loads(pickle.dumps(other))):
        assert torch.equal(copied(current)[0], expected)
    net.load_state_dict(other.state_dict())
    assert torch.equal(net(current)[0], expected)
    assert net.double()(current.double())[0].dtype == torch.float64


def test_the_state_is_carried_and_freed_as_ever():
    net = layer("saturating")
    current = noise(2, 20, 3)
    s, end = net(current)
    first, state = net(current[:, :9])
    second, last = net(current[:, 9:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), s, rtol=0, atol=0)
    torch.testing.assert_close(last.slow, end.slow, rtol=0, atol=0)
    first.sum().backward()
    with pytest.raises(RuntimeError, match=r"state\.detach"):
        second.sum().backward()


@pytest.mark.parametrize(
    "other",
    [
        layer(parameters(), learn=("alpha",)),  # numbers of its own that nothing learns
        layer(parameters(tau_ultraslow=[0.0, 300.0, 300.0])),  # copies that some neurons lack
        layer(parameters(filter_slow=Filter(1.0, 0.1)), integrator="exponential"),
        layer("linear", backend="eager"),
    ],
)
def test_other_layers_go_the_long_way(other: MTCNeuron):
    assert not is_short(other, noise(2, 5, 3))
    assert other(noise(2, 5, 3))[0].shape == (2, 5, 3)


def test_other_numbers_go_the_long_way():
    net = layer("linear")
    assert not is_short(net, noise(2, 5, 3, dtype=torch.float64))
    frozen = layer("linear")
    for parameter in frozen.parameters():
        parameter.requires_grad_(False)
    current = noise(2, 5, 3)
    assert not frozen(current)[0].requires_grad
    assert torch.equal(frozen(current)[0], net(current)[0])
