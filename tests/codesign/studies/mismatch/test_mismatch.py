"""Samples drawn, predicted and simulated: prediction and ngspice agree one by one."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from circuits.mismatch import device_spreads
from circuits.technology import conditions_at, load_technology
from codesign.building.mapped_neuron import MonteCarlo
from codesign.command_line import main
from codesign.studies.executors.within import WithinExecutor
from codesign.studies.mismatch.drawn_neuron import DrawnNeuron, draw_neuron, predict
from codesign.studies.mismatch.results import MismatchResults
from codesign.studies.mismatch.study import study_mismatch
from codesign.studies.sample_reports import DOUBTFUL
from codesign.workbench import Workbench
from mapping.characteristics import CellCharacteristics, Orientation, fit_transfer
from mapping.conditions import Conditions
from mapping.mismatch import draw
from mapping.sensitivity import CellSensitivities, features, sensitivities_to_json
from netlists.accuracy import Accuracy
from netlists.cell_benches import CellBenches
from netlists.cells.characterize import characterize, models_for
from netlists.cells.sensitivities import measure_sensitivities
from netlists.device_names import alterations
from netlists.engine import Engine
from neuron_model.analysis.regimes import Regime
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.neuron_file import write_neuron
from neuron_model.model.stimulus import Stimulus
from tests.codesign.mapped import mapped
from tests.codesign.no_engine import NoEngine
from tests.mapping.neurons import EXCITABLE

Captured = pytest.CaptureFixture[str]
GENERIC = load_technology("generic")
DRIVE = Drive(Stimulus.constant(0.1), 400.0)
SAMPLES = 3

pytestmark = pytest.mark.ngspice


@pytest.fixture(scope="module")
def measured(cache: Path, engine: Engine) -> CellCharacteristics:
    return characterize(GENERIC, conditions_at(GENERIC), engine)


@pytest.fixture(scope="module")
def sensitivities(measured: CellCharacteristics, engine: Engine) -> CellSensitivities:
    return measure_sensitivities(GENERIC, measured, engine)


@pytest.fixture(scope="module")
def drawn(sensitivities: CellSensitivities, workbench: Workbench) -> DrawnNeuron:
    neuron = mapped(EXCITABLE, GENERIC, workbench, DRIVE)
    return draw_neuron(neuron, workbench, MonteCarlo(SAMPLES, seed=1))


def study(
    drawn: DrawnNeuron,
    workbench: Workbench,
    in_ngspice: bool = False,
    record: Path | None = None,
) -> MismatchResults:
    accuracy = Accuracy.AUTO if in_ngspice else None
    outcome = study_mismatch(drawn, WithinExecutor(workbench), accuracy, record)[1]
    assert outcome is not None
    return outcome


def test_measured_sensitivities_are_those_of_weak_inversion(sensitivities):
    """A mirror's current goes as exp(V_T / (n kT/q)), a pair's offset is its thresholds' own."""
    table = sensitivities.noninverting
    names = table.devices
    at = dict(zip(names, table.at(1e-10, 0.9)[0], strict=True))
    steep = 1 / (0.02585 * 1.2)
    for device, sourcing, sinking in [
        ("tail", -1, -1),
        ("bias", 1, 1),
        ("mirror_left_out", 1, 0),
        ("mirror_right_out", 0, 1),
        ("fold_out", 0, -1),
    ]:
        # a PMOS threshold counts the other way round
        assert at[device][0] == pytest.approx(sourcing * steep, rel=0.1, abs=0.2), device
        assert at[device][1] == pytest.approx(sinking * steep, rel=0.1, abs=0.2), device
    assert at["pair_p"][2] == pytest.approx(1.0, abs=0.03)
    assert at["pair_n"][2] == pytest.approx(-1.0, abs=0.03)
    per_factor = dict(zip(names, table.at(1e-10, 0.9)[1], strict=True))
    assert per_factor["tail"][:2] == pytest.approx([1.0, 1.0], abs=0.05)
    assert sensitivities.sink.threshold[0] == pytest.approx([steep, -steep], rel=0.1)


def test_sensitivities_are_measured_once(sensitivities, measured):
    with NoEngine() as none:
        again = measure_sensitivities(GENERIC, measured, none)
    assert sensitivities_to_json(again) == sensitivities_to_json(sensitivities)


def test_an_ota_with_all_transistors_off_is_as_predicted(sensitivities, measured, engine):
    """Ten shifts of twice their spread at once: the logarithms are straight that far."""
    bias, mode = 3e-9, 0.85
    benches = CellBenches(GENERIC, _models(), 27.0)
    cell = benches.cells()[0]
    shifts = np.random.default_rng(2).normal(0, 5e-3, (1, 10))
    bench = benches.transfer(Orientation.INVERTING, np.array([bias]), np.array([mode]), 0.28)
    moved = alterations(cell, GENERIC, bench.models, "xcell", shifts[0])
    both = [
        features(fit_transfer(w.axis - mode, w["i(vout)"], bias, -1))
        for w in engine.run(
            replace(bench, analyses=(*bench.analyses, *moved, *bench.analyses))
        ).waveforms
    ]
    predicted = sensitivities.inverting.shift(bias, mode, shifts, 0 * shifts)
    expected = np.array([float(x[0]) for x in predicted])
    found = both[1] - both[0]
    assert np.abs(expected[:2]).max() > 0.15
    assert found[:2] == pytest.approx(expected[:2], abs=0.01)
    assert found[2] == pytest.approx(expected[2], abs=0.3e-3)


def _models() -> str:
    return models_for(GENERIC, "tt", CellBenches(GENERIC, "", 27.0).cells()).text


def test_samples_fire_in_ngspice_as_predicted(drawn, workbench):
    outcome = study(drawn, workbench, in_ngspice=True)
    assert outcome.wanted == Regime.TONIC_SPIKING
    assert [sample.sample for sample in outcome.samples] == [0, 1, 2]
    assert outcome.agreement.regime == 1.0
    intervals = [c.macromodel.interspike_interval for c in outcome.samples]
    # mismatch is seen, and by far more than prediction and ngspice differ
    assert np.ptp(intervals) / np.mean(intervals) > 0.02
    for sample in outcome.samples:
        assert sample.circuit.interspike_interval == pytest.approx(
            sample.macromodel.interspike_interval, rel=0.03
        )


def test_samples_of_a_varied_process_fire_in_ngspice_as_predicted(drawn, workbench, tmp_path):
    """Capacitors and all devices of a kind are off together, beside each device's mismatch."""
    varied = draw_neuron(drawn.neuron, workbench, MonteCarlo(SAMPLES, seed=1, process=True))
    record = tmp_path / "samples.jsonl"
    outcome = study(varied, workbench, True, record)
    assert outcome.process
    assert outcome.agreement.regime == 1.0
    of_mismatch = [predict(drawn, sample) for sample in range(SAMPLES)]
    for sample, without in zip(outcome.samples, of_mismatch, strict=True):
        interval = sample.macromodel.interspike_interval
        assert sample.circuit.interspike_interval == pytest.approx(interval, rel=0.03)
        # slower by its larger capacitors, or quicker, and hardly by anything else
        change = varied.draw.capacitance[sample.sample]
        assert abs(change) > 0.005
        assert interval / without.interspike_interval == pytest.approx(1 + change, abs=0.01)
    with pytest.raises(InputError, match="process = False, where the record has True"):
        study(drawn, workbench, False, record)


def test_a_record_is_resumed(drawn, workbench, tmp_path):
    record = tmp_path / "runs" / "samples.jsonl"
    first = study(drawn, workbench, False, record)
    assert first.agreement is None
    whole = study(drawn, workbench, True, record)
    lines = record.read_text().splitlines(keepends=True)
    assert len(lines) == 3  # its head, and three samples by the macromodel and in ngspice
    with NoEngine() as none:
        again = study(drawn, Workbench(none), True, record)
    assert again.agreement == whole.agreement
    # killed while it wrote its last line: that sample alone is done again
    record.write_text("".join(lines)[:-20])
    assert study(drawn, workbench, True, record).agreement == whole.agreement
    assert record.read_text().splitlines(keepends=True) == lines


def test_the_record_of_another_mismatch_set_is_refused_by_name(drawn, workbench, tmp_path):
    record = tmp_path / "samples.jsonl"
    outcome = study(drawn, workbench, False, record)
    assert outcome.mismatch_set == "typical"
    other = replace(GENERIC, mismatch=replace(GENERIC.mismatch, name="other"))
    before = record.read_text()
    with pytest.raises(InputError, match=r"mismatch.name = 'other', where the record has 'ty"):
        study(
            replace(drawn, neuron=replace(drawn.neuron, technology=other)), workbench, False, record
        )
    assert record.read_text() == before


def test_samples_that_are_not_decided_in_time_are_run_for_longer(drawn, workbench, tmp_path):
    """At 60 units one of three has shown its interval; the others may have fired for good."""
    short = drawn.lasting(60.0)
    record = tmp_path / "samples.jsonl"
    outcome = study(short, workbench, False, record)
    first = [predict(short, sample) for sample in range(SAMPLES)]
    undecided = [report.margin < DOUBTFUL for report in first]
    assert undecided == [True, False, True]
    assert [c.duration for c in outcome.samples] == [120.0, 60.0, 120.0]
    assert outcome.samples[1].macromodel == first[1]
    assert {c.macromodel.regime for c in outcome.samples} == {Regime.TONIC_SPIKING}
    before = record.read_text()
    assert [c.duration for c in study(short, workbench, False, record).samples] == [
        120.0,
        60.0,
        120.0,
    ]
    assert record.read_text() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"fingerprint": "circuit", "value": "0"}\n', "a record from before"),
        ("[]\n", "is no record of a study"),
        ("nonsense\n", "is no record of a study"),
    ],
)
def test_a_file_that_is_no_record_of_this_is_left_alone(
    drawn, workbench, tmp_path, content, message
):
    record = tmp_path / "samples.jsonl"
    record.write_text(content)
    with pytest.raises(InputError, match=message):
        study(drawn, workbench, False, record)
    assert record.read_text() == content


def test_other_conditions_are_another_process_with_the_same_devices_off(drawn, engine):
    """The draw is of the devices, wherever the process is: corner and mismatch are two things."""
    assert np.array_equal(
        draw(device_spreads(drawn.built.design, GENERIC), SAMPLES, 1).threshold,
        drawn.draw.threshold,
    )
    elsewhere = replace(drawn.neuron, conditions=Conditions("ss", 27.0))
    with NoEngine() as none, pytest.raises(AssertionError, match="ngspice was asked"):
        draw_neuron(elsewhere, Workbench(none), MonteCarlo(SAMPLES, 1))


def test_the_command_prints_yield_and_agreement(sensitivities, tmp_path: Path, capsys: Captured):
    path = tmp_path / "excitable.toml"
    write_neuron(path, EXCITABLE)
    words = ["mismatch", str(path), "--technology", "generic", "--samples", "2"]
    words += ["--current", "0:0.1", "--duration", "300"]
    picture = tmp_path / "samples.png"
    assert main([*words, "--json", "--plot", str(picture)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["samples"] == 2
    assert document["process"] is False
    assert document["mismatch_set"] == "typical"
    assert document["yield"]["circuit"] is None
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert main([*words, "--backend", "ngspice"]) == 0
    out = capsys.readouterr().out
    assert "2 samples, seed 0, mismatch set typical" in " ".join(out.split())
    assert "ngspice: 100.0 % (34.2 to 100.0 %) keep the regime of the model" in out
    assert "agree on the regime of 100.0%" in out
    assert main([*words, "--process", "--json"]) == 0
    varied = json.loads(capsys.readouterr().out)
    assert varied["process"] is True
    assert varied["outcomes"] != document["outcomes"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--samples", "0"], "samples = 0 must be from 1"),
        (["--seed", "-1"], "seed = -1 must not be negative"),
        (["--mismatch-set", "worst"], "has no mismatch set 'worst'; it has typical."),
    ],
)
def test_numbers_that_cannot_be_are_refused(words, message, sensitivities, capsys: Captured):
    preset = "preset:tonic_spiking"
    assert main(["mismatch", preset, "--technology", "generic", *words]) == 2
    assert message in capsys.readouterr().err
