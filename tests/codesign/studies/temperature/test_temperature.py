"""A neuron from cold to hot: drifts by hand, and cells, prediction and circuit at 85 °C."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from circuits.technology import load_technology
from codesign.command_line import main
from codesign.commands.temperature import parse_temperatures
from codesign.studies.executors.serial import SerialExecutor
from codesign.studies.temperature.ends import Held
from codesign.studies.temperature.picture import temperature_figure
from codesign.studies.temperature.plan import EndSearch, TemperaturePlan
from codesign.studies.temperature.results import Condition, TemperatureResults, results_to_json
from codesign.studies.temperature.study import TemperatureQuestion, study_temperature
from mapping.temperature import BiasLaws, CurrentLaw, ReferenceLaw
from netlists.accuracy import Accuracy
from neuron_model.analysis.regime_reports import report_to_json
from neuron_model.analysis.regimes import Regime, RegimeReport
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.neuron_file import write_neuron
from neuron_model.model.stimulus import Stimulus
from tests.codesign.mapped import mapped
from tests.mapping.neurons import EXCITABLE

Captured = pytest.CaptureFixture[str]
GENERIC = load_technology("generic")
BURSTING = RegimeReport(Regime.TONIC_BURSTING, 0.8, 9, (), 3, 3.0, 20.0, 200.0)
RESTING = RegimeReport(Regime.RESTING, 1.0, 0, ())


def at(
    temperature: float, built: RegimeReport, circuit: RegimeReport | None, unit: float = 1e-5
) -> Condition:
    return Condition(temperature, built, circuit, unit, 7e-9, 0.07)


def made(*conditions: Condition) -> TemperatureResults:
    return TemperatureResults(
        name="burster",
        technology="generic",
        corner="tt",
        laws=BiasLaws(),
        current="0:-1",
        duration=100.0,
        model=BURSTING,
        nominal=27.0,
        time_unit=1e-5,
        conditions=conditions,
    )


SLOWER = replace(BURSTING, interspike_interval=22.0, interburst_interval=None)
MIXED = made(
    at(-40.0, SLOWER, BURSTING),
    at(27.0, BURSTING, BURSTING),
    at(85.0, BURSTING, BURSTING, unit=1.2e-5),
    at(125.0, BURSTING, RESTING),
)


def test_drifts_are_of_seconds_from_the_nominal_temperature():
    assert MIXED.drift("macromodel", "interspike_interval") == pytest.approx((0.1, 0.0, 0.2, 0.0))
    ibis = MIXED.drift("macromodel", "interburst_interval")
    assert ibis == (None, 0.0, pytest.approx(0.2), 0.0)
    assert MIXED.drift("circuit", "interspike_interval")[3] is None
    without_nominal = made(MIXED.conditions[0])
    assert without_nominal.drift("macromodel", "interspike_interval") == (None,)


def test_what_ngspice_says_decides_where_it_was_asked():
    assert not MIXED.steady
    assert made(*MIXED.conditions[:3]).steady
    assert made(at(27.0, BURSTING, None)).steady
    assert not made(at(27.0, RESTING, None)).steady


def test_the_range_that_holds_is_the_one_around_the_nominal_temperature():
    assert MIXED.held == Held(-40.0, 85.0, None, 125.0)
    assert made(*MIXED.conditions[:3]).held == Held(-40.0, 85.0, None, None)
    hot = at(85.0, RESTING, None)
    holes = (at(-40.0, BURSTING, None), at(27.0, BURSTING, None), hot, at(125.0, BURSTING, None))
    assert made(*holes).held == Held(-40.0, 27.0, None, 85.0)
    assert made(at(-40.0, BURSTING, None), at(27.0, RESTING, None)).held is None
    document = results_to_json(MIXED)
    assert (document["held"], document["lost"]) == ([-40.0, 85.0], [None, 125.0])


def test_further_temperatures_lie_half_way_to_those_that_do_not_hold():
    assert Held(-40.0, 85.0, None, 125.0).middles(5.0) == (105.0,)
    assert Held(27.0, 27.0, -40.0, 85.0).middles(5.0) == (-6.0, 56.0)
    assert Held(-40.0, 118.0, None, 123.0).middles(5.0) == ()
    assert Held(-40.0, 118.0, None, 123.0).middles(2.0) == (120.0,)
    # no whole degree between
    assert Held(-40.0, 118.0, None, 119.0).middles(0.5) == (118.5,)


def test_the_rhythm_is_judged_in_seconds():
    """20 units of 1.2e-5 s are 24 of those as mapped, 20 % more than the model has."""
    hot = MIXED.verdict("macromodel", MIXED.conditions[2])
    assert hot is not None
    assert hot.regime_kept
    assert [(d.quantity, d.reference, round(d.found, 9)) for d in hot.exceeded] == [
        ("interspike_interval", 20.0, 24.0),
        ("interburst_interval", 200.0, 240.0),
    ]
    as_mapped = MIXED.verdict("macromodel", MIXED.conditions[1])
    assert as_mapped is not None
    assert as_mapped.rhythm_kept
    assert MIXED.verdict("circuit", at(27.0, BURSTING, None)) is None


def test_a_rhythm_may_hold_over_less_than_the_regime_does():
    assert (MIXED.held, MIXED.rhythm_held) == (
        Held(-40.0, 85.0, None, 125.0),
        Held(-40.0, 27.0, None, 85.0),
    )
    # by the macromodel the cold one is 10 % slow; what ngspice gives decides
    predicted = made(*(replace(c, circuit=None) for c in MIXED.conditions))
    assert predicted.held == Held(-40.0, 125.0, None, None)
    assert predicted.rhythm_held == Held(27.0, 27.0, -40.0, 85.0)
    assert results_to_json(predicted)["rhythm_held"] == [27.0, 27.0]
    assert results_to_json(predicted)["rhythm_lost"] == [-40.0, 85.0]
    assert results_to_json(made(at(27.0, SLOWER, None)))["rhythm_held"] is None


def test_the_document_is_json_with_all_temperatures():
    document = json.loads(json.dumps(results_to_json(MIXED), allow_nan=False))
    assert [c["temperature"] for c in document["conditions"]] == [-40.0, 27.0, 85.0, 125.0]
    cold, hot = document["conditions"][0], document["conditions"][3]
    assert cold["macromodel"]["drift"] == {
        "interspike_interval": pytest.approx(0.1),
        "interburst_interval": None,
    }
    assert hot["circuit"]["regime"] == "resting"
    assert hot["circuit"]["verdict"]["rhythm_kept"] is False
    assert cold["macromodel"]["verdict"]["deviations"]["interspike_interval"]["found"] == 22.0
    assert (document["currents"], document["references"]) == ("ptat", "ptat")


@pytest.mark.parametrize("of", [MIXED, made(at(27.0, RESTING, None))], ids=["mixed", "silent"])
def test_pictures_have_every_temperature(of: TemperatureResults):
    figure = temperature_figure(of)
    figure.draw_without_rendering()
    for axes in figure.axes:
        assert list(axes.get_xticks()) == [c.temperature for c in of.conditions]
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert "tonic\nbursting" in labels


def test_lists_of_temperatures_rise_and_repeat_nothing():
    assert parse_temperatures("85,-40, 27,85") == (-40.0, 27.0, 85.0)
    for text in ("", "hot", "27,", "nan", "inf"):
        with pytest.raises(InputError, match="must be numbers"):
            parse_temperatures(text)


@pytest.mark.ngspice
def test_prediction_and_circuit_agree_when_it_is_hot(cache: Path):
    """With constant currents C V0 / I grows as the absolute temperature; PTAT ones keep it."""
    drive = Drive(Stimulus.constant(0.1), 400.0)
    outcomes = []
    with SerialExecutor(workers=2) as executor:
        neuron = mapped(EXCITABLE, GENERIC, executor.tools, drive)
        for laws in (BiasLaws(), BiasLaws(CurrentLaw.CONSTANT, ReferenceLaw.PTAT)):
            question = TemperatureQuestion((27.0, 85.0), laws, Accuracy.AUTO, resolution=0.0)
            outcomes.append(study_temperature(neuron, question, executor)[1])
    ptat, constant = outcomes
    assert ptat is not None
    assert constant is not None
    for outcome in (ptat, constant):
        assert outcome.steady
        for c in outcome.conditions:
            assert c.circuit is not None
            assert c.circuit.interspike_interval == pytest.approx(
                c.macromodel.interspike_interval, rel=0.03
            )
    # others, at which the rhythm is lost, lie between
    drifts = [o.drift("circuit", "interspike_interval")[-1] for o in (ptat, constant)]
    assert abs(drifts[0]) < 0.03
    assert drifts[1] == pytest.approx(358.15 / 300.15 - 1, abs=0.03)


def entry(report: RegimeReport) -> dict[str, object]:
    return {"report": report_to_json(report), "time_unit": 1e-5}


def test_a_plan_predicts_then_simulates_then_simulates_again_where_it_hangs_on_it():
    plan = TemperaturePlan((27.0, 85.0), BURSTING, Accuracy.AUTO)
    first = plan.next({})
    assert [p.key for p in first] == ["27 macromodel", "85 macromodel", "27 fast", "85 fast"]
    known = {p.key: entry(BURSTING) for p in first}
    assert plan.next(known) == []
    known["85 fast"] = entry(RESTING)
    assert [p.key for p in plan.next(known)] == ["85 tight"]
    known["85 tight"] = entry(RESTING)
    assert plan.next(known) == []


def test_a_plan_without_ngspice_or_with_fixed_tolerances_asks_once():
    predicted = TemperaturePlan((27.0,), BURSTING, None)
    assert [p.key for p in predicted.next({})] == ["27 macromodel"]
    fixed = TemperaturePlan((27.0,), BURSTING, Accuracy.FAST)
    known = {"27 macromodel": entry(BURSTING), "27 fast": entry(RESTING)}
    assert fixed.next(known) == []


def searched(plan: TemperaturePlan, fires: Callable[[float], RegimeReport]) -> dict[str, Any]:
    """All that a plan asks for, of a neuron that fires like ``fires`` at a temperature."""
    known: dict[str, Any] = {}
    while points := plan.next(known):
        assert not known.keys() & {p.key for p in points}
        known |= {p.key: entry(fires(float(p.values["temperature"]))) for p in points}
    return known


def test_a_plan_looks_for_the_ends_to_the_resolution():
    """The neuron rests above 118.3 °C and its ISI is 10 % long below -12 °C."""

    def fires(temperature: float) -> RegimeReport:
        if temperature > 118.3:
            return RESTING
        return BURSTING if temperature > -12.0 else SLOWER

    plan = TemperaturePlan((-40.0, 27.0, 125.0), BURSTING, None, EndSearch(27.0, 1e-5, 5.0))
    looked_at = plan.looked_at(searched(plan, fires))
    cold, hot = (-40.0, -23.0, -14.0, -10.0, -6.0), (27.0, 76.0, 100.0, 112.0, 118.0, 122.0, 125.0)
    assert looked_at == cold + hot
    found = made(*(at(t, fires(t), None) for t in looked_at))
    assert found.held == Held(-40.0, 118.0, None, 122.0)
    assert found.rhythm_held == Held(-10.0, 118.0, -14.0, 122.0)
    # a study that was stopped comes to the same temperatures from what its record holds
    part = {k: v for k, v in searched(plan, fires).items() if not k.startswith(("-14", "118"))}
    assert [p.key for p in plan.next(part)] == ["-14 macromodel"]
    # and nothing is looked for where all holds
    steady = TemperaturePlan((-40.0, 125.0), BURSTING, None, EndSearch(27.0, 1e-5, 5.0))
    assert len(searched(steady, lambda _: BURSTING)) == 2


def test_ends_are_looked_for_in_ngspice_where_it_was_asked():
    """The macromodel holds to 125 °C; a fast simulation in doubt is settled before it decides."""
    plan = TemperaturePlan((27.0, 125.0), BURSTING, Accuracy.AUTO, EndSearch(27.0, 1e-5, 50.0))
    known = {p.key: entry(BURSTING) for p in plan.next({})}
    known["125 fast"] = entry(RESTING)
    assert [p.key for p in plan.next(known)] == ["125 tight"]
    known["125 tight"] = entry(RESTING)
    assert [p.key for p in plan.next(known)] == ["76 macromodel", "76 fast"]


def test_a_resolution_is_a_number_of_degrees():
    for wrong in (-1.0, 0.01, 1e6):
        with pytest.raises(InputError, match=r"must be from 0\.1 to 1000"):
            TemperatureQuestion(resolution=wrong)


@pytest.mark.ngspice
def test_the_command_prints_regimes_and_drifts(cache: Path, tmp_path: Path, capsys: Captured):
    path = write_neuron(tmp_path / "excitable.toml", EXCITABLE)
    words = ["temperature", str(path), "--technology", "generic", "--temperatures", "27,85"]
    words += ["--current", "0:0.1", "--duration", "300"]
    picture, record = tmp_path / "heat.png", tmp_path / "heat.jsonl"
    words += ["--out", str(record)]
    assert main([*words, "--json", "--plot", str(picture)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["steady"] is True
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert main(words) == 0
    assert len(record.read_text().splitlines()) == 3  # its head and two temperatures, not again
    printed = capsys.readouterr().out
    assert "regime kept (macromodel): holds from 27 to 85 °C" in printed
    assert "rhythm kept (macromodel): holds from 27 to 85 °C" in printed
    words[words.index("300")] = "301"
    assert main(words) == 2
    assert "neuron.drive.duration = 301.0, where the record has 300.0" in capsys.readouterr().err
    words[words.index("27,85")], words[-1] = "300", str(tmp_path / "hot.jsonl")
    assert main(words) == 2
    assert "temperature = 300 °C must be from -60 to 200" in capsys.readouterr().err
