import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from neuron_model.model.dynamics import (
    State,
    euler_step,
    exponential_euler,
    exponential_euler_step,
    filter_rate,
    ionic_current,
    leak_current,
    membrane_conductance,
    output,
)
from neuron_model.model.parameters import (
    LINEAR_FILTER,
    OTA_FILTER,
    TIMESCALES,
    Element,
    Filter,
    Leak,
    OutputShape,
)
from neuron_model.model.parameters import NeuronParameters as Parameters

ELEMENTS = (
    Element("fast", -2.0, 0.1),
    Element("slow", 2.0, -0.1, 1.2),
    Element("slow", -1.5, -1.5),
    Element("ultraslow", 1.5, -1.5, 0.8),
)


def neuron(**values) -> Parameters:
    return Parameters(ELEMENTS, **{"tau_slow": 5.0, "tau_ultraslow": 50.0} | values)


def reference_rates(y: np.ndarray, current: float, p: Parameters) -> np.ndarray:
    """The four equations, written out anew from the docstring of neuron_model.model.parameters."""
    u_m = y[0]
    u = {"fast": y[1] if p.tau_fast else u_m, "slow": y[2], "ultraslow": y[3]}
    drawn = 0.0
    for e in p.elements:
        drawn += e.alpha * math.tanh(e.kappa * (u[e.timescale] - e.delta))
    away = u_m - p.u_rest
    if math.isinf(p.leak.range):
        drawn += p.leak.conductance * away
    else:
        drawn += p.leak.conductance * p.leak.range * math.tanh(away / p.leak.range)
    rates = [(current + p.i_bias - drawn) / p.tau_m]
    for name in ("fast", "slow", "ultraslow"):
        tau, shape = getattr(p, f"tau_{name}"), getattr(p, f"filter_{name}")
        gap = u_m - u[name]
        speed = math.tanh(shape.kappa * gap) / shape.kappa if shape.kappa else gap
        rates.append((speed + shape.offset) / tau if tau else 0.0)
    return np.array(rates)


CASES = {
    "ideal": neuron(),
    "circuit-shaped": neuron(
        leak=Leak(range=6.0), filter_slow=OTA_FILTER, filter_ultraslow=OTA_FILTER
    ),
    "macromodel": neuron(
        tau_m=1.3,
        tau_fast=0.4,
        u_rest=0.2,
        i_bias=0.3,
        leak=Leak(0.7, 4.0),
        filter_fast=Filter(0.9, 0.02),
        filter_slow=Filter(1.1, -0.03),
        filter_ultraslow=Filter(0.0, 0.05),
    ),
    "no leak": neuron(leak=Leak(conductance=0.0)),
}


@pytest.mark.parametrize("step", [euler_step, exponential_euler_step])
@pytest.mark.parametrize("name", CASES)
def test_steps_converge_to_the_reference_with_order_one(step, name: str):
    p, current, end = CASES[name], -0.7, 8.0
    start = (0.5, 0.5, -0.4, -1.0)
    exact = solve_ivp(
        lambda _, y: reference_rates(y, current, p),
        (0.0, end),
        start,
        method="LSODA",
        rtol=1e-10,
        atol=1e-12,
    ).y[:, -1]
    if not p.tau_fast:
        exact[1] = exact[0]

    def error(steps: int) -> float:
        state = State(*start)
        for _ in range(steps):
            state = step(state, current, p, end / steps)
        return float(np.abs(np.array(state) - exact).max())

    coarse, middle, fine = error(100), error(400), error(1600)
    assert fine < 0.02
    assert 3.3 < middle / fine < 4.8
    assert 2.5 < coarse / middle < 6.5


@settings(max_examples=40, deadline=None)
@given(
    gap=st.floats(-200.0, 200.0),
    duration=st.floats(0.001, 150.0),
    kappa=st.sampled_from([0.0, 0.5, 1.0, 3.0]),
)
def test_one_exponential_step_of_a_filter_is_exact(gap: float, duration: float, kappa: float):
    # No conductance moves the membrane, so that the slow filter is alone.
    p = Parameters(
        (Element("slow", 0.0, 0.0),),
        tau_slow=7.0,
        leak=Leak(conductance=0.0),
        filter_slow=Filter(kappa),
    )
    after = exponential_euler_step(State(1.0, 1.0, 1.0 - gap, 1.0), 0.0, p, 7.0 * duration)
    rate = (lambda u: math.tanh(kappa * u) / kappa) if kappa else (lambda u: u)
    exact = solve_ivp(
        lambda _, y: [rate(1.0 - y[0]) / 7.0],
        (0.0, 7.0 * duration),
        [1.0 - gap],
        method="LSODA",
        rtol=1e-9,
        atol=1e-9,
    ).y[0, -1]
    assert after.membrane == 1.0
    assert float(after.slow) == pytest.approx(exact, abs=1e-6 * (1.0 + abs(gap)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_flow_of_a_saturating_filter_has_the_right_slope_everywhere(dtype: torch.dtype):
    p = Parameters(
        (Element("slow", 0.0, 0.0),), tau_slow=1.0, leak=Leak(0.0), filter_slow=OTA_FILTER
    )
    y = torch.tensor([0.0, 1e-6, -0.3, 30.0, -39.0, 41.0, 59.0, -500.0], dtype=dtype)
    for duration in (0.3, 25.0, 45.0):
        slow = (-y).requires_grad_()
        zero = torch.zeros_like(y)
        gap = -exponential_euler_step(State(zero, zero, slow, zero), zero, p, duration).slow
        (slope,) = torch.autograd.grad(gap.sum(), slow)
        d = math.exp(-duration)
        # d/dy asinh(d sinh y) = d cosh y / sqrt(1 + d^2 sinh^2 y), in finite exponentials
        size = y.double().abs()
        small = torch.exp(-2.0 * size)
        grown = torch.exp(torch.clamp(2.0 * (size - duration), max=600.0))
        square = d * d * (1 + small) ** 2 / 4 * torch.exp(torch.clamp(2 * size, max=600.0))
        right = (square / (1 + grown * (1 - small) ** 2 / 4)).sqrt()
        right[size > 250] = 1.0
        torch.testing.assert_close(-slope.double(), right, rtol=1e-5, atol=1e-12)
        assert torch.isfinite(gap).all()


def test_offset_of_a_filter_settles_where_its_rate_is_zero():
    for kappa in (0.0, 1.0):
        shape = Filter(kappa, 0.1)
        p = Parameters(
            (Element("slow", 0.0, 0.0),), tau_slow=10.0, leak=Leak(0.0), filter_slow=shape
        )
        state = State(0.5, 0.5, 0.0, 0.5)
        for _ in range(3000):
            state = exponential_euler_step(state, 0.0, p, 0.5)
        assert float(filter_rate(0.5 - state.slow, shape)) == pytest.approx(0.0, abs=1e-4)


def mixed() -> tuple[Parameters, list[Parameters]]:
    """Neurons of which some have and some lack each nonlinearity."""
    singles = [
        neuron(tau_fast=0.0, leak=Leak(range=6.0), filter_slow=OTA_FILTER),
        neuron(tau_fast=0.5, leak=Leak(), filter_slow=LINEAR_FILTER),
        neuron(tau_fast=2.0, leak=Leak(0.0, 5.0), filter_slow=Filter(0.7, 0.1), tau_slow=0.0),
    ]
    return Parameters.stack(singles), singles


@pytest.mark.parametrize("step", [euler_step, exponential_euler_step])
def test_mixed_neurons_step_as_each_would_alone(step):
    together, singles = mixed()
    tensors = together.map(torch.as_tensor)
    start = (0.3, -0.2, 0.8, -1.0)
    many = State(*(np.full(3, v) for v in start))
    batch = State(*(torch.full((2, 3), v, dtype=torch.float64) for v in start))
    alone = [State(*start) for _ in singles]
    for _ in range(5):
        many = step(many, -0.5, together, 0.1)
        batch = step(batch, -0.5, tensors, 0.1)
        alone = [step(s, -0.5, p, 0.1) for s, p in zip(alone, singles, strict=True)]
    expected = np.array(alone, dtype=float).T
    np.testing.assert_allclose(np.array(many), expected, rtol=1e-13)
    np.testing.assert_allclose(torch.stack(batch)[:, 1].numpy(), expected, rtol=1e-13)


@pytest.mark.parametrize("step", [euler_step, exponential_euler_step])
def test_gradients_of_mixed_neurons_are_finite_and_exact(step):
    together, _ = mixed()
    keys = [key for key, _ in together.named_values()]
    learned = [key for key in keys if not key.startswith(("leak.range", "filter"))]
    values = [torch.tensor(v) for k, v in together.named_values() if k in learned]
    # A time constant of 0, or no leak, is a boundary at which no derivative exists.
    inside = [v.clone().requires_grad_(bool((v != 0).all())) for v in values]

    def run(*numbers: torch.Tensor) -> torch.Tensor:
        p = together.map(torch.as_tensor).with_values(dict(zip(learned, numbers, strict=True)))
        state = State(*(torch.tensor([[0.3, -0.2, 0.1]]).double() for _ in range(4)))
        for _ in range(3):
            state = step(state, torch.tensor(0.2), p, 0.3)
        return torch.stack(state)

    assert sum(v.requires_grad for v in inside) >= 8
    assert torch.autograd.gradcheck(run, inside)


def test_exponential_steps_are_stable_however_long():
    p = neuron(tau_fast=1e-6, leak=Leak(range=6.0), filter_fast=OTA_FILTER, filter_slow=OTA_FILTER)
    state = State(3.0, 100.0, -100.0, 0.0)
    for _ in range(1000):
        state = exponential_euler_step(state, 1.0, p, 1.0)
    assert all(abs(float(u)) < 10.0 for u in state)


def test_float32_stays_float32():
    step = exponential_euler(CASES["circuit-shaped"], 0.1)
    state = step(State(*(torch.zeros(2, 3) for _ in range(4))), torch.ones(2, 3))
    assert {u.dtype for u in state} == {torch.float32}


def test_leak_and_output_by_hand():
    assert leak_current(2.0, Leak()) == 2.0
    assert leak_current(2.0, Leak(0.5, 4.0)) == pytest.approx(2.0 * math.tanh(0.5))
    mixed_leak = leak_current(np.array([2.0, 2.0]), Leak(range=[math.inf, 4.0]))
    np.testing.assert_allclose(mixed_leak, [2.0, 4.0 * math.tanh(0.5)])
    p = neuron(u_threshold=-1.0, u_saturation=1.0)
    np.testing.assert_allclose(output(np.array([-2.0, 0.0, 0.5, 3.0]), p), [0, 0.5, 0.75, 1])
    torch.testing.assert_close(output(torch.tensor([0.5, 9.0]), p), torch.tensor([0.75, 1.0]))


def test_the_output_of_an_ota_by_hand():
    p = neuron(u_threshold=-1.0, u_saturation=1.0, output="ota")
    assert output(-2.0, p) == 0.0
    assert output(0.5, p) == pytest.approx(math.tanh(0.75))
    u = np.array([-2.0, -1.0, 0.5, 300.0])
    expected = [0.0, 0.0, math.tanh(0.75), 1.0]
    np.testing.assert_allclose(output(u, p), expected)
    torch.testing.assert_close(output(torch.tensor(u), p), torch.tensor(expected).double())


@settings(max_examples=50, deadline=None)
@given(st.floats(-50, 50), st.floats(-2, 2), st.floats(0.1, 5))
def test_both_outputs_are_graded_between_silence_and_one(u, threshold, span):
    """They have the same slope at threshold, and that of an OTA never lies above the clip's."""
    clip, ota = (
        float(output(u, neuron(u_threshold=threshold, u_saturation=threshold + span, output=shape)))
        for shape in OutputShape
    )
    assert 0.0 <= ota <= clip <= 1.0
    assert (ota == 0.0) == (clip == 0.0)


def test_the_gradient_of_an_otas_output_is_that_of_finite_differences():
    def run(u, threshold, saturation):
        p = neuron(u_threshold=threshold, u_saturation=saturation, output="ota")
        return output(u, p)

    at = [torch.tensor([-1.5, -0.4, 0.3, 2.0, 9.0]), torch.tensor([-0.5]), torch.tensor([0.7])]
    assert torch.autograd.gradcheck(run, [v.double().requires_grad_() for v in at])


def test_conductance_is_the_slope_of_the_ionic_current():
    together, _ = mixed()
    for p in (*CASES.values(), together):
        held = State(
            np.full(p.neurons, 0.3),
            *(
                np.where(p.is_instant(x), 0.3, np.full(p.neurons, v))
                for x, v in zip(TIMESCALES, (-0.2, 0.8, -1.0), strict=True)
            ),
        )

        def drawn(u: float, p=p, held=held) -> np.ndarray:
            copies = [
                np.where(p.is_instant(x), u, u_x)
                for x, u_x in zip(TIMESCALES, held[1:], strict=True)
            ]
            return ionic_current(State(np.full(p.neurons, u), *copies), p)

        slope = (drawn(0.3 + 1e-5) - drawn(0.3 - 1e-5)) / 2e-5
        found = membrane_conductance(held, p)
        np.testing.assert_allclose(np.broadcast_to(found, slope.shape), slope, rtol=1e-7)


def test_exponential_spikes_are_of_second_order_and_better_than_euler():
    p = CASES["circuit-shaped"]
    end, rest = 60.0, (0.0, 0.0, 0.0, 0.0)
    times = np.arange(0.0, end + 1e-9, 2.0)
    exact = solve_ivp(
        lambda _, y: reference_rates(y, 0.5, p),
        (0.0, end),
        rest,
        method="LSODA",
        rtol=1e-10,
        atol=1e-12,
        t_eval=times,
    ).y[0]
    assert np.sum((exact[:-1] < 0) & (exact[1:] >= 0)) >= 2  # it spikes

    def error(step, steps: int) -> float:
        """Largest error of U_m, with so many steps between the times that are compared."""
        state, voltage = State(*rest), [0.0]
        for _ in times[1:]:
            for _ in range(steps):
                state = step(state, 0.5, p, 2.0 / steps)
            voltage.append(float(state.membrane))
        return float(np.abs(np.array(voltage) - exact).max())

    coarse, fine = error(exponential_euler_step, 20), error(exponential_euler_step, 40)
    assert 3.2 < coarse / fine < 5.0
    assert fine < error(euler_step, 40) / 10
