"""Every backend gives the numbers and the gradients of the eager one in float64."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from neuron_model.backends import (
    BACKENDS,
    TAPES,
    Problem,
    Trajectory,
    find_backend,
    kernel_is_built,
)
from neuron_model.dynamics import INTEGRATORS, State
from neuron_model.errors import InputError
from neuron_model.parameters import OTA_FILTER, Element, Filter, Leak, NeuronParameters

FAST = [name for name in BACKENDS if name != "eager"]
FILTERS = {
    "linear": Filter(),
    "ota": OTA_FILTER,
    "ota with offset": Filter(kappa=0.8, offset=0.05),
    "both": Filter(kappa=np.array([0.0, 1.2, 0.0, 0.7, 1.0])),
}
LEAKS = {
    "linear": Leak(),
    "saturating": Leak(conductance=0.9, range=3.0),
    "both": Leak(range=np.array([math.inf, 4.0, 2.0, math.inf, 6.0])),
}
TAUS = {"instant": 0.0, "moving": 2.0, "both": np.array([0.0, 1.5, 0.0, 3.0, 2.0])}


def neurons(filter="linear", leak="linear", fast="instant") -> NeuronParameters:
    """Five neurons, no two alike."""
    rng = np.random.default_rng(1)

    def around(value):
        return value + 0.3 * rng.uniform(-1, 1, 5)

    elements = tuple(
        Element(x, around(alpha), around(delta), around(1.0))
        for x, alpha, delta in (
            ("fast", -2.0, 0.0),
            ("slow", 2.0, 0.0),
            ("slow", -1.5, -1.0),
            ("ultraslow", 1.5, -1.0),
            ("fast", 0.5, 0.5),
        )
    )
    shape = FILTERS[filter]
    return NeuronParameters(
        elements,
        tau_m=1.1,
        tau_fast=TAUS[fast],
        tau_slow=around(6.0),
        tau_ultraslow=around(40.0),
        u_rest=around(0.0),
        i_bias=around(0.1),
        u_saturation=around(1.5),
        leak=LEAKS[leak],
        filter_fast=shape,
        filter_slow=shape,
        filter_ultraslow=shape,
    )


def as_tensors(parameters, dtype, learned=True):
    """The same with a leaf tensor for each number that has a gradient, and those leaves."""
    leaves = {}
    for key, value in parameters.named_values():
        fixed = (
            (key.startswith("tau") and np.all(np.equal(value, 0)))
            or (key.endswith("kappa") and np.all(np.equal(value, 0)))
            or (key == "leak.range" and np.all(np.isinf(value)))
        )
        if not fixed:
            row = np.broadcast_to(value, (parameters.neurons,)).copy()
            leaves[key] = torch.tensor(row, dtype=dtype, requires_grad=learned)
    return parameters.with_values(leaves), leaves


def make_problem(parameters, dtype, batch=3, time=20, integrator="exponential", **more):
    generator = torch.Generator().manual_seed(0)

    def noise(*shape):
        numbers = torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)
        return numbers.requires_grad_()

    count = parameters.neurons
    tensors, leaves = as_tensors(parameters, dtype)
    state = State(*(noise(batch, count) for _ in range(4)))
    weights = noise(count, count) if more.pop("recurrent", False) else None
    problem = Problem(
        noise(batch, time, count), state, tensors, 0.3, integrator, weights, voltage=True, **more
    )
    inputs = {"current": problem.current, **leaves}
    inputs |= {f"state.{name}": u for name, u in state._asdict().items()}
    return problem, inputs | ({} if weights is None else {"weights": weights})


def results(backend, problem, inputs) -> dict[str, torch.Tensor]:
    """What comes out, and the gradient of a number that depends on all of it."""
    trajectory = BACKENDS[backend](problem)
    parts = [trajectory.output, trajectory.voltage, *trajectory.state]
    generator = torch.Generator().manual_seed(1)
    total = sum(
        (part * torch.randn(part.shape, generator=generator, dtype=torch.float64)).sum()
        for part in parts
    )
    names = ["output", "voltage", *(f"end.{name}" for name in State._fields)]
    found = dict(zip(names, parts, strict=True))
    grads = torch.autograd.grad(total, list(inputs.values()), allow_unused=True)
    for (name, leaf), grad in zip(inputs.items(), grads, strict=True):
        found[f"d {name}"] = torch.zeros_like(leaf) if grad is None else grad
    return {name: part.detach() for name, part in found.items()}


def check(backend, parameters, dtype=torch.float64, tolerance=1e-9, **more):
    expected = results("eager", *make_problem(parameters, torch.float64, **more))
    found = results(backend, *make_problem(parameters, dtype, **more))
    for name, value in expected.items():
        assert found[name].dtype == dtype, name
        scale = float(value.abs().max()) if value.numel() else 1.0
        error = float((found[name].double() - value).abs().max()) if value.numel() else 0.0
        assert error <= tolerance * max(scale, 1e-3), f"{name}: {error:.3g} of {scale:.3g}"


needs_kernel = pytest.mark.skipif(not kernel_is_built(), reason="no C compiler when installed")


@needs_kernel
@pytest.mark.parametrize("backend", FAST)
@pytest.mark.parametrize("integrator", INTEGRATORS)
@pytest.mark.parametrize(("filter", "leak", "fast"), list(itertools.product(FILTERS, LEAKS, TAUS)))
def test_a_backend_agrees_with_the_reference(backend, integrator, filter, leak, fast):
    check(backend, neurons(filter, leak, fast), integrator=integrator)


@needs_kernel
@pytest.mark.parametrize("backend", FAST)
@pytest.mark.parametrize("integrator", INTEGRATORS)
@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize("leak", LEAKS)
def test_a_backend_agrees_in_single_precision(backend, integrator, filter, leak):
    parameters = neurons(filter, leak, "moving")
    check(backend, parameters, torch.float32, 3e-4, integrator=integrator)


@needs_kernel
@pytest.mark.parametrize("backend", FAST)
@pytest.mark.parametrize("tape", TAPES)
@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("time", [0, 1, 2, 63, 64, 65, 150])
def test_a_backend_agrees_with_any_tape(backend, tape, recurrent, time):
    parameters = neurons("ota", "saturating", "both")
    check(backend, parameters, tape=tape, recurrent=recurrent, time=time, batch=2, tolerance=1e-7)


@needs_kernel
@pytest.mark.parametrize("backend", FAST)
@pytest.mark.parametrize("integrator", INTEGRATORS)
@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize(("count", "batch"), [(1, 1), (1, 4), (5, 1), (33, 2), (300, 3)])
def test_a_backend_agrees_in_any_shape(backend, integrator, recurrent, count, batch):
    five = list(neurons("both", "both", "both"))
    many = NeuronParameters.stack([five[i % 5] for i in range(count)])
    check(
        backend, many, time=7, batch=batch, integrator=integrator, recurrent=recurrent,
        tolerance=1e-8,
    )  # fmt: skip


@needs_kernel
@pytest.mark.parametrize("backend", FAST)
@pytest.mark.parametrize("filter", ["ota", "ota with offset", "both"])
def test_a_backend_agrees_where_steps_are_longer_than_time_constants(backend, filter):
    parameters = replace(neurons(filter, fast="moving"), tau_fast=1e-3, tau_slow=2e-3)
    check(backend, parameters, time=5, tolerance=1e-8)


@needs_kernel
@pytest.mark.parametrize("backend", FAST)
@pytest.mark.parametrize("dt", [0.3, 60.0])
def test_a_backend_agrees_far_beyond_saturation(backend, dt):
    def at(state_scale):
        parameters, leaves = as_tensors(neurons("ota", "saturating", "moving"), torch.float64)
        u = torch.linspace(-1.0, 1.0, 10, dtype=torch.float64).reshape(2, 5) * state_scale
        state = State(*(u * sign for sign in (1.0, -1.0, 0.5, -0.25)))
        current = torch.zeros(2, 3, 5, dtype=torch.float64, requires_grad=True)
        problem = Problem(current, state, parameters, dt, "exponential", voltage=True)
        return problem, {"current": current, **leaves}

    expected, found = (results(name, *at(300.0)) for name in ("eager", backend))
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-7, atol=1e-9, msg=name)


@needs_kernel
@pytest.mark.parametrize("backend", FAST)
@pytest.mark.parametrize("integrator", INTEGRATORS)
@pytest.mark.parametrize("recurrent", [False, True])
def test_the_gradient_is_that_of_finite_differences(backend, integrator, recurrent):
    problem, inputs = make_problem(
        neurons("ota with offset", "saturating", "moving"), torch.float64, batch=2, time=4,
        integrator=integrator, recurrent=recurrent,
    )  # fmt: skip
    keys = list(inputs)

    def run(*values):
        given = dict(zip(keys, values, strict=True))
        state = State(*(given[f"state.{name}"] for name in State._fields))
        parameters = problem.parameters.with_values(given)
        moved = replace(
            problem, current=given["current"], state=state, parameters=parameters,
            weights=given.get("weights"),
        )  # fmt: skip
        trajectory = BACKENDS[backend](moved)
        return trajectory.output, trajectory.voltage, *trajectory.state

    torch.autograd.gradcheck(run, list(inputs.values()), eps=1e-6, atol=1e-6, rtol=1e-5)


@needs_kernel
@pytest.mark.parametrize("backend", FAST)
@pytest.mark.parametrize("recurrent", [False, True])
def test_pieces_are_the_whole(backend, recurrent):
    problem, _ = make_problem(neurons("ota"), torch.float64, time=30, recurrent=recurrent)
    whole = BACKENDS[backend](problem)
    pieces: list[Trajectory] = []
    state = problem.state
    for piece in problem.current.split([1, 12, 17], dim=1):
        pieces.append(BACKENDS[backend](replace(problem, current=piece, state=state)))
        state = pieces[-1].state
    assert torch.equal(torch.cat([p.output for p in pieces], 1), whole.output)
    assert all(map(torch.equal, state, whole.state))


@needs_kernel
@pytest.mark.parametrize("backend", FAST)
def test_strides_do_not_matter(backend):
    problem, _ = make_problem(neurons("ota"), torch.float64, time=12)
    plain = BACKENDS[backend](problem)
    turned = problem.current.detach().permute(2, 0, 1).contiguous().permute(1, 2, 0)
    held = problem.current.detach()[:, :1].expand(-1, 12, -1)
    assert torch.equal(BACKENDS[backend](replace(problem, current=turned)).output, plain.output)
    again = replace(problem, current=held)
    same = replace(problem, current=held.contiguous())
    assert torch.equal(BACKENDS[backend](again).output, BACKENDS[backend](same).output)


@needs_kernel
def test_threads_do_not_change_a_bit():
    before = torch.get_num_threads()
    found = []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        problem, inputs = make_problem(neurons("ota"), torch.float32, batch=5, recurrent=True)
        found.append(results("fused", problem, inputs))
    torch.set_num_threads(before)
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


@needs_kernel
def test_nothing_is_kept_where_no_gradient_is_wanted():
    problem, _ = make_problem(neurons("ota"), torch.float64)
    with torch.no_grad():
        quiet = BACKENDS["fused"](replace(problem, voltage=False))
    assert quiet.voltage is None
    assert quiet.output.grad_fn is None
    assert torch.equal(quiet.output, BACKENDS["fused"](problem).output)


@needs_kernel
def test_the_operator_keeps_what_torch_asks_of_one():
    from neuron_model.fused import operator
    from neuron_model.fused.coefficients import coefficients

    problem, _ = make_problem(neurons("ota"), torch.float64, batch=2, time=3)
    packed = coefficients(problem.parameters, 0.3, True, 5, problem.current[:0, 0, 0])
    state = torch.stack([*problem.state[1:], problem.state[0]]).detach().requires_grad_()
    rows = packed.rows.detach().requires_grad_()
    for segment in (1, 2):
        torch.library.opcheck(
            operator.run,
            (
                problem.current,
                state,
                rows,
                torch.zeros(5, 5, dtype=torch.float64),
                packed.structure.to_list(),
                int(packed.needs),
                segment,
                True,
            ),
        )


def test_auto_takes_what_there_is():
    assert find_backend("auto") is BACKENDS["eager"]
    fastest = "fused" if kernel_is_built() else "eager"
    assert find_backend("auto", torch.zeros(1, 1, 1)) is BACKENDS[fastest]
    assert find_backend("auto", torch.zeros(1, 1, 1, dtype=torch.float16)) is BACKENDS["eager"]


def test_what_the_kernel_cannot_run_is_refused():
    problem, _ = make_problem(neurons(), torch.float64)
    half = replace(problem, current=problem.current.half(), parameters=neurons().map(float_of))
    half = replace(half, state=State(*(u.half() for u in problem.state)))
    with pytest.raises(InputError, match=r"float16.*takes float32 and float64 on the CPU"):
        BACKENDS["fused"](half)
    with pytest.raises(InputError, match="backend = 'cuda' is not allowed"):
        find_backend("cuda")


def float_of(value):
    return float(np.mean(value))
