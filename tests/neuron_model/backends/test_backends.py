"""Every backend gives the numbers and the gradients of the eager one in float64.

Triton's is run by its interpreter, which takes 0.1 s a step: it gets a part of each table.
"""

import ctypes
import itertools
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from neuron_model.backends.backends import BACKENDS, find_backend, kernel_is_built, triton_is_there
from neuron_model.backends.problem import TAPES, Problem, Solution
from neuron_model.errors import InputError
from neuron_model.fused import library
from neuron_model.model.dynamics import INTEGRATORS, State
from neuron_model.model.parameters import (
    OTA_FILTER,
    Element,
    Filter,
    Leak,
    NeuronParameters,
    OutputShape,
    Timescale,
)

needs_kernel = pytest.mark.skipif(not kernel_is_built(), reason="no C compiler when installed")
needs_triton = pytest.mark.skipif(
    not triton_is_there(), reason="no Triton: pip install -c constraints.txt -e '.[gpu]'"
)
FAST = {"fused": needs_kernel, "triton": needs_triton}


def table(*axes, triton=None):
    """Each backend with each combination; Triton with those that the function takes."""
    rows = [(name, row) for name in FAST for row in itertools.product(*axes)]
    return [
        pytest.param(name, *row, marks=FAST[name])
        for name, row in rows
        if name != "triton" or triton is None or triton(*row)
    ]


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


def neurons(filter="linear", leak="linear", fast="instant", shape="clip") -> NeuronParameters:
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
    through = FILTERS[filter]
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
        output=shape,
        filter_fast=through,
        filter_slow=through,
        filter_ultraslow=through,
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


def make_problem(parameters, dtype, batch=3, time=20, integrator="exponential", dt=0.3, **more):
    generator = torch.Generator().manual_seed(0)

    def noise(*shape):
        numbers = torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)
        return numbers.requires_grad_()

    count = parameters.neurons
    tensors, leaves = as_tensors(parameters, dtype)
    state = State(*(noise(batch, count) for _ in range(4)))
    weights = noise(count, count) if more.pop("recurrent", False) else None
    problem = Problem(
        noise(batch, time, count), state, tensors, dt, integrator, weights, voltage=True, **more
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


def every_pair(integrator, filter, leak, fast):
    """A third of all combinations, in which every value of one meets every value of another."""
    axes = (INTEGRATORS, FILTERS, LEAKS, TAUS)
    row = (integrator, filter, leak, fast)
    return sum(list(axis).index(value) for axis, value in zip(axes, row, strict=True)) % 3 == 0


@pytest.mark.parametrize(
    ("backend", "integrator", "filter", "leak", "fast"),
    table(INTEGRATORS, FILTERS, LEAKS, TAUS, triton=every_pair),
)
def test_a_backend_agrees_with_the_reference(backend, integrator, filter, leak, fast):
    time = 4 if backend == "triton" else 20
    check(backend, neurons(filter, leak, fast), integrator=integrator, time=time)


@pytest.mark.parametrize(
    ("backend", "integrator", "filter", "leak"),
    table(INTEGRATORS, FILTERS, LEAKS, triton=lambda _, filter, leak: filter == leak == "both"),
)
def test_a_backend_agrees_in_single_precision(backend, integrator, filter, leak):
    parameters = neurons(filter, leak, "moving")
    check(backend, parameters, torch.float32, 3e-4, integrator=integrator)


@pytest.mark.parametrize(
    ("backend", "integrator", "recurrent", "tape"),
    table(INTEGRATORS, [False, True], TAPES, triton=lambda _, recurrent, tape: tape == "full"),
)
def test_a_backend_agrees_with_the_output_of_an_ota(backend, integrator, recurrent, tape):
    parameters = neurons("ota", "saturating", shape="ota")
    run = {"integrator": integrator, "recurrent": recurrent, "tape": tape}
    check(backend, parameters, time=3 if backend == "triton" else 70, **run)
    if backend == "fused":
        check(backend, parameters, torch.float32, 3e-4, **run)


@needs_kernel
@pytest.mark.parametrize("count", [16, 37])
@pytest.mark.parametrize("batch", [1, 8])
def test_the_output_of_an_ota_is_that_of_the_tiles_lanes_too(count, batch):
    one = neurons("ota", "saturating", shape="ota")
    many = NeuronParameters.stack([one[i % 5] for i in range(count)])
    check("fused", many, torch.float32, 3e-4, batch=batch, dt=0.1)


@pytest.mark.parametrize(
    ("backend", "tape", "recurrent", "time"),
    table(
        TAPES,
        [False, True],
        [0, 1, 2, 5, 63, 64, 65, 150],
        triton=lambda tape, recurrent, time: time < 2 or time == (2 if tape == "full" else 5),
    ),
)
def test_a_backend_agrees_with_any_tape(backend, tape, recurrent, time, monkeypatch):
    if backend == "triton":  # so that five steps are three segments
        monkeypatch.setattr("neuron_model.fused_gpu.operator.SEGMENT", 2)
    parameters = neurons("ota", "saturating", "both")
    check(backend, parameters, tape=tape, recurrent=recurrent, time=time, batch=2, tolerance=1e-7)


def crowd(five, count):
    """``count`` neurons, each like one of the five."""
    five = list(five)
    return NeuronParameters.stack([five[i % 5] for i in range(count)])


@pytest.mark.parametrize(
    ("backend", "integrator", "filter", "leak"),
    [
        row
        for row in table(INTEGRATORS, ["linear", "ota"], ["linear", "saturating"])
        if row.values[0] != "triton" and (row.values[2] == "ota") == (row.values[3] == "saturating")
    ],
)
@pytest.mark.parametrize("count", [16, 37])
def test_the_usual_kinds_agree_in_single_precision(backend, integrator, filter, leak, count):
    """The kernel has them compiled apart: fast elements without a filter, the others alike."""
    parameters = crowd(neurons(filter, leak, "instant"), count)
    check(backend, parameters, torch.float32, 3e-4, batch=6, time=70, integrator=integrator)


@pytest.mark.parametrize(
    ("backend", "filter", "fast"),
    table(
        ["ota", "ota with offset", "both"],
        ["instant", "moving", "both"],
        triton=lambda filter, fast: filter == "both" and fast == "both",
    ),
)
@pytest.mark.parametrize("dt", [0.03, 0.12])
def test_short_steps_agree_in_single_precision(backend, filter, fast, dt):
    """Up to an eighth of a time constant the kernel takes the series of a filter's flow."""
    parameters = crowd(neurons(filter, "saturating", fast), 20)
    time = 3 if backend == "triton" else 70
    check(backend, parameters, torch.float32, 3e-4, batch=6, time=time, dt=dt)


@pytest.mark.parametrize(
    ("backend", "integrator", "recurrent", "shape"),
    table(
        INTEGRATORS,
        [False, True],
        [(1, 1), (1, 4), (5, 1), (33, 2), (129, 5), (300, 3)],
        triton=lambda integrator, recurrent, shape: shape in [(1, 1), (33, 2)],
    ),
)
def test_a_backend_agrees_in_any_shape(backend, integrator, recurrent, shape):
    count, batch = shape
    many = crowd(neurons("both", "both", "both"), count)
    check(
        backend, many, time=2 if backend == "triton" else 7, batch=batch, integrator=integrator,
        recurrent=recurrent, tolerance=1e-8,
    )  # fmt: skip


@pytest.mark.parametrize(("backend", "integrator"), table(INTEGRATORS))
def test_a_backend_agrees_without_elements(backend, integrator):
    check(backend, replace(neurons("ota"), elements=()), time=3, integrator=integrator)


@pytest.mark.parametrize(("backend", "filter"), table(["ota", "ota with offset", "both"]))
def test_a_backend_agrees_where_steps_are_longer_than_time_constants(backend, filter):
    parameters = replace(neurons(filter, fast="moving"), tau_fast=1e-3, tau_slow=2e-3)
    check(backend, parameters, time=3 if backend == "triton" else 5, tolerance=1e-8)


@pytest.mark.parametrize(("backend", "dt"), table([0.3, 60.0]))
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


@pytest.mark.parametrize(
    ("backend", "integrator", "recurrent", "shape"),
    table(INTEGRATORS, [False, True], OutputShape),
)
def test_the_gradient_is_that_of_finite_differences(backend, integrator, recurrent, shape):
    problem, inputs = make_problem(
        neurons("ota with offset", "saturating", "moving", shape), torch.float64, batch=2,
        time=2 if backend == "triton" else 4, integrator=integrator, recurrent=recurrent,
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

    values = list(inputs.values())
    if backend == "triton":
        run, values = along_one_direction(run, values)
    torch.autograd.gradcheck(run, values, eps=1e-6, atol=1e-6, rtol=1e-5)


def along_one_direction(run, values):
    """One number of all results, as a function of the way along a direction of all inputs."""
    generator = torch.Generator().manual_seed(2)

    def noise(like):
        return torch.randn(like.shape, generator=generator, dtype=like.dtype)

    directions = [noise(value) for value in values]
    factors = []

    def on_the_way(length):
        moved = (v.detach() + length * d for v, d in zip(values, directions, strict=True))
        parts = run(*moved)
        factors.extend(noise(part) for part in parts[len(factors) :])
        return sum((part * f).sum() for part, f in zip(parts, factors, strict=True))

    return on_the_way, [torch.zeros((), dtype=torch.float64, requires_grad=True)]


@pytest.mark.parametrize(("backend", "recurrent"), table([False, True]))
def test_pieces_are_the_whole(backend, recurrent):
    pieces_of = [1, 2, 3] if backend == "triton" else [1, 12, 17]
    time = sum(pieces_of)
    problem, _ = make_problem(neurons("ota"), torch.float64, time=time, recurrent=recurrent)
    whole = BACKENDS[backend](problem)
    pieces: list[Solution] = []
    state = problem.state
    for piece in problem.current.split(pieces_of, dim=1):
        pieces.append(BACKENDS[backend](replace(problem, current=piece, state=state)))
        state = pieces[-1].state
    assert torch.equal(torch.cat([p.output for p in pieces], 1), whole.output)
    assert all(map(torch.equal, state, whole.state))


@pytest.mark.parametrize("backend", table())
def test_strides_do_not_matter(backend):
    problem, _ = make_problem(neurons("ota"), torch.float64, time=4)
    plain = BACKENDS[backend](problem)
    turned = problem.current.detach().permute(2, 0, 1).contiguous().permute(1, 2, 0)
    held = problem.current.detach()[:, :1].expand(-1, 4, -1)
    assert torch.equal(BACKENDS[backend](replace(problem, current=turned)).output, plain.output)
    again = replace(problem, current=held)
    same = replace(problem, current=held.contiguous())
    assert torch.equal(BACKENDS[backend](again).output, BACKENDS[backend](same).output)


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@pytest.mark.parametrize("backend", table())
def test_what_is_not_finite_is_there_at_the_end_and_only_where_it_was(backend):
    problem, _ = make_problem(neurons("ota", "saturating", "both"), torch.float32, time=3)
    current = problem.current.detach().clone()
    current[1, 0, 2] = math.nan
    end = BACKENDS[backend](replace(problem, current=current)).state
    expected = torch.zeros(3, 5, dtype=torch.bool)
    expected[1, 2] = True
    assert all(torch.equal(u.isnan(), expected) for u in end)


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
def test_callers_at_the_same_time_do_not_get_into_each_others_way():
    def run(seed):
        problem, inputs = make_problem(neurons("ota"), torch.float32, batch=9, time=40 + seed)
        return results("fused", problem, inputs)

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    alone = [run(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(run, range(4)))
    torch.set_num_threads(before)
    for one, other in zip(alone, together, strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)


FORK = """
import os, torch
from neuron_model.network.neuron import MTCNeuron
from neuron_model.model.presets import preset
torch.set_num_threads(2)
layer = MTCNeuron(preset("tonic_spiking").parameters, dt=0.1, neurons=3, backend="fused")
run = lambda: layer(torch.ones(8, 50, 3))[0]
expected = run()
child = os.fork()
if child == 0:
    os._exit(0 if torch.equal(run(), expected) else 1)
assert os.waitpid(child, 0)[1] == 0
"""


@needs_kernel
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_forked_process_has_threads_of_its_own():
    subprocess.run([sys.executable, "-c", FORK], check=True, timeout=120)


@pytest.mark.parametrize("backend", table())
def test_tanh_in_single_precision(backend):
    """A neuron whose membrane's first step is -tanh of its fast voltage."""
    x = torch.cat([torch.linspace(-12.0, 12.0, 20001), torch.logspace(-8.0, 0.0, 5000)])
    count = 200 if backend == "triton" else len(x)
    x = x[:: len(x) // count][:count]
    zero = torch.zeros(1, count)
    problem = Problem(
        zero[:, None],
        State(zero, x[None], zero, zero),
        NeuronParameters((Element(Timescale.FAST, 1.0, 0.0),), tau_fast=1.0),
        dt=1.0,
        integrator="euler",
        voltage=True,
    )
    found = -BACKENDS[backend](problem).voltage[0, 0].double()
    expected = x.double().tanh()
    assert (found - expected).abs().max() < 3e-7
    assert ((found - expected) / expected.where(x != 0, 1.0)).abs().max() < 1.3e-6
    assert (found[x.abs() > 9.0].abs() == 1.0).all()


@needs_kernel
def test_nothing_is_kept_where_no_gradient_is_wanted():
    problem, _ = make_problem(neurons("ota"), torch.float64)
    with torch.no_grad():
        quiet = BACKENDS["fused"](replace(problem, voltage=False))
    assert quiet.voltage is None
    assert quiet.output.grad_fn is None
    assert torch.equal(quiet.output, BACKENDS["fused"](problem).output)


@pytest.mark.parametrize("backend", table())
def test_the_operator_keeps_what_torch_asks_of_one(backend):
    from neuron_model.fused.packing import pack

    if backend == "triton":
        from neuron_model.fused_gpu import operator
    else:
        from neuron_model.fused import operator
    problem, _ = make_problem(neurons("ota"), torch.float64, batch=2, time=3)
    packed = pack(problem)
    rows = packed.coefficients.rows.detach().requires_grad_()
    weights = torch.zeros(5, 5, dtype=torch.float64)
    fixed = (packed.coefficients.structure.to_list(), int(packed.coefficients.needs))
    state = packed.state.detach().requires_grad_()
    for segment in (2,) if backend == "triton" else (1, 2):
        given = (problem.current, state, rows, weights, *fixed, segment, True)
        torch.library.opcheck(operator.run.operator, given)


@pytest.mark.parametrize("backend", table())
def test_each_sequence_can_have_coefficients_of_its_own(backend):
    """As many runs of one sequence each, with their own coefficients."""
    from neuron_model.fused.packing import pack

    if backend == "triton":
        from neuron_model.fused_gpu import operator
    else:
        from neuron_model.fused import operator
    packed = pack(make_problem(neurons("ota"), torch.float64, batch=2, time=3)[0])
    structure, needs = packed.coefficients.structure.to_list(), int(packed.coefficients.needs)

    def run(current, state, rows):
        given = (current.contiguous(), state.contiguous(), rows.contiguous(), packed.weights)
        s, *_ = operator.run(*given, structure, needs, 2, False)
        (grad,) = torch.autograd.grad((s * s).sum(), rows)
        return s.detach(), grad

    shared = packed.coefficients.rows.detach()
    rows = torch.cat([shared, shared * 1.1], 1).requires_grad_()
    s, grad = run(packed.current, packed.state, rows)
    for b in range(2):
        one = slice(b, b + 1)
        alone = rows[:, one].detach().contiguous().requires_grad_()
        s_alone, grad_alone = run(packed.current[one], packed.state[:, one], alone)
        torch.testing.assert_close(s[one], s_alone, rtol=0, atol=1e-13)
        torch.testing.assert_close(grad[:, one], grad_alone, rtol=1e-10, atol=1e-12)


def test_a_kernel_of_other_sources_is_not_called():
    def of_size(size):
        return SimpleNamespace(mtc_problem_size=lambda: size)

    size = ctypes.sizeof(library.Problem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library.ctypes, "CDLL", lambda _: SimpleNamespace())
        assert library.load.__wrapped__() is None
    for given, fits in ((size, True), (size - 8, False)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(library.importlib.machinery, "EXTENSION_SUFFIXES", [".py"])
            patch.setattr(library.Path, "with_name", lambda self, _: self)
            patch.setattr(library.ctypes, "CDLL", lambda _, given=given: of_size(given))
            assert (library.load.__wrapped__() is not None) is fits


def test_every_backend_is_in_the_tables():
    # Compiling takes seconds for each kind of neuron: "compiled" has its few in test_compiled.py.
    assert {"eager", "compiled", *FAST} == set(BACKENDS)


def test_auto_takes_what_there_is():
    problem, _ = make_problem(neurons(), torch.float32)

    def auto(**changes):
        return find_backend("auto", replace(problem, **changes))

    def a_current(device, dtype=torch.float32):
        return SimpleNamespace(device=torch.device(device), dtype=dtype)

    assert find_backend("auto") is BACKENDS["eager"]
    assert auto() is BACKENDS["fused" if kernel_is_built() else "eager"]
    assert auto(current=problem.current.half()) is BACKENDS["eager"]
    assert auto(current=a_current("meta")) is BACKENDS["eager"]
    on_a_gpu = BACKENDS["triton" if triton_is_there() else "eager"]
    assert auto(current=a_current("cuda")) is on_a_gpu
    assert auto(current=a_current("cuda"), weights=torch.zeros(128, 128)) is on_a_gpu
    assert auto(current=a_current("cuda"), weights=torch.zeros(129, 129)) is BACKENDS["eager"]
    assert auto(current=a_current("cuda", torch.float16)) is BACKENDS["eager"]


def test_what_the_kernels_cannot_run_is_refused():
    problem, _ = make_problem(neurons(), torch.float64)
    half = replace(problem, current=problem.current.half(), parameters=neurons().map(float_of))
    half = replace(half, state=State(*(u.half() for u in problem.state)))
    with pytest.raises(InputError, match=r"float16.*takes float32 and float64 on the CPU"):
        BACKENDS["fused"](half)
    with pytest.raises(InputError, match="backend = 'cuda' is not allowed"):
        find_backend("cuda")


@needs_triton
def test_what_triton_cannot_run_is_refused(monkeypatch):
    from neuron_model.fused_gpu import operator

    many = NeuronParameters.stack([neurons()[0]] * 129)
    problem, _ = make_problem(many, torch.float32, batch=1, time=1, recurrent=True)
    with pytest.raises(InputError, match="129 neurons that feed each other; it takes up to 128"):
        BACKENDS["triton"](problem)
    monkeypatch.setattr(operator, "INTERPRETED", False)
    with pytest.raises(InputError, match=r"'triton' cannot run torch.float32 on cpu.*on a GPU"):
        BACKENDS["triton"](problem)


def test_without_triton_it_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setattr("neuron_model.backends.backends.triton_is_there", lambda: False)
    problem, _ = make_problem(neurons(), torch.float32)
    with pytest.raises(InputError, match=r"Triton is not installed.*mtc-codesign\[gpu\]"):
        BACKENDS["triton"](problem)


def float_of(value):
    return float(np.mean(value))
