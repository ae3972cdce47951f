"""Neurons that fire alike, and what stands at a boundary."""

from dataclasses import replace

import numpy as np
import pytest

from neuron_model.analysis.regimes import Regime
from neuron_model.analysis.rhythm import (
    PERTURBATION,
    PERTURBATION_STEP,
    at_boundary,
    boundary_note,
    perturbations,
    same_rhythm,
    watched,
)
from neuron_model.model.drive import Drive
from neuron_model.model.stimulus import Stimulus
from tests.mapping.neurons import EXCITABLE
from tests.neuron_model.analysis.reports import report


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
    less, more, both = perturbations(EXCITABLE, given).values()
    assert less.stimulus.values == pytest.approx((-1.0 - PERTURBATION, 0.5 - PERTURBATION))
    assert more.stimulus.values == pytest.approx((-1.0 + PERTURBATION, 0.5 + PERTURBATION))
    assert (more.stimulus.times, more.duration) == ((0.0, 10.0), 1000.0)
    beside = [both.stimulus(t) - given.stimulus(t) for t in np.arange(0.0, 1000.0, 0.25)]
    assert set(np.round(beside, 12)) == {-PERTURBATION_STEP, PERTURBATION_STEP}
    assert abs(np.mean(beside)) < 0.2 * PERTURBATION_STEP
    changes = np.flatnonzero(np.diff(beside)).size
    assert changes == len(np.arange(0.0, 1000.0, 5 * EXCITABLE.tau_slow)) - 1
    assert {one.onset for one in (less, more, both)} == {10.0}


def drive(current: float) -> Drive:
    return Drive(Stimulus.constant(current), 400.0)


def threshold() -> float:
    """The current at which EXCITABLE begins to fire, to a fifth of a perturbation."""
    low, high = -1.5, -0.4
    assert watched(EXCITABLE, drive(low))[0].regime == Regime.RESTING
    while high - low > PERTURBATION / 5:
        middle = 0.5 * (low + high)
        rests = watched(EXCITABLE, drive(middle))[0].regime == Regime.RESTING
        low, high = (middle, high) if rests else (low, middle)
    return high


def test_a_difference_at_a_boundary_is_explained_by_what_a_perturbation_does():
    at_threshold = drive(threshold())
    fires = watched(EXCITABLE, at_threshold)[0]
    less = next(iter(perturbations(EXCITABLE, at_threshold).values()))
    rests = watched(EXCITABLE, less)[0]
    assert at_boundary(fires, [rests])
    note = boundary_note(EXCITABLE, at_threshold, fires, rests)
    assert note is not None
    assert f"{PERTURBATION:g} I0 less turns the macromodel from" in note
    assert fires.regime.words in note
    assert "to resting (0 spikes)" in note


def test_where_both_fire_alike_or_nothing_is_near_there_is_no_note():
    clear = drive(-0.4)
    fires = watched(EXCITABLE, clear)[0]
    assert boundary_note(EXCITABLE, clear, fires, fires) is None
    rests = watched(EXCITABLE, drive(-1.5))[0]
    assert boundary_note(EXCITABLE, clear, fires, rests) is None
