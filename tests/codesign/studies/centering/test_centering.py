"""Design centering: a neuron at the edge of its regime is moved to where samples keep it."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from circuits.technology import load_technology
from codesign.command_line import main
from codesign.studies.centering.evaluation import CenteringProblem, moved
from codesign.studies.centering.plan import CenteringPlan
from codesign.studies.centering.study import CenteringResults, study_centering
from codesign.studies.executors.serial import SerialExecutor
from mapping.characteristics import Orientation
from neuron_model.analysis.regimes import Regime, classify
from neuron_model.analysis.simulation import simulate
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.neuron_file import read_neuron, write_neuron
from neuron_model.model.stimulus import Stimulus
from tests.mapping.cells import real_cells
from tests.mapping.neurons import burster
from tests.mapping.sensitivities import exponential_cells

GENERIC = load_technology("generic")
# It spikes tonically, but rests at a current 0.2 lower.
EDGE = burster(
    elements=burster().elements[:2],
    tau_slow=20.0,
    tau_ultraslow=0.0,
    name="edge",
    i_bias=-0.72,
)
DRIVE = Drive(Stimulus.constant(0.0), 300.0)


@pytest.fixture(scope="module")
def problem() -> CenteringProblem:
    run = simulate(EDGE, DRIVE.stimulus, DRIVE.duration)
    model = classify(run.time, run.voltage)
    assert model.regime == Regime.TONIC_SPIKING
    technology = replace(GENERIC, name="made_up")
    return CenteringProblem(EDGE, DRIVE, technology, real_cells(), exponential_cells(), model)


def center(
    problem: CenteringProblem,
    trials: int,
    samples: int,
    tolerance: float = 0.25,
    record: Path | None = None,
) -> CenteringResults:
    plan = CenteringPlan(len(problem.parameters.elements), trials, samples, tolerance=tolerance)
    with SerialExecutor() as executor:
        outcome = study_centering(problem, plan, executor, record)[1]
    assert outcome is not None
    return outcome


def test_more_samples_keep_the_regime_and_the_rhythm_stays(problem, tmp_path):
    outcome = center(problem, 8, 10, tolerance=0.5, record=tmp_path / "c.jsonl")
    assert outcome.before.regime.value < 0.9
    assert outcome.after.regime.value > outcome.before.regime.value + 0.05
    assert outcome.after.rhythm.value <= outcome.after.regime.value
    assert outcome.nominal.regime == Regime.TONIC_SPIKING
    interval = outcome.nominal.interspike_interval / problem.model.interspike_interval
    assert abs(interval - 1) <= 0.5
    again = center(problem, 8, 10, tolerance=0.5, record=tmp_path / "c.jsonl")
    assert again == outcome
    with pytest.raises(InputError, match="is the record of another centering"):
        center(problem, 8, 10, tolerance=0.4, record=tmp_path / "c.jsonl")


@pytest.mark.parametrize(
    "changed",
    [
        {"leak": replace(GENERIC.leak, sections=GENERIC.leak.sections + 2)},
        {"leak": replace(GENERIC.leak, range=4.0)},
        {"reference": GENERIC.reference + 0.01},
        {"limits": replace(GENERIC.limits, unit_current=(1e-12, 1e-9))},
    ],
)
def test_a_search_on_another_technology_is_another_search(problem, tmp_path, changed):
    center(problem, 1, 1, record=tmp_path / "c.jsonl")
    technology = replace(problem.technology, **changed)
    with pytest.raises(InputError, match="is the record of another centering"):
        center(replace(problem, technology=technology), 1, 1, record=tmp_path / "c.jsonl")
    described = replace(problem.technology, description="of another day")
    center(replace(problem, technology=described), 1, 1, record=tmp_path / "c.jsonl")


def test_what_moves_is_alpha_delta_and_bias():
    by = {"alpha_0": math.log(1.1), "alpha_1": 0.0, "delta_0": 0.0, "delta_1": -0.2, "i_bias": 0.3}
    there = moved(EDGE, by)
    assert there.elements[0].alpha == pytest.approx(1.1 * EDGE.elements[0].alpha)
    assert there.elements[1].delta == pytest.approx(EDGE.elements[1].delta - 0.2)
    assert there.i_bias == pytest.approx(-0.42)
    assert moved(EDGE, dict.fromkeys(by, 0.0)) == EDGE


def test_a_neuron_that_nothing_makes_better_stays(problem):
    """Without differences every sample is the neuron as drawn."""
    names = (*(x.value for x in Orientation), "source", "sink")
    still = {
        name: replace(table, threshold=0 * table.threshold, current_factor=0 * table.current_factor)
        for name in names
        for table in [getattr(problem.sensitivities, name)]
    }
    same = replace(problem, sensitivities=replace(problem.sensitivities, **still))
    outcome = center(same, 1, 4)
    assert outcome.parameters == EDGE
    assert (outcome.before.regime.value, outcome.after.regime.value) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"samples": 0}, "samples = 0 must be at least 1"),
        ({"tolerance": 0.0}, "tolerance = 0 must be above 0"),
        ({"trials": 0}, "trials = 0 must be from 1"),
    ],
)
def test_numbers_out_of_range_are_refused(problem, changes, words):
    with pytest.raises(InputError, match=words):
        center(problem, **({"trials": 1, "samples": 2} | changes))


def test_the_command_writes_a_neuron_file(problem, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        "codesign.studies.centering.evaluation.centering_problem", lambda *_: problem
    )
    neuron, out = write_neuron(tmp_path / "n.toml", EDGE), tmp_path / "centered.toml"
    words = ["center", str(neuron), "--technology", "generic", "--current", "0:0", "--duration"]
    words += ["300", "--trials", "2", "--samples", "5", "--out", str(out), "--json"]
    assert main(words) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["model"]["regime"] == "tonic_spiking"
    assert document["mismatch_set"] == problem.technology.mismatch.name
    assert read_neuron(out).elements[0].alpha == document["neuron"]["elements"][0]["alpha"]
