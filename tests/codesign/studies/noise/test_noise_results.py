"""Statistics of noise studies: against what the numbers were drawn from."""

import json
import math

import numpy as np
import pytest

from codesign.studies.noise.results import (
    Boundary,
    BoundaryPoint,
    Jitter,
    Train,
    jitter,
    measured_jitter,
    ratio,
    results_to_json,
)
from codesign.terminal.console import plain
from neuron_model.analysis.regimes import Regime
from tests.codesign.studies.noise.noise_studies import RESTING, TONIC, study, trains


@pytest.mark.parametrize("runs", [1, 4, 20])
def test_the_interval_of_a_deviation_holds_it_as_often_as_it_says(runs):
    generator = np.random.default_rng(runs)
    held = 0
    for _ in range(200):
        found = jitter(list(3.0 + 0.5 * generator.standard_normal((runs, 60 // runs + 3))))
        assert found.low < found.deviation < found.high
        held += found.low < 0.5 < found.high
    # resampling few runs is a little too sure of itself
    assert held / 200 > (0.85 if runs == 20 else 0.91)


def test_what_too_few_values_say_is_nothing():
    assert jitter([]) is None
    assert jitter([np.array([1.0]), np.array([2.0]), np.empty(0)]) is None
    found = jitter([np.array([1.0, 2.0, 3.0])])
    assert (found.count, found.mean, found.deviation) == (3, 2.0, 1.0)
    assert found.variation == 0.5


def test_two_equal_jitters_have_a_ratio_of_one_within_its_interval():
    one, other = Jitter(300, 35.0, 0.1, 0.09, 0.11), Jitter(200, 35.0, 0.1, 0.09, 0.11)
    found = ratio(one, other)
    assert found.value == 1.0
    # some one over the root of twice the number, of both
    half = 1.96 * math.sqrt(1 / 600 + 1 / 400)
    assert found.low == pytest.approx(1 - half, abs=0.015)
    assert found.high == pytest.approx(1 + half, abs=0.015)


def test_the_jitter_of_tonic_spikes_leaves_the_transient_out():
    gaps = [50.0, 40.0, *[35.0 + 0.1 * (-1) ** k for k in range(20)]]
    train = Train(tuple(np.cumsum(gaps).tolist()), TONIC)
    found = measured_jitter([train, train], burst_gap=None)
    # the first gap is from the onset to the first spike, and two more are the transient's
    assert found["interspike_interval"].count == 2 * (len(gaps) - 3)
    assert found["interspike_interval"].deviation == pytest.approx(0.1, rel=0.05)
    assert found["interburst_interval"] is None


def test_the_jitter_of_bursts_does_not_count_that_intervals_grow_along_a_burst():
    generator = np.random.default_rng(2)
    every = []
    for _ in range(12):
        times = [0.0]
        for _ in range(10):
            for gap in (10.0, 12.0, 15.0, 200.0):
                spread = 2.0 if gap > 100 else 0.1
                times.append(times[-1] + gap + spread * generator.standard_normal())
        every.append(Train(tuple(times), Regime.TONIC_BURSTING))
    found = measured_jitter(every, burst_gap=50.0)
    assert found["interspike_interval"].deviation == pytest.approx(0.1, rel=0.1)
    assert found["interspike_interval"].mean == pytest.approx(37 / 3, rel=0.01)
    assert found["interburst_interval"].deviation == pytest.approx(2.0, rel=0.2)
    assert found["interburst_interval"].mean == pytest.approx(200.0, rel=0.01)


def test_the_first_spike_varies_from_run_to_run():
    every = [Train((first, first + 30.0), TONIC) for first in (10.0, 11.0, 12.0)]
    found = measured_jitter([*every, Train((), RESTING)], None)["first_spike"]
    assert (found.count, found.mean, found.deviation) == (3, 11.0, 1.0)


def test_the_width_of_a_boundary_is_that_of_the_normal_distribution():
    from scipy.stats import norm

    points = []
    for current in np.linspace(-3.0, 3.0, 61):
        above = round(10_000 * norm.cdf(current / 0.5))
        points.append(BoundaryPoint(float(current), {TONIC: above, RESTING: 10_000 - above}))
    boundary = Boundary(0.0, RESTING, TONIC, tuple(points))
    assert boundary.width == pytest.approx(2 * 0.5, rel=0.02)
    # where the currents do not reach from one to the other, it is not known
    assert math.isnan(Boundary(0.0, RESTING, TONIC, tuple(points[25:35])).width)


def test_the_document_is_json_with_intervals_of_all_that_was_counted():
    document = json.loads(json.dumps(plain(results_to_json(study()))))
    assert document["macromodel"]["jitter"]["interspike_interval"]["count"] == 30 * 37
    seconds = document["macromodel"]["jitter"]["interspike_interval"]["deviation_seconds"]
    assert seconds == pytest.approx(0.1 * 2e-4, rel=0.05)
    assert document["ngspice"]["runs"] == 4
    over = document["macromodel_over_ngspice"]["interspike_interval"]
    assert over["low"] < over["value"] < over["high"]
    share = document["macromodel"]["regimes"]["tonic_spiking"]
    assert share["interval"][0] < share["share"] == 1.0
    assert len(document["boundary"]["points"]) == 11
    without = results_to_json(study(circuits=(), boundary=None))
    assert without["ngspice"] is None
    assert without["boundary"] is None
    assert without["macromodel_over_ngspice"]["interspike_interval"] is None


def test_macromodel_and_circuit_are_compared_by_their_ratio():
    outcome = study(circuits=trains(4, 0.2, seed=5))
    found = outcome.agreement("interspike_interval")
    assert found.value == pytest.approx(0.5, rel=0.15)
    assert found.high < 0.65
    assert outcome.agreement("interburst_interval") is None
