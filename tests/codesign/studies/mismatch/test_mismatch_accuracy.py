"""Samples fast first, and tight where what is counted of them hangs on it; records do not mix."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from circuits.technology import load_technology
from codesign.building.circuit import assemble
from codesign.building.mapped_neuron import MappedNeuron, MonteCarlo
from codesign.studies.executors.within import WithinExecutor
from codesign.studies.mismatch import study as study_module
from codesign.studies.mismatch import task
from codesign.studies.mismatch.drawn_neuron import DrawnNeuron
from codesign.studies.mismatch.results import MismatchResults, results_to_json
from codesign.studies.mismatch.study import study_mismatch
from codesign.workbench import Workbench
from mapping.macromodel import Macromodel
from mapping.mapper import map_neuron
from mapping.mismatch import Draw
from netlists.accuracy import Accuracy
from neuron_model.analysis.regimes import Regime, RegimeReport
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.stimulus import Stimulus
from tests.codesign.no_engine import NoEngine
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import EXCITABLE

FIRING = RegimeReport(Regime.TONIC_SPIKING, 0.8, 10, (), interspike_interval=20.0)
SILENT = RegimeReport(Regime.RESTING, 0.9, 0, ())
UNDECIDED = replace(FIRING, margin=0.01)
# What a fast simulation finds of each sample; tight ones find FIRING. By the macromodel all samples
# are FIRING.
FAST = (FIRING, SILENT, FIRING, UNDECIDED)
FEW, TIGHT = Accuracy.FAST, Accuracy.TIGHT
NOTHING = Workbench(NoEngine())


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DrawnNeuron:
    monkeypatch.setenv("MTC_CODESIGN_CACHE", str(tmp_path / "cache"))
    generic = load_technology("generic")
    design = map_neuron(EXCITABLE, real_cells(), LIMITS)
    built = assemble(EXCITABLE, Macromodel(design, real_cells()), generic)
    nothing = np.zeros((len(FAST), 0))
    drive = Drive(Stimulus.constant(-0.4), 100.0)
    neuron = MappedNeuron(EXCITABLE, design, generic, design.conditions, drive)
    draw = Draw((), nothing, nothing)
    return DrawnNeuron(neuron, built, draw, EXCITABLE, MonteCarlo(len(FAST)))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, Accuracy, float]]:
    """(sample, accuracy, duration) of each simulation."""
    every: list[tuple[int, Accuracy, float]] = []

    def circuits(
        drawn: DrawnNeuron, samples: Sequence[int], engine: object, accuracy: Accuracy
    ) -> Iterator[tuple[int, RegimeReport]]:
        for sample in samples:
            every.append((sample, accuracy, drawn.drive.duration))
            yield sample, FAST[sample] if accuracy is FEW else FIRING

    monkeypatch.setattr(task, "circuits", circuits)
    monkeypatch.setattr(task, "predict", lambda drawn, sample: FIRING)
    monkeypatch.setattr(study_module, "model_regime", lambda parameters, drive: FIRING)
    return every


def study(
    drawn: DrawnNeuron, record: Path | None = None, accuracy: Accuracy = Accuracy.AUTO
) -> MismatchResults:
    outcome = study_mismatch(drawn, WithinExecutor(NOTHING), accuracy, record)[1]
    assert outcome is not None
    return outcome


def test_samples_that_hang_on_it_are_simulated_again(drawn, asked):
    outcome = study(drawn)
    assert asked == [
        *((sample, FEW, 100.0) for sample in range(4)),
        (1, TIGHT, 100.0),
        # undecided: it is run for longer, and judged by that
        (3, FEW, 200.0),
        (3, TIGHT, 200.0),
    ]
    assert [sample.accuracy for sample in outcome.samples] == [FEW, TIGHT, FEW, TIGHT]
    assert {sample.circuit.regime for sample in outcome.samples if sample.circuit} == {
        FIRING.regime
    }
    said = [sample["accuracy"] for sample in results_to_json(outcome)["outcomes"]]
    assert said == ["fast", "tight", "fast", "tight"]


@pytest.mark.parametrize("accuracy", [FEW, TIGHT])
def test_one_accuracy_repeats_nothing(drawn, asked, accuracy):
    outcome = study(drawn, accuracy=accuracy)
    assert {taken for _, taken, _ in asked} == {accuracy}
    assert {sample.accuracy for sample in outcome.samples} == {accuracy}


def test_a_study_that_was_stopped_repeats_only_what_is_missing(drawn, asked, tmp_path):
    record = tmp_path / "samples.jsonl"
    whole = study(drawn, record)
    asked.clear()
    assert study(drawn, record).samples == whole.samples
    assert asked == []
    # before the second simulation of sample 1
    lines = record.read_text().splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if '"key": "tight' in line)
    record.write_text("".join(lines[:first]))
    assert study(drawn, record).samples == whole.samples
    assert asked == [(1, TIGHT, 100.0), (3, FEW, 200.0), (3, TIGHT, 200.0)]


def test_a_record_of_another_accuracy_keeps_what_was_simulated_with_each(drawn, asked, tmp_path):
    record = tmp_path / "samples.jsonl"
    study(drawn, record, TIGHT)
    asked.clear()
    outcome = study(drawn, record)
    # fast first, as without a record; the tight ones of before are the last word
    assert asked[:4] == [(sample, FEW, 100.0) for sample in range(4)]
    assert {sample.accuracy for sample in outcome.samples} == {TIGHT}


def test_ngspice_and_more_samples_add_to_a_record(drawn, asked, tmp_path):
    record = tmp_path / "samples.jsonl"
    few = replace(drawn, drawing=MonteCarlo(2))
    predicted = study_mismatch(few, WithinExecutor(NOTHING), None, record)[1]
    assert predicted is not None
    assert predicted.circuit_yield is None
    assert asked == []
    assert len(study(drawn, record).samples) == len(FAST)
    with pytest.raises(InputError, match="seed = 1, where the record has 0"):
        study(replace(drawn, drawing=MonteCarlo(4, seed=1)), record)
