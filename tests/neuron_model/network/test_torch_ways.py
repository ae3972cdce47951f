"""What users of torch try with MTC neurons, beside training them."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from neuron_model.errors import InputError
from neuron_model.model.parameters import Element, Leak, NeuronParameters
from neuron_model.model.presets import preset
from neuron_model.network.layer import MTCLayer
from neuron_model.network.low_pass import LowPass
from neuron_model.network.model_file import read_model, write_model
from neuron_model.network.network import MTCNetwork, NetworkConfiguration
from neuron_model.network.neuron import MTCNeuron
from neuron_model.network.neuron_record import without_record

BURSTER = preset("tonic_bursting").parameters
ELEMENTS = BURSTER.elements


def changed(**values) -> NeuronParameters:
    return BURSTER.with_values(values)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return 2.0 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def run(neuron: MTCNeuron, seed: int = 0) -> torch.Tensor:
    return neuron(noise(1, 200, neuron.neurons, seed=seed), return_voltage=True)[1].detach()


@pytest.mark.parametrize("learn", [(), ("alpha", "delta", "tau")])
@pytest.mark.parametrize(
    "other",
    [
        {"u_rest": -0.5},
        {"u_rest": np.array([-0.5, 0.2])},
        {"i_bias": 0.7},
        {"leak.range": 3.0},
        {"filter_slow.kappa": 0.3},
    ],
)
def test_a_state_dict_brings_what_is_not_learned(learn: tuple[str, ...], other: dict):
    source = MTCNeuron(changed(**other), dt=0.25, learn=learn, neurons=2)
    target = MTCNeuron(BURSTER, dt=0.25, learn=learn, neurons=2)
    assert not torch.equal(run(source), run(target))
    target.load_state_dict(source.state_dict())
    assert torch.equal(run(source), run(target))
    assert (
        dict(target.parameters_now().named_values()).keys()
        == dict(source.parameters_now().named_values()).keys()
    )
    # and back, so that a buffer becomes one number again
    source.load_state_dict(MTCNeuron(BURSTER, dt=0.25, learn=learn, neurons=2).state_dict())
    assert torch.equal(run(source), run(MTCNeuron(BURSTER, dt=0.25, learn=learn, neurons=2)))


def test_without_learning_the_neuron_is_in_the_state_dict():
    state = MTCNeuron(BURSTER, dt=0.25).state_dict()
    for index, element in enumerate(ELEMENTS):
        assert state[f"fixed_elements_{index}_alpha"].item() == element.alpha
    assert state["fixed_tau_slow"].item() == BURSTER.tau_slow
    assert state["fixed_dt"].item() == 0.25
    assert bytes(state["fixed_structure"].tolist()).decode().startswith("exponential")
    other = MTCNeuron(changed(**{"elements[0].alpha": -1.0, "u_threshold": 0.2}), dt=0.25)
    other.load_state_dict(state)
    assert other.parameters_now() == MTCNeuron(BURSTER, dt=0.25).parameters_now()


@pytest.mark.parametrize(
    ("parameters", "options", "words"),
    [
        (BURSTER, {"dt": 0.5}, "dt = 0.25, this module has dt = 0.5"),
        (BURSTER, {"dt": 0.25, "integrator": "euler"}, "another structure"),
        (
            NeuronParameters((*ELEMENTS[:-1], Element("fast", 1.0, 0.0)), tau_slow=50.0),
            {"dt": 0.25},
            "another structure",
        ),
    ],
)
def test_another_structure_or_time_step_is_refused(parameters, options: dict, words: str):
    state = MTCNeuron(BURSTER, dt=0.25).state_dict()
    target = MTCNeuron(parameters, **options)
    before = run(target)
    for strict in (True, False):
        with pytest.raises(RuntimeError, match=words):
            target.load_state_dict(state, strict=strict)
        with pytest.raises(RuntimeError, match=words):
            nn.Sequential(target).load_state_dict(
                {f"0.{k}": v for k, v in state.items()}, strict=strict
            )
    assert torch.equal(run(target), before)


def test_numbers_that_no_neuron_has_are_refused():
    state = MTCNeuron(BURSTER, dt=0.25).state_dict()
    target = MTCNeuron(BURSTER, dt=0.25)
    for key, value, words in (
        ("fixed_tau_slow", torch.tensor(-1.0), "tau_slow = -1.0"),
        ("fixed_u_rest", torch.zeros(2, 2), "fixed_u_rest has shape"),
        ("fixed_u_rest", torch.tensor(float("nan")), "u_rest = nan"),
    ):
        with pytest.raises(RuntimeError, match=words):
            target.load_state_dict({**state, key: value})
    assert target.parameters_now() == MTCNeuron(BURSTER, dt=0.25).parameters_now()


def test_state_dicts_of_before_load_with_a_word():
    neuron = MTCNeuron(BURSTER, dt=0.25, learn=("alpha",), neurons=2)
    old = without_record(neuron.state_dict())
    assert set(old) == {"alpha_start", "alpha_growth"}
    with pytest.warns(UserWarning, match="saved by an earlier version"):
        MTCNeuron(BURSTER, dt=0.25, learn=("alpha",), neurons=2).load_state_dict(old)


def test_a_model_file_holds_what_a_state_dict_brought(tmp_path):
    def network(parameters: NeuronParameters) -> MTCNetwork:
        return MTCNetwork(NetworkConfiguration(1, 1, (parameters,), dt=0.25))

    source, target = network(changed(u_rest=-0.5)), network(BURSTER)
    target.load_state_dict(source.state_dict())
    signal = noise(1, 30, 1)
    back = read_model(write_model(tmp_path / "model.safetensors", target))
    assert torch.equal(back(signal)[0], source(signal)[0])
    assert back.neuron_layers[0].parameters_now().u_rest == -0.5


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_neurons_stay_in_single_precision(half: torch.dtype):
    neuron = MTCNeuron(BURSTER, dt=0.25, learn=("alpha", "tau"), neurons=2)
    current = noise(2, 400, 2).to(half)
    exact = neuron(current.float())[0]
    exact.sum().backward()
    gradient = neuron.alpha_growth.grad.clone()
    halved = copy.deepcopy(neuron).to(half)
    halved.zero_grad()
    assert halved.alpha_growth.dtype == torch.float32
    s, state = halved(current)
    assert (s.dtype, state.membrane.dtype) == (half, torch.float32)
    assert torch.equal(s, exact.to(half))
    s.float().sum().backward()
    assert torch.equal(halved.alpha_growth.grad, gradient)
    assert halved.initial_state(1, current).membrane.dtype == torch.float32
    with pytest.raises(InputError, match="must be float32 or float64"):
        MTCNeuron(BURSTER, dt=0.25, dtype=half)


def test_a_model_of_half_precision_around_them_runs():
    model = nn.Sequential(
        nn.Linear(1, 3), MTCLayer(MTCNeuron(BURSTER, dt=0.25, neurons=3)), nn.Linear(3, 1)
    ).bfloat16()
    assert model(noise(1, 20, 1).bfloat16()).dtype == torch.bfloat16
    low_pass = LowPass(2, 3.3)
    signal = noise(1, 20, 2)
    halved = copy.deepcopy(low_pass).half()
    expected = low_pass(signal.half().float())[0].half()
    assert torch.equal(halved(signal.half())[0], expected)


def test_automatic_mixed_precision_is_off_inside():
    neuron = MTCNeuron(BURSTER, dt=0.25, neurons=2, recurrent=True, backend="eager")
    current = noise(1, 60, 2)
    expected = neuron(current)[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(neuron(current)[0], expected)


def test_arrays_and_lists_are_taken_as_currents():
    neuron = MTCNeuron(BURSTER, dt=0.25, learn=("alpha",), neurons=2)
    array = noise(1, 5, 2).double().numpy()
    expected = neuron(torch.tensor(array).float())[0]
    assert torch.equal(neuron(array)[0], expected)
    assert torch.equal(neuron(array.tolist())[0], expected)
    assert neuron([[[1, 2]]])[0].dtype == torch.float32
    with pytest.raises(InputError, match=r"current has shape \(5, 2\)"):
        neuron(array[0])
    for wrong in ("abc", [[[1.0], [1.0, 2.0]]], None):
        with pytest.raises(InputError, match="current is of|current has shape"):
            neuron(wrong)


def test_a_network_takes_arrays_too():
    network = MTCNetwork(NetworkConfiguration(1, 1, (BURSTER,), dt=0.25))
    signal = noise(1, 5, 1)
    assert torch.equal(network(signal.double().numpy())[0], network(signal)[0])


@pytest.mark.parametrize("backend", ["eager", "auto"])
def test_a_state_that_is_handed_on_with_its_gradient_gets_a_hint(backend: str):
    neuron = MTCNeuron(BURSTER, dt=0.25, learn=("alpha",), neurons=2, backend=backend)
    current = noise(1, 40, 2)
    s, state = neuron(current)
    s.sum().backward()
    with pytest.raises(RuntimeError, match=r"state\.detach\(\)"):
        neuron(current, state)[0].sum().backward()
    s, state = neuron(current)
    s.sum().backward(retain_graph=True)
    neuron(current, state)[0].sum().backward()
    detached = state.detach()
    neuron(current, detached)[0].sum().backward()
    assert all(torch.equal(a, b) for a, b in zip(detached, state, strict=True))


def test_the_state_of_a_network_can_be_detached():
    network = MTCNetwork(NetworkConfiguration(1, 1, (BURSTER,), dt=0.25))
    y, state = network(noise(1, 5, 1))
    y.sum().backward()
    again, _ = network(noise(1, 5, 1), state.detach())
    again.sum().backward()
    assert not state.detach().readout.requires_grad


def test_second_derivatives_are_those_of_plain_torch():
    parameters = changed(tau_fast=0.5)
    neuron = MTCNeuron(parameters, dt=0.3, learn=("alpha",), backend="eager", dtype=torch.float64)
    current = noise(1, 4, 1).double().requires_grad_()
    assert torch.autograd.gradgradcheck(lambda c: neuron(c, return_voltage=True)[1], current)
    quick = MTCNeuron(parameters, dt=0.3, learn=("alpha",), backend="fused")
    u = quick(current, return_voltage=True)[1]
    (slope,) = torch.autograd.grad(u.sum(), current, create_graph=True)
    with pytest.raises(RuntimeError, match="backend='eager'"):
        slope.pow(2).sum().backward()


def test_torch_func_goes_through_plain_torch():
    neuron = MTCNeuron(BURSTER, dt=0.25, neurons=2, dtype=torch.float64)
    current = noise(1, 6, 2).double()

    def total(current: torch.Tensor) -> torch.Tensor:
        return neuron(current, return_voltage=True)[1].pow(2).sum()

    expected = torch.autograd.functional.jacobian(total, current)
    assert torch.allclose(torch.func.grad(total)(current), expected)
    several = torch.stack([current, 2 * current])
    assert torch.allclose(torch.func.vmap(total)(several), torch.stack([total(c) for c in several]))
    along = torch.ones_like(current)
    _, tangent = torch.func.jvp(total, (current,), (along,))
    assert torch.allclose(tangent, (expected * along).sum())
    quick = MTCNeuron(BURSTER, dt=0.25, neurons=2, dtype=torch.float64, backend="fused")
    with pytest.raises(InputError, match=r"torch\.func"):
        torch.func.grad(lambda c: quick(c)[0].sum())(current)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("learn", [(), ("alpha", "delta", "tau", "kappa")])
def test_it_exports_through_the_registered_operator(learn: tuple[str, ...]):
    parameters = NeuronParameters(
        ELEMENTS, tau_slow=50.0, tau_ultraslow=np.array([0.0, 2500.0]), leak=Leak(range=6.0)
    )
    layer = MTCLayer(MTCNeuron(parameters, dt=0.25, learn=learn, neurons=2, backend="fused"))
    current = noise(3, 30, 2)
    sizes = {0: torch.export.Dim("batch", min=2), 1: torch.export.Dim("time", min=2)}
    with torch.no_grad():
        program = torch.export.export(layer, (current,), dynamic_shapes=(sizes,), strict=False)
    operators = {str(node.target) for node in program.graph.nodes}
    assert "mtc_codesign.run.default" in operators
    longer = noise(5, 77, 2)
    assert torch.allclose(program.module()(longer), layer(longer), atol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_an_exported_network_can_be_saved(tmp_path):
    network = MTCNetwork(NetworkConfiguration(1, 2, (BURSTER,), dt=0.25, steps_per_sample=2))
    signal = noise(2, 9, 1)
    with torch.no_grad():
        program = torch.export.export(network, (signal,), strict=False)
        torch.export.save(program, tmp_path / "network.pt2")
        back, state = torch.export.load(tmp_path / "network.pt2").module()(signal)
        expected, end = network(signal)
    assert torch.allclose(back, expected, atol=1e-5)
    assert torch.allclose(state.layers[0].membrane, end.layers[0].membrane, atol=1e-5)


def test_a_thousand_elements_run_in_every_way():
    many = NeuronParameters(
        tuple(Element("fast", 0.002 * (-1) ** k, k / 1000 - 0.5) for k in range(1000))
    )
    current = noise(1, 3, 1).double()
    runs = [
        MTCNeuron(many, dt=0.25, backend=backend, dtype=torch.float64)(
            current, return_voltage=True
        )[1]
        for backend in ("fused", "eager")
    ]
    assert torch.allclose(*runs, rtol=1e-12, atol=1e-12)


def test_nothing_is_said_of_state_dicts_of_today():
    neuron = MTCNeuron(BURSTER, dt=0.25, learn=("alpha",))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MTCNeuron(BURSTER, dt=0.25, learn=("alpha",)).load_state_dict(neuron.state_dict())
