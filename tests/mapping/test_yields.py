"""Yields: both definitions, and the interval that so few samples leave."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.yields import Share, yields, yields_to_json
from neuron_model.analysis.regimes import Regime, RegimeReport
from neuron_model.analysis.verdicts import ISI_TOLERANCE

MODEL = RegimeReport(Regime.TONIC_BURSTING, 0.8, 40, (), 5, 8.0, 20.0, 300.0)
Z = 1.959963984540054  # of the normal distribution at 97.5 %


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_wilsons(counts: tuple[int, int]):
    """Its ends solve |p' - p| = z sqrt(p (1 - p) / n): a quadratic in p, by its own formula."""
    count, total = counts
    share = count / total
    middle = (share + Z**2 / (2 * total)) / (1 + Z**2 / total)
    half = Z * math.sqrt(share * (1 - share) / total + (Z / (2 * total)) ** 2) / (1 + Z**2 / total)
    low, high = Share(count, total).interval
    assert (low, high) == pytest.approx((middle - half, middle + half), abs=1e-9)
    assert -1e-9 <= low <= share <= high <= 1 + 1e-9


def test_published_intervals():
    """E. B. Wilson's interval for 15 of 148, as R's prop.test without correction gives it."""
    assert Share(15, 148).interval == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert Share(20, 20).interval[0] == pytest.approx(0.839, abs=5e-4)


def test_a_share_says_its_interval():
    assert Share(87, 200).percent == "43.5 % (36.8 to 50.4 %)"
    assert Share(200, 200).percent == "100.0 % (98.1 to 100.0 %)"


def test_regime_and_rhythm_are_counted_apart():
    slower = replace(MODEL, interspike_interval=20.0 * (1 + 2 * ISI_TOLERANCE))
    spiking = RegimeReport(Regime.TONIC_SPIKING, 0.9, 40, (), interspike_interval=20.0)
    found = yields(MODEL, [MODEL, slower, spiking, MODEL])
    assert (found.regime, found.rhythm) == (Share(3, 4), Share(2, 4))
    document = json.loads(json.dumps(yields_to_json(found)))
    assert document["rhythm"]["share"] == 0.5
    assert document["regime"]["interval"] == pytest.approx(Share(3, 4).interval)
    assert "75.0 %" in str(found)
    assert "50.0 %" in str(found)


def test_samples_may_have_another_unit_of_time():
    scaled = replace(MODEL, interspike_interval=40.0, interburst_interval=600.0)
    assert yields(MODEL, [scaled]).rhythm.count == 0
    assert yields(MODEL, [scaled], scale=0.5).rhythm.count == 1
