"""What a simulation showed, in a line or a small table."""

import numpy as np
import pytest

from codesign.terminal.answers import curve_rows, excitability_answer, regime_answer
from neuron_model.analysis.excitability import Excitability
from neuron_model.analysis.iv_curves import IVCurves
from neuron_model.analysis.regimes import Regime, RegimeReport


@pytest.mark.parametrize(
    ("report", "answer"),
    [
        (
            RegimeReport(Regime.TONIC_BURSTING, 0.3, 160, (), 5, 32.0, 105.0, 1600.0),
            "tonic bursting: 5 bursts of 32 spikes, ISI 105 tau_m, IBI 1600 tau_m; distance to the "
            "nearest boundary 0.30 of 1",
        ),
        (
            RegimeReport(Regime.TONIC_SPIKING, 1.0, 40, (), 0, None, 30.0, None),
            "tonic spiking: 40 spikes, ISI 30.0 tau_m; distance to the nearest boundary 1.0 of 1",
        ),
        (
            RegimeReport(Regime.PHASIC_SPIKING, 1.0, 1, ()),
            "phasic spiking: 1 spike; distance to the nearest boundary 1.0 of 1",
        ),
        (
            RegimeReport(Regime.PHASIC_BURSTING, 0.5, 3, (), 1, None, 20.0),
            "phasic bursting: 1 burst, 3 spikes, ISI 20.0 tau_m; distance to the nearest boundary "
            "0.50 of 1",
        ),
        (
            RegimeReport(Regime.RESTING, 0.0, 0, ()),
            "resting: no spikes; distance to the nearest boundary 0 of 1",
        ),
    ],
)
def test_a_regime_in_a_line(report: RegimeReport, answer: str):
    assert regime_answer(report) == answer


def test_times_are_told_in_tau_m():
    report = RegimeReport(Regime.TONIC_SPIKING, 1.0, 40, (), 0, None, 30.0, None)
    assert "ISI 15.0 tau_m" in regime_answer(report, tau_m=2.0)


def test_curves_are_told_by_zeros_slopes_and_folds():
    u = np.linspace(-2.0, 2.0, 401)
    n_shaped = u**3 - u  # zeros at -1, 0, 1; folds at -1/sqrt(3), where it is 2/(3 sqrt(3))
    fast, slow, ultraslow = curve_rows(IVCurves(u, n_shaped, -u, u - 5.0), held=1.0)
    assert fast == ("fast", "-1.00, 0, 1.00", "2.00", "-0.580 to 0.580", "-0.580, 0.385")
    assert slow == ("slow", "0", "-1.00", "-∞ to ∞", "")
    assert ultraslow == ("ultraslow", "none", "1.00", "nowhere", "")


def test_a_slope_outside_of_the_points_is_not_told():
    u = np.linspace(0.0, 1.0, 11)
    assert [row[2] for row in curve_rows(IVCurves(u, u, u, u), held=-1.0)] == ["–"] * 3


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Excitability(False, False, False), "no spikes"),
        (Excitability(True, False, False), "it can fire spikes"),
        (Excitability(True, True, False), "it can fire bursts"),
        (Excitability(True, False, True), "two states at rest"),
    ],
)
def test_shapes_in_words(found: Excitability, text: str):
    assert text in excitability_answer(found)
