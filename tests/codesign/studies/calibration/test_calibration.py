"""Samples calibrated as models and as netlists: what is measured of both is the same."""

import json
from pathlib import Path

import numpy as np
import pytest

from circuits.technology import load_technology
from codesign.building.mapped_neuron import MonteCarlo
from codesign.command_line import main
from codesign.studies.calibration.calibration import (
    CalibrationBench,
    CircuitSamples,
    calibration_bench,
    calibration_study,
    measurements,
)
from codesign.workbench import Workbench
from mapping.calibration.search import Budget
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
DRIVE = Drive(Stimulus.constant(0.1), 300.0)
CLAMP = np.linspace(-2.5, 2.5, 5)

pytestmark = pytest.mark.ngspice


@pytest.fixture(scope="module")
def bench(cache: Path, workbench: Workbench) -> CalibrationBench:
    neuron = mapped(EXCITABLE, GENERIC, workbench, DRIVE)
    return calibration_bench(neuron, workbench, MonteCarlo(2, seed=1), knobs=2)


def test_currents_and_patterns_of_netlists_are_those_of_the_models(bench, workbench):
    circuits, models = CircuitSamples(bench, workbench), bench.macromodel
    rows = np.array([1, 0])
    values = np.array([[knob.codes[len(knob.codes) // 2] for knob in bench.knobs]] * 2)
    for without in (None, "sp1"):
        measured = circuits.currents(rows, values, CLAMP, without)
        expected = models.currents(rows, values, CLAMP, without)
        assert measured == pytest.approx(expected, abs=0.06)
        assert np.ptp(measured) > 1.5
    drawn = np.array([[knob.drawn for knob in bench.knobs]] * 2)
    circuit = circuits.patterns(rows, drawn, DRIVE.duration)
    model = models.patterns(rows, drawn, DRIVE.duration)
    assert [r.regime for r in circuit] == [r.regime for r in model]
    intervals = [r.interspike_interval for r in model]
    assert [r.interspike_interval for r in circuit] == pytest.approx(intervals, rel=0.03)


def test_a_study_is_resumed(bench, workbench, tmp_path):
    record, budget = tmp_path / "calibration.jsonl", Budget(voltages=5, patterns=3, candidates=4)
    first = calibration_study(bench, workbench, True, budget, record)
    assert first.wanted == Regime.TONIC_SPIKING
    assert first.circuit is not None
    assert first.circuit.yields(first.model)[1].regime.value == 1.0
    assert first.circuit.calibrated.currents.tolist() == [20, 20]
    with NoEngine() as none, measurements(bench, record) as known:
        # what is not in the record is the one sample without mismatch
        samples = CircuitSamples(bench, Workbench(none), known)
        again = samples.patterns(np.arange(2), first.circuit.calibrated.values, DRIVE.duration)
    assert [r.regime for r in again] == [r.regime for r in first.circuit.calibrated.reports]


def test_the_record_of_another_draw_is_refused(bench, cache, workbench, tmp_path):
    record = tmp_path / "calibration.jsonl"
    with measurements(bench, record):
        pass
    neuron = mapped(EXCITABLE, GENERIC, workbench, DRIVE)
    other = calibration_bench(neuron, workbench, MonteCarlo(2, seed=2), knobs=2)
    with (
        pytest.raises(InputError, match="another calibration .seed = 2, where the record has 1"),
        measurements(other, record),
    ):
        pass


def test_the_command_prints_yields(bench, tmp_path: Path, capsys: Captured):
    path, picture = tmp_path / "excitable.toml", tmp_path / "calibrated.png"
    write_neuron(path, EXCITABLE)
    words = ["calibrate", str(path), "--technology", "generic", "--samples", "3"]
    words += ["--current", "0:0.1", "--duration", "300", "--voltages", "5", "--knobs", "1"]
    assert main([*words, "--json", "--plot", str(picture)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["macromodel"]["yield"]["after"]["regime"]["share"] == 1.0
    assert document["mismatch_set"] == "typical"
    assert document["macromodel"]["measurements"]["currents"] == 20
    assert len(document["macromodel"]["samples"]) == 3
    assert document["knobs"][0]["port"] == "ib_comp"
    assert "circuit" not in document
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "seed 0, mismatch set typical" in " ".join(out.split())
    assert "macromodel, after: 100.0 %" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--voltages", "2"], "voltages = 2 must be from 4"),
        (["--knobs", "0"], "knobs = 0 must be from 1 to 8"),
        (["--lines", "ib_none"], "ib_none cannot be calibrated"),
        (["--mismatch-set", "worst"], "has no mismatch set 'worst'; it has typical."),
    ],
)
def test_what_cannot_be_is_refused(words, message, bench, tmp_path: Path, capsys: Captured):
    path = tmp_path / "excitable.toml"
    write_neuron(path, EXCITABLE)
    command = ["calibrate", str(path), "--technology", "generic", "--current", "0:0.1"]
    assert main([*command, *words]) == 2
    assert message in capsys.readouterr().err
