"""A neuron where its mapping misses is refined by ngspice, and goes on where it was stopped."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from circuits.technology import load_technology
from codesign.command_line import main
from codesign.studies.executors.within import WithinExecutor
from codesign.studies.refinement.plan import Ends
from codesign.studies.refinement.results import Refinement, errors_of
from codesign.studies.refinement.study import study_refinement
from codesign.validation.validation import read_validation
from codesign.workbench import Workbench
from mapping.conditions import Conditions
from mapping.design import read_designs
from netlists.engine import Engine
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.neuron_file import write_neuron
from neuron_model.model.parameters import NeuronParameters
from neuron_model.model.stimulus import Stimulus
from tests.codesign.mapped import mapped
from tests.codesign.no_engine import NoEngine
from tests.mapping.neurons import EXCITABLE

Captured = pytest.CaptureFixture[str]
GENERIC = load_technology("generic")
DRIVE = Drive(Stimulus.constant(0.1), 160.0)
HOT = 125.0

pytestmark = pytest.mark.ngspice


@pytest.fixture(scope="module")
def record(cache: Path) -> Path:
    return cache / "runs" / "excitable.jsonl"


def refined(engine: Engine, record: Path, neuron: NeuronParameters = EXCITABLE) -> Refinement:
    workbench = Workbench(engine)
    hot = mapped(neuron, GENERIC, workbench, DRIVE, Conditions("tt", HOT))
    executor = WithinExecutor(workbench)
    _, found = study_refinement(hot, executor, ends=Ends(0.3, 4), record=record)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def outcome(record: Path):
    with Engine(workers=1) as engine:
        return refined(engine, record)


def test_the_error_shrinks_until_it_meets_the_goal(outcome):
    first, best = outcome.iterations[0], outcome.best
    assert not first.validation.passed
    assert best.validation.passed
    assert best.error < 0.2 * first.error
    assert outcome.passed
    assert max(best.errors.values()) <= 0.3
    assert best.errors == errors_of(best.validation)
    # the same neuron in the same seconds
    assert best.design.time_unit == pytest.approx(first.design.time_unit, rel=0.02)


def test_a_loop_that_was_stopped_goes_on(outcome, record, tmp_path):
    lines = record.read_text().splitlines(keepends=True)
    assert len(lines) == 1 + len(outcome.iterations)
    cut = tmp_path / "cut.jsonl"
    # killed while it wrote the last simulation but one
    cut.write_text("".join(lines[:2]) + lines[2][:100])
    with Engine(workers=1) as engine:
        again = refined(engine, cut)
    assert [i.design for i in again.iterations] == [i.design for i in outcome.iterations]
    with NoEngine() as none:
        known = refined(none, record)
    assert known.best.design == outcome.best.design
    other = replace(EXCITABLE, name="other", i_bias=0.05)
    with (
        NoEngine() as none,
        pytest.raises(InputError, match="the record of another refinement .parameters"),
    ):
        refined(none, record, other)


def test_the_command_writes_the_refined_design(outcome, tmp_path: Path, capsys: Captured):
    path, out = tmp_path / "excitable.toml", tmp_path / "out"
    write_neuron(path, EXCITABLE)
    words = ["refine", str(path), "--technology", "generic", "--temperature", str(HOT)]
    words += ["--current", "0:0.1", "--duration", "160", "--out", str(out)]
    assert main([*words, "--json", "--plot", str(tmp_path / "refined.png")]) == 0
    document = json.loads(capsys.readouterr().out)["neurons"][0]
    assert document["passed"]
    assert document["error"]["after"] < document["error"]["before"]
    assert json.loads((out / "refinement.json").read_text())["neurons"] == [document]
    assert read_validation(out / "validation.json").passed
    assert read_designs(out / "design.json")[0].conditions.temperature == HOT
    assert (out / "netlists" / "neuron.spice").is_file()
    assert (tmp_path / "refined.png").read_bytes()[:4] == b"\x89PNG"
    # nothing is simulated again, and a goal out of reach is said to be missed
    assert main([*words, "--iterations", "2", "--goal", "1e-6"]) == 1
    assert "2 iterations were made" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--goal", "0"], "--goal 0 must be above 0"), (["--iterations", "0"], "at least 1")],
)
def test_what_cannot_be_is_refused(words, message, tmp_path: Path, capsys: Captured):
    command = ["refine", "preset:tonic_spiking", "--technology", "generic"]
    assert main([*command, "--out", str(tmp_path / "out"), *words]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
