import pytest
import torch

from neuron_model.backends.backends import BACKENDS, find_backend
from neuron_model.backends.integration import integrate
from neuron_model.errors import InputError
from neuron_model.model.dynamics import State, euler_step, exponential_euler_step
from neuron_model.model.parameters import OTA_FILTER, Element, NeuronParameters

P = NeuronParameters(
    (Element("fast", -2.0, 0.0), Element("slow", 2.0, 0.0)), tau_slow=20.0, filter_slow=OTA_FILTER
)


def rest(*shape: int) -> State:
    zero = torch.zeros(*shape, dtype=torch.float64)
    return State(zero, zero, zero, zero)


@pytest.mark.parametrize(
    ("name", "step"), [("euler", euler_step), ("exponential", exponential_euler_step)]
)
def test_the_loop_is_the_step_repeated(name: str, step):
    current = torch.randn(30, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    voltages, end = integrate(current, rest(2, 3), P, 0.2, name)
    state = rest(2, 3)
    for t in range(30):
        state = step(state, current[t], P, 0.2)
        assert torch.equal(voltages[t], state.membrane)
    assert all(torch.equal(a, b) for a, b in zip(end, state, strict=True))


def test_a_run_in_two_parts_is_the_run_in_one():
    current = torch.randn(20, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    whole, end = integrate(current, rest(4), P, 0.2)
    first, middle = integrate(current[:7], rest(4), P, 0.2)
    second, last = integrate(current[7:], middle, P, 0.2)
    assert torch.equal(torch.cat([first, second]), whole)
    assert all(torch.equal(a, b) for a, b in zip(end, last, strict=True))


def test_no_time_is_no_change():
    voltages, end = integrate(torch.empty(0, 2, 3), rest(2, 3), P, 0.2)
    assert voltages.shape == (0, 2, 3)
    assert all(torch.equal(a, b) for a, b in zip(end, rest(2, 3), strict=True))


def test_backward_does_not_grow_with_the_square_of_time():
    # Indexing current[t] would make each backward step write a tensor as big as the current.
    current = torch.zeros(50, 2, 3, requires_grad=True)
    voltages, _ = integrate(current, rest(2, 3), P, 0.2)
    nodes, seen = [voltages.grad_fn], set()
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        nodes += [parent for parent, _ in node.next_functions]
    names = {type(node).__name__ for node in seen}
    assert "UnbindBackward0" in names
    assert not names & {"SelectBackward0", "IndexBackward0", "SliceBackward0"}


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="integrator = 'rk4'"):
        integrate(torch.zeros(1, 1), rest(1), P, 0.1, "rk4")
    with pytest.raises(InputError, match="backend = 'cuda'"):
        find_backend("cuda")
    assert find_backend("eager") is BACKENDS["eager"]
    assert find_backend("auto") in BACKENDS.values()
