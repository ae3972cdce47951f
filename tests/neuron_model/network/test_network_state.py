import pytest
import torch

from neuron_model.model.dynamics import Branches, State, joined
from neuron_model.network.network import NetworkState
from neuron_model.network.network_state import (
    changed,
    detached,
    restarted,
    tensors_of,
    with_tensors,
)


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def amplified(batch: int) -> State:
    branches = tuple(Branches(*(drawn(batch, 3) for _ in range(4))) for _ in range(2))
    return State(*(drawn(batch, 3) for _ in range(4))).with_branches(branches)


def state(batch: int = 5) -> NetworkState:
    torch.manual_seed(0)
    plain = State(*(drawn(batch, 2) for _ in range(4)))
    return NetworkState((plain, amplified(batch), (drawn(batch, 7),), ()), drawn(4, batch, 1))


def test_a_state_is_its_tensors_with_the_batch_first():
    tensors = tensors_of(state())
    assert len(tensors) == 4 + (4 + 2 * 4) + 1 + 1
    assert {tensor.shape[0] for tensor in tensors} == {5}
    back = with_tensors(state(batch=1), tensors)
    for one, same in zip(tensors_of(back), tensors, strict=True):
        assert torch.equal(one, same)
    assert [type(layer) for layer in back.layers] == [type(layer) for layer in state().layers]
    assert len(back.layers[1].branches) == 2
    assert back.readout.shape == (4, 5, 1)
    with pytest.raises(ValueError, match="such a state has"):
        with_tensors(state(), tensors[:-1])


def test_no_gradient_flows_through_what_is_detached():
    with_gradient = changed(state(), lambda tensor: tensor.requires_grad_())
    assert all(t.requires_grad for t in tensors_of(with_gradient))
    assert not any(t.requires_grad for t in tensors_of(detached(with_gradient)))


def test_some_sequences_begin_again_and_the_others_do_not_notice():
    carried, begins = state(), torch.tensor([True, False, False, True, False])
    plain = State(*(torch.zeros(5, n) for n in (3, 3, 3, 3)))
    rest = NetworkState(
        (State(*(torch.zeros(5, 2) for _ in range(4))), plain, (torch.zeros(5, 7),), ()),
        torch.zeros(4, 5, 1),
    )
    mixed = restarted(carried, rest, begins)
    for layer, before in zip(mixed.layers[:3], carried.layers[:3], strict=True):
        for value, old in zip(layer, before, strict=True):
            assert not value[begins].any()
            assert torch.equal(value[~begins], old[~begins])
    assert not mixed.readout[:, begins].any()
    assert torch.equal(mixed.readout[:, ~begins], carried.readout[:, ~begins])
    assert mixed.layers[1].branches == carried.layers[1].branches


def test_states_are_joined_with_their_branches():
    parts = [amplified(2), amplified(3)]
    whole = joined(parts, lambda values: torch.cat(list(values)))
    assert whole.membrane.shape == whole.branches[1].first_down.shape == (5, 3)
    assert torch.equal(whole.branches[0].up[2:], parts[1].branches[0].up)
