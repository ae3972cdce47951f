import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlists.bench import (
    DEFAULT_OPTIONS,
    Alteration,
    Bench,
    BenchInstance,
    Capacitor,
    CurrentSource,
    DCSweep,
    OperatingPoint,
    PiecewiseLinear,
    Resistor,
    Transient,
    VoltageSource,
    staircase,
)
from neuron_model.errors import InputError


@pytest.mark.parametrize(
    ("times", "values", "reason"),
    [
        ([0.0, 1.0], [1.0], "2 times and 1 values"),
        ([], [], "at least one finite number"),
        ([0.0, math.nan], [0.0, 1.0], "at least one finite number"),
        ([0.0, 1.0], [0.0, math.inf], "at least one finite number"),
        ([0.0, 0.0], [0.0, 1.0], "increase"),
        ([-1.0, 0.0], [0.0, 1.0], "begin at 0 or later"),
        ([[0.0, 1.0]], [[0.0, 1.0]], "at least one finite number"),
        (["a"], [1.0], "must be numbers"),
    ],
)
def test_waveforms_that_are_none_are_refused(times, values, reason):
    with pytest.raises(InputError, match=reason):
        PiecewiseLinear(times, values)


def test_waveforms_do_not_change_with_what_they_were_made_of():
    times = np.array([0.0, 1.0])
    waveform = PiecewiseLinear(times, times * 2.0)
    times[1] = 5.0
    assert waveform.times.tolist() == [0.0, 1.0]
    with pytest.raises(ValueError, match="read-only"):
        waveform.times[0] = 1.0


def test_staircase_reaches_each_level_a_ramp_after_its_time():
    waveform = staircase([(0.0, 1.0), (2.0, 3.0), (4.0, -1.0)], ramp=0.5)
    at = np.array([0.0, 2.0, 2.25, 2.5, 4.0, 4.5, 100.0])
    np.testing.assert_allclose(waveform(at), [1.0, 1.0, 2.0, 3.0, 3.0, -1.0, -1.0])


@given(
    st.lists(st.tuples(st.integers(1, 50), st.floats(-1.0, 1.0)), min_size=0, max_size=20),
    st.floats(-1.0, 1.0),
)
def test_staircase_is_flat_between_its_steps(steps, first):
    levels = [(0.0, first)]
    for wait, value in steps:
        levels.append((levels[-1][0] + wait, value))
    waveform = staircase(levels, ramp=0.5)
    for (start, value), (end, _) in zip(levels, [*levels[1:], (levels[-1][0] + 9, 0)], strict=True):
        inside = np.linspace(start + (0.5 if start > 0.0 else 0.0), end, 5)
        np.testing.assert_array_equal(waveform(inside), value)


def test_a_step_at_the_beginning_is_a_ramp():
    waveform = staircase([(0.0, 0.0), (0.0, 1.0)], ramp=0.5)
    np.testing.assert_allclose(waveform(np.array([0.0, 0.25, 1.0])), [0.0, 0.5, 1.0])


@pytest.mark.parametrize("levels", [[], [(0.0, 1.0), (1.0, 2.0), (1.2, 3.0)]])
def test_staircases_that_are_none_are_refused(levels):
    with pytest.raises(InputError):
        staircase(levels, ramp=0.5)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: VoltageSource("dd", "a", "0", 1.0), "must begin with 'v'"),
        (lambda: VoltageSource("v", "a", "0", 1.0), "more characters"),
        (lambda: VoltageSource("vdd", "a b", "0", 1.0), "positive node of vdd"),
        (lambda: VoltageSource("vdd", "a", "0\n", 1.0), "negative node of vdd"),
        (lambda: CurrentSource("iin", "a", "0", math.nan), "waveform of iin"),
        (lambda: CurrentSource("iin", "a", "0", "pwl(0 0)"), "waveform of iin"),
        (lambda: Resistor("r1", "a", "0", 0.0), "resistance of r1"),
        (lambda: Capacitor("c1", "a", "0", -1e-12), "capacitance of c1"),
        (lambda: BenchInstance("u1", "ota", ("a",)), "must begin with 'x'"),
        (lambda: BenchInstance("x1", "o ta", ("a",)), "cell of x1"),
        (lambda: BenchInstance("x1", "ota", "ab"), "must be a list"),
        (lambda: BenchInstance("x1", "ota", ("a", "b;c")), "node of x1"),
        (lambda: DCSweep("rload", 0.0, 1.0, 0.1), "must begin with 'v' or 'i'"),
        (lambda: DCSweep("vin", 0.0, 1.0, 0.0), "does not lead"),
        (lambda: DCSweep("vin", 0.0, 1.0, -0.1), "does not lead"),
        (lambda: DCSweep("vin", 0.0, math.inf, 0.1), "stop of the sweep"),
        (lambda: DCSweep("vin", 0, 1, 0.1, DCSweep("VIN", 0, 1, 0.1)), "one outer sweep"),
        (lambda: Transient(0.0, 1e-6), "end of a transient"),
        (lambda: Transient(1.0, 0.0), "largest step"),
        (lambda: Transient(1.0, 0.1, start=1.0), "must end after that"),
        (lambda: Transient(1.0, 0.1, start=-1.0), "start of a transient"),
        (lambda: Transient(1.0, 0.1, initial_voltages={"m x": 0.0}), "initial voltage"),
        (lambda: Transient(1.0, 0.1, initial_voltages={"m": "0"}), "initial voltage of m"),
        (lambda: Alteration("m1;quit", "delvto", 0.0), "device of an alteration"),
        (lambda: Alteration("m1", "del vto", 0.0), "parameter of m1"),
        (lambda: Alteration("m1", "delvto", math.nan), "value of delvto of m1"),
    ],
)
def test_parts_that_are_none_are_refused(make, reason):
    with pytest.raises(InputError, match=reason):
        make()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"analyses": ()}, "at least one analysis"),
        ({"analyses": (Alteration("vin", "dc", 1.0),)}, "at least one analysis"),
        ({"analyses": ("op",)}, "cannot be one of the analyses"),
        ({"sources": ("v1 a 0 1",)}, "cannot be one of the sources"),
        ({"instances": (OperatingPoint(),)}, "cannot be one of the instances"),
        ({"save": "v(m)"}, "must be a list"),
        ({"save": ("v(m\n)",)}, "vector to save"),
        ({"temperature": -300.0}, "temperature"),
        ({"temperature": math.nan}, "temperature"),
        ({"options": {"rel tol": 1e-3}}, "option of ngspice"),
        ({"options": {"reltol": math.nan}}, "option reltol"),
        ({"options": {"method": "gear\n.control"}}, "option method"),
        ({"cells": ".control\n"}, "text of the cells, line 1"),
        ({"models": ".control\n"}, "model text, line 1"),
        ({"instances": (BenchInstance("x1", "ota", ("a",)),)}, "is of ota, which is not among"),
        ({"analyses": (DCSweep("vdd", 0.0, 1.0, 0.1),)}, "no source vdd"),
        (
            {"analyses": (DCSweep("vin", 0, 1, 0.1, DCSweep("iin", 0, 1, 0.1)),)},
            "no source iin",
        ),
        (
            {"sources": (VoltageSource("vin", "in", "0", 1.0), Resistor("rr", "in", "0", 1.0)) * 2},
            "name vin stands twice",
        ),
        (
            {
                "analyses": (
                    Transient(1.0, 0.1, initial_voltages={"out": 0.0}),
                    Transient(1.0, 0.1, initial_voltages={"out": 1.0}),
                )
            },
            "same initial voltages",
        ),
    ],
)
def test_benches_that_are_none_are_refused(make_bench, changes, reason):
    with pytest.raises(InputError, match=reason):
        make_bench(**changes)


def test_names_differ_in_more_than_case(make_bench):
    pair = (VoltageSource("vin", "in", "0", 1.0), VoltageSource("VIN", "b", "0", 1.0))
    with pytest.raises(InputError, match="VIN stands twice"):
        make_bench(sources=pair)


def test_titles_and_comments_lose_their_control_characters(make_bench):
    bench = make_bench(title="a\n.control\x00b ", comments=["x\r\n.control"])
    assert bench.title == "a .control b"
    assert bench.comments == ("x .control",)


def test_options_are_on_top_of_the_defaults(make_bench):
    bench = make_bench(options={"GMIN": 1e-14, "method": "gear"})
    assert bench.options == dict(DEFAULT_OPTIONS) | {"gmin": 1e-14, "method": "gear"}


def test_sweeps_count_their_points():
    assert DCSweep("vin", 0.0, 1.8, 5e-3).points == 361
    assert DCSweep("vin", 1.0, 0.0, -0.1).points == 11
    assert DCSweep("vin", 0.0, 0.95, 0.1).points == 10
    assert DCSweep("vin", 0.0, 1.0, 0.5, DCSweep("iin", 0.0, 3.0, 1.0)).points == 12


def test_benches_can_be_pickled(make_bench):
    bench = make_bench(analyses=(Transient(1.0, 0.1, initial_voltages={"out": 0.5}),))
    copy = pickle.loads(pickle.dumps(bench))
    assert isinstance(copy, Bench)
    assert copy == bench
