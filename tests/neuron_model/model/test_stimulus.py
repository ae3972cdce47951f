import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuron_model.errors import InputError
from neuron_model.model.stimulus import Stimulus


def test_steps_hold_until_the_next():
    stimulus = Stimulus.parse("0:-2.4, 2000:-1.0,3000:0.5")
    assert stimulus == Stimulus((0, 2000, 3000), (-2.4, -1.0, 0.5))
    times = np.array([0.0, 1999.9, 2000.0, 2999.0, 3000.0, 1e9])
    expected = [-2.4, -2.4, -1.0, -1.0, 0.5, 0.5]
    np.testing.assert_array_equal(stimulus(times), expected)
    assert [stimulus(float(t)) for t in times] == expected
    assert stimulus.onset == 3000.0


def test_segments_cover_the_run_and_no_more():
    stimulus = Stimulus.parse("0:1,10:2,20:3")
    assert list(stimulus.segments(15.0)) == [(0.0, 10.0, 1.0), (10.0, 15.0, 2.0)]
    assert list(stimulus.segments(30.0))[-1] == (20.0, 30.0, 3.0)
    assert list(stimulus.segments(20.0))[-1] == (10.0, 20.0, 2.0)


def test_samples_become_steps_where_they_change():
    stimulus = Stimulus.sampled(np.array([1.0, 1.0, 2.0, 2.0, 1.0]), dt=0.5)
    assert stimulus == Stimulus((0.0, 1.0, 2.0), (1.0, 2.0, 1.0))


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=30), st.floats(0.01, 100))
def test_samples_come_back(values: list[float], dt: float):
    stimulus = Stimulus.sampled(values, dt)
    middles = (np.arange(len(values)) + 0.5) * dt
    np.testing.assert_array_equal(stimulus(middles), values)


@given(
    st.lists(st.floats(0.001, 1e6), max_size=5, unique=True),
    st.lists(st.floats(-1e6, 1e6), min_size=6, max_size=6),
)
def test_text_comes_back_exactly(times: list[float], values: list[float]):
    grown = (0.0, *sorted(times))
    stimulus = Stimulus(grown, tuple(values[: len(grown)]))
    assert Stimulus.parse(str(stimulus)) == stimulus


@pytest.mark.parametrize("text", ["-2.4", " -2.4 ", "0:-2.4"])
def test_one_value_holds_for_ever(text: str):
    assert Stimulus.parse(text) == Stimulus.constant(-2.4)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no step"),
        ("1.0,2.0", "'1.0' in '1.0,2.0' is no step; give one value, or steps as time:value"),
        ("fast", "current: 'fast' in 'fast' is not a finite number"),
        ("0:1:2", "no step"),
        ("0:1,", "'' in '0:1,' is no step"),
        ("0:x", "'x' in '0:x' is not a finite number"),
        ("0:nan", "not a finite number"),
        ("0:inf", "not a finite number"),
        ("0:1_0", "not a finite number"),
        ("5:1", "at time 5; it must be at 0"),
        ("0:1,10:2,10:3", "time 10 follows one at 10"),
        ("0:1,10:2,5:3", "time 5 follows one at 10"),
    ],
)
def test_what_is_no_stimulus_is_refused(text: str, why: str):
    with pytest.raises(InputError, match=why.replace("(", r"\(")):
        Stimulus.parse(text)


@pytest.mark.parametrize(
    ("current", "dt", "why"),
    [
        ([], 1.0, r"shape \(0,\)"),
        ([[1.0]], 1.0, r"shape \(1, 1\)"),
        ([1.0], 0.0, "dt = 0.0"),
        ([1.0], float("nan"), "dt = nan"),
        ([float("nan")], 1.0, "value nan"),
    ],
)
def test_samples_that_are_none_are_refused(current, dt: float, why: str):
    with pytest.raises(InputError, match=why):
        Stimulus.sampled(current, dt)


def test_times_and_values_go_together():
    with pytest.raises(InputError, match="2 times and 1 values"):
        Stimulus((0.0, 1.0), (1.0,))
