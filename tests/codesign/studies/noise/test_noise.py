"""``codesign noise``: many runs of the macromodel, a few in ngspice, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from circuits.technology import load_technology
from codesign.command_line import main
from codesign.studies.executors.serial import SerialExecutor
from codesign.studies.noise.noisy_neuron import NoisyNeuron, noisy_bench, noisy_neuron
from codesign.studies.noise.plan import NoisePlan
from codesign.studies.noise.results import NoiseResults
from codesign.studies.noise.study import study_noise
from netlists.bench import CurrentSource, TransientNoise
from neuron_model.analysis.regimes import Regime
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.presets import preset
from neuron_model.model.stimulus import Stimulus
from tests.codesign.mapped import mapped

GENERIC = load_technology("generic")
KNOWN = preset("tonic_spiking")
DRIVE = Drive(Stimulus.constant(1.0), 260.0)


@pytest.fixture(scope="module")
def neuron(cache, workbench) -> NoisyNeuron:
    return noisy_neuron(mapped(KNOWN.parameters, GENERIC, workbench, DRIVE), workbench)


def study(
    neuron: NoisyNeuron, plan: NoisePlan, seed: int = 0, record: Path | None = None
) -> NoiseResults:
    with SerialExecutor() as executor:
        outcome = study_noise(neuron, plan, executor, seed, record)[1]
    assert outcome is not None
    return outcome


@pytest.mark.ngspice
def test_runs_jitter_and_a_record_that_is_resumed(neuron, workbench, tmp_path: Path):
    record = tmp_path / "runs.jsonl"
    outcome = study(neuron, NoisePlan(6), seed=4, record=record)
    assert outcome.wanted == Regime.TONIC_SPIKING
    assert {train.regime for train in outcome.trains} == {Regime.TONIC_SPIKING}
    found = outcome.jitter["interspike_interval"]
    # some 0.3 % on 4 pF, by shot noise that the models take for up to twice as strong
    assert 0.001 < found.variation < 0.01
    assert found.mean == pytest.approx(neuron.quiet.interspike_interval, rel=0.01)

    written = record.read_text()
    again = study(neuron, NoisePlan(6), seed=4, record=record)
    assert again.trains == outcome.trains
    assert record.read_text() == written
    assert study(neuron, NoisePlan(6), seed=4).trains == outcome.trains
    assert study(neuron, NoisePlan(6), seed=5).trains != outcome.trains
    with pytest.raises(
        InputError, match="is the record of another noise \\(seed = 5, where the record has 4"
    ):
        study(neuron, NoisePlan(6), seed=5, record=record)


@pytest.mark.ngspice
def test_the_membrane_has_the_densities_of_all_that_drives_it(neuron, workbench):
    membrane = next(n for n in neuron.nodes if n.node is None)
    biases = sum(a.bias_current for a in neuron.built.design.amplifiers)
    biases += neuron.built.design.compensation_bias
    # four to six shot noises of each bias current, and up to twice that by the models
    assert 3.0 < membrane.shot_equivalent / biases < 13.0
    rows = {row.cell: row for row in study(neuron, NoisePlan(2)).cells}
    names = {f"OTA of {a.name}" for a in neuron.built.design.elements}
    assert names | {"OTA of follower slow"} < set(rows)
    assert all(1.0 < row.white / row.shot < 2.2 for row in rows.values())


@pytest.mark.ngspice
def test_near_a_boundary_the_regime_is_a_matter_of_chance(neuron, workbench):
    outcome = study(neuron, NoisePlan(10, boundary=True))
    boundary = outcome.boundary
    assert boundary is not None
    assert Regime.TONIC_SPIKING in (boundary.below, boundary.above)
    assert boundary.points[0].current < boundary.current < boundary.points[-1].current
    shares = np.array([p.share(boundary.above).value for p in boundary.points])
    assert shares[0] < 0.5 < shares[-1]


def test_a_plan_zooms_in_until_it_sees_more_than_two_currents_undecided():
    plan = NoisePlan(30, circuits=1, boundary=True)
    first = plan.next({})
    assert [p.key for p in first] == ["runs 0", "circuit 0", "boundary"]
    known: dict = {p.key: None for p in first}
    assert plan.next(known) == []  # no boundary was found
    known["boundary"] = [0.5, "resting", "tonic_spiking"]
    wide = plan.next(known)
    assert [(p.key, p.values["count"]) for p in wide] == [
        ("around 0, runs 0", 25),
        ("around 0, runs 25", 5),
    ]
    sure = [["resting"]] * 4 + [["tonic_spiking"]] * 5
    known |= {p.key: [each * p.values["count"] for each in sure] for p in wide}
    near = plan.next(known)
    assert [p.key for p in near] == ["around 1, runs 0", "around 1, runs 25"]
    reach = [p.values["currents"][-1] - 0.5 for p in (wide[0], near[0])]
    assert reach == [pytest.approx(0.02), pytest.approx(0.02 / 3)]
    mixed = [["resting"]] * 3 + [["resting", "tonic_spiking"]] * 3 + [["tonic_spiking"]] * 3
    known |= {p.key: mixed for p in near}
    assert plan.next(known) == []
    boundary = plan.around(known)[0]
    assert boundary is not None
    assert boundary.points[0].current == near[0].values["currents"][0]


@pytest.mark.ngspice
def test_the_circuit_trembles_by_sources_in_the_test_bench(neuron, workbench):
    bench = noisy_bench(neuron)
    noises = [s for s in bench.sources if isinstance(s.waveform, TransientNoise)]
    assert all(isinstance(s, CurrentSource) for s in noises)
    assert [s.negative for s in noises] == ["vm", "v_slow"]
    assert "trnoise" not in bench.cells
    (train,) = study(neuron, NoisePlan(2, circuits=1)).circuits
    assert train.regime == Regime.TONIC_SPIKING
    gaps = np.diff(train.spikes)[1:]
    assert np.median(gaps) == pytest.approx(neuron.quiet.interspike_interval, rel=0.03)
    assert gaps.std() > 1e-3


@pytest.mark.ngspice
def test_a_recorded_current_is_refused(neuron, workbench):
    recorded = Drive(Stimulus.sampled([0.0, 1.0], 10.0), 20.0, driven=True)
    with pytest.raises(InputError, match="not a recording"):
        noisy_neuron(replace(neuron.mapped, drive=recorded), workbench)


@pytest.mark.ngspice
def test_the_command_prints_a_table_or_a_document(cache, capsys, tmp_path: Path):
    words = ["noise", "preset:tonic_spiking", "--technology", "generic", "--current", "0:1"]
    words += ["--duration", "200", "--runs", "3", "--seed", "2"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "jitter: 3 runs, seed 2" in shown
    assert "tonic spiking 100.0 %" in shown
    picture = tmp_path / "noise.png"
    assert main([*words, "--json", "--plot", str(picture)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["macromodel"]["runs"] == 3
    assert document["nodes"][0]["node"] == "membrane"
    assert picture.is_file()


@pytest.mark.ngspice
@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--runs", "1"], "--runs 1"),
        (["--seed", "-1"], "--seed -1"),
        (["--backend", "ngspice", "--circuits", "-1"], "--circuits -1"),
        (["--corner", "zz"], "zz"),
        (["--temperature", "900"], "temperature"),
        (["--current", "nonsense"], "'nonsense' in"),
        (["--duration", "-5"], "duration"),
        (["--technology", "nothing_of_the_kind"], "nothing_of_the_kind"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(cache, capsys, more, words):
    assert main(["noise", "preset:tonic_spiking", "--technology", "generic", *more]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert words in error


@pytest.mark.ngspice
def test_simulate_draws_a_run_with_noise_from_a_seed(cache, capsys, tmp_path: Path):
    def document(*more: str) -> dict:
        words = ["simulate", "preset:tonic_spiking", "--technology", "generic", "--json"]
        assert main([*words, "--current", "0:1", "--duration", "120", *more]) == 0
        return json.loads(capsys.readouterr().out)

    out = tmp_path / "trace.csv"
    one = document("--noise-seed", "1", "--out", str(out))
    assert document("--noise-seed", "1")["spike_times"] == one["spike_times"]
    assert document("--noise-seed", "2")["spike_times"] != one["spike_times"]
    assert one["spike_count"] == len(one["spike_times"]) == 3
    assert out.read_text().startswith("time,u_m,u_fast,u_slow,u_ultraslow,current,output")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--noise-seed", "1"], "needs the technology"),
        (["--noise-seed", "-1", "--technology", "generic"], "at least 0"),
        (
            ["--noise-seed", "1", "--technology", "generic", "--backend", "ngspice"],
            "codesign noise",
        ),
    ],
)
def test_simulate_refuses_noise_that_is_nobodys(capsys, more, words):
    assert main(["simulate", "preset:tonic_spiking", *more]) == 2
    assert words in capsys.readouterr().err
