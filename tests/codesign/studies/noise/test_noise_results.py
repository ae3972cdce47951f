"""What noise studies tell: widths of boundaries, and documents."""

import json
import math

import numpy as np
import pytest

from codesign.studies.noise.results import Boundary, BoundaryPoint, results_to_json
from codesign.terminal.console import plain
from tests.codesign.studies.noise.noise_studies import RESTING, TONIC, study, trains


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
