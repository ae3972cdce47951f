"""Traced numbers against plain ones and differences; the rates that are made of them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuron_model.analysis.rates import moving_timescales, state_vector, traced_rates
from neuron_model.analysis.traced import Program, compiled
from neuron_model.model.dynamics import State
from neuron_model.model.parameters import NeuronParameters
from neuron_model.model.presets import preset
from tests.neuron_model.model.test_amplifiers import NEURON

STEP = 1e-6


def differences(rates, y: np.ndarray) -> np.ndarray:
    """The Jacobian by central differences."""
    steps = STEP * np.eye(y.size)
    columns = [np.subtract(rates(y + s, 0.0), rates(y - s, 0.0)) / (2 * STEP) for s in steps]
    return np.stack(columns, axis=1)


def every_operation(x, y, z, tanh, exp):
    """Two rates of x, y and a given z, by each operation and on each side of it."""
    first = 2.0 * x - y * z + tanh(x + y) / (1.0 + y * y) + 3.0
    second = (1.0 - x) * exp(y) ** 0.3 - (x - 0.5) / 4.0 + (-x) * tanh(x + y) - z
    return [first, second]


@given(st.floats(-2, 2), st.floats(-2, 2), st.floats(-2, 2))
def test_numbers_and_slopes_are_those_of_the_formula(x, y, z):
    program = Program()
    traced = every_operation(
        program.variable("x"),
        program.variable("y"),
        program.constant("z"),
        lambda number: np.tanh(number),
        lambda number: number.exp(),
    )
    rates, slopes = compiled(program, "z", ["x", "y"], traced)(z)
    at = np.array([x, y])
    expected = every_operation(x, y, z, math.tanh, math.exp)
    assert rates(at, 0.0) == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(slopes(at, 0.0), differences(rates, at), atol=1e-7)


def test_nothing_is_worked_out_twice_or_for_nothing():
    program = Program()
    x, y = program.variable("x"), program.variable("y")
    total = (x * y).tanh() + (x * y).tanh()
    code = program.lines([total.name], "")
    assert code.count("tanh(") == 1
    assert code.count("x * y") == 1
    assert code.count("\n") == 2


def test_rates_that_do_not_depend_on_a_state_leave_a_zero():
    program = Program()
    x = program.variable("x")
    _, slopes = compiled(program, "z", ["x", "y"], [x * 2.0, program.constant("z") * 1.0])(1.0)
    np.testing.assert_array_equal(slopes(np.zeros(2), 0.0), [[2.0, 0.0], [0.0, 0.0]])


def sech_squared(x):
    return 1.0 - math.tanh(x) ** 2


def closed_form(p: NeuronParameters, state: State) -> np.ndarray:
    """Of the membrane, then of each copy that moves:

        d(dU_m/dt)/dU_m = -(leak'(U_m - U_rest) + sum_{instant k} I_k') / tau_m
        d(dU_m/dt)/dU_x = -sum_{k of x} I_k' / tau_m
        d(dU_x/dt)/dU_m = -d(dU_x/dt)/dU_x = filter_x'(U_m - U_x) / tau_x

    with I_k' = alpha kappa sech^2(kappa (U_x - delta)).
    """
    moving = moving_timescales(p)
    matrix = np.zeros((1 + len(moving), 1 + len(moving)))
    leak = 1.0 if p.leak.is_linear else sech_squared((state.membrane - p.u_rest) / p.leak.range)
    matrix[0, 0] = -p.leak.conductance * leak / p.tau_m
    for e in p.elements:
        place = 1 + moving.index(e.timescale) if e.timescale in moving else 0
        slope = sech_squared(e.kappa * (state.voltage(e.timescale) - e.delta))
        matrix[0, place] -= e.alpha * e.kappa * slope / p.tau_m
    for place, x in enumerate(moving, start=1):
        # kappa 0 is the linear filter, whose slope is 1 as sech^2(0) is
        slope = sech_squared(p.filter(x).kappa * (state.membrane - state.voltage(x)))
        matrix[place, 0], matrix[place, place] = slope / p.tau(x), -slope / p.tau(x)
    return matrix


@pytest.mark.parametrize("name", ["tonic_bursting", "ribar_sepulchre_burster"])
def test_the_jacobian_of_a_neuron_is_the_closed_form(name):
    neuron: NeuronParameters = preset(name).parameters[0]
    _, slopes = traced_rates(neuron)(0.3)
    for u, *copies in np.random.default_rng(4).uniform(-2, 2, (10, 4)):
        instant = [neuron.is_instant(x) for x in ("fast", "slow", "ultraslow")]
        state = State(u, *(u if at_once else c for c, at_once in zip(copies, instant, strict=True)))
        found = slopes(state_vector(neuron, state), 0.0)
        np.testing.assert_allclose(found, closed_form(neuron, state), atol=1e-12)


def test_the_jacobian_of_lagging_branches_is_that_of_differences():
    rates, slopes = traced_rates(NEURON)(-0.3)
    count = 1 + len(moving_timescales(NEURON))
    start = state_vector(NEURON, State(-0.4, -0.4, -0.5, -0.5))
    assert start.size > count + 6
    for shift in np.random.default_rng(5).uniform(-0.5, 0.5, (5, start.size)):
        y = start + shift
        np.testing.assert_allclose(slopes(y, 0.0), differences(rates, y), rtol=1e-6, atol=1e-6)


def test_a_long_sum_becomes_code_that_python_takes():
    program = Program()
    x = program.variable("x")
    total = x * 0.0
    for k in range(1000):
        total = total + (x * float(k)).tanh()
    scope = {"tanh": math.tanh, "x": 0.01}
    exec(program.lines([total.name], ""), scope)
    assert scope[total.name] == pytest.approx(sum(math.tanh(0.01 * k) for k in range(1000)))
