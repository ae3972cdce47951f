"""Fast first, and tight where the verdict hangs on it: what is simulated again."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from circuits.technology import load_technology
from codesign.building.circuit import Circuit, assemble
from codesign.validation import validate as validate_module
from codesign.validation.validate import DrivenCircuit, attempted, validate
from codesign.validation.validation import Validation, validation_from_json, validation_to_json
from codesign.workbench import Workbench
from mapping.conditions import Conditions
from mapping.macromodel import Macromodel
from mapping.mapper import map_neuron
from netlists.accuracy import Accuracy
from netlists.bench import Bench
from netlists.errors import ConvergenceError
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.analysis.simulation import Trajectory, simulate
from neuron_model.errors import SimulatorError
from neuron_model.model.drive import Drive
from neuron_model.model.stimulus import Stimulus
from tests.codesign.scripted_engine import ScriptedEngine
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import EXCITABLE

GENERIC = load_technology("generic")
DRIVE = Drive(Stimulus((0.0, 50.0), (-0.8, -0.4)), 600.0)
SAME, OTHER = "same", "other"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Circuit]]:
    """Two neurons that are alike but for their names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MTC_CODESIGN_CACHE", str(tmp_path_factory.mktemp("cache")))
        made = {}
        for name in (SAME, OTHER):
            neuron = replace(EXCITABLE, name=name)
            design = map_neuron(neuron, real_cells(), LIMITS)
            made[name] = assemble(neuron, Macromodel(design, real_cells()), GENERIC)
        yield made


def macromodel(built: Circuit, more: float = 0.0) -> Trajectory:
    """How it fires by the parameters of its macromodel, with some more current."""
    values = tuple(value + more for value in DRIVE.stimulus.values)
    return simulate(built.predicted, Stimulus(DRIVE.stimulus.times, values), DRIVE.duration)


@pytest.fixture
def engine(built: dict[str, Circuit]) -> ScriptedEngine:
    """Circuits fire by the macromodel; that of OTHER does so only where tolerances are tight."""

    def answer(bench: Bench, tight: bool) -> Trajectory | SimulatorError:
        assert bench.subject is not None
        name = bench.subject.name
        return macromodel(built[name], 0.0 if tight or name == SAME else 0.3)

    return ScriptedEngine(built, answer)


def tasks(built: dict[str, Circuit], drive: Drive = DRIVE) -> list[DrivenCircuit]:
    return [DrivenCircuit(each, drive) for each in built.values()]


def test_what_the_verdict_hangs_on_is_simulated_again_and_nothing_else(built, engine):
    same, other = validate(tasks(built), Workbench(engine))
    assert engine.responses == [(SAME, False), (OTHER, False), (OTHER, True)]
    assert (same.accuracy, same.repeated) == (Accuracy.FAST, ())
    assert other.accuracy is Accuracy.TIGHT
    assert any("macromodel and circuit disagree" in why for why in other.repeated)
    # judged by the second simulation
    assert other.circuit.spike_count == other.macromodel.spike_count


@pytest.mark.parametrize("accuracy", [Accuracy.FAST, Accuracy.TIGHT])
def test_one_accuracy_is_one_simulation(built, engine, accuracy):
    found = validate(tasks(built), Workbench(engine), accuracy)
    tight = accuracy is Accuracy.TIGHT
    assert engine.responses == [(SAME, tight), (OTHER, tight)]
    assert {neuron.accuracy for neuron in found} == {accuracy}
    assert {neuron.repeated for neuron in found} == {()}


def test_a_rhythm_that_is_about_to_change_is_simulated_again(built, engine, monkeypatch):
    asked: list[RegimeReport] = []

    def about_to_change(_built: object, _drive: object, report: RegimeReport) -> str:
        asked.append(report)
        return "the rhythm is about to change"

    monkeypatch.setattr(validate_module, "about_to_change", about_to_change)
    (found,) = validate([DrivenCircuit(built[SAME], DRIVE)], Workbench(engine))
    assert engine.responses == [(SAME, False), (SAME, True)]
    assert found.repeated == ("the rhythm is about to change",)
    (report,) = asked
    assert report.spike_count == found.macromodel.spike_count


def test_a_neuron_at_the_edge_of_silence_is_simulated_again(built, monkeypatch):
    """Nothing is scripted here: the neuron of the macromodel itself is perturbed."""
    one, edge = built[SAME], replace(DRIVE, stimulus=Stimulus.constant(_edge(built[SAME])))

    def answer(bench: Bench, tight: bool) -> Trajectory:
        return simulate(one.predicted, edge.stimulus, edge.duration)

    engine = ScriptedEngine(built, answer)
    (found,) = validate([DrivenCircuit(one, edge)], Workbench(engine))
    assert engine.responses == [(SAME, False), (SAME, True)]
    assert found.repeated


def _edge(built: Circuit) -> float:
    """The least current, to a thousandth, at which the neuron of the macromodel goes on firing."""
    silent, firing = -2.5, -0.4
    while firing - silent > 1e-3:
        middle = 0.5 * (silent + firing)
        run = simulate(built.predicted, Stimulus.constant(middle), DRIVE.duration)
        late = run.voltage[run.time > 0.5 * DRIVE.duration]
        if late.max() > 0.0:
            firing = middle
        else:
            silent = middle
    return firing


def test_curves_are_swept_once_for_a_circuit_however_it_is_driven(built, engine):
    one = built[SAME]
    both = [DrivenCircuit(one, DRIVE), DrivenCircuit(one, DRIVE.lasting(400.0))]
    validate(both, Workbench(engine), Accuracy.FAST)
    assert engine.curves == 3


def test_outcomes_come_as_soon_as_they_are_known_and_failures_in_their_places(built):
    def answer(bench: Bench, tight: bool) -> Trajectory | SimulatorError:
        assert bench.subject is not None
        if tight:
            return ConvergenceError("no solution")
        return macromodel(built[bench.subject.name], 0.3 if bench.subject.name == OTHER else 0.0)

    engine = ScriptedEngine(built, answer)
    order = tasks({OTHER: built[OTHER], SAME: built[SAME]})
    found = list(attempted(order, Workbench(engine)))
    assert [index for index, _ in found] == [1, 0]
    assert isinstance(found[1][1], ConvergenceError)
    with pytest.raises(ConvergenceError):
        validate(order, Workbench(engine))


def test_progress_says_what_is_simulated_again(built, engine):
    told = []
    telling = Workbench(engine, lambda done, total, what: told.append((done, total, what)))
    validate(tasks(built), telling)
    assert told[-2:] == [(4, 4, "simulating in ngspice"), (1, 1, validate_module.REPEATING)]


def test_files_say_with_which_accuracy_each_neuron_was_judged(built, engine):
    found = validate(tasks(built), Workbench(engine))
    whole = Validation("generic", Conditions("tt", 27.0), found)
    document = validation_to_json(whole)
    assert [n["accuracy"] for n in document["neurons"]] == ["fast", "tight"]
    read = validation_from_json(document)
    assert [n.accuracy for n in read.neurons] == [n.accuracy for n in found]
    assert [n.repeated for n in read.neurons] == [n.repeated for n in found]
