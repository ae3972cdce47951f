"""Samples that do not burst do so after their trim, within the budget, and by what was measured."""

import numpy as np
import pytest

from mapping.calibration.search import Budget, look, trim
from neuron_model.analysis.regimes import Regime
from neuron_model.errors import InputError
from tests.mapping.calibration.bench import DRIVE, calibration, samples

COUNT = 12
SAMPLES = samples(COUNT, seed=3)
BURSTS = Regime.TONIC_BURSTING


class Counted:
    """Samples that count what is measured of them."""

    def __init__(self) -> None:
        self.clamped = np.zeros(COUNT, dtype=int)
        self.looked = np.zeros(COUNT, dtype=int)

    def currents(self, rows, values, voltage, without=None):
        self.clamped[rows] += voltage.size
        return SAMPLES.currents(rows, values, voltage, without)

    def patterns(self, rows, values, duration):
        self.looked[rows] += 1
        return SAMPLES.patterns(rows, values, duration)


@pytest.fixture(scope="module")
def outcome():
    counted = Counted()
    budget = Budget(patterns=10, candidates=24)
    done = trim(calibration(counted), COUNT, DRIVE, BURSTS, budget)
    return done, counted, budget


def test_samples_fire_as_wanted(outcome):
    done, _, _ = outcome
    drawn = np.tile([knob.drawn for knob in SAMPLES.knobs], (COUNT, 1))
    before, _ = look(SAMPLES, np.arange(COUNT), drawn, DRIVE)
    assert sum(r.regime == BURSTS for r in before) <= 8
    assert all(r.regime == BURSTS for r in done.reports)


def test_codes_are_codes_and_reports_are_of_them(outcome):
    done, _, _ = outcome
    for index, knob in enumerate(done.knobs):
        assert np.isin(done.values[:, index], knob.codes).all()
    again, _ = look(SAMPLES, np.arange(COUNT), done.values, DRIVE)
    assert [r.regime for r in again] == [r.regime for r in done.reports]


def test_what_was_measured_is_counted(outcome):
    done, counted, budget = outcome
    assert done.currents == pytest.approx(counted.clamped)
    assert done.patterns == pytest.approx(counted.looked)
    assert done.currents.max() == 9 * 6
    assert done.patterns.max() <= budget.patterns


def test_a_sample_that_cannot_be_calibrated_spends_its_budget_and_no_more():
    budget = Budget(patterns=5, candidates=8)
    done = trim(calibration(SAMPLES), 1, DRIVE, Regime.DEPOLARIZATION_BLOCK, budget)
    assert done.patterns.tolist() == [5]
    assert done.reports[0].regime != Regime.DEPOLARIZATION_BLOCK


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"voltages": 3}, "voltages = 3 must be from 4 to 200"),
        ({"patterns": 0}, "patterns = 0 must be from 1"),
        ({"candidates": 0}, "candidates = 0 must be from 1"),
    ],
)
def test_budgets_that_cannot_be_are_refused(numbers: dict[str, int], message: str):
    with pytest.raises(InputError, match=message):
        Budget(**numbers)
