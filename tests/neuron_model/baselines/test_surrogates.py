import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from neuron_model.baselines.surrogates import atan_slope, slayer_slope, slayer_spike


def test_slayer_slope_is_the_published_number():
    # The published code: c alpha / (2 exp(alpha |x|)), alpha 5, c 0.4.
    x = torch.tensor([-0.3, 0.0, 0.2], dtype=torch.float64)
    by_hand = [0.4 * 5 / (2 * math.exp(1.5)), 1.0, 0.4 * 5 / (2 * math.exp(1.0))]
    np.testing.assert_allclose(slayer_slope(x).numpy(), by_hand, rtol=1e-14)


@pytest.mark.parametrize(
    ("slope", "area"),
    [(lambda x: slayer_slope(x, 3.0, 0.7), 0.7), (lambda x: atan_slope(x, 4.0), 1.0)],
)
def test_area_under_a_slope(slope, area: float):
    def at(x: float) -> float:
        return slope(torch.tensor(x, dtype=torch.float64)).item()

    below, above = quad(at, -np.inf, 0.0)[0], quad(at, 0.0, np.inf)[0]
    assert below + above == pytest.approx(area, rel=1e-6)
    assert below == pytest.approx(above, rel=1e-9)


def test_spikes_are_whole_and_carry_the_slope():
    x = torch.tensor([-1.0, -1e-9, 0.0, 0.5], dtype=torch.float64, requires_grad=True)
    z = slayer_spike(x, 2.0, 1.5)
    assert z.tolist() == [0.0, 0.0, 1.0, 1.0]
    weight = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    (gradient,) = torch.autograd.grad((z * weight).sum(), x)
    torch.testing.assert_close(gradient, weight * slayer_slope(x.detach(), 2.0, 1.5))
