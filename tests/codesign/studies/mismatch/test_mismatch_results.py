"""Yield and agreement counted by hand, and their pictures."""

import json
from dataclasses import replace

import numpy as np
import pytest

from codesign.studies.mismatch.picture import mismatch_figure
from codesign.studies.mismatch.results import (
    MismatchResults,
    Sample,
    agreement_in_words,
    results_to_json,
    rhythm,
)
from codesign.terminal.quantities import drawn_by
from mapping.conditions import Conditions
from neuron_model.analysis.regime_reports import regime_table, report_from_json, report_to_json
from neuron_model.analysis.regimes import Regime, RegimeReport

BURSTING = RegimeReport(Regime.TONIC_BURSTING, 0.8, 9, (), 3, 3.0, 20.0, 200.0)
SPIKING = RegimeReport(Regime.TONIC_SPIKING, 0.9, 9, (), interspike_interval=50.0)
RESTING = RegimeReport(Regime.RESTING, 1.0, 0, ())


def bursting(spikes: float, interval: float = 20.0) -> RegimeReport:
    return replace(BURSTING, spikes_per_burst=spikes, interspike_interval=interval)


def study(*pairs: tuple[RegimeReport, RegimeReport | None]) -> MismatchResults:
    return MismatchResults(
        name="burster",
        technology="generic",
        conditions=Conditions("tt", 27.0),
        seed=0,
        current="0:-1",
        duration=100.0,
        model=BURSTING,
        nominal=BURSTING,
        samples=tuple(Sample(i, *pair) for i, pair in enumerate(pairs)),
        interval_unit=1e-5,
    )


MIXED = study(
    (bursting(3.0, 20.0), bursting(3.0, 21.0)),
    (bursting(5.0, 25.0), bursting(6.0, 25.5)),
    (bursting(8.0, 22.0), bursting(8.0, 22.5)),
    (bursting(4.0), RESTING),
    (SPIKING, SPIKING),
    (RESTING, RESTING),
    (BURSTING, None),
)


def test_titles_name_the_mismatch_set_where_there_is_one():
    assert drawn_by("ordinary") == ", mismatch set ordinary"
    assert drawn_by("") == ""
    unnamed, named = (mismatch_figure(s) for s in (MIXED, replace(MIXED, mismatch_set="ordinary")))
    assert "7 samples\n" in unnamed.get_suptitle()
    assert "7 samples, mismatch set ordinary\n" in named.get_suptitle()


def test_a_regime_that_nobody_fires_in_counts_as_none():
    columns, rows = regime_table(
        {"macromodel": [BURSTING, SPIKING, BURSTING], "ngspice": [RESTING]}
    )
    assert columns == ["regime", "macromodel", "ngspice"]
    assert rows == [("tonic bursting", 2, 0), ("tonic spiking", 1, 0), ("resting", 0, 1)]


def test_yields_count_the_samples_that_keep_regime_and_rhythm():
    predicted, circuit = MIXED.predicted_yield, MIXED.circuit_yield
    assert (predicted.regime.count, predicted.regime.total) == (5, 7)
    # of the bursters three have the model's intervals and its spikes per burst, or one more
    assert (predicted.rhythm.count, predicted.rhythm.total) == (3, 7)
    assert (circuit.regime.count, circuit.rhythm.count, circuit.regime.total) == (3, 1, 6)
    assert study((BURSTING, None)).circuit_yield is None


def test_agreement_is_over_the_samples_that_were_simulated():
    agreement = MIXED.agreement
    assert agreement.samples == 6
    assert agreement.regime == pytest.approx(5 / 6)
    assert agreement.disagreeing == (3,)
    assert agreement.compared == {
        "spikes_per_burst": 3,
        "interspike_interval": 4,
        "interburst_interval": 3,
    }
    x, y = np.array([3.0, 5.0, 8.0]), np.array([3.0, 6.0, 8.0])
    expected = np.mean((x - x.mean()) * (y - y.mean())) / (x.std() * y.std())
    assert agreement.correlation["spikes_per_burst"] == pytest.approx(expected)
    assert agreement.error["spikes_per_burst"] == pytest.approx((0.0, 0.8 * 0.2))
    errors = np.abs([21 / 20 - 1, 25.5 / 25 - 1, 22.5 / 22 - 1, 0.0])
    assert agreement.error["interspike_interval"] == pytest.approx(
        (np.median(errors), np.percentile(errors, 90))
    )
    # all IBIs are alike: nothing to correlate
    assert agreement.correlation["interburst_interval"] is None
    assert rhythm(MIXED, "spikes_per_burst").tolist() == [[3.0, 3.0], [5.0, 6.0], [8.0, 8.0]]


def test_nothing_simulated_is_no_agreement_and_two_samples_no_correlation():
    assert study((BURSTING, None)).agreement is None
    two = study((bursting(3.0), bursting(3.0)), (bursting(4.0), bursting(4.0)))
    assert two.agreement.correlation["spikes_per_burst"] is None


def test_agreement_is_told_in_relative_errors_beside_r():
    spikes, isi, ibi = agreement_in_words(MIXED.agreement)
    assert spikes.startswith("spikes per burst: relative error 0.00% (median), 16.00% (90th")
    assert "r = " in isi
    assert isi.endswith(", 4 samples")
    assert "r = " not in ibi


def test_the_document_is_json_with_all_samples():
    document = json.loads(json.dumps(results_to_json(MIXED), allow_nan=False))
    assert document["samples"] == len(document["outcomes"]) == 7
    built, circuit = document["yield"]["macromodel"], document["yield"]["circuit"]
    assert built["regime"]["share"] == pytest.approx(5 / 7)
    assert circuit["regime"]["share"] == 0.5
    assert circuit["rhythm"]["count"] == 1
    low, high = circuit["regime"]["interval"]
    assert low < 0.5 < high
    assert document["agreement"]["error"]["interburst_interval"] == {
        "median": 0.0,
        "percentile_90": 0.0,
    }
    assert document["regimes"]["circuit"] == {"tonic_bursting": 3, "resting": 2, "tonic_spiking": 1}
    assert document["agreement"]["disagreeing"] == [3]
    assert document["outcomes"][6]["circuit"] is None


@pytest.mark.parametrize("report", [BURSTING, SPIKING, RESTING])
def test_reports_are_read_back_without_their_spikes(report):
    assert report_from_json(json.loads(json.dumps(report_to_json(report)))) == report


@pytest.mark.parametrize(
    ("of", "axes_with_data"),
    [
        (MIXED, 4),
        (study((bursting(3.0), None), (bursting(5.0), None)), 4),
        (study((RESTING, RESTING), (SPIKING, SPIKING)), 2),
        (study((RESTING, None)), 1),
    ],
    ids=["pairs", "histograms", "no bursts", "silent"],
)
def test_pictures_show_what_there_is(of, axes_with_data):
    figure = mismatch_figure(of)
    figure.draw_without_rendering()
    shown = [axes for axes in figure.axes if axes.axison]
    assert len(shown) == axes_with_data
    assert f"{len(of.samples)} samples" in " ".join(figure.get_suptitle().split())
    assert str(of.predicted_yield) in " ".join(figure.get_suptitle().split())
    if of.agreement is not None and len(rhythm(of, "interspike_interval")):
        assert {axes.get_xscale() for axes in shown[1:]} == {"log"}


def test_results_are_a_short_line_and_a_table():
    found = study((BURSTING, None), (SPIKING, None))
    assert repr(found).startswith("MismatchResults(")
    assert repr(found).endswith("1 of 2 samples keep tonic bursting)")
    assert "array" not in found._repr_html_()
