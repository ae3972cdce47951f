"""`codesign size`: the search goes on after a kill as if nothing had been, and finds sizes."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from circuits.technology import TECHNOLOGY_FOLDER, load_technology
from codesign.command_line import main
from codesign.studies.executors.serial import SerialExecutor
from codesign.studies.sizing import task
from codesign.studies.sizing.evaluation import SizingProblem
from codesign.studies.sizing.plan import Effort
from codesign.studies.sizing.results import SizingChoice, SizingFigures, SizingGoal, SizingResults
from codesign.studies.sizing.study import RECORD_FILE, study_sizing, write_sizing
from codesign.workbench import Workbench
from netlists.errors import ConvergenceError
from neuron_model.analysis.regimes import Regime, RegimeReport
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.neuron_file import write_neuron
from neuron_model.model.stimulus import Stimulus
from tests.codesign.studies.sizing.test_sizing_results import figures
from tests.mapping.neurons import EXCITABLE
from tests.mapping.sensitivities import exponential_cells

GENERIC = load_technology("generic")
DRIVE = Drive(Stimulus.constant(0.1), 400.0)
PROBLEM = SizingProblem(
    EXCITABLE, DRIVE, GENERIC, exponential_cells(), RegimeReport(Regime.TONIC_SPIKING, 1.0, 0, ())
)


def search(
    problem: SizingProblem, goal: SizingGoal, effort: Effort, folder: Path | None = None
) -> SizingResults:
    with SerialExecutor() as executor:
        outcome = study_sizing(problem, goal, effort, executor, folder)[1]
    assert outcome is not None
    return outcome


def made_up(
    problem: SizingProblem,
    choice: SizingChoice,
    workbench: Workbench,
    samples: int,
    seed: int,
    own_sensitivities: bool = False,
) -> SizingFigures:
    """Yield grows with the mirrors' area; large pairs cannot be built."""
    if choice.area_factors["pair"] > 10:
        raise InputError("such a pair does not work.")
    mirrors = choice.area_factors["pmos_mirror"]
    lost = 0.01 if own_sensitivities else 0.0
    size = sum(choice.area_factors.values())
    return figures(
        1 - math.exp(-mirrors / 2) - lost, 1000 * size, energy=1e-3 * choice.unit_current
    )


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task, "evaluate", made_up)


@pytest.mark.usefixtures("cheap")
def test_a_search_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path, monkeypatch):
    arguments = (PROBLEM, SizingGoal(0.9), Effort(16, 20, 3))
    whole = search(*arguments)
    calls = 0

    def killed(*args: object) -> SizingFigures:
        nonlocal calls
        calls += 1
        if calls == 13:
            raise RuntimeError("killed")
        return made_up(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(task, "evaluate", killed)
        with pytest.raises(RuntimeError, match="killed"):
            search(*arguments, folder=tmp_path)
    again = search(*arguments, folder=tmp_path)
    assert again.trials == whole.trials
    assert again == whole
    # the folder knows them all: nothing but the check is evaluated
    calls = 100
    with monkeypatch.context() as patch:
        patch.setattr(task, "evaluate", killed)
        assert search(*arguments, folder=tmp_path).trials == whole.trials
    assert calls <= 106


@pytest.mark.usefixtures("cheap")
def test_the_cheapest_that_passes_the_check_is_chosen():
    outcome = search(PROBLEM, SizingGoal(0.9), Effort(30, 20))
    assert outcome.is_met
    meets = [t for t in outcome.trials if t.figures and t.figures.sample_yield >= 0.91]
    assert outcome.trials[outcome.chosen] == min(meets, key=lambda t: t.figures.area)
    assert any(t.reason == "such a pair does not work." for t in outcome.trials)
    # it learned: better than the first ones, all of whose areas are alike
    assert outcome.checked.area < min(t.figures.area for t in meets if t.number < 4)


def test_sizes_of_whose_cells_ngspice_finds_no_solution_do_not_end_the_search(monkeypatch):
    def first_fails(*args: object) -> SizingFigures:
        monkeypatch.setattr(task, "evaluate", made_up)
        raise ConvergenceError("ngspice found no solution.")

    monkeypatch.setattr(task, "evaluate", first_fails)
    outcome = search(PROBLEM, SizingGoal(0.9), Effort(6, 20))
    assert [t.reason for t in outcome.trials].count("ngspice found no solution.") == 1
    assert outcome.trials[0].figures is None
    assert outcome.chosen is not None


@pytest.mark.usefixtures("cheap")
def test_a_goal_out_of_reach_is_missed_by_the_best():
    outcome = search(PROBLEM, SizingGoal(0.99, area=6000.0), Effort(12, 20))
    assert not outcome.is_met
    assert outcome.checked.area <= 6000.0


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trials": 0}, "trials = 0 must be from 1"),
        ({"samples": 0}, "samples = 0 must be at least 1"),
        ({"seed": -1}, "seed = -1 must not be negative"),
    ],
)
def test_numbers_out_of_range_are_refused(changes, words):
    numbers = {"trials": 4, "samples": 10, "seed": 0} | changes
    with pytest.raises(InputError, match=words):
        search(PROBLEM, SizingGoal(), Effort(**numbers))


@pytest.mark.usefixtures("cheap")
def test_a_folder_of_another_search_is_refused(tmp_path):
    search(PROBLEM, SizingGoal(), Effort(1, 10), folder=tmp_path)
    with pytest.raises(InputError, match=f"{RECORD_FILE}: is the record of another sizing"):
        search(PROBLEM, SizingGoal(0.5), Effort(1, 10), folder=tmp_path)
    other = replace(GENERIC, mismatch=replace(GENERIC.mismatch, name="other"))
    with pytest.raises(InputError, match="mismatch.name = 'other'"):
        search(
            replace(PROBLEM, technology=other),
            SizingGoal(),
            Effort(1, 10),
            folder=tmp_path,
        )
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / RECORD_FILE).write_text("no database, and long enough not to be taken for one")
    with pytest.raises(InputError, match="is no record of a study"):
        search(PROBLEM, SizingGoal(), Effort(1, 10), folder=broken)


@pytest.mark.usefixtures("cheap")
def test_the_sizes_become_a_technology_file(tmp_path):
    outcome = search(PROBLEM, SizingGoal(0.8), Effort(6, 10))
    path = write_sizing(tmp_path, PROBLEM, outcome, "generic", "mine")
    sized = load_technology(path)
    chosen = outcome.trials[outcome.chosen].choice
    assert sized.name == "mine"
    assert "mismatch set typical" in " ".join(path.read_text().split())
    assert sized.membrane_capacitance == chosen.membrane_capacitance
    assert sized.unit_current == chosen.unit_current
    before = GENERIC.size("ota", "pmos_mirror").area
    grown = sized.size("ota", "pmos_mirror").area / before
    assert grown == pytest.approx(chosen.area_factors["pmos_mirror"], rel=0.01)


@pytest.fixture
def thresholds_only(tmp_path: Path) -> Path:
    """The generic technology without differences of current factors, which take as long again."""
    text = (TECHNOLOGY_FOLDER / "generic.toml").read_text()
    lines = [line for line in text.splitlines() if "_current_factor" not in line]
    models = f"paths = ['{TECHNOLOGY_FOLDER}/generic/models.spice']"
    path = tmp_path / "thresholds.toml"
    path.write_text("\n".join(models if line.startswith("paths") else line for line in lines))
    return path


@pytest.mark.ngspice
@pytest.mark.usefixtures("cache_folder")
def test_larger_devices_are_nearer_to_the_model(tmp_path, thresholds_only, capsys):
    neuron = write_neuron(tmp_path / "n.toml", EXCITABLE)
    out = tmp_path / "sized"
    words = ["size", str(neuron), "--technology", str(thresholds_only), "--out", str(out), "--json"]
    drive = ["--current", "0:0.1", "--duration", "400"]
    numbers = ["--yield", "0.5", "--trials", "2", "--samples", "20"]
    assert main([*words, *drive, *numbers]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["met"] is True
    assert document["checked"]["samples"] == 100
    assert document["mismatch_set"] == "typical"
    small, large = (trial["figures"] for trial in document["trials"])
    assert large["gate_area"] == pytest.approx(2 * small["gate_area"], rel=0.01)
    assert large["isi_error"] < small["isi_error"]
    assert (out / "sizing.png").is_file()
    sized = load_technology(out / "technology.toml")
    assert sized.models.folder == thresholds_only.parent


def test_a_folder_with_trials_of_an_earlier_version_is_refused(tmp_path):
    (tmp_path / "search.db").write_bytes(b"SQLite format 3")
    with pytest.raises(InputError, match=r"search.db: holds trials as an earlier version kept"):
        search(PROBLEM, SizingGoal(), Effort(1, 10), folder=tmp_path)
