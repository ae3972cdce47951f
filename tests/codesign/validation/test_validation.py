"""validation.json: what was judged comes back as it was, and nothing else is taken for it."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from codesign.validation.validation import (
    NeuronValidation,
    Supply,
    Validation,
    Waveform,
    counts,
    read_validation,
    summary,
    validation_from_json,
    validation_to_json,
    write_validation,
)
from mapping.conditions import Conditions
from neuron_model.analysis.regimes import Regime
from neuron_model.analysis.verdicts import DEFINITIONS, Timing
from neuron_model.errors import InputError

CURVES = ("voltage", "model", "macromodel", "circuit")
ROLES = ("model", "macromodel", "circuit")


def there_and_back(validation: Validation) -> Validation:
    return validation_from_json(json.loads(json.dumps(validation_to_json(validation))))


def without_arrays(neuron: NeuronValidation) -> NeuronValidation:
    """What can be compared with ==."""
    return replace(neuron, iv=(), waveforms={})


def test_everything_comes_back(validation: Validation):
    read = there_and_back(validation)
    assert (read.technology, read.conditions) == ("sky130", Conditions("tt", 27.0))
    assert read.provenance == validation.provenance
    assert [without_arrays(n) for n in read.neurons] == [
        without_arrays(n) for n in validation.neurons
    ]
    for found, wanted in zip(read.neurons, validation.neurons, strict=True):
        assert [c.timescale for c in found.iv] == [c.timescale for c in wanted.iv]
        for one, other in zip(found.iv, wanted.iv, strict=True):
            assert (one.nrmse, one.largest, one.nrmse_macromodel) == (
                other.nrmse,
                other.largest,
                other.nrmse_macromodel,
            )
            for name in CURVES:
                assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-6, atol=1e-12)
        for who in ROLES:
            assert_allclose(found.waveforms[who].time, wanted.waveforms[who].time, rtol=1e-6)
            assert_allclose(found.waveforms[who].voltage, wanted.waveforms[who].voltage, rtol=1e-6)


finite = st.floats(allow_nan=False, allow_infinity=False)
perhaps = st.none() | finite
text = st.text(max_size=20)


@given(
    name=text,
    current=text,
    duration=finite,
    timing=st.builds(Timing, st.integers(0), st.integers(0), perhaps, perhaps, perhaps),
    supply=st.builds(Supply, finite, finite, perhaps),
    flags=st.tuples(st.booleans(), st.booleans()),
    lines=st.lists(text, max_size=3).map(tuple),
    units=st.dictionaries(text, finite, max_size=3),
    regime=st.sampled_from(Regime),
)
def test_any_value_comes_back(
    name: str,
    current: str,
    duration: float,
    timing: Timing,
    supply: Supply,
    flags: tuple[bool, bool],
    lines: tuple[str, ...],
    units: dict[str, float],
    regime: Regime,
):
    from neuron_model.analysis.regimes import RegimeReport

    report = RegimeReport(regime, 0.5, 1, (duration,), 0, None, None, None)
    neuron = NeuronValidation(
        name=name,
        current=current,
        duration=duration,
        iv=(),
        model=report,
        macromodel=report,
        circuit=report,
        waveforms={},
        against_model=timing,
        against_macromodel=replace(timing, isi_error=None),
        circuit_shaped=flags[0],
        supply=supply,
        driven=flags[1],
        reasons=lines,
        notes=lines[:1],
        units=units,
    )
    validation = Validation(name, Conditions(current, duration % 100.0), (neuron,), {name: current})
    assert there_and_back(validation) == validation


def test_passing_is_told_from_the_reasons(validation: Validation):
    document = validation_to_json(validation)
    assert document["passed"] is False
    assert [n["passed"] for n in document["neurons"]] == [True, False]
    assert replace(validation, neurons=validation.neurons[:1]).passed


def test_names_are_those_of_the_command_line(validation: Validation):
    neuron = validation_to_json(validation)["neurons"][0]
    assert {"iv", "regime", "timing", "supply", "passed"} <= set(neuron)
    assert list(neuron["iv"]) == ["fast", "slow", "ultraslow"]
    assert neuron["regime"] == {
        "model": "tonic_bursting",
        "macromodel": "tonic_bursting",
        "circuit": "tonic_bursting",
        "match": True,
    }
    assert set(neuron["timing"]) == {"model", "macromodel"}


def test_a_regime_of_its_own_does_not_match(make_neuron: Callable[..., NeuronValidation]):
    neuron = make_neuron()
    other = replace(neuron, circuit=replace(neuron.circuit, regime=Regime.TONIC_SPIKING))
    assert neuron.regimes_match
    assert not other.regimes_match
    document = validation_to_json(Validation("generic", Conditions("tt", 27.0), (other,)))
    assert document["neurons"][0]["regime"]["match"] is False


def test_without_arrays_it_is_short(validation: Validation):
    document = validation_to_json(validation, arrays=False)
    assert len(json.dumps(document)) < 12000
    assert "waveforms" not in document["neurons"][0]
    assert "voltage" not in document["neurons"][0]["iv"]["fast"]
    assert document["neurons"][0]["iv"]["fast"]["nrmse"] == pytest.approx(0.0083)


def test_a_file_is_written_and_read(tmp_path: Path, validation: Validation):
    path = write_validation(tmp_path / "run" / "validation.json", validation)
    assert read_validation(path).neurons[1].reasons == validation.neurons[1].reasons
    assert [p.name for p in path.parent.iterdir()] == ["validation.json"]


def test_a_value_that_is_no_number_is_not_written(tmp_path: Path, validation: Validation):
    nan = Waveform(np.array([0.0]), np.array([math.nan]))
    bad = replace(validation.neurons[0], waveforms={"model": nan})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_validation(tmp_path / "validation.json", replace(validation, neurons=(bad,)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b"\x00\xff\xfe binary",
        b'{"format": 3}',
        b'{"format": 3, "neurons": 3}',
        b'{"format": 3, "technology": "t", "corner": "tt", "temperature": "hot", "neurons": []}',
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "validation.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"n\.json: (is no validation|is not a text|has no field)"):
        read_validation(path)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"none\.json"):
        read_validation(tmp_path / "none.json")


@pytest.mark.parametrize(
    "change",
    [
        lambda n: n.pop("supply"),
        lambda n: n["regime"].clear() or n["reports"]["model"].update(regime="dancing"),
        lambda n: n["reports"]["circuit"].update(color="red"),
        lambda n: n["iv"].update(glacial=n["iv"]["fast"]),
        lambda n: n["iv"]["fast"].update(voltage=["low", "high"]),
        lambda n: n["waveforms"].update(model=3),
        lambda n: n["timing"]["model"].pop("spike_count"),
    ],
)
def test_a_damaged_neuron_is_refused(validation: Validation, change: Callable[[Any], object]):
    document = json.loads(json.dumps(validation_to_json(validation)))
    change(document["neurons"][0])
    with pytest.raises(InputError, match=r"a\.json: (is no validation of|has no field)"):
        validation_from_json(document, "a.json")


def test_verdicts_are_told_apart_for_model_and_macromodel(
    make_neuron: Callable[..., NeuronValidation],
):
    neuron = make_neuron()
    slower = replace(neuron.model, interspike_interval=0.9 * 20.0)
    document = validation_to_json(
        Validation("generic", Conditions("tt", 27.0), (replace(neuron, model=slower),)),
        arrays=False,
    )
    (entry,) = document["neurons"]
    model, built = entry["verdicts"]["model"], entry["verdicts"]["macromodel"]
    assert (model["regime_kept"], model["rhythm_kept"]) == (True, False)
    assert (built["regime_kept"], built["rhythm_kept"]) == (True, True)
    isi = model["deviations"]["interspike_interval"]
    assert isi["error"] == pytest.approx(1 / 0.9 - 1)
    assert isi["used"] == pytest.approx((1 / 0.9 - 1) / 0.05)
    assert (isi["reference"], isi["found"]) == (18.0, 20.0)
    assert set(DEFINITIONS) < set(document["definitions"])


def test_neurons_are_counted_of_those_exported(validation: Validation):
    assert counts(validation) == {
        "exported": 5,
        "simulated": 2,
        "regime_kept": 2,
        "rhythm_kept": 2,
        "spike_for_spike_only": 0,
        "passed": 1,
    }
    assert summary(validation) == (
        "2 of 5 neurons simulated: 2 keep the regime of the model, 2 the rhythm; 1 passed"
    )
    # one under a recorded current and under a constant one is one neuron
    first = validation.neurons[0]
    twice = replace(validation, neurons=(replace(first, driven=True), first))
    assert counts(twice)["simulated"] == 1
    alone = replace(validation, neurons=(first,), exported=1)
    assert summary(alone).startswith("1 neuron simulated: 1 keeps the regime")
    assert there_and_back(validation).exported == 5


def test_a_neuron_keeps_its_rhythm_if_it_does_under_each_current(
    make_neuron: Callable[..., NeuronValidation],
):
    neuron = make_neuron()
    slower = replace(neuron, circuit=replace(neuron.circuit, interspike_interval=25.0))
    found = counts(Validation("generic", Conditions("tt", 27.0), (neuron, slower)))
    assert (found["simulated"], found["regime_kept"], found["rhythm_kept"]) == (1, 1, 0)


def test_a_file_of_another_version_says_how_to_make_it_anew(validation: Validation):
    document = validation_to_json(validation)
    assert validation_from_json(document).technology == validation.technology
    old = {**document, "format": 1}
    with pytest.raises(
        InputError, match=r"is a validation of format 1; .*`codesign validate` makes it again"
    ):
        validation_from_json(old, "old.json")
