import copy

import numpy as np
import pytest
import torch
from torch.func import functional_call

from neuron_model.backends.problem import TAPES
from neuron_model.errors import InputError
from neuron_model.model.dynamics import State
from neuron_model.model.parameters import (
    LINEAR_FILTER,
    OTA_FILTER,
    Element,
    Leak,
    NeuronParameters,
)
from neuron_model.model.presets import preset
from neuron_model.network.limits import REALISABLE, ParameterLimits
from neuron_model.network.neuron import LEARNABLE, MTCNeuron

ELEMENTS = (
    Element("fast", -2.0, 0.1),
    Element("slow", 2.0, -0.1, 1.2),
    Element("slow", -1.5, -1.4),
    Element("ultraslow", 1.5, -1.5),
)
BURSTER = NeuronParameters(ELEMENTS, name="burster", tau_slow=50.0, tau_ultraslow=2500.0)


def varied(filter_shape=OTA_FILTER, leak_range: float = 6.0) -> NeuronParameters:
    singles = [
        NeuronParameters(
            tuple(Element(e.timescale, e.alpha + 0.1 * i, e.delta - 0.2 * i) for e in ELEMENTS),
            tau_fast=0.6 + 0.1 * i,
            tau_slow=3.0 + i,
            tau_ultraslow=11.0,
            leak=Leak(range=leak_range),
            filter_fast=filter_shape,
            filter_slow=filter_shape,
            filter_ultraslow=filter_shape,
        )
        for i in range(2)
    ]
    return NeuronParameters.stack(singles)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("integrator", ["euler", "exponential"])
@pytest.mark.parametrize("leak_range", [6.0, float("inf")])
@pytest.mark.parametrize("filter_shape", [LINEAR_FILTER, OTA_FILTER])
def test_gradients_are_exact(integrator: str, leak_range: float, filter_shape):
    neuron = MTCNeuron(
        varied(filter_shape, leak_range),
        dt=0.3,
        learn=LEARNABLE,
        integrator=integrator,
        dtype=torch.float64,
    )
    names = [name for name, _ in neuron.named_parameters()]
    assert names == ["alpha_growth", "delta", "tau_growth", "kappa_growth"]
    weights = [p.detach().clone().requires_grad_() for p in neuron.parameters()]
    # The state begins at rest, where U_m - U_x is 0, in one neuron of the batch.
    start = [noise(1, 2, seed=k).requires_grad_() for k in range(4)]
    with torch.no_grad():
        for u in start:
            u[0, 0] = 0.0
    current = noise(1, 4, 2, seed=9).requires_grad_()

    def run(current: torch.Tensor, *rest: torch.Tensor) -> tuple[torch.Tensor, ...]:
        values = dict(zip(names, rest[4:], strict=True))
        arguments = (current, State(*rest[:4]))
        s, voltage, end = functional_call(neuron, values, arguments, {"return_voltage": True})
        return voltage, torch.stack(end)

    assert torch.autograd.gradcheck(run, (current, *start, *weights))


def test_gradient_of_the_output_is_that_of_finite_differences():
    neuron = MTCNeuron(varied(), dt=0.3, learn=LEARNABLE, dtype=torch.float64)
    current = noise(2, 30, 2) + 1.5

    def loss() -> torch.Tensor:
        return (neuron(current)[0] ** 2).sum()

    loss().backward()
    assert 0.05 < neuron(current)[0].mean().item() < 0.95  # not clipped everywhere
    for parameter in neuron.parameters():
        flat, gradient = parameter.data.view(-1), parameter.grad.view(-1)
        for index in (0, len(flat) - 1):
            step = 1e-6
            flat[index] += step
            above = loss().item()
            flat[index] -= 2 * step
            below = loss().item()
            flat[index] += step
            slope = (above - below) / (2 * step)
            assert gradient[index].item() == pytest.approx(slope, rel=1e-5, abs=1e-7)
    assert all(bool((p.grad != 0).all()) for p in neuron.parameters())


def test_shapes_and_what_is_returned():
    neuron = MTCNeuron(BURSTER, dt=0.1, neurons=3)
    s, state = neuron(torch.zeros(2, 5, 3))
    assert s.shape == (2, 5, 3)
    assert state.membrane.shape == (2, 3)
    again, voltage, _ = neuron(torch.zeros(2, 5, 3), return_voltage=True)
    assert torch.equal(again, s)
    assert torch.equal(voltage.clamp(0, 1), s)
    assert torch.equal(voltage[:, -1], state.membrane)


def test_going_on_from_a_state_is_going_on():
    neuron = MTCNeuron(varied(), dt=0.1, dtype=torch.float64)
    current = noise(2, 40, 2)
    whole, end = neuron(current)
    first, middle = neuron(current[:, :15])
    second, last = neuron(current[:, 15:], middle)
    assert torch.equal(torch.cat([first, second], 1), whole)
    assert all(torch.equal(a, b) for a, b in zip(end, last, strict=True))


@pytest.mark.parametrize("learn", [(), ("alpha",), ("delta", "tau"), LEARNABLE])
def test_parameters_come_back_exactly(learn: tuple[str, ...]):
    one = MTCNeuron(BURSTER, dt=0.1, learn=learn, dtype=torch.float64).parameters_now()
    assert one == BURSTER
    many = MTCNeuron(varied(), dt=0.1, learn=learn, dtype=torch.float64).parameters_now()
    for given, back in zip(varied(), many, strict=True):
        assert given == back
    again = MTCNeuron(many, dt=0.1, learn=learn, dtype=torch.float64)
    assert torch.equal(again(noise(1, 9, 2))[0], MTCNeuron(varied(), dt=0.1)(noise(1, 9, 2))[0])


def test_one_set_of_parameters_makes_many_neurons_that_learn_apart():
    neuron = MTCNeuron(BURSTER, dt=0.1, learn=("alpha",), neurons=3)
    assert neuron.alpha_growth.shape == (4, 3)
    now = neuron.parameters_now()
    assert now.neurons == 3
    assert list(now[2].elements) == list(BURSTER.elements)
    with pytest.raises(InputError, match="neurons = 3"):
        MTCNeuron(varied(), dt=0.1, neurons=3)


def test_signs_and_positivity_survive_any_training():
    p = NeuronParameters((*ELEMENTS, Element("fast", 0.0, 0.0)), tau_slow=3.0, tau_ultraslow=[0, 9])
    neuron = MTCNeuron(p, dt=0.3, learn=LEARNABLE)
    optimizer = torch.optim.SGD(neuron.parameters(), lr=0.02)
    for k in range(20):
        s, state = neuron(noise(2, 10, 2, seed=k).float())
        optimizer.zero_grad()
        sum(u.abs().sum() for u in state).backward()
        optimizer.step()
    now = neuron.parameters_now()
    for before, after in zip(p.elements, now.elements, strict=True):
        assert np.all(np.sign(after.alpha) == np.sign(before.alpha))
        assert np.all(after.kappa > 0)
    assert np.all(now.tau_slow > 0)
    assert not np.allclose(now.tau_slow, 3.0)
    # A copy without a filter of its own does not get one.
    assert np.all(now.tau_fast == 0)
    assert now.tau_ultraslow[0] == 0
    assert now.tau_ultraslow[1] > 0


def test_limits_are_kept():
    neuron = MTCNeuron(varied(), dt=0.3, learn=LEARNABLE)
    with torch.no_grad():
        for sign, parameter in enumerate(neuron.parameters()):
            parameter.fill_(20.0 if sign % 2 else -20.0)
    neuron.keep_within(REALISABLE)
    now = neuron.parameters_now()
    assert all(np.all((np.abs(e.alpha) >= 0.5) & (np.abs(e.alpha) < 0.501)) for e in now.elements)
    assert all(np.all(e.delta == 2.5) for e in now.elements)
    assert all(np.all((e.kappa <= 2.0) & (e.kappa > 1.99)) for e in now.elements)
    assert np.all((now.tau_slow >= 8.0) & (now.tau_slow < 8.01))
    inside = copy.deepcopy(neuron.state_dict())
    neuron.keep_within(REALISABLE)
    assert all(torch.equal(v, inside[k]) for k, v in neuron.state_dict().items())
    for wrong in ((5.0, 5.0), (-1.0, 5.0), 5.0, (1.0, 2.0, 3.0), ("1", "2"), (1.0, float("nan"))):
        with pytest.raises(InputError, match="tau_slow"):
            ParameterLimits(tau_slow=wrong)


def test_not_finite_current_is_refused_with_its_place():
    neuron = MTCNeuron(BURSTER, dt=0.1, neurons=3)
    current = torch.zeros(2, 5, 3)
    current[1, 4, 2] = float("nan")
    with pytest.raises(InputError, match=r"current\[1, 4, 2\] = nan"):
        neuron(current)
    # Finite numbers whose sum is not are no reason to refuse.
    neuron(torch.full((2, 1, 3), 3e38))


@pytest.mark.parametrize(
    ("current", "words"),
    [
        (torch.zeros(5, 3), r"shape \(5, 3\)"),
        (torch.zeros(2, 5, 4), r"\(batch, time, 3\)"),
        (torch.zeros(2, 5, 3, dtype=torch.int64), "floating point"),
    ],
)
def test_wrong_currents_are_refused(current: torch.Tensor, words: str):
    with pytest.raises(InputError, match=words):
        MTCNeuron(BURSTER, dt=0.1, neurons=3)(current)


def test_state_of_another_batch_is_refused():
    neuron = MTCNeuron(BURSTER, dt=0.1, neurons=3)
    with pytest.raises(InputError, match=r"each must be \(2, 3\)"):
        neuron(torch.zeros(2, 5, 3), neuron.initial_state(4))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dt": 0.0}, "dt = 0.0"),
        ({"dt": float("nan")}, "dt = nan"),
        ({"dt": 0.1, "learn": ("beta",)}, "learn = 'beta'"),
        ({"dt": 0.1, "integrator": "rk4"}, "integrator = 'rk4'"),
        ({"dt": 0.1, "backend": "gpu"}, "backend = 'gpu'"),
    ],
)
def test_wrong_options_are_refused(options: dict, words: str):
    with pytest.raises(InputError, match=words):
        MTCNeuron(BURSTER, **options)


def test_type_follows_the_module_and_state_dict_restores_it():
    neuron = MTCNeuron(varied(), dt=0.1, learn=LEARNABLE).double()
    assert neuron(noise(1, 4, 2))[0].dtype == torch.float64
    with torch.no_grad():
        neuron.alpha_growth += 0.3
        neuron.tau_growth -= 0.2
    other = MTCNeuron(varied(), dt=0.1, learn=LEARNABLE).double()
    other.load_state_dict(neuron.state_dict())
    assert torch.equal(other(noise(1, 4, 2))[0], neuron(noise(1, 4, 2))[0])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_is_around_the_neurons_can_be_compiled():
    neuron = MTCNeuron(preset("tonic_spiking").parameters, dt=0.5, learn=("alpha",), neurons=3)

    def loss(current):
        s, _ = neuron(torch.tanh(current))
        return (s * s).sum()

    current = torch.linspace(-2.0, 3.0, 60).reshape(1, 20, 3)
    compiled = torch.compile(loss, backend="aot_eager")
    expected, found = loss(current), compiled(current)
    torch.testing.assert_close(found, expected)
    grads = [torch.autograd.grad(x, neuron.alpha_growth)[0] for x in (expected, found)]
    torch.testing.assert_close(*grads)
    assert float(grads[0].abs().max()) > 0


def test_recurrent_neurons_hear_each_other_one_step_later():
    neuron = MTCNeuron(preset("tonic_spiking").parameters, dt=0.5, neurons=3, recurrent=True)
    assert isinstance(neuron.weights, torch.nn.Parameter)
    assert float(neuron.weights.detach().abs().max()) <= 3**-0.5
    with torch.no_grad():
        neuron.weights.zero_()
        neuron.weights[2, 0] = 1.5  # from the first neuron to the last one
    current = torch.zeros(1, 40, 3)
    current[:, :, 0] = 2.0
    s, _ = neuron(current)
    heard = torch.cat([torch.zeros(1, 1), s[:, :-1, 0].detach()], 1) * 1.5
    alone = MTCNeuron(preset("tonic_spiking").parameters, dt=0.5)
    expected, _ = alone(heard[..., None])
    assert float(s[:, :, 0].detach().max()) > 0.5
    torch.testing.assert_close(s[:, :, 2:], expected)
    s.sum().backward()
    assert float(neuron.weights.grad[2, 0]) != 0


@pytest.mark.parametrize("tape", TAPES)
def test_what_is_kept_for_the_gradient_can_be_chosen(tape):
    parameters = preset("tonic_spiking").parameters
    neuron = MTCNeuron(parameters, dt=0.5, learn="alpha", tape=tape)
    s, _ = neuron(torch.ones(1, 100, 1))
    s.sum().backward()
    assert torch.isfinite(neuron.alpha_growth.grad).all()
    with pytest.raises(InputError, match="tape = 'none' is not allowed"):
        MTCNeuron(parameters, dt=0.5, tape="none")
