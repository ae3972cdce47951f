import pytest
import torch

from neuron_model.errors import InputError
from neuron_model.network.activity import duty_cycle_sparsity, rate_sparsity, synaptic_operations


def outputs(*neurons: list[float]) -> torch.Tensor:
    """One sequence: a row for each neuron."""
    return torch.tensor(neurons).T[None]


def test_binary_spikes_count_each():
    s = outputs([0, 1, 1, 0, 1], [0, 0, 0, 0, 0])
    assert rate_sparsity(s) == pytest.approx(3 / 10)
    assert duty_cycle_sparsity(s) == pytest.approx(3 / 10)


def test_a_graded_spike_counts_once_and_lasts():
    s = outputs([0, 0.2, 1.0, 0.3, 0, 0.1], [0.5, 0.4, 0, 0, 0, 0])
    assert rate_sparsity(s) == pytest.approx(3 / 12)
    assert duty_cycle_sparsity(s) == pytest.approx(6 / 12)


def test_sequences_do_not_run_into_each_other():
    one = outputs([0, 0.5, 0.5])
    s = torch.cat([one, outputs([0.5, 0, 0])])
    assert rate_sparsity(s) == pytest.approx(2 / 6)


def test_synaptic_operations_are_weights_met_by_active_outputs():
    # 3 active of 5 steps: two neurons, each to 10 others; then 1 of 5 steps to one readout.
    first = outputs([0, 1, 1, 0, 0], [1, 0, 0, 0, 0])
    second = outputs([0, 0, 0.3, 0, 0])
    assert synaptic_operations([first, second], [10, 1]) == pytest.approx((3 * 10 + 1) / 5)


def test_bad_shapes_are_refused():
    with pytest.raises(InputError, match="s has shape"):
        rate_sparsity(torch.zeros(3, 4))
    with pytest.raises(InputError, match="fan_out has 2"):
        synaptic_operations([outputs([0, 1])], [1, 2])
