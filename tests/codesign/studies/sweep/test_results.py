"""Outcomes of a sweep made by hand: medians, tables, JSON, CSV and pictures."""

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest

from codesign.studies.sweep.axes import Axis
from codesign.studies.sweep.files import csv_text
from codesign.studies.sweep.legend import title
from codesign.studies.sweep.maps import MOST_PANELS
from codesign.studies.sweep.outcome import (
    PointOutcome,
    SampleOutcome,
    outcome_from_json,
    outcome_to_json,
)
from codesign.studies.sweep.picture import sweep_figure
from codesign.studies.sweep.results import SweepPoint, SweepResults, study_to_json
from codesign.studies.sweep.table import summary, table_columns, table_rows
from neuron_model.analysis.regimes import Regime, RegimeReport

BURSTING = RegimeReport(Regime.TONIC_BURSTING, 0.8, 9, (), 3, 3.0, 20.0, 200.0)
SPIKING = RegimeReport(Regime.TONIC_SPIKING, 0.7, 12, (), 0, None, 30.0, None)
RESTING = RegimeReport(Regime.RESTING, 1.0, 0, ())


def sample(report: RegimeReport = BURSTING, error: float | None = 0.02) -> SampleOutcome:
    energy = 3e-9 if report.spike_count else None
    iv = {"fast": 0.001, "slow": 0.004, "ultraslow": 0.002}
    return SampleOutcome(report, iv, error, None, energy)


def outcome(*samples: SampleOutcome, **changes: Any) -> PointOutcome:
    parts: dict[str, Any] = {
        "wanted": BURSTING,
        "samples": samples or (sample(),),
        "static_power": 4e-7,
        "area": 41000.0,
        "unit_current": 5e-9,
        "membrane_capacitance": 4e-12,
        "unit_voltage": 0.07,
        "time_unit": 1.1e-5,
        "mapped_time_unit": 1e-5,
    }
    return PointOutcome(**parts | changes)


CORNERS = Axis("corner", ("tt", "ss"))
TEMPERATURES = Axis("temperature", (-40.0, 27.0, 85.0))
CURRENTS = Axis("unit_current", (1e-9, 1e-8))
AREAS = Axis("area.pair", tuple(float(k) for k in range(1, 9)))


def study(*varied: Axis, samples: int = 0, least_yield: float = 0.0) -> SweepResults:
    """Points in turn: as the model, otherwise, resting, not to be built."""
    kinds = {axis.name: axis for axis in varied}
    fixed = (
        Axis("neuron", ("burster",)),
        Axis("technology", ("generic",)),
        Axis("corner", ("tt",)),
        Axis("temperature", (27.0,)),
    )
    axes = (
        *(kinds.pop(axis.name, axis) for axis in fixed),
        *kinds.values(),
    )
    points: list[dict[str, Any]] = [{}]
    for axis in axes:
        points = [{**p, axis.name: value} for p in points for value in axis.values]
    several = (sample(), sample(SPIKING, None), sample(error=0.06)) if samples else ()
    turns = (
        outcome(*several),
        outcome(sample(SPIKING, None)),
        None,
        outcome(sample(RESTING, None), wanted=RESTING),
    )
    made = tuple(
        SweepPoint(n, values, turns[n % 4], "" if turns[n % 4] else f"I0 = {n} is too small.")
        for n, values in enumerate(points)
    )
    return SweepResults(
        backend="macromodel",
        axes=axes,
        shown=tuple(axis.name for axis in varied if axis.is_varied),
        drives={"burster": ("0:-1", 100.0)},
        seed=0,
        samples=samples,
        least_yield=least_yield,
        points=made,
    )


def test_a_point_is_told_by_the_medians_of_its_samples():
    made = outcome(sample(error=0.02), sample(SPIKING, 0.5), sample(error=0.04), sample(error=-0.1))
    assert made.regime == Regime.TONIC_BURSTING
    assert made.share == 0.75
    # only of those that fire as the model, which the spiking one does not
    assert made.error("isi_error") == pytest.approx(0.02)
    assert made.error("ibi_error") is None
    assert made.rhythm("spikes_per_burst") == 3.0
    assert made.rhythm("interspike_interval") == pytest.approx(20.0 * 1.1e-5)
    assert made.model_rhythm("interspike_interval") == pytest.approx(20.0 * 1e-5)
    assert made.spread("interspike_interval") == pytest.approx((2.2e-4, 2.2e-4))
    assert made.worst_iv == 0.004
    assert outcome(sample(RESTING, None)).energy_per_spike is None
    assert outcome(replace(sample(), iv={})).worst_iv is None


def test_every_point_that_can_be_built_has_to_match():
    one = study(TEMPERATURES)
    assert not one.is_met
    assert replace(one, points=one.points[:1]).is_met
    assert not replace(one, points=one.points[2:]).is_met
    assert not replace(one, points=()).is_met


def test_with_samples_their_share_decides():
    made = replace(study(TEMPERATURES, samples=3), points=study(CORNERS, samples=3).points[:1])
    assert made.points[0].outcome is not None
    assert made.points[0].outcome.share == pytest.approx(2 / 3)
    assert made.is_met
    assert replace(made, least_yield=0.6).is_met
    assert not replace(made, least_yield=0.7).is_met


def test_an_outcome_survives_json():
    made = outcome(sample(), sample(SPIKING, None))
    assert outcome_from_json(json.loads(json.dumps(outcome_to_json(made)))) == made
    for broken in ({}, {"samples": []}, [], {**outcome_to_json(made), "more": 1}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            outcome_from_json(broken)


def test_the_document_has_every_point():
    document = json.loads(json.dumps(study_to_json(study(TEMPERATURES)), allow_nan=False))
    assert document["axes"]["temperature"] == [-40.0, 27.0, 85.0]
    assert [p["match"] for p in document["points"]] == [True, False, None]
    assert document["points"][2]["reason"] == "I0 = 2 is too small."
    assert document["met"] is False


@pytest.mark.parametrize("samples", [0, 3])
def test_the_csv_has_a_row_for_each_sample(samples: int):
    made = study(TEMPERATURES, CURRENTS, samples=samples)
    rows = list(csv.DictReader(io.StringIO(csv_text(made))))
    assert len(rows) == sum(1 if p.outcome is None else len(p.outcome.samples) for p in made.points)
    assert len(rows[0]) == len(set(rows[0]))
    first = rows[0]
    assert (first["temperature"], first["unit_current"], first["match"]) == (
        "-40.0",
        "1e-09",
        "true",
    )
    assert float(first["interspike_interval"]) == pytest.approx(2.2e-4)
    assert float(first["iv_nrmse_slow"]) == 0.004
    assert first["burst_count"] == "3"
    assert first["rhythm_kept"] == "false"
    unbuilt = next(row for row in rows if row["reason"])
    assert (unbuilt["point"], unbuilt["regime"]) == ("2", "")


def test_the_table_tells_what_varies_and_what_is_wrong():
    made = study(TEMPERATURES, CURRENTS)
    columns, rows = table_columns(made), table_rows(made)
    assert columns[:3] == ("#", "temperature", "unit_current")
    assert all(len(row) == len(columns) for row in rows)
    assert rows[0][1:4] == ("-40 °C", "1 nA", "tonic bursting, 3")
    assert rows[2][3] == "cannot be built"
    assert rows[1][3] == "tonic spiking"
    assert rows[1][columns.index("model")] == "tonic bursting"
    assert rows[0][columns.index("model")] == ""
    # the model's interval is 20 units of 10 us, this one's 20 of 11 us
    assert rows[0][columns.index("ISI µs")] == "220"
    lines = list(summary(made))
    # intervals in seconds are those of a unit of time that is a tenth longer than the design's
    assert lines[0] == (
        "3 of 5 points that can be built keep the regime of the model, 1 its rhythm"
    )
    assert lines[1:3] == [
        "ISI error: +2.0 % (point 0) to +2.0 % (point 4)",
        "largest error of an I-V curve: 0.4 % (point 5)",
    ]
    assert lines[-1] == "point 2: I0 = 2 is too small."


def test_a_rhythm_is_compared_in_seconds():
    slower = replace(BURSTING, interspike_interval=20.0 / 1.1, interburst_interval=300.0 / 1.1)
    wanted = replace(BURSTING, interburst_interval=300.0)
    assert outcome(sample(slower), wanted=wanted).keeps_rhythm
    assert not outcome(sample(wanted), wanted=wanted).keeps_rhythm
    assert outcome(sample(wanted), wanted=wanted, time_unit=1e-5).keeps_rhythm
    found = outcome(sample(slower), sample(wanted), sample(SPIKING), wanted=wanted).yields
    assert (found.regime.count, found.rhythm.count) == (2, 1)


def test_reasons_that_differ_in_numbers_are_told_once():
    made = study(TEMPERATURES, AREAS)
    lines = list(summary(made))
    assert lines[-1] == "points 2, 6, 10, 14, 18, 22: I0 = 2 is too small."


def test_samples_are_told_as_shares():
    lines = list(summary(study(TEMPERATURES, samples=3, least_yield=0.5)))
    assert lines[0] == (
        "samples that keep the regime of the model: 0.0 % (0.0 to 79.3 %) at least, "
        "66.7 % (20.8 to 93.9 %) at most"
    )
    assert lines[1].startswith("samples that keep regime and rhythm: 0.0 %")
    assert lines[2] == "at 1 of 2 points that can be built 50.0% or more keep the regime"


def test_a_sweep_without_outcomes_is_told_as_well():
    none = tuple(
        replace(p, outcome=None, reason=f"I0 = {p.number} is too small.")
        for p in study(TEMPERATURES, CORNERS).points
    )
    for made in (study(TEMPERATURES, CORNERS), study(TEMPERATURES)):
        empty = replace(made, points=none[: len(made.points)])
        assert len(table_rows(empty)) == len(empty.points)
        (line,) = summary(empty)
        assert line.endswith(": I0 = 0 is too small.")
        assert not empty.is_met
        figure = sweep_figure(empty)
        figure.set_layout_engine("none")
        figure.draw_without_rendering()


@pytest.mark.parametrize(
    ("varied", "samples", "axes"),
    [
        ((), 0, 7),
        ((TEMPERATURES,), 0, 7),
        ((AREAS,), 3, 7),
        ((TEMPERATURES, CORNERS), 0, 3),
        ((AREAS, TEMPERATURES), 3, 4),
        ((TEMPERATURES, CURRENTS, CORNERS), 0, 5),
        ((CORNERS, CURRENTS, AREAS), 3, 18),
    ],
)
def test_pictures_of_any_number_of_axes_can_be_drawn(
    varied: tuple[Axis, ...], samples: int, axes: int
):
    """Seven curves of one axis; two maps for each value beyond two, and a bar for each color."""
    figure = sweep_figure(study(*varied, samples=samples))
    figure.set_layout_engine("none")
    figure.draw_without_rendering()
    assert len(figure.axes) == axes


def test_panels_beyond_a_sensible_number_are_left_out_and_that_is_said():
    many = Axis("i_bias", tuple(float(k) for k in range(MOST_PANELS + 3)))
    figure = sweep_figure(study(TEMPERATURES, CURRENTS, many))
    assert len(figure.axes) == 2 * MOST_PANELS + 1
    text = figure.get_suptitle()
    assert "3 further panels are left out" in text


def test_the_title_says_what_is_the_same_everywhere():
    assert title(study(TEMPERATURES)) == "burster on generic, tt: macromodel"
    made = study(TEMPERATURES, Axis("unit_current", (5e-9,)), samples=3)
    assert (
        title(made) == "burster on generic, tt, unit current I0 5 nA: macromodel; 3 samples a point"
    )


def test_results_are_a_short_line_and_a_table():
    made = study(TEMPERATURES, samples=3)
    assert repr(made).startswith(f"SweepResults({len(made.points)} points by macromodel: 1 neuron")
    assert len(repr(made)) < 200
    assert "<table>" in made._repr_html_()
