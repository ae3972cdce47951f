"""Four equal poles and a held input, against scipy: distribution functions and linear systems."""

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
import torch
from scipy.integrate import solve_ivp
from scipy.signal import StateSpace, lsim

from neuron_model.network.cascade import STAGES, cascade, gamma, poisson
from neuron_model.network.low_pass import LowPass

ONE = np.eye(STAGES)[:, :1]
RATES = np.geomspace(1e-6, 1e3, 60)
ROW = np.eye(STAGES, k=-1) - np.eye(STAGES)
"""tau d(stages)/dt = ROW stages + (u, 0, 0, 0): a Jordan block."""


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


def test_what_a_step_gives_to_each_stage_is_the_gamma_distributions():
    expected = [scipy.stats.gamma.cdf(RATES, k) for k in range(1, STAGES + 1)]
    np.testing.assert_allclose(gamma(torch.tensor(RATES)), expected, rtol=1e-13)


def test_what_is_kept_over_a_step_is_the_matrix_exponential():
    for rate in (0.0, 0.01, 0.7, 5.0):
        kept = poisson(torch.tensor(rate, dtype=torch.float64))
        expected = scipy.linalg.expm(rate * ROW)[:, 0]
        np.testing.assert_allclose(kept, expected, rtol=1e-12)


@pytest.mark.parametrize("tau", [0.3, 2.0, 40.0])
@pytest.mark.parametrize("steps", [1, 4])
def test_it_is_the_linear_system_under_a_held_input(tau: float, steps: int):
    u, start = noise(1, 60 * steps, 1), noise(STAGES, 1, 1, seed=1)
    rate = torch.tensor(1.0 / tau / steps, dtype=torch.float64)
    y, end = cascade(u, start, rate, steps)
    system = StateSpace(ROW / tau, ONE / tau, np.eye(STAGES), np.zeros((STAGES, 1)))
    times = np.arange(60 * steps + 1) / steps
    held = np.append(u[0, :, 0], 0.0)
    _, _, stages = lsim(system, held, times, start[:, 0, 0].numpy(), interp=False)
    np.testing.assert_allclose(y[0, :, 0], stages[steps::steps, -1], atol=1e-13)
    np.testing.assert_allclose(end[:, 0, 0], stages[-1], atol=1e-13)


def test_it_is_what_a_solver_of_differential_equations_finds():
    u, tau = noise(1, 12, 1), 1.7
    y, _ = cascade(u, torch.zeros(STAGES, 1, 1), torch.tensor(1 / tau, dtype=torch.float64), 1)
    stages, found = np.zeros(STAGES), []
    for held in u[0, :, 0].tolist():
        drive = np.array([held, 0.0, 0.0, 0.0])
        run = solve_ivp(
            lambda _, x, drive=drive: (ROW @ x + drive) / tau,
            (0.0, 1.0),
            stages,
            rtol=1e-12,
            atol=1e-13,
        )
        stages = run.y[:, -1]
        found.append(stages[-1])
    np.testing.assert_allclose(y[0, :, 0], found, atol=1e-10)


def test_a_step_of_the_input_comes_out_as_the_gamma_distributions_function():
    low_pass = LowPass(1, tau=5.0, steps=3).double()
    y, _ = low_pass(torch.ones(1, 600, 1, dtype=torch.float64))
    expected = scipy.stats.gamma.cdf(np.arange(1, 201), 4, scale=5.0)
    np.testing.assert_allclose(y[0, :, 0].detach(), expected, atol=1e-7)


def test_pieces_and_chunks_are_the_whole(monkeypatch: pytest.MonkeyPatch):
    low_pass, u, start = LowPass(3, tau=2.0, steps=4).double(), noise(2, 80, 3), noise(4, 2, 3)
    with torch.no_grad():
        low_pass.log_tau += torch.tensor([-0.5, 0.0, 0.7])
    whole, end = low_pass(u, start)
    first, middle = low_pass(u[:, :28], start)
    second, last = low_pass(u[:, 28:], middle)
    torch.testing.assert_close(torch.cat([first, second], 1), whole, rtol=0, atol=1e-14)
    torch.testing.assert_close(last, end, rtol=0, atol=1e-14)
    monkeypatch.setattr("neuron_model.network.low_pass.CHUNK", 10)
    chunked, carried = low_pass(u, start)
    torch.testing.assert_close(chunked, whole, rtol=0, atol=1e-14)
    torch.testing.assert_close(carried, end, rtol=0, atol=1e-14)
    alone = low_pass.channel(1, u[..., :1])
    torch.testing.assert_close(alone[..., 0], low_pass(u[..., :1].expand(2, 80, 3))[0][..., 1])


def test_no_input_is_no_output():
    y, state = LowPass(2, 1.0, steps=4)(torch.zeros(3, 0, 2))
    assert tuple(y.shape) == (3, 0, 2)
    assert not state.any()


@pytest.mark.parametrize("rate", [1e-3, 0.4, 1.999, 2.001, 30.0])
def test_the_gradient_is_that_of_finite_differences(rate: float):
    rates = torch.tensor([rate, 1.2 * rate], dtype=torch.float64, requires_grad=True)
    u, start = noise(2, 6, 2).requires_grad_(), noise(4, 2, 2, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda *v: cascade(*v, 2), (u, start, rates), eps=1e-8 * rate)


@pytest.mark.parametrize("tau", [1e-30, 1e-3, 1e30])
def test_any_time_constant_has_finite_numbers_and_gradients(tau: float):
    low_pass = LowPass(1, tau, steps=2)
    y, end = low_pass(torch.ones(1, 20, 1))
    (grad,) = torch.autograd.grad(y.sum() + end.sum(), [low_pass.log_tau])
    for found in (y, end, grad):
        assert torch.isfinite(found).all()
