"""Significant bits: by hand, and that what a processor rounds otherwise is forgotten."""

from __future__ import annotations

import math

import pytest
import torch

from neuron_model.errors import InputError
from neuron_model.training.rounding import rounded
from neuron_model.training.training import Callbacks, TrainingConfiguration, fit
from tests.neuron_model.training.test_training import TASK, network


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_numbers_keep_their_leading_bits(dtype: torch.dtype):
    # 8 bits: 1 + 1/128 is the next number after 1; half way between rounds away from 0
    step = 1 / 128
    given = [0.0, 1.0, 1 + step, 1 + 0.4 * step, 1 + 0.5 * step, 1.999, -1 - 0.6 * step, 3e-9]
    expected = [0.0, 1.0, 1 + step, 1.0, 1 + step, 2.0, -1 - step, None]
    found = rounded(torch.tensor(given, dtype=dtype), 8).tolist()
    assert found[:-1] == expected[:-1]
    assert found[-1] == pytest.approx(3e-9, rel=1 / 256)
    assert math.frexp(found[-1])[0] * 256 == int(math.frexp(found[-1])[0] * 256)


def test_what_has_no_more_bits_or_is_no_number_stays():
    odd = torch.tensor([math.pi, math.inf, -math.inf, math.nan])
    assert rounded(odd, 24) is odd
    short = rounded(odd.double(), 8)
    assert short[1:3].tolist() == [math.inf, -math.inf]
    assert short[3].isnan()
    assert rounded(torch.tensor([7, 300]), 8).tolist() == [7, 300]
    assert rounded(odd, 0) is odd


def trained(bits: int, tremble: float, state: str) -> list[torch.Tensor]:
    """Weights after some steps, each of which begins with weights that are off by ``tremble``."""
    made = network().double()
    random = torch.Generator().manual_seed(1)

    def tremble_after(done):
        if done.step + 1 == 12:
            return
        with torch.no_grad():
            for p in made.parameters():
                noise = torch.randn(p.shape, generator=random, dtype=p.dtype)
                p.mul_(1 + tremble * noise)

    configuration = TrainingConfiguration(
        steps=12, batch=8, significant_bits=bits, keep="last", ridge=0.0, state=state
    )
    fit(made, TASK, configuration, callbacks=Callbacks(tremble_after))
    return [p.detach().clone() for p in made.parameters()]


@pytest.mark.parametrize("state", ["carried", "from_rest"])
def test_rounding_errors_of_a_processor_are_forgotten(state: str):
    torch.set_num_threads(1)
    still, trembling = trained(16, 0.0, state), trained(16, 1e-15, state)
    assert all(torch.equal(a, b) for a, b in zip(still, trembling, strict=True))
    # without it they are not
    still, trembling = trained(0, 0.0, state), trained(0, 1e-15, state)
    assert any(not torch.equal(a, b) for a, b in zip(still, trembling, strict=True))


@pytest.mark.parametrize("bits", [-1, 7, 54, 16.0, True])
def test_other_numbers_of_bits_are_refused(bits):
    with pytest.raises(InputError, match="0 or a whole number from 8 to 53"):
        TrainingConfiguration(significant_bits=bits)
