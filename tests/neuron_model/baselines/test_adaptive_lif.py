import math

import numpy as np
import pytest
import torch

from neuron_model.baselines.adaptive_lif import (
    AdaptiveLIF,
    AdaptiveState,
    Coefficients,
    Surrogate,
    run,
    run_stepwise,
)
from neuron_model.errors import InputError
from neuron_model.network.limits import REALISABLE
from neuron_model.network.network import SpikingNetwork
from neuron_model.training.training import keep_within


def layer(neurons: int = 4, **values) -> AdaptiveLIF:
    generator = torch.Generator().manual_seed(5)
    defaults = {"tau_u": (2.0, 6.0), "tau_w": (8.0, 30.0), "q": 6.0, "dtype": torch.float64}
    return AdaptiveLIF(neurons, generator=generator, **defaults | values)


def current(batch: int = 2, time: int = 60, neurons: int = 4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(7)
    return 4.0 * torch.randn(batch, time, neurons, dtype=torch.float64, generator=generator) + 2.0


def test_against_the_recursion_written_out_for_one_neuron():
    one = layer(1)
    given = current(1, 60, 1)
    s, reached, end = one(given, return_voltage=True)
    tau_u = 2.0 + 4.0 * one.tau_u_share.item()
    tau_w = 8.0 + 22.0 * one.tau_w_share.item()
    alpha, beta = math.exp(-1 / tau_u), math.exp(-1 / tau_w)
    u = w = 0.0
    spikes, voltages = [], []
    for i in given[0, :, 0].tolist():
        before = alpha * u + (1 - alpha) * (i - w)
        spike = 1.0 if before >= 1.0 else 0.0
        u = before * (1 - spike)
        w = beta * w + (1 - beta) * 6.0 * (one.a.item() * u + one.b.item() * spike)
        spikes.append(spike)
        voltages.append(before)
    assert 0 < sum(spikes) < 60
    assert s[0, :, 0].tolist() == spikes
    np.testing.assert_allclose(reached[0, :, 0].detach().numpy(), voltages, rtol=1e-12, atol=1e-13)
    assert end.u.item() == pytest.approx(u, abs=1e-12)
    assert end.w.item() == pytest.approx(w, abs=1e-12)


def test_gradients_are_those_of_autograd_through_the_steps():
    neurons = layer()
    given = current().requires_grad_()
    generator = torch.Generator().manual_seed(2)

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, dtype=torch.float64, generator=generator)

    state = AdaptiveState(random(2, 4).requires_grad_(), random(2, 4).requires_grad_())
    weights = [random(60, 2, 4), random(60, 2, 4), random(2, 4), random(2, 4)]
    found = []
    for way in (run_stepwise, run):
        z, reached, end = way(
            given.transpose(0, 1), state, neurons.coefficients(), neurons.surrogate
        )
        loss = sum((w * x).sum() for w, x in zip(weights, (z, reached, *end), strict=True))
        gradients = torch.autograd.grad(loss, [given, *state, *neurons.parameters()])
        found.append((z, reached, *end, *gradients))
    assert 0 < found[0][0].mean().item() < 0.5
    for slow, fast in zip(*found, strict=True):
        torch.testing.assert_close(fast, slow, rtol=1e-11, atol=1e-12)


def test_subthreshold_oscillation_begins_where_the_eigenvalues_become_complex():
    """Baronig et al. 2024: with symplectic Euler the oscillation decays by sqrt(a_u a_w) a step,
    however strong the coupling is.
    """
    alpha, beta = math.exp(-1 / 4.0), math.exp(-1 / 12.0)
    # Eigenvalues meet where (trace)^2 = 4 alpha beta.
    edge = (math.sqrt(alpha) - math.sqrt(beta)) ** 2 / ((1 - alpha) * (1 - beta))
    for strength, oscillates in ((0.9 * edge, False), (1.1 * edge, True), (8.0 * edge, True)):
        coupling = (1 - beta) * strength
        matrix = np.array(
            [
                [alpha, -(1 - alpha)],
                [coupling * alpha, beta - coupling * (1 - alpha)],
            ]
        )
        eigenvalues = np.linalg.eigvals(matrix)
        assert (abs(eigenvalues.imag).max() > 0) == oscillates
        k = Coefficients(
            *(torch.tensor([x], dtype=torch.float64) for x in (alpha, beta, coupling, 0.0))
        )
        start = torch.tensor([[1.0]], dtype=torch.float64)
        _, u, _ = run(
            torch.zeros(40, 1, 1).double(), AdaptiveState(start, 0 * start), k, Surrogate(1e9)
        )
        by_power = [(np.linalg.matrix_power(matrix, n) @ [1.0, 0.0])[0] for n in range(1, 41)]
        np.testing.assert_allclose(u[:, 0, 0].numpy(), by_power, rtol=1e-9, atol=1e-13)
        if oscillates:
            np.testing.assert_allclose(abs(eigenvalues), math.sqrt(alpha * beta), rtol=1e-9)


def test_going_on_from_a_state():
    neurons = layer()
    whole, end = neurons(current())
    first, middle = neurons(current()[:, :23])
    second, last = neurons(current()[:, 23:], middle)
    torch.testing.assert_close(torch.cat([first, second], 1), whole, rtol=0, atol=0)
    torch.testing.assert_close(last.w, end.w, rtol=0, atol=1e-13)


def test_constrain_clips_to_the_published_ranges():
    neurons = layer()
    with torch.no_grad():
        for value in neurons.parameters():
            value += torch.tensor([-5.0, 5.0, 0.0, 0.0], dtype=torch.float64)
    neurons.constrain()
    assert neurons.a.min() == 0.0
    assert neurons.a.max() == 1.0
    assert neurons.b.max() == 2.0
    decay = neurons.coefficients().u_decay
    assert decay.min().item() == pytest.approx(math.exp(-1 / 2.0))
    assert decay.max().item() == pytest.approx(math.exp(-1 / 6.0))


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="tau_w"):
        layer(tau_w=(30.0, 8.0))
    with pytest.raises(InputError, match=r"\(batch, time, 4\)"):
        layer()(torch.zeros(1, 5, 3).double())
    bad = current()
    bad[1, 2, 3] = float("inf")
    with pytest.raises(InputError, match=r"current\[1, 2, 3\] = inf"):
        layer()(bad)


def test_training_constrains():
    neurons = layer(3)
    network = SpikingNetwork([neurons], inputs=1, outputs=1, dtype=torch.float64)
    with torch.no_grad():
        neurons.tau_u_share.fill_(1.7)
    keep_within(network, REALISABLE)
    assert neurons.tau_u_share.tolist() == [1.0, 1.0, 1.0]
