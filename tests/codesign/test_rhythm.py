"""Rhythms compared: timing, coincidence, and what stands at a boundary."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesign.validation import COINCIDENCE_WINDOW
from codesign.workflows.rhythm import (
    NUDGE,
    TREMOR,
    at_boundary,
    boundary_note,
    coincidence,
    nudges,
    same_rhythm,
    timing,
    watched,
)
from codesign.workflows.source import Drive
from neuron_model.regimes import Regime, RegimeReport
from neuron_model.stimulus import Stimulus
from tests.mapping.neurons import EXCITABLE


def report(spikes: tuple[float, ...], interval: float | None, pause: float | None) -> RegimeReport:
    return RegimeReport(
        Regime.TONIC_BURSTING,
        0.5,
        len(spikes),
        spikes,
        interspike_interval=interval,
        interburst_interval=pause,
    )


def test_timing_is_relative_to_the_reference():
    reference = report((10.0, 20.0, 30.0), 10.0, 200.0)
    circuit = report((10.0, 21.0, 32.0, 43.0), 11.0, 150.0)
    measured = timing(reference, circuit)
    assert (measured.spike_count, measured.circuit_spike_count) == (3, 4)
    assert measured.interval_error == pytest.approx(0.1)
    assert measured.pause_error == pytest.approx(-0.25)


def test_intervals_that_one_of_two_does_not_have_are_not_compared():
    measured = timing(report((10.0,), None, None), report((10.0, 20.0), 10.0, 5.0))
    assert (measured.interval_error, measured.pause_error) == (None, None)


def test_of_neurons_that_fall_silent_the_same_intervals_are_compared():
    spikes = (10.0, 20.0, 32.0, 50.0, 80.0, 140.0)
    silent = replace(report(spikes, 18.0, None), regime=Regime.PHASIC_BURSTING)
    one_less = replace(report(spikes[:-1], 15.0, None), regime=Regime.PHASIC_BURSTING)
    assert timing(silent, one_less).interval_error == pytest.approx(0.0)
    slower = replace(one_less, spike_times=tuple(1.1 * t for t in spikes[:-1]))
    assert timing(silent, slower).interval_error == pytest.approx(0.1)


TRAINS = st.lists(st.floats(1.0, 50.0), min_size=3, max_size=20).map(np.cumsum)


@given(TRAINS)
def test_a_train_coincides_with_itself(train):
    assert coincidence(train, train) == pytest.approx(1.0)


@given(TRAINS, TRAINS)
def test_nothing_coincides_better_than_equal_trains(train, other):
    value = coincidence(train, other)
    assert value is not None
    assert value <= 1.0 + 1e-9


def test_coincidence_counts_spikes_that_have_a_partner():
    train = np.arange(10.0, 1010.0, 10.0)
    window = 10.0 * COINCIDENCE_WINDOW
    assert coincidence(train, train + 0.9 * window) == pytest.approx(1.0)
    assert coincidence(train, train + 1.1 * window) < 0.1
    assert coincidence(train, train + 5.0) <= 0.0
    assert 0.9 < coincidence(train, np.delete(train, [4, 40])) < 1.0
    assert 0.3 < coincidence(train, train[::2]) < 0.7


def test_trains_that_know_nothing_of_each_other_coincide_by_chance():
    generator = np.random.default_rng(3)
    values = []
    for _ in range(40):
        train, other = (np.cumsum(generator.exponential(10.0, 200)) for _ in range(2))
        values.append(coincidence(train, other))
    assert abs(np.mean(values)) < 0.1


def test_silence_coincides_with_silence_only():
    train = np.array([10.0, 20.0, 30.0])
    assert coincidence(train, np.array([])) == 0.0
    assert coincidence(np.array([]), train) == 0.0
    assert coincidence(np.array([]), np.array([])) is None


def test_rhythms_are_the_same_within_a_spike_and_a_per_cent():
    one = report((10.0, 20.0, 30.0), 10.0, None)
    assert same_rhythm(one, report((10.0, 20.0), 10.0, None))
    assert same_rhythm(one, report((10.0, 20.0, 30.0), 10.09, None))
    assert not same_rhythm(one, report((10.0,), 10.0, None))
    assert not same_rhythm(one, report((10.0, 20.0, 30.0), 10.2, None))
    assert not same_rhythm(one, replace(one, regime=Regime.TONIC_SPIKING))
    assert same_rhythm(one, report((10.0, 20.0), None, None))


def test_a_drive_is_nudged_at_all_times():
    given = Drive(Stimulus((0.0, 10.0), (-1.0, 0.5)), 1000.0)
    less, more, both = nudges(EXCITABLE, given).values()
    assert less.stimulus.values == pytest.approx((-1.0 - NUDGE, 0.5 - NUDGE))
    assert more.stimulus.values == pytest.approx((-1.0 + NUDGE, 0.5 + NUDGE))
    assert (more.stimulus.times, more.duration) == ((0.0, 10.0), 1000.0)
    beside = [both.stimulus(t) - given.stimulus(t) for t in np.arange(0.0, 1000.0, 0.25)]
    assert set(np.round(beside, 12)) == {-TREMOR, TREMOR}
    assert abs(np.mean(beside)) < 0.2 * TREMOR
    changes = np.flatnonzero(np.diff(beside)).size
    assert changes == len(np.arange(0.0, 1000.0, 5 * EXCITABLE.tau_slow)) - 1
    assert {one.onset for one in (less, more, both)} == {10.0}


def drive(current: float) -> Drive:
    return Drive(Stimulus.constant(current), 400.0)


def threshold() -> float:
    """The current at which EXCITABLE begins to fire, to a fifth of a nudge."""
    low, high = -1.5, -0.4
    assert watched(EXCITABLE, drive(low))[0].regime == Regime.RESTING
    while high - low > NUDGE / 5:
        middle = 0.5 * (low + high)
        rests = watched(EXCITABLE, drive(middle))[0].regime == Regime.RESTING
        low, high = (middle, high) if rests else (low, middle)
    return high


def test_a_difference_at_a_boundary_is_explained_by_what_a_nudge_does():
    at_threshold = drive(threshold())
    fires = watched(EXCITABLE, at_threshold)[0]
    less = next(iter(nudges(EXCITABLE, at_threshold).values()))
    rests = watched(EXCITABLE, less)[0]
    assert at_boundary(fires, [rests])
    note = boundary_note(EXCITABLE, at_threshold, fires, rests)
    assert note is not None
    assert f"{NUDGE:g} I0 less turns the as-built neuron from" in note
    assert str(fires.regime) in note
    assert "to resting (0 spikes)" in note


def test_where_both_fire_alike_or_nothing_is_near_there_is_no_note():
    clear = drive(-0.4)
    fires = watched(EXCITABLE, clear)[0]
    assert boundary_note(EXCITABLE, clear, fires, fires) is None
    rests = watched(EXCITABLE, drive(-1.5))[0]
    assert boundary_note(EXCITABLE, clear, fires, rests) is None
