"""Gate lines against the formula of their delay and a fine numeric solution."""

import math

import torch

from neuron_model.network.translinear import translinear

FLOOR = torch.tensor([1e-4], dtype=torch.float64)
TAU = torch.tensor([0.05], dtype=torch.float64)


def drive(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)[None, :, None]


def test_steps_are_exact_however_long_they_are():
    u = drive(-0.5, 0.8, 1.0, 0.3, -1.0, 0.0, 0.6)
    coarse, end = translinear(u, TAU, FLOOR, 0.2)
    fine, fine_end = translinear(u.repeat_interleave(200, 1), TAU, FLOOR, 0.001)
    # the rail is only looked at at the end of a step
    assert torch.allclose(coarse, fine.unflatten(1, (-1, 200)).mean(2), atol=1e-4)
    assert torch.allclose(end, fine_end, atol=1e-6)


def test_a_rise_is_late_by_the_delay_and_a_fall_is_not():
    x, _ = translinear(torch.ones(1, 1000, 1, dtype=torch.float64), TAU, FLOOR, 0.001)
    late = 0.001 * float((x[0, :, 0] < 0.5).sum())
    assert math.isclose(late, 0.05 * math.log(1e4 - 1), abs_tol=0.002)
    up = torch.ones(1, 1, dtype=torch.float64).log()
    x, _ = translinear(-torch.ones(1, 1000, 1, dtype=torch.float64), TAU, FLOOR, 0.001, up)
    assert 0.001 * float((x[0, :, 0] > 0.5).sum()) < 0.06


def test_what_is_held_comes_through_and_gradients_are_finite():
    u = torch.full((1, 100, 1), 0.7, dtype=torch.float64, requires_grad=True)
    x, _ = translinear(u, TAU, FLOOR, 0.1)
    x.sum().backward()
    assert math.isclose(float(x.detach()[0, -1, 0]), 0.7, rel_tol=1e-9)
    assert u.grad is not None
    assert bool(torch.isfinite(u.grad).all())
    flat, _ = translinear(torch.zeros(1, 3, 1, dtype=torch.float64), TAU, FLOOR, 0.1)
    assert bool(torch.isfinite(flat).all())


def test_a_series_in_two_parts_is_the_series_in_one():
    u = torch.randn(2, 50, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    tau, floor = TAU.expand(3), FLOOR.expand(3)
    whole, end = translinear(u, tau, floor, 0.1)
    first, state = translinear(u[:, :17], tau, floor, 0.1)
    second, last = translinear(u[:, 17:], tau, floor, 0.1, state)
    assert torch.allclose(torch.cat([first, second], 1), whole, atol=1e-12)
    assert torch.allclose(last, end, atol=1e-12)
