"""Equilibria against the equations: their rates, their finite differences, their flow."""

import math

import numpy as np
import pytest

from neuron_model.analysis.equilibria import (
    Equilibrium,
    EquilibriumKind,
    equilibria,
    jacobian,
)
from neuron_model.analysis.rates import moving_timescales
from neuron_model.analysis.simulation import simulate
from neuron_model.errors import InputError
from neuron_model.model.dynamics import State, filter_rate, membrane_rate
from neuron_model.model.parameters import OTA_FILTER, TIMESCALES, Element, Filter, Leak
from neuron_model.model.parameters import NeuronParameters as Parameters
from neuron_model.model.presets import preset
from neuron_model.model.stimulus import Stimulus

EXCITABLE = preset("ribar_sepulchre_excitable").parameters
BURSTER = preset("ribar_sepulchre_burster").parameters
BISTABLE = Parameters(
    (Element("fast", -2.0, 0.0), Element("slow", 0.5, 0.0)),
    tau_slow=5.0,
    filter_slow=OTA_FILTER,
)
MACROMODEL = Parameters(
    (Element("fast", -1.8, 0.1, 1.1), Element("slow", 1.9, 0.0), Element("ultraslow", 1.4, -1.3)),
    tau_m=1.1,
    tau_fast=0.3,
    tau_slow=4.0,
    tau_ultraslow=15.0,
    u_rest=-0.2,
    i_bias=0.3,
    leak=Leak(0.95, 5.0),
    filter_fast=Filter(1.0, 0.01),
    filter_slow=Filter(1.1, -0.04),
    filter_ultraslow=Filter(0.0, 0.05),
)


def rates(p: Parameters, y: np.ndarray, current: float) -> np.ndarray:
    """Of the membrane and of each copy that moves."""
    moving = moving_timescales(p)
    copies = [float(y[1 + moving.index(x)] if x in moving else y[0]) for x in TIMESCALES]
    state = State(float(y[0]), *copies)
    filters = [filter_rate(y[0] - state.voltage(x), p.filter(x)) / p.tau(x) for x in moving]
    return np.array([membrane_rate(state, current, p), *filters], dtype=float)


def coordinates(p: Parameters, point: Equilibrium) -> np.ndarray:
    return np.array([point.voltage, *(point.state.voltage(x) for x in moving_timescales(p))])


@pytest.mark.parametrize(
    ("p", "current", "count"),
    [
        (EXCITABLE, -1.0, 1),
        (BURSTER, -1.4, 1),
        (BISTABLE, 0.0, 3),
        (BISTABLE, 0.05, 3),
        (BISTABLE, 2.0, 1),
        (MACROMODEL, 0.3, 1),
    ],
)
def test_nothing_moves_and_the_jacobian_is_the_rates_slope(p, current: float, count: int):
    found = equilibria(p, current)
    assert len(found) == count
    assert [e.voltage for e in found] == sorted(e.voltage for e in found)
    for point in found:
        y = coordinates(p, point)
        np.testing.assert_allclose(rates(p, y, current), 0.0, atol=1e-11)
        h = 1e-6
        columns = [
            (rates(p, y + h * unit, current) - rates(p, y - h * unit, current)) / (2 * h)
            for unit in np.eye(len(y))
        ]
        matrix = jacobian(p, point.state)
        np.testing.assert_allclose(matrix, np.transpose(columns), atol=1e-8)
        expected = np.linalg.eigvals(matrix)
        np.testing.assert_allclose(np.sort(point.eigenvalues.real), np.sort(expected.real))
        assert np.all(np.diff(point.eigenvalues.real) <= 0)


def test_all_equilibria_are_found():
    for current in np.linspace(-1.0, 1.0, 41):
        found = [e.voltage for e in equilibria(BISTABLE, float(current))]
        u = np.linspace(-6.0, 6.0, 4801) + 1e-4
        balance = u - 1.5 * np.tanh(u) - current
        crossings = u[:-1][balance[:-1] * balance[1:] < 0]
        assert len(found) == len(crossings)
        np.testing.assert_allclose(found, crossings, atol=3e-3)


def test_the_published_neurons_lose_stability_where_they_begin_to_fire():
    for current, kind in (
        (-2.2, EquilibriumKind.STABLE_NODE),
        (-1.0, EquilibriumKind.STABLE_FOCUS),
        (-0.8, EquilibriumKind.UNSTABLE_FOCUS),
        (0.0, EquilibriumKind.UNSTABLE_NODE),
    ):
        (point,) = equilibria(EXCITABLE, current)
        # the slow elements cancel the fast ones: the neuron rests at the current itself
        assert point.voltage == pytest.approx(current, abs=1e-12)
        assert point.kind == kind
        assert point.is_stable == kind.startswith("stable")
    assert [equilibria(BURSTER, i)[0].is_stable for i in (-2.2, -2.0, -0.6)] == [True, False, False]


def test_both_states_of_a_bistable_neuron_attract_and_the_one_between_does_not():
    low, middle, high = equilibria(BISTABLE, 0.0)
    assert (low.is_stable, middle.is_stable, high.is_stable) == (True, False, True)
    for point in (low, high):
        pushed = State(*(float(u) + 0.05 for u in point.state))
        end = simulate(BISTABLE, Stimulus.constant(0.0), 100.0, initial=pushed)
        assert end.voltage[-1] == pytest.approx(point.voltage, abs=1e-5)
    for push, where in ((-0.01, low), (0.01, high)):
        pushed = State(*(float(u) + push for u in middle.state))
        end = simulate(BISTABLE, Stimulus.constant(0.0), 200.0, initial=pushed)
        assert end.voltage[-1] == pytest.approx(where.voltage, abs=1e-5)


def test_eigenvalues_are_the_rates_at_which_displacements_grow():
    (point,) = equilibria(MACROMODEL, -1.5)
    assert point.is_stable
    vectors = np.linalg.eig(jacobian(MACROMODEL, point.state))
    slowest = int(np.argmax(vectors.eigenvalues.real))
    rate = float(vectors.eigenvalues[slowest].real)
    assert vectors.eigenvalues[slowest].imag == 0
    direction = vectors.eigenvectors[:, slowest].real
    start = coordinates(MACROMODEL, point) + 1e-3 * direction
    run = simulate(MACROMODEL, Stimulus.constant(-1.5), 20.0, initial=State(*map(float, start)))
    left = (run.voltage[-1] - point.voltage) / (1e-3 * direction[0])
    assert left == pytest.approx(math.exp(20.0 * rate), rel=0.02)


def test_kinds():
    alone = Parameters((Element("fast", 0.0, 0.0),))
    assert equilibria(alone, 0.7)[0].kind == EquilibriumKind.STABLE_NODE
    assert equilibria(BISTABLE, 0.0)[1].kind == EquilibriumKind.SADDLE
    unstable = Parameters(
        (Element("fast", -2.0, 0.0), Element("slow", 2.0, 0.0), Element("ultraslow", 0.1, 0.0)),
        tau_slow=3.0,
        tau_ultraslow=200.0,
    )
    assert equilibria(unstable, 0.0)[0].kind == EquilibriumKind.SADDLE_FOCUS


def test_a_leak_that_saturates_may_leave_no_equilibrium():
    p = Parameters((Element("fast", 0.5, 0.0),), leak=Leak(range=1.0))
    assert len(equilibria(p, 1.2)) == 1
    assert equilibria(p, 1.6) == ()
    none = Parameters((Element("fast", 0.5, 0.0),), leak=Leak(conductance=0.0))
    assert equilibria(none, 0.2)[0].voltage == pytest.approx(math.atanh(0.4))


def test_a_neuron_settles_where_the_filters_offsets_let_it():
    (point,) = equilibria(MACROMODEL, -1.5)
    run = simulate(MACROMODEL, Stimulus.constant(-1.5), 600.0)
    for found, reached in zip(point.state, run.state, strict=True):
        assert reached[-1] == pytest.approx(found, abs=1e-6)
    assert point.state.slow != point.voltage


@pytest.mark.parametrize(
    ("p", "current", "why"),
    [
        (Parameters.stack([BURSTER] * 2), 0.0, "is 2 neurons"),
        (BURSTER, math.nan, "current = nan"),
    ],
)
def test_questions_without_an_answer_are_refused(p, current: float, why: str):
    with pytest.raises(InputError, match=why):
        equilibria(p, current)
