"""`codesign sweep`: every point once, whatever stops it; made-up cells, and ngspice for one."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from circuits.technology import TECHNOLOGY_FOLDER, Technology
from codesign.command_line import main
from codesign.studies.record import Record
from codesign.studies.study import run as run_study
from codesign.studies.sweep import estimate, task
from codesign.studies.sweep.configuration import SweepConfiguration, sweep_configuration_from_toml
from codesign.studies.sweep.plan import SweepPlan, plan_sweep
from codesign.studies.sweep.results import SweepResults
from codesign.studies.sweep.study import known_points, sweep_results, sweep_study
from mapping.characteristics import CellCharacteristics
from mapping.conditions import Conditions
from neuron_model.analysis.regimes import Regime
from neuron_model.errors import InputError, SimulatorError
from neuron_model.model.neuron_file import write_neuron
from neuron_model.model.parameters import NeuronParameters
from neuron_model.network.model_file import write_model
from neuron_model.network.network import MTCNetwork, NetworkConfiguration
from neuron_model.runs.currents_file import write_drives
from neuron_model.runs.file_names import MODEL_FILE
from tests.codesign.no_engine_tools import without_engine
from tests.mapping.cells import real_cells
from tests.mapping.neurons import EXCITABLE
from tests.mapping.sensitivities import exponential_cells

Captured = pytest.CaptureFixture[str]
Asked = list[tuple[str, float, float]]
HEAD = 'neuron = "n.toml"\ntechnology = "generic"\ncurrent = "0:0.1"\nduration = 150\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_neuron(tmp_path / "n.toml", EXCITABLE)
    return tmp_path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Made-up cells instead of measured ones; those of ff do not work, at 125 °C ngspice fails.

    Tells which were asked for: corner, temperature, supply.
    """
    found: Asked = []

    def made_up(technology: Technology, conditions: Conditions, *_: object) -> CellCharacteristics:
        corner, temperature = conditions.corner, conditions.temperature
        found.append((corner, temperature, technology.supply))
        if corner == "ff":
            raise InputError("such cells do not work.")
        if temperature == 125.0:
            raise SimulatorError("ngspice had no luck.")
        return real_cells(
            conditions=conditions,
            supply=technology.supply,
            reference=technology.reference,
        )

    monkeypatch.setattr(task, "characterize", made_up)
    monkeypatch.setattr(estimate, "is_characterized", lambda *_: False)
    return found


def configuration(folder: Path, text: str, head: str = HEAD) -> SweepConfiguration:
    return sweep_configuration_from_toml(head + text, "sweep.toml", folder)


def swept(folder: Path, text: str, record: Path | None = None) -> SweepResults:
    return run(plan_sweep(configuration(folder, text)), record)


def run(plan: SweepPlan, record: Path | None = None) -> SweepResults:
    with without_engine() as executor:
        return sweep_results(plan, run_study(sweep_study(plan), executor, record))


def test_every_point_is_built_where_it_can_be(folder: Path, asked: Asked):
    study = swept(
        folder,
        '[axes]\nunit_current = [1e-10, 5e-9]\ncorner = ["tt", "ff", "ss"]\n'
        "temperature = [27, 125]\n",
    )
    assert study.shown == ("unit_current", "corner", "temperature")
    assert len(study.points) == 12
    for point in study.points:
        values = point.values
        if values["corner"] == "ff" and values["unit_current"] == 5e-9:
            assert point.reason == "such cells do not work."
        elif values["unit_current"] == 1e-10:
            assert "the smallest allowed is 1e-09 A" in point.reason
        elif values["temperature"] == 125.0:
            assert (point.reason, point.failed) == ("ngspice had no luck.", True)
        else:
            assert point.outcome is not None
            assert point.outcome.regime == Regime.TONIC_SPIKING
            assert point.outcome.unit_current == 5e-9
            (sample,) = point.outcome.samples
            assert set(sample.iv) == {"fast", "slow", "ultraslow"}
            assert sample.isi_error == pytest.approx(0.0, abs=0.2)
    # each set of cells once, those that do not work as well
    assert len(asked) == len(set(asked))
    assert study.has_failed


def test_the_sample_is_designed_for_one_supply_and_run_from_another(folder: Path, asked: Asked):
    study = swept(folder, "[axes]\nsupply_change = [-0.1, 0]\nsupply = [1.7, 1.8]\n")
    powers = {
        (p.values["supply"], p.values["supply_change"]): p.outcome.static_power
        for p in study.points
        if p.outcome
    }
    assert len(powers) == 4
    assert powers[1.8, -0.1] == pytest.approx(0.9 * powers[1.8, 0.0])
    supplies = sorted(supply for _, _, supply in asked)
    assert supplies == pytest.approx([1.53, 1.62, 1.7, 1.8])


def test_intervals_are_compared_in_seconds(folder: Path, asked: Asked):
    """With constant currents and PTAT references a unit of time is longer when it is hot."""
    study = swept(
        folder,
        '[axes]\ntemperature = [27, 85]\ncurrents = ["constant"]\nreferences = ["ptat"]\n',
    )
    cold, hot = study.outcomes
    assert hot.time_unit / cold.time_unit == pytest.approx(358.15 / 300.15)
    for each in (cold, hot):
        (sample,) = each.samples
        assert sample.report.interspike_interval is not None
        assert each.wanted.interspike_interval is not None
        seconds = sample.report.interspike_interval * each.time_unit
        wanted = each.wanted.interspike_interval * cold.mapped_time_unit
        assert sample.isi_error == pytest.approx(seconds / wanted - 1)
        assert each.rhythm("interspike_interval") == pytest.approx(seconds)


def test_a_point_is_compared_with_its_own_model(folder: Path, asked: Asked):
    study = swept(folder, "[axes]\nalpha.fm0 = [0.1, 1]\n")
    quiet, firing = study.outcomes
    assert quiet.wanted.regime != Regime.TONIC_SPIKING
    assert quiet.regime == quiet.wanted.regime
    assert firing.wanted.regime == Regime.TONIC_SPIKING
    assert study.is_met


@pytest.mark.parametrize("cut", [0, 5])
def test_a_sweep_that_was_stopped_goes_on(
    folder: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch, cut: int
):
    text = "[axes]\nunit_current = [1e-10, 4e-9, 5e-9, 6e-9]\n"
    whole = swept(folder, text)
    record = folder / "out" / "points.jsonl"
    applied, calls = task.design_at, []

    def killed(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return applied(*arguments)

    monkeypatch.setattr(task, "design_at", killed)
    with pytest.raises(KeyboardInterrupt):
        swept(folder, text, record)
    if cut:
        record.write_text(record.read_text()[:-cut])
    plan = plan_sweep(configuration(folder, text))
    assert known_points(sweep_study(plan), record) == (2 if cut else 3)
    calls.clear()
    calls += [None] * 10
    again = swept(folder, text, record)
    assert len(calls) == 10 + (2 if cut else 1)
    assert _told(again) == _told(whole)
    # now all is known
    calls.clear()
    assert _told(swept(folder, text, record)) == _told(whole)
    assert not calls


def _told(study: SweepResults) -> str:
    from codesign.studies.sweep.results import study_to_json

    return json.dumps(study_to_json(study))


def test_what_ngspice_failed_at_is_tried_again(folder: Path, asked: Asked):
    record = folder / "points.jsonl"
    text = "[axes]\ntemperature = [27, 125]\n"
    for _ in range(2):
        asked.clear()
        study = swept(folder, text, record)
        assert study.has_failed
        assert 125.0 in {temperature for _, temperature, _ in asked}
        told = [json.loads(line) for line in record.read_text().splitlines()[1:]]
        assert [line["key"] for line in told if "outcome" in line] == ["0"]


@pytest.mark.parametrize(
    ("text", "head", "message"),
    [
        (
            "[axes]\nunit_current = [4e-9, 6e-9]\n",
            HEAD,
            r"axes.unit_current\[1\] = 6e-09, where the record has 5e-09",
        ),
        ("[axes]\nunit_current = [4e-9, 5e-9]\nbits = [4]\n", HEAD, "axes.bits is new"),
        (
            "[axes]\nunit_current = [4e-9, 5e-9]\n",
            HEAD.replace("150", "160"),
            r"neurons.excitable.drive.duration = 160.0, where the record has 150.0",
        ),
        (
            "[axes]\nunit_current = [4e-9, 5e-9]\n[mismatch]\nsamples = 3\n",
            HEAD,
            "mismatch.samples = 3, where the record has 0",
        ),
    ],
)
def test_the_record_of_another_sweep_is_refused_with_what_is_different(
    folder: Path, asked: Asked, text: str, head: str, message: str
):
    record = folder / "points.jsonl"
    swept(folder, "[axes]\nunit_current = [4e-9, 5e-9]\n", record)
    before = record.read_text()
    plan = plan_sweep(configuration(folder, text, head))
    with pytest.raises(InputError, match=message):
        run(plan, record)
    assert record.read_text() == before


def test_another_neuron_of_the_same_name_is_another_sweep(folder: Path, asked: Asked):
    record = folder / "points.jsonl"
    swept(folder, "", record)
    write_neuron(folder / "n.toml", replace(EXCITABLE, u_threshold=0.1))
    with pytest.raises(
        InputError, match=r"neurons\.excitable\.parameters\.u_threshold = 0\.1, where"
    ):
        swept(folder, "", record)


def test_a_point_of_the_record_that_makes_no_sense_is_refused(folder: Path, asked: Asked):
    record = folder / "points.jsonl"
    swept(folder, "", record)
    record.write_text(record.read_text().replace('"wanted"', '"wished"'))
    with pytest.raises(InputError, match="points.jsonl: point 0 cannot be read"):
        swept(folder, "", record)


def test_the_same_samples_are_drawn_at_every_point(
    folder: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        task,
        "measure_sensitivities",
        lambda _technology, cells, *_: exponential_cells(
            conditions=cells.conditions, fingerprint=cells.fingerprint
        ),
    )
    text = '[axes]\ncorner = ["tt", "ss"]\n[mismatch]\nsamples = 4\nleast_yield = 1.0\n'
    study = swept(folder, text)
    one, other = study.outcomes
    assert len(one.samples) == 4
    # the made-up cells are alike at both corners
    assert [c.report.spike_count for c in one.samples] == [
        c.report.spike_count for c in other.samples
    ]
    assert len({c.report.interspike_interval for c in one.samples}) > 1
    assert study.is_met == all(o.share == 1.0 for o in study.outcomes)


def test_a_broken_record_of_samples_is_not_a_reason_of_the_point(
    folder: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch
):
    def refused(*_: object) -> None:
        raise InputError("point_0.jsonl: is no record of a study.")

    monkeypatch.setattr(task, "draw_neuron", lambda *_: None)
    monkeypatch.setattr(task, "study_mismatch", refused)
    with pytest.raises(InputError, match="point_0.jsonl"):
        swept(folder, 'backend = "ngspice"\n[mismatch]\nsamples = 2\n')


def test_several_neurons_and_technologies_are_axes(folder: Path, asked: Asked):
    write_neuron(folder / "m.toml", EXCITABLE)
    head = HEAD.replace('"n.toml"', '["n.toml", "m.toml", "preset:tonic_spiking"]')
    study = run(plan_sweep(configuration(folder, "", head)))
    assert study.shown == ("neuron",)
    assert study.axis("neuron").values == ("n:excitable", "m:excitable", "tonic_spiking")
    assert len(study.outcomes) == 3


def test_neurons_of_a_run_are_judged_by_a_constant_current(folder: Path):
    layer = NeuronParameters.stack([replace(EXCITABLE, name=f"n{i}") for i in range(3)])
    write_model(
        folder / "run" / MODEL_FILE, MTCNetwork(NetworkConfiguration(1, 1, (layer,), dt=1.0))
    )
    write_drives(folder / "run", np.full((4, 3), 0.1), 50.0)
    head = 'neuron = "run"\nneurons = "1-2"\ntechnology = "generic"\n'
    plan = plan_sweep(configuration(folder, "", head))
    assert len(plan.points) == 2
    for neuron in plan.neurons.values():
        assert not neuron.drive.driven
        assert len(neuron.drive.stimulus.times) == 1
    timed = plan_sweep(configuration(folder, "", head + "duration = 300\n"))
    assert [n.drive.duration for n in timed.neurons.values()] == [300.0, 300.0]
    with pytest.raises(InputError, match="neurons '1-3': there are neurons 0 to 2"):
        plan_sweep(configuration(folder, "", head.replace("1-2", "1-3")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[axes]\ncorner = ["tt", "slow"]\n', "axes.corner = 'slow' is not allowed; it must be tt"),
        ("[axes]\nalpha.sm9 = [1, 2]\n", "neuron 'excitable' has no element 'sm9'; it has fm0"),
        ("[axes]\ntau.ultraslow = [1]\n", "tau_ultraslow of neuron 'excitable' is 0"),
        ('neurons = "0-3"\n', "is no run folder"),
        (
            '[mismatch]\nsamples = 2\nset = "worst"\n',
            "mismatch.set: technology 'generic' has no mismatch set 'worst'; it has typical",
        ),
    ],
)
def test_what_nothing_has_is_refused_at_once(folder: Path, text: str, message: str):
    with pytest.raises(InputError, match=message):
        plan_sweep(configuration(folder, text))


def test_a_technology_has_to_say_what_an_axis_needs(folder: Path):
    lean = folder / "lean.toml"
    text = Path(TECHNOLOGY_FOLDER / "generic.toml").read_text()
    kept = [part for part in text.split("\n\n") if "[mismatch" not in part]
    kept = [part for part in kept if "[bias_generator]" not in part]
    lean.write_text("\n\n".join(kept))
    head = HEAD.replace('"generic"', '"lean.toml"')
    for more, message in (
        ("[mismatch]\nsamples = 3\n", "mismatch.samples: technology 'generic' gives no mismatch"),
        ("[axes]\nbits = [4]\n", "axes.bits: technology 'generic' has no"),
    ):
        with pytest.raises(InputError, match=message):
            plan_sweep(configuration(folder, more, head))


def test_the_record_of_another_mismatch_set_is_refused_by_name(folder: Path):
    generic = (TECHNOLOGY_FOLDER / "generic.toml").read_text()
    generic = generic.replace("generic/models.spice", f"{TECHNOLOGY_FOLDER}/generic/models.spice")
    other = '[mismatch.other]\nnmos_threshold = 1e-3\n\n[mismatch]\ndefault = "typical"\n\n'
    (folder / "two.toml").write_text(
        generic.replace("[mismatch.typical]", f"{other}[mismatch.typical]")
    )
    head, record = HEAD.replace('"generic"', '"two.toml"'), folder / "points.jsonl"
    text = '[mismatch]\nsamples = 3\nset = "{}"\n'
    typical, other = (
        plan_sweep(configuration(folder, text.format(name), head)) for name in ("typical", "other")
    )
    assert [t.mismatch.name for t in other.technologies.values()] == ["other"]
    with Record.opened(record, sweep_study(typical).head):
        pass
    assert known_points(sweep_study(typical), record) == 0
    message = r"technologies\.generic\.mismatch\.name = 'other', where the record has 'typical'"
    with pytest.raises(InputError, match=message):
        known_points(sweep_study(other), record)


def test_samples_that_differ_as_a_whole_are_not_taken_from_a_record_of_those_that_do_not(
    folder: Path,
):
    record = folder / "points.jsonl"
    text = "[mismatch]\nsamples = 3\nprocess = {}\n"
    without, there = (
        plan_sweep(configuration(folder, text.format(value))) for value in ("false", "true")
    )
    with Record.opened(record, sweep_study(without).head):
        pass
    assert known_points(sweep_study(without), record) == 0
    with pytest.raises(InputError, match=r"mismatch\.process = True, where the record has False"):
        known_points(sweep_study(there), record)


def test_what_judges_a_point_is_no_reason_to_do_it_again(folder: Path):
    record = folder / "points.jsonl"
    text = "[mismatch]\nsamples = 3\nleast_yield = {}\n"
    strict, lenient = (
        plan_sweep(configuration(folder, text.format(value))) for value in ("0.9", "0.5")
    )
    with Record.opened(record, sweep_study(strict).head):
        pass
    assert known_points(sweep_study(lenient), record) == 0


@pytest.fixture
def command(folder: Path, asked: Asked) -> Callable[..., int]:
    def run(text: str, *words: str) -> int:
        path = folder / "sweep.toml"
        path.write_text(HEAD + text)
        return main(["sweep", str(path), "--workers", "1", *words])

    return run


def test_the_command_prints_and_keeps(command: Callable[..., int], folder: Path, capsys: Captured):
    text = "[axes]\nunit_current = [1e-10, 5e-9]\n"
    out = folder / "out"
    assert command(text, "--out", str(out), "--plot", str(folder / "p.svg")) == 0
    shown = capsys.readouterr()
    assert "1 of 1 points that can be built keep the regime of the model, 1 its rhythm" in shown.out
    assert "point 0: the unit current I0 needs 1e-10 A" in shown.out
    assert shown.err.startswith("2 points; 1 set of cells to measure first; about ")
    assert (out / "sweep.csv").read_text().count("\n") == 3
    assert json.loads((out / "sweep.json").read_text())["met"] is True
    assert (out / "sweep.png").read_bytes()[:4] == b"\x89PNG"
    assert b"<svg" in (folder / "p.svg").read_bytes()
    again = sweep_configuration_from_toml((out / "config.toml").read_text(), "config.toml")
    assert again == configuration(folder, text)
    # again, from the record; then anew
    assert command(text, "--out", str(out), "--json") == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["points"][1]["match"] is True
    assert shown.err.startswith("2 points, 2 of them known")
    changed = text.replace("5e-9", "6e-9")
    assert command(changed, "--out", str(out)) == 2
    assert "begin again (--restart where" in capsys.readouterr().err
    assert command(changed, "--out", str(out), "--restart") == 0


def test_the_command_says_what_it_would_do(
    command: Callable[..., int], asked: Asked, folder: Path, capsys: Captured
):
    text = "[axes]\nunit_current = [4e-9, 5e-9]\ntemperature = [27, 85]\n"
    out = folder / "out"
    assert command(text, "--dry-run", "--json", "--out", str(out)) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["points"], document["cell_sets"], document["known"]) == (4, 2, 0)
    assert document["axes"]["temperature"] == [27.0, 85.0]
    assert command(text, "--dry-run") == 0
    assert "4 points; 2 sets of cells to measure first; about" in capsys.readouterr().out
    assert not asked
    assert not out.exists()


def test_the_commands_status_tells_what_was_found(
    command: Callable[..., int], folder: Path, capsys: Captured
):
    assert command("[axes]\ntemperature = [27, 125]\n") == 4
    assert "ngspice had no luck." in capsys.readouterr().out
    assert command('[axes]\ncorner = ["ff"]\n') == 1
    assert command("[axes]\ncornr = [1]\n") == 2
    assert "sweep.toml: axes.cornr is not a known key" in capsys.readouterr().err


@pytest.mark.ngspice
def test_ngspice_and_prediction_agree_at_every_point(cache: Path, folder: Path, capsys: Captured):
    path = folder / "sweep.toml"
    spectra: dict[str, list[dict[str, Any]]] = {}
    for backend in ("macromodel", "ngspice"):
        text = f'backend = "{backend}"\n[axes]\nunit_current = [5e-9, 8e-9]\n'
        path.write_text(HEAD.replace("150", "300") + text)
        assert main(["sweep", str(path), "--json", "--out", str(folder / backend)]) == 0
        points = json.loads(capsys.readouterr().out)["points"]
        spectra[backend] = [p["outcome"] for p in points]
    for built, circuit in zip(spectra["macromodel"], spectra["ngspice"], strict=True):
        (predicted,), (simulated,) = built["samples"], circuit["samples"]
        assert predicted["regime"] == simulated["regime"] == "tonic_spiking"
        assert simulated["interspike_interval"] == pytest.approx(
            predicted["interspike_interval"], rel=0.05
        )
        assert max(simulated["iv"].values()) < 0.02
        assert circuit["static_power"] == pytest.approx(built["static_power"], rel=0.05)
    # samples in ngspice, from the same cells
    path.write_text(
        HEAD + 'backend = "ngspice"\n[mismatch]\nsamples = 2\n[axes]\nunit_current = [8e-9]\n'
    )
    main(["sweep", str(path), "--json", "--out", str(folder / "samples")])
    (point,) = json.loads(capsys.readouterr().out)["points"]
    assert len(point["outcome"]["samples"]) == 2
    assert (folder / "samples" / "samples" / "point_0.jsonl").is_file()
