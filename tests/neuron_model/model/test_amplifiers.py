"""Amplifiers: mirrors that hold a current back, growth with voltages; against solvers of scipy."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from neuron_model.analysis.equilibria import equilibria, jacobian
from neuron_model.analysis.iv_curves import iv_curves
from neuron_model.analysis.iv_expressions import evaluate, iv_expression
from neuron_model.analysis.simulation import simulate
from neuron_model.analysis.spikes import spike_times
from neuron_model.backends.integration import integrate
from neuron_model.backends.problem import Problem
from neuron_model.errors import InputError
from neuron_model.fused.packing import pack
from neuron_model.model.dynamics import Branches, State, amplified, branch_flow, settled
from neuron_model.model.neuron_file import neuron_from_toml, neuron_to_toml
from neuron_model.model.parameters import (
    TIMESCALES,
    Amplifier,
    Element,
    Filter,
    Leak,
    NeuronParameters,
    Timescale,
)
from neuron_model.model.stimulus import Stimulus
from neuron_model.network.neuron import MTCNeuron

FAST = Amplifier(lag=0.03, fall=0.04, bend=0.1, skew=0.004, drift=0.005, ease=0.003)
SLOW = Amplifier(lag=0.03, rise=0.05, skew=0.003, drift=0.004, shape=-0.01, shoulder=0.02)
FOLLOWER = Amplifier(
    lag=0.1, fall=0.12, bend=0.2, skew=0.009, drift=0.005, conductance=0.006, shape=0.01
)
NEURON = NeuronParameters(
    (
        Element(Timescale.FAST, -2.0, 0.1, 1.02, FAST),
        Element(Timescale.SLOW, 2.1, -0.1, 0.98, SLOW),
        Element(Timescale.FAST, 0.3, 0.5),
    ),
    name="macromodel",
    tau_m=0.9,
    tau_slow=20.0,
    i_bias=0.05,
    u_rest=-0.2,
    leak=Leak(0.95, 6.0),
    filter_slow=Filter(1.03, -0.03, FOLLOWER),
)
CURRENT = -0.3


def written_out(time: float, y: np.ndarray) -> list[float]:
    """The equations of NEURON, by hand: U_m, U_slow and three branches of three amplifiers."""
    u, slow, *shares = y
    fast_up, fast_first, fast_down, slow_first, slow_down, slow_up = shares[:6]
    follow_up, follow_first, follow_down = shares[6:]
    t_fast = math.tanh(1.02 * (u - 0.1))
    th = math.tanh(0.98 * (slow + 0.1))
    t_slow = th + (1 - th**2) * (0.02 * th**3 - 0.01 * th)
    th = math.tanh(1.03 * (u - slow))
    t_follow = th + (1 - th**2) * 0.01 * th
    fast = -2.0 * (fast_up - fast_down)
    eased = 0.003 * (fast_up - fast_down) * u
    fast *= 1 + 0.004 * u + 0.005 * (u - 0.1) * (1 + t_fast) / 2 + eased
    restoring = 2.1 * (slow_up - slow_down)
    restoring *= 1 + 0.003 * u + 0.004 * (slow + 0.1) * (1 + t_slow) / 2
    drawn = 0.95 * 6.0 * math.tanh((u + 0.2) / 6.0) + fast + restoring + 0.3 * math.tanh(u - 0.5)
    followed = (follow_up - follow_down) * (
        1 + 0.009 * slow + 0.005 * (u - slow) * (1 + t_follow) / 2
    )
    return [
        (CURRENT + 0.05 - drawn) / 0.9,
        ((followed - 0.006 * slow) / 1.03 - 0.03) / 20.0,
        fast_up**0.9 * ((1 + t_fast) / 2 - fast_up) / 0.03,
        fast_first**0.9 * ((1 - t_fast) / 2 - fast_first) / 0.03,
        fast_down**0.9 * (fast_first - fast_down) / 0.04,
        slow_first * ((1 + t_slow) / 2 - slow_first) / 0.03,
        slow_down * ((1 - t_slow) / 2 - slow_down) / 0.03,
        slow_up * (slow_first - slow_up) / 0.05,
        follow_up**0.8 * ((1 + t_follow) / 2 - follow_up) / 0.1,
        follow_first**0.8 * ((1 - t_follow) / 2 - follow_first) / 0.1,
        follow_down**0.8 * (follow_first - follow_down) / 0.12,
    ]


def test_a_run_is_the_equations_run():
    run = simulate(NEURON, Stimulus.constant(CURRENT), 150.0, initial=State(*[-0.2] * 4))
    pairs = [(0.3, 1.02), (0.1, 0.98), (0.0, 1.03)]
    t = np.tanh([-pairs[0][0] * 1.02, -pairs[1][0] * 0.98, 0.0])
    t[1] += (1 - t[1] ** 2) * (0.02 * t[1] ** 3 - 0.01 * t[1])
    up, down = (1 + t) / 2, (1 - t) / 2
    shares = [up[0], down[0], down[0], up[1], down[1], up[1], up[2], down[2], down[2]]
    solution = solve_ivp(
        written_out,
        (0.0, 150.0),
        [-0.2, -0.2, *shares],
        method="Radau",
        rtol=1e-9,
        atol=1e-11,
        t_eval=run.time,
    )
    assert len(spike_times(run.time, run.voltage)) >= 2
    assert np.allclose(run.voltage, solution.y[0], atol=2e-5)
    assert np.allclose(run.state.slow, solution.y[1], atol=2e-6)


@pytest.mark.parametrize(("share", "target"), [(0.01, 0.9), (0.9, 0.01), (0.4, 0.4)])
def test_the_flow_of_a_branch_is_exact(share: float, target: float):
    solution = solve_ivp(
        lambda time, y: y * (target - y), (0.0, 3.0), [share], rtol=1e-11, atol=1e-13
    )
    assert branch_flow(share, target, 3.0) == pytest.approx(solution.y[0, -1], abs=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_branches_of_a_tanh_that_is_rounded_to_one_stay_numbers(dtype: torch.dtype):
    share = torch.tensor([0.0, 0.0, 0.5, 1.0, 1e-20], dtype=dtype)
    target = torch.tensor([0.0, 1.0, 0.0, 0.0, 1e-9], dtype=dtype)
    for _ in range(3):
        share = branch_flow(share, target, 200.0)
        assert torch.isfinite(share).all()
    exact = 0.5 / (1.0 + 0.5 * 600.0)  # dy/dt = -y^2
    assert share[2].item() == pytest.approx(exact, rel=1e-5)
    assert share[1].item() == pytest.approx(1.0)


def test_a_slow_signal_sees_its_tanh():
    t = np.linspace(-0.9, 0.9, 7)
    assert np.allclose(amplified(t, t, t, Amplifier(0.1, 0.0, 0.2), settled(t)), t)


@pytest.mark.parametrize("integrator", ["exponential", "euler"])
def test_steps_converge_to_the_run(integrator: str):
    held, duration = -0.5, 3.0
    exact = simulate(NEURON, Stimulus.constant(held), duration, State(0.5, 0.5, 0.2, 0.5))
    errors = []
    for dt in (0.02, 0.01, 0.005):
        steps = round(duration / dt)
        start = State(*(torch.tensor([u], dtype=torch.float64) for u in (0.5, 0.5, 0.2, 0.5)))
        u, end = integrate(
            torch.full((steps, 1), held, dtype=torch.float64), start, NEURON, dt, integrator
        )
        assert len(end.branches) == 3
        errors.append(abs(float(u[-1]) - exact.voltage[-1]))
    assert errors[-1] < 1e-2
    assert errors[1] < 0.6 * errors[0]
    assert errors[2] < 0.6 * errors[1]


@pytest.mark.parametrize("integrator", ["exponential", "euler"])
def test_gradients_are_exact(integrator: str):
    values = NEURON.named_values()
    # a lag of 0 is none, whatever its neighbour in the direction of the gradient is
    keys = [key for key, value in values if "amplifier" in key and value > 0 and ".lag" not in key]
    start = [
        torch.tensor([float(dict(NEURON.named_values())[key])], dtype=torch.float64) for key in keys
    ]
    current = torch.tensor([[0.4], [-0.2], [0.9]], dtype=torch.float64)

    def end(current: torch.Tensor, *values: torch.Tensor) -> torch.Tensor:
        parameters = NEURON.with_values(dict(zip(keys, values, strict=True)))
        rest = torch.full((1,), 0.3, dtype=torch.float64)
        u, state = integrate(current, State(rest, rest, rest, rest), parameters, 0.1, integrator)
        return torch.cat([u.ravel(), state.slow, *(b for pair in state.branches for b in pair)])

    inputs = tuple(x.requires_grad_() for x in (current, *start))
    assert torch.autograd.gradcheck(end, inputs)


def test_a_module_runs_them_and_goes_on_from_a_state():
    neuron = MTCNeuron(NEURON, dt=0.1, dtype=torch.float64)
    current = torch.linspace(-1, 1, 40, dtype=torch.float64).reshape(1, 40, 1)
    whole, end = neuron(current)
    first, middle = neuron(current[:, :25])
    second, last = neuron(current[:, 25:], middle)
    assert torch.equal(whole, torch.cat([first, second], dim=1))
    assert all(
        torch.equal(a, b)
        for a, b in zip(end.branches, last.branches, strict=True)
        for a, b in zip(a, b, strict=True)
    )
    assert len(end) == 4


def test_the_fused_kernel_refuses_them():
    rest = torch.zeros(1, 1)
    current = torch.zeros(1, 2, 1)
    problem = Problem(current, State(rest, rest, rest, rest), NEURON, 0.1, "exponential")
    with pytest.raises(InputError, match="amplifiers"):
        pack(problem)


def test_one_that_adds_nothing_changes_nothing():
    plain = NEURON.elements[0]
    ideal = replace(NEURON, elements=(replace(plain, amplifier=Amplifier()),))
    same = replace(NEURON, elements=(replace(plain, amplifier=None),))
    u = np.linspace(-3, 3, 13)
    assert np.allclose(iv_curves(ideal, u).fast, iv_curves(same, u).fast, atol=1e-14)
    assert ideal.lagging == (Timescale.SLOW,)


def test_curves_are_their_closed_forms():
    u = np.linspace(-3, 3, 61)
    curves = iv_curves(NEURON, u)
    for x in TIMESCALES:
        assert np.allclose(curves.at(x), evaluate(iv_expression(NEURON, x), u), atol=1e-12)
    plain = iv_curves(
        replace(NEURON, elements=tuple(replace(e, amplifier=None) for e in NEURON.elements)), u
    )
    assert 0.005 < np.max(np.abs(curves.fast - plain.fast)) < 0.1


def test_equilibria_count_the_branches_as_states():
    (rest,) = equilibria(NEURON, -2.0)
    assert rest.is_stable
    assert rest.eigenvalues.size == 2 + 3 * len(NEURON.lagging)
    compact = replace(
        NEURON,
        elements=tuple(replace(e, amplifier=None) for e in NEURON.elements),
        filter_slow=Filter(1.03, -0.03),
    )
    analytic = jacobian(compact, rest.state)
    static = replace(
        NEURON,
        elements=tuple(
            replace(e, amplifier=None if e.amplifier is None else Amplifier())
            for e in NEURON.elements
        ),
        filter_slow=Filter(1.03, -0.03, Amplifier()),
    )
    assert np.allclose(jacobian(static, rest.state), analytic, atol=1e-8)


def test_files_numbers_and_stacks_keep_them():
    assert neuron_from_toml(neuron_to_toml(NEURON)) == NEURON
    names = [key for key, _ in NEURON.named_values()]
    assert names[:4] == [f"elements[0].{k}" for k in ("alpha", "delta", "kappa", "amplifier.lag")]
    assert "filter_slow.amplifier.conductance" in names
    changed = NEURON.with_values({"filter_slow.amplifier.fall": 0.5})
    assert changed.filter_slow.amplifier == replace(FOLLOWER, fall=0.5)
    assert changed.elements == NEURON.elements
    both = NeuronParameters.stack([NEURON, changed])
    assert both[1].filter_slow == changed.filter_slow
    with pytest.raises(InputError, match="stack"):
        NeuronParameters.stack([NEURON, replace(NEURON, elements=NEURON.elements[1:])])


def test_many_neurons_are_as_many_runs():
    many = NeuronParameters.stack([NEURON, NEURON.with_values({"elements[0].amplifier.fall": 0.1})])
    current = torch.full((30, 2), 0.5, dtype=torch.float64)
    rest = torch.zeros(2, dtype=torch.float64)
    tensors = many.map(lambda v: torch.as_tensor(v, dtype=torch.float64))
    together, _ = integrate(current, State(rest, rest, rest, rest), tensors, 0.1)
    for i in range(2):
        alone, _ = integrate(current[:, i : i + 1], State(*[rest[:1]] * 4), many[i], 0.1)
        assert torch.allclose(together[:, i], alone[:, 0], atol=1e-12)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Amplifier(rise=0.1), "lag must be positive"),
        (lambda: Amplifier(lag=np.array([0.1, 0.0]), fall=0.1), "lag must be positive"),
        (
            lambda: replace(
                NEURON, elements=(Element("fast", 1.0, 0.0, 1.0, Amplifier(0.1, bend=1.5)),)
            ),
            r"bend = 1.5 is not allowed; it must be from 0 to 1",
        ),
        (lambda: Filter(amplifier=Amplifier()), "kappa"),
        (lambda: Filter(1.0, 0.0, Amplifier(skew="a")), "skew"),
        (
            lambda: replace(
                NEURON, elements=(Element("fast", 1.0, 0.0, 1.0, Amplifier(skew=math.nan)),)
            ),
            r"elements\[0\].amplifier.skew = nan",
        ),
    ],
)
def test_what_is_impossible_is_refused(make, reason):
    with pytest.raises(InputError, match=reason):
        make()


def test_an_unknown_key_of_one_is_named():
    text = neuron_to_toml(NEURON).replace("skew", "skwe", 1)
    with pytest.raises(InputError, match=r"amplifier\.skwe is not a known key"):
        neuron_from_toml(text)


def test_branches_are_a_pair():
    assert settled(1.0) == Branches(1.0, 0.0, 1.0, 0.0)
    assert State(0.0, 0.0, 0.0, 0.0).with_branches(()).branches == ()
