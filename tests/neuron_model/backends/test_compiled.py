"""Neurons with amplifiers, compiled: the numbers and gradients of the eager backend."""

import warnings
from dataclasses import replace

import pytest
import torch

from neuron_model.backends import backends, compiled
from neuron_model.backends.backends import BACKENDS, WORTH_COMPILING, _say_once, find_backend
from neuron_model.backends.compiled import cpp_compiler
from neuron_model.backends.problem import Problem
from neuron_model.errors import InputError
from neuron_model.model.dynamics import State
from neuron_model.model.parameters import Amplifier, Element, Filter, NeuronParameters
from neuron_model.network.neuron import MTCNeuron

needs_compiler = pytest.mark.skipif(cpp_compiler() is None, reason="no C++ compiler")

# rise = 0 for one neuron of two: a choice between formulas that differs from neuron to neuron.
NEURON = NeuronParameters(
    (
        Element("fast", -2.0, 0.1, 1.02, Amplifier(0.03, rise=0.02, bend=0.1, skew=0.004)),
        Element("slow", 1.5, -0.2),
    ),
    tau_m=0.9,
    tau_slow=5.0,
    tau_ultraslow=30.0,
    filter_slow=Filter(1.03, -0.03),
)
KEYS = [
    *("elements[0].alpha", "elements[0].delta", "elements[0].kappa", "elements[0].amplifier.lag"),
    *("elements[0].amplifier.rise", "elements[0].amplifier.bend", "elements[0].amplifier.skew"),
    *("elements[1].alpha", "tau_slow", "filter_slow.kappa", "i_bias", "u_threshold"),
]


def make_problem(
    integrator, batch=3, time=40, weights=False, tape="segments", factor=1.0, shape="clip"
):
    generator = torch.Generator().manual_seed(0)

    def noise(*shape):
        numbers = torch.randn(*shape, generator=generator, dtype=torch.float64)
        return numbers.requires_grad_()

    start = dict(NEURON.named_values())
    spread = torch.tensor([1.0, 1.3], dtype=torch.float64) * factor
    rows = {key: (start[key] * spread).requires_grad_() for key in KEYS}
    rows["elements[0].amplifier.rise"] = torch.tensor([0.02, 0.0], dtype=torch.float64)
    state = State(*(noise(batch, 2) for _ in range(4)))
    matrix = noise(2, 2) if weights else None
    problem = Problem(
        noise(batch, time, 2), state, replace(NEURON.with_values(rows), output=shape), 0.1,
        integrator, matrix, True, tape,
    )  # fmt: skip
    leaves = {"current": problem.current, **state._asdict(), **rows}
    return problem, leaves | ({} if matrix is None else {"weights": matrix})


def results(backend, problem, leaves):
    s, u, end = BACKENDS[backend](problem)
    found = {"s": s, "u": u, **end._asdict()}
    found |= {f"branches {i}": x for i, x in enumerate(x for b in end.branches for x in b)}
    total = sum((part * torch.linspace(0.5, 1.5, part.numel()).reshape(part.shape)).sum()
                for part in found.values())  # fmt: skip
    learned = {name: leaf for name, leaf in leaves.items() if leaf.requires_grad}
    grads = torch.autograd.grad(total, list(learned.values()), allow_unused=True)
    for (name, leaf), grad in zip(learned.items(), grads, strict=True):
        found[f"d {name}"] = torch.zeros_like(leaf) if grad is None else grad
    return found


def agree(integrator, **more):
    expected = results("eager", *make_problem(integrator, **more))
    found = results("compiled", *make_problem(integrator, **more))
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-9, atol=1e-9, msg=name)


@needs_compiler
@pytest.mark.filterwarnings("ignore:compiling the step")
@pytest.mark.parametrize("integrator", ["exponential", "euler"])
def test_values_and_gradients_are_those_of_plain_torch(integrator):
    """One kind each: other values, batches, lengths, tapes and weights compile nothing anew."""
    agree(integrator)
    with torch.compiler.set_stance("fail_on_recompile"):
        agree(integrator, tape="full", factor=1.1)
        agree(integrator, weights=True)
        agree(integrator, weights=True, shape="ota")
        agree(integrator, weights=True, batch=5, time=1)
        agree(integrator, time=0)


@needs_compiler
@pytest.mark.filterwarnings("ignore:compiling the step")
def test_pieces_are_the_whole():
    problem, _ = make_problem("exponential", weights=True)
    whole = BACKENDS["compiled"](problem)
    first = BACKENDS["compiled"](replace(problem, current=problem.current[:, :7]))
    second = BACKENDS["compiled"](
        replace(problem, current=problem.current[:, 7:], state=first.state)
    )
    assert torch.equal(torch.cat([first.output, second.output], 1), whole.output)
    assert torch.equal(second.state.branches[0].up, whole.state.branches[0].up)


@needs_compiler
@pytest.mark.filterwarnings("ignore:compiling the step")
def test_the_type_is_the_one_that_torch_promotes_to():
    problem, _ = make_problem("exponential", time=3)
    single = replace(problem, current=problem.current.float())
    expected, found = BACKENDS["eager"](single), BACKENDS["compiled"](single)
    assert found.output.dtype == expected.output.dtype == torch.float64
    torch.testing.assert_close(found.voltage, expected.voltage, rtol=1e-9, atol=1e-9)


def test_auto_compiles_what_is_long_enough():
    problem, _ = make_problem("exponential", batch=1, time=WORTH_COMPILING[True])
    assert find_backend("auto", problem) is backends._compiled_or_eager
    short = replace(problem, current=problem.current[:, 1:])
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("error")
        assert find_backend("auto", short) is BACKENDS["eager"]
        assert find_backend("auto", problem) is BACKENDS["eager"]
        long = problem.current[:, :1].expand(-1, WORTH_COMPILING[False], -1)
        assert find_backend("auto", replace(problem, current=long)) is backends._compiled_or_eager


def test_without_a_compiler_auto_takes_plain_torch_and_says_so_once(monkeypatch):
    monkeypatch.setattr(compiled, "cpp_compiler", lambda: None)
    problem, _ = make_problem("exponential", batch=1, time=WORTH_COMPILING[True])
    _say_once.cache_clear()
    with pytest.warns(UserWarning, match=r"apt-get install g\+\+.* in plain torch"):
        found = find_backend("auto", problem)(problem)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        find_backend("auto", problem)(problem)
    assert torch.equal(found.output, BACKENDS["eager"](problem).output)
    with pytest.raises(InputError, match=r"no C\+\+ compiler was found.*g\+\+"):
        BACKENDS["compiled"](problem)


@pytest.mark.filterwarnings("ignore:compiling the step")
def test_what_the_compiler_cannot_do_is_told(monkeypatch):
    def fails(*_):
        raise RuntimeError("ld: no space left")

    monkeypatch.setattr(compiled, "cpp_compiler", lambda: "g++")
    monkeypatch.setattr(compiled, "_compiled", fails)
    compiled._prepare.cache_clear()
    neuron = MTCNeuron(NEURON, dt=0.1, backend="compiled")
    with pytest.raises(InputError, match=r"could not compile .*no space left.*'eager'"):
        neuron(torch.zeros(1, 2, 1))
