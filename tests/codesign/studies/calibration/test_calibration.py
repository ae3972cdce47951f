"""Samples calibrated as models and as netlists: what is measured of both is the same."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from circuits.technology import load_technology
from codesign.building.mapped_neuron import MonteCarlo
from codesign.command_line import main
from codesign.studies.calibration.bench import CalibrationBench, calibration_bench
from codesign.studies.calibration.plan import CircuitSamples
from codesign.studies.calibration.study import calibration_study, study_calibration
from codesign.studies.executors.within import WithinExecutor
from codesign.studies.study import Asked, converse
from codesign.workbench import Workbench
from mapping.calibration.search import Budget
from netlists.accuracy import Accuracy
from neuron_model.analysis.regimes import Regime
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.neuron_file import write_neuron
from neuron_model.model.stimulus import Stimulus
from tests.codesign.mapped import mapped
from tests.codesign.no_engine import NoEngine
from tests.mapping.neurons import EXCITABLE

T = TypeVar("T")
Captured = pytest.CaptureFixture[str]
GENERIC = load_technology("generic")
DRIVE = Drive(Stimulus.constant(0.1), 300.0)
CLAMP = np.linspace(-2.5, 2.5, 5)

pytestmark = pytest.mark.ngspice


@pytest.fixture(scope="module")
def bench(cache: Path, workbench: Workbench) -> CalibrationBench:
    neuron = mapped(EXCITABLE, GENERIC, workbench, DRIVE)
    return calibration_bench(neuron, workbench, MonteCarlo(2, seed=1), knobs=2)


def measured(
    bench: CalibrationBench,
    workbench: Workbench,
    work: Callable[[CircuitSamples], T],
    record: Path | None = None,
) -> T:
    """What ``work`` finds out of the samples as netlists."""

    def loop(asked: Asked) -> T:
        return work(CircuitSamples(bench, asked))

    _, found = converse(calibration_study(bench), loop, WithinExecutor(workbench), record)
    assert found is not None
    return found


def test_currents_and_patterns_of_netlists_are_those_of_the_models(bench, workbench):
    models = bench.macromodel
    rows = np.array([1, 0])
    values = np.array([[knob.codes[len(knob.codes) // 2] for knob in bench.knobs]] * 2)
    for without in (None, "sp1"):
        current = measured(
            bench, workbench, lambda c, off=without: c.currents(rows, values, CLAMP, off)
        )
        expected = models.currents(rows, values, CLAMP, without)
        assert current == pytest.approx(expected, abs=0.06)
        assert np.ptp(current) > 1.5
    drawn = np.array([[knob.drawn for knob in bench.knobs]] * 2)
    circuit = measured(bench, workbench, lambda c: c.patterns(rows, drawn, DRIVE.duration))
    model = models.patterns(rows, drawn, DRIVE.duration)
    assert [r.regime for r in circuit] == [r.regime for r in model]
    intervals = [r.interspike_interval for r in model]
    assert [r.interspike_interval for r in circuit] == pytest.approx(intervals, rel=0.03)


def test_a_study_is_resumed(bench, workbench, tmp_path):
    record, budget = tmp_path / "calibration.jsonl", Budget(voltages=5, patterns=3, candidates=4)
    executor = WithinExecutor(workbench)
    _, first = study_calibration(bench, executor, Accuracy.AUTO, budget, record)
    assert first is not None
    assert first.wanted == Regime.TONIC_SPIKING
    assert first.circuit is not None
    assert first.circuit.yields(first.model)[1].regime.value == 1.0
    assert first.circuit.calibrated.currents.tolist() == [20, 20]
    calibrated = first.circuit.calibrated
    with NoEngine() as none:
        executor = WithinExecutor(Workbench(none))
        found, known = study_calibration(bench, executor, Accuracy.AUTO, budget, record)
        assert known is not None
        assert known.circuit is not None
        assert np.array_equal(known.circuit.calibrated.values, calibrated.values)
        assert found.resumed == len(found.outcomes)
        # whichever samples shared a bench
        again = measured(
            bench,
            Workbench(none),
            lambda c: c.patterns(np.arange(2), calibrated.values, DRIVE.duration),
            record,
        )
    assert [r.regime for r in again] == [r.regime for r in first.circuit.calibrated.reports]


def test_the_record_of_another_draw_is_refused(bench, cache, workbench, tmp_path):
    record = tmp_path / "calibration.jsonl"
    executor = WithinExecutor(workbench)
    converse(calibration_study(bench), lambda _: None, executor, record)
    neuron = mapped(EXCITABLE, GENERIC, workbench, DRIVE)
    other = calibration_bench(neuron, workbench, MonteCarlo(2, seed=2), knobs=2)
    with pytest.raises(InputError, match="another calibration .seed = 2, where the record has 1"):
        converse(calibration_study(other), lambda _: None, executor, record)


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
