"""What the three verdicts mean, and that they are told the same everywhere."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesign.command_line import main
from neuron_model.analysis.regimes import Regime, RegimeReport, classify
from neuron_model.analysis.verdicts import (
    BURST_TOLERANCE,
    COINCIDENCE_LIMIT,
    COINCIDENCE_WINDOW,
    COUNT_TOLERANCE,
    DEFINITIONS,
    IBI_TOLERANCE,
    ISI_TOLERANCE,
    LARGEST_RATIO,
    LEAST_AGREEMENT,
    LEAST_CORRELATION,
    NETWORK_PASSED,
    PASSED,
    REFERENCES,
    Deviation,
    Verdict,
    coincidence,
    count_note,
    definitions,
    keeps_rhythm,
    timing,
    verdict,
)
from tests.neuron_model.analysis.reports import report


def waveform(spikes: np.ndarray, end: float) -> RegimeReport:
    """Of a voltage with a bump at each time, by the judge that models and circuits have."""
    time = np.arange(0.0, end, 0.25)
    voltage = np.full(time.size, -2.0)
    for spike in spikes:
        voltage += 4.0 * np.exp(-(((time - spike) / 2.0) ** 2))
    return classify(time, voltage, 0.0, 0.0)


def bursts(count: int, spikes: int, isi: float, ibi: float, first: float = 50.0) -> np.ndarray:
    period = (spikes - 1) * isi + ibi
    return np.concatenate([first + k * period + isi * np.arange(spikes) for k in range(count)])


END = 4000.0
MODEL = waveform(bursts(10, 8, 10.0, 330.0), END)


def burster(spikes: int = 8, isi: float = 1.0, ibi: float = 1.0) -> RegimeReport:
    """The model's burster with its intervals multiplied."""
    times = bursts(12, spikes, 10.0 * isi, 330.0 * ibi)
    return waveform(times[times < END - 20], END)


def test_a_burster_keeps_its_rhythm_within_the_tolerances():
    assert MODEL.regime == Regime.TONIC_BURSTING
    found = verdict(MODEL, MODEL)
    assert found.reached == {
        "regime kept": True,
        "rhythm kept": True,
        "spike for spike": True,
    }
    assert [d.quantity for d in found.deviations] == [
        "interspike_interval",
        "interburst_interval",
        "spikes_per_burst",
    ]
    assert all(d.used < 1e-3 for d in found.deviations)


@pytest.mark.parametrize(
    ("changes", "beyond"),
    [
        ({"isi": 1 + 0.8 * ISI_TOLERANCE}, []),
        ({"isi": 1 + 1.4 * ISI_TOLERANCE}, ["interspike_interval"]),
        ({"isi": 1 - 1.4 * ISI_TOLERANCE}, ["interspike_interval"]),
        ({"ibi": 1 + 0.8 * IBI_TOLERANCE}, []),
        ({"ibi": 1 + 1.1 * IBI_TOLERANCE}, ["interburst_interval"]),
        ({"spikes": 10}, ["spikes_per_burst"]),
        ({"spikes": 6}, ["spikes_per_burst"]),
        # a spike more in each burst is allowed
        ({"spikes": 9}, []),
    ],
)
def test_what_is_beyond_its_tolerance_is_named(changes: dict[str, float], beyond: list[str]):
    found = verdict(MODEL, burster(**changes))  # type: ignore[arg-type]
    assert found.regime_kept
    assert [d.quantity for d in found.exceeded] == beyond
    assert found.rhythm_kept is (not beyond)
    assert keeps_rhythm(MODEL, burster(**changes)) is (not beyond)  # type: ignore[arg-type]


def test_spikes_that_are_a_tenth_too_many_are_not_the_rhythm():
    """144 spikes where the model fires 131, however they come about."""
    model = waveform(50 + 27.0 * np.arange(131), 3600.0)
    faster = waveform(50 + 27.0 * 131 / 144 * np.arange(144), 3600.0)
    assert (model.spike_count, faster.spike_count) == (131, 144)
    assert not verdict(model, faster).rhythm_kept
    assert not verdict(model, faster, driven=True).rhythm_kept
    bursting = waveform(bursts(10, 13, 10.0, 230.0), 3600.0)
    # an eleventh burst: IBIs are within their tolerance, and yet it fires too often
    often = waveform(bursts(11, 13, 9.9, 200.0), 3600.0)
    assert bursting.spike_count, often.spike_count == (130, 143)
    assert not verdict(bursting, often).rhythm_kept


def test_a_rhythm_that_is_kept_with_another_number_of_spikes_has_a_note():
    more = burster(spikes=9)
    found, counts = verdict(MODEL, more), timing(MODEL, more)
    assert found.rhythm_kept
    note = count_note(found, counts)
    assert note is not None
    assert f"fires {more.spike_count} spikes where the model fires {MODEL.spike_count} (+" in note
    assert count_note(verdict(MODEL, MODEL), timing(MODEL, MODEL)) is None
    # one that is not kept has its reason
    silent = waveform(np.array([]), END)
    assert count_note(verdict(MODEL, silent), timing(MODEL, silent)) is None


def test_a_regime_of_its_own_keeps_nothing():
    spiking = waveform(50 + 20.0 * np.arange(180), END)
    found = verdict(MODEL, spiking)
    assert (found.regime_kept, found.rhythm_kept, found.deviations) == (False, False, ())
    assert not found.spike_for_spike
    assert not keeps_rhythm(MODEL, spiking)


def test_a_neuron_that_falls_silent_is_judged_by_its_spikes():
    model = waveform(np.array([50.0, 60.0, 72.0, 90.0, 120.0]), END)
    assert model.regime == Regime.PHASIC_BURSTING
    one_less = waveform(np.array([50.0, 60.0, 72.0, 90.0]), END)
    found = verdict(model, one_less)
    assert found.rhythm_kept
    assert {d.quantity: d.used for d in found.deviations}["spike_count"] == 1.0
    assert not verdict(model, waveform(np.array([50.0, 60.0, 72.0]), END)).rhythm_kept


def test_neurons_that_rest_agree():
    rests = waveform(np.array([]), END)
    assert all(verdict(rests, rests).reached.values())


def test_under_a_recorded_current_spikes_are_counted_and_the_regime_is_not_judged():
    times = np.cumsum(np.random.default_rng(2).uniform(15, 25, 150))
    model = waveform(times, END)
    found = verdict(model, waveform(times * 1.02, END), driven=True)
    assert found.regime_kept is None
    assert [d.quantity for d in found.deviations] == ["spike_count", "interspike_interval"]
    assert found.rhythm_kept
    assert not found.spike_for_spike  # two per cent add up to many spikes
    shifted = verdict(model, waveform(times + 0.5, END), driven=True)
    assert shifted.spike_for_spike
    silent = verdict(model, waveform(np.array([]), END), driven=True)
    assert (silent.rhythm_kept, silent.spike_for_spike) == (False, False)
    # what is told of the intervals is what is judged
    told = timing(model, waveform(times * 1.02, END), driven=True)
    assert told.isi_error == pytest.approx(found.deviations[1].error)
    assert told.ibi_error is None
    # the same spikes whatever the classes are called
    other = replace(model, regime=Regime.TONIC_BURSTING)
    assert verdict(model, other, driven=True).rhythm_kept


def test_intervals_of_another_unit_of_time_are_scaled():
    slower = burster(isi=1.2, ibi=1.2)
    assert not keeps_rhythm(MODEL, slower)
    assert keeps_rhythm(MODEL, slower, scale=1 / 1.2)


def test_a_deviation_says_how_much_of_its_tolerance_is_used():
    one = Deviation("interspike_interval", 10.0, 10.4, 0.5)
    assert (one.error, one.used, one.kept) == (pytest.approx(0.04), pytest.approx(0.8), True)
    assert str(one) == "ISI 10.4 instead of 10 (+4.0%; 5% is allowed)"
    assert str(Deviation("spike_count", 0, 3, 1.0)) == (
        "number of spikes 3 instead of 0 (1 is allowed)"
    )
    two = Deviation("interburst_interval", 1.0, 1.09, 0.1)
    assert Verdict(True, (one, two), None).nearest == two


def flat(text: str) -> str:
    return " ".join(text.split())


def test_the_definitions_hold_the_numbers_that_are_judged_by():
    text = flat(definitions())
    assert "ISI" in text
    for share in (ISI_TOLERANCE, IBI_TOLERANCE, BURST_TOLERANCE, COUNT_TOLERANCE):
        assert f"{share:.0%}" in text
    assert f"at least {COINCIDENCE_LIMIT:g}" in text
    assert f"within {COINCIDENCE_WINDOW:g} median ISI" in text


def test_help_prints_the_definitions(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["validate", "--help"])
    printed = capsys.readouterr().out
    assert flat(definitions()) in flat(printed)
    assert max(map(len, printed.splitlines())) < 80


@pytest.mark.parametrize("name", ["README.md", "docs/concepts/verdicts.md"])
def test_the_documentation_has_the_definitions_word_for_word(name: str):
    page = Path(__file__).parents[3] / name
    said = flat(page.read_text(encoding="utf-8"))
    assert flat(REFERENCES) in said
    for name, text in {**DEFINITIONS, "passed": PASSED}.items():
        assert flat(f"**{name}**: {text}") in said, name


def test_the_page_of_verdicts_says_when_a_whole_network_passes():
    page = Path(__file__).parents[3] / "docs/concepts/verdicts.md"
    said = flat(page.read_text(encoding="utf-8"))
    assert flat(f"**passed, network**: {NETWORK_PASSED}") in said
    for limit in (f"{LARGEST_RATIO:g}", f"{LEAST_CORRELATION:g}", f"{LEAST_AGREEMENT:.0%}"):
        assert limit in NETWORK_PASSED


def test_timing_is_relative_to_the_reference():
    reference = report((10.0, 20.0, 30.0), 10.0, 200.0)
    circuit = report((10.0, 21.0, 32.0, 43.0), 11.0, 150.0)
    measured = timing(reference, circuit)
    assert (measured.spike_count, measured.circuit_spike_count) == (3, 4)
    assert measured.isi_error == pytest.approx(0.1)
    assert measured.ibi_error == pytest.approx(-0.25)


def test_intervals_that_one_of_two_does_not_have_are_not_compared():
    measured = timing(report((10.0,), None, None), report((10.0, 20.0), 10.0, 5.0))
    assert (measured.isi_error, measured.ibi_error) == (None, None)


def test_of_neurons_that_fall_silent_the_same_intervals_are_compared():
    spikes = (10.0, 20.0, 32.0, 50.0, 80.0, 140.0)
    silent = replace(report(spikes, 18.0, None), regime=Regime.PHASIC_BURSTING)
    one_less = replace(report(spikes[:-1], 15.0, None), regime=Regime.PHASIC_BURSTING)
    assert timing(silent, one_less).isi_error == pytest.approx(0.0)
    slower = replace(one_less, spike_times=tuple(1.1 * t for t in spikes[:-1]))
    assert timing(silent, slower).isi_error == pytest.approx(0.1)


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
