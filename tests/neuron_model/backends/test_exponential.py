import torch

from neuron_model.backends.exponential import exp


def test_it_is_torchs_to_within_a_rounding_of_its_argument():
    x = torch.linspace(-20.0, 20.0, 1001, dtype=torch.float64)
    torch.testing.assert_close(exp(x), x.exp(), rtol=1e-14, atol=0.0)
    x = x.float()
    torch.testing.assert_close(exp(x), x.exp(), rtol=4e-6, atol=0.0)


def test_of_nothing_it_is_one():
    assert exp(torch.zeros(2)).tolist() == [1.0, 1.0]


def test_its_gradient_is_itself():
    x = torch.linspace(-2.0, 2.0, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(exp, x)
