"""What a network's circuit makes of sequences: decisions, scores, what is printed and refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from circuits.technology import load_technology
from codesign.building.built_circuit import build
from codesign.command_line import main
from codesign.networks.built_network import BuiltNetwork, build_network
from codesign.networks.choices import SWING
from codesign.networks.played import LAYER_BY_LAYER, ONE_DECK, Played
from codesign.networks.sequence_validation import (
    SequenceValidation,
    compare_sequences,
    sequence_validation_from_json,
)
from codesign.networks.sequences_task import SequencesTask
from codesign.networks.table import print_network_samples, print_network_validation
from codesign.pictures.network_plots import network_picture
from codesign.studies.network.samples import NetworkSamples
from codesign.studies.network.study import cases_of
from codesign.workbench import Workbench
from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters
from neuron_model.network.model_file import write_model
from neuron_model.network.network import MTCNetwork, NetworkConfiguration
from neuron_model.runs.file_names import CONFIG_FILE, MODEL_FILE
from neuron_model.runs.run_configuration import RunConfiguration, run_configuration_to_toml
from neuron_model.tasks.sequence_arrays import sequences
from neuron_model.tasks.sequence_file import SequenceFile
from neuron_model.training.sequence_scoring import score_sequences
from tests.codesign.networks.networks import excitable

pytestmark = pytest.mark.ngspice
INTERVAL = 4.0
"""For how long a sample is held."""
GENERIC = load_technology("generic")


def two_readouts() -> MTCNetwork:
    """One input drives two neurons against each other; a readout for each."""
    layer = NeuronParameters.stack([excitable(20.0), excitable(23.0)])
    configuration = NetworkConfiguration(
        inputs=1, outputs=2, layers=(layer,), dt=0.1, steps_per_sample=40
    )
    network = MTCNetwork(configuration, dtype=torch.float64)
    with torch.no_grad():
        network.projections[0].weight.copy_(torch.tensor([[1.2], [-1.2]]))
        network.projections[0].bias.fill_(0.6)
        network.readout.weight.copy_(torch.tensor([[2.0, -2.0], [-2.0, 2.0]]))
        network.readout.bias.zero_()
    return network


def signals(count: int = 24, seed: int = 0) -> list[np.ndarray]:
    """Of 4 to 6 samples, high or low in turn."""
    generator = np.random.default_rng(seed)
    return [
        (1.0 if i % 2 else -1.0) + 0.1 * generator.normal(size=(4 + i % 3, 1)) for i in range(count)
    ]


def labels() -> np.ndarray:
    return np.where(np.arange(24) % 2, "high", "low")


def built(workbench: Workbench, task: Any) -> BuiltNetwork:
    network = two_readouts()
    return build_network(SequencesTask(network, task, task.sequences()), GENERIC, workbench)


@pytest.fixture(scope="module")
def network(cache: Path, workbench: Workbench) -> BuiltNetwork:
    return built(workbench, sequences(signals(), labels()))


def response_of(
    network: BuiltNetwork, gain: float = 1.0, count: int | None = None
) -> SequenceValidation:
    """As if a circuit said ``gain`` times what torch says, and drew 1 uA."""
    played = []
    for case in cases_of(network, sequences=count):
        y, _ = network.task.predictions(network.task.test_signal[case.start :][: case.count])
        ends = INTERVAL * np.arange(1, case.count + 1)
        charge = 1e-6 * ends[-1] * network.design.time_unit
        played.append(Played(case.start, case.count, ends, gain * y, charge))
    return compare_sequences(network, played, 1.0, LAYER_BY_LAYER)


def test_a_circuit_that_says_what_torch_says_decides_as_torch(network):
    found = response_of(network)
    assert found.agreement == 1.0
    assert found.correlation == pytest.approx([1.0, 1.0])
    assert found.passed
    task = network.task
    whole = score_sequences(task.network, task.task, task.data, task.data.test)
    assert found.scores["trained"].confusion == whole.confusion
    assert found.scores["circuit"].confusion == whole.confusion


def test_one_whose_largest_readout_is_another_does_not_pass(network):
    found = response_of(network, gain=-1.0)
    right = found.scores["trained"].accuracy
    assert found.scores["circuit"].accuracy == pytest.approx(1.0 - right)
    assert found.agreement == 0.0
    assert not found.passed
    assert len(found.differing) == len(found.labels) == 6


def test_nineteen_of_twenty_decisions_in_common_are_enough(network):
    found = response_of(network)
    decided = np.zeros(20, dtype=int)
    for differing, passes in ((1, True), (2, False)):
        other = np.where(np.arange(20) < differing, 1, 0)
        one = replace(found, labels=decided, decided={"circuit": other, "trained": decided})
        assert one.passed is passes


def test_the_most_frequent_class_is_that_of_the_training_part(cache, workbench):
    """Of 24 low and 6 high ones, in both parts."""
    few = np.array(["high" if i % 5 == 4 else "low" for i in range(30)])
    task = sequences(signals(30), few)
    found = response_of(built(workbench, task))
    (share,) = {np.mean(found.labels == found.classes.index("low"))}
    assert found.scores["most frequent class"].accuracy == pytest.approx(share)


def test_the_macromodel_decides_beside_it_under_nominal_conditions_alone(network):
    assert "macromodel" in response_of(network).scores
    assert "macromodel" not in response_of(network.at(temperature=85.0)).scores


def test_sequences_are_spread_over_the_test_part(network):
    task = network.task
    assert task.spread().tolist() == list(range(6))
    assert task.spread(3).tolist() == [0, 2, 4]
    starts, lengths = task.starts(), task.data.test.lengths
    assert [(c.start, c.count) for c in cases_of(network, sequences=3)] == [
        (starts[i], lengths[i]) for i in (0, 2, 4)
    ]
    with pytest.raises(InputError, match="sequences = 7 is not allowed; it must be from 1 to 6"):
        cases_of(network, sequences=7)


@pytest.mark.parametrize("given", [{"samples": 50}, {"windows": 2}])
def test_what_is_of_a_series_is_refused(network, given):
    with pytest.raises(InputError, match="was trained on sequences"):
        cases_of(network, **given)


def test_samples_are_counted_by_what_they_decide(network, capsys):
    """Of three samples one decides otherwise than torch on every sequence; calibrated, none."""
    alike, other = response_of(network), response_of(network, gain=-1.0)
    right = alike.scores["circuit"].accuracy
    found = NetworkSamples(alike, (alike, other, alike), (alike,) * 3, 7, "typical")
    document = found.document()
    drawn, calibrated = document["drawn"], document["calibrated"]
    assert (drawn["passed"], calibrated["passed"]) == (2, 3)
    assert drawn["accuracy"] == pytest.approx([right, 1.0 - right, right])
    assert drawn["agreement"] == [1.0, 0.0, 1.0]
    assert drawn["correlation"] == pytest.approx([1.0, -1.0, 1.0])
    assert drawn["median_accuracy"] == pytest.approx(right)
    assert "nrmse" not in drawn
    print_network_samples(found)
    said = capsys.readouterr().out
    for words in ("3 samples, seed 7, mismatch set typical", "median agreement with torch (%)"):
        assert words in said


def test_samples_that_predict_numbers_are_told_by_their_errors(cache, workbench):
    x = signals()
    network = built(workbench, sequences(x, np.stack([[one.mean(), one[-1, 0]] for one in x])))
    alike, other = response_of(network), response_of(network, gain=-1.0)
    entry = NetworkSamples(alike, (alike, other, other), (alike,) * 3, 0).document()["drawn"]
    assert (entry["passed"], entry["nrmse"][0]) == (1, alike.error)
    assert entry["median_over_nominal"] == pytest.approx(other.error / alike.error)
    assert other.error != alike.error


def test_decisions_are_those_of_training(cache, workbench):
    """By the mean over a sequence, at its end, and at every sample that has a label."""
    x = signals()
    in_time = [np.where(np.arange(len(one)) < 2, -1, i % 2) for i, one in enumerate(x)]
    for task, decisions in (
        (sequences(x, labels(), decision="last"), 6),
        (sequences(x, labels(), washout=2), 6),
        (sequences(x, in_time), None),
    ):
        network = built(workbench, task)
        found = response_of(network)
        whole = score_sequences(two_readouts(), task, network.task.data, network.task.data.test)
        assert found.scores["circuit"].confusion == whole.confusion
        assert len(found.labels) == (decisions or found.lengths.sum() - 2 * 6)


def test_numbers_are_scored_by_output(cache, workbench):
    x = signals()
    y = np.stack([[one.mean(), one[-1, 0]] for one in x])
    network = built(workbench, sequences(x, y))
    found = response_of(network)
    assert found.classes == ()
    assert found.ratio == pytest.approx(1.0, abs=1e-3)
    assert found.passed
    assert len(found.scores["circuit"].nrmse) == 2
    assert found.scores["mean"].nrmse == pytest.approx(found.scores["mean"].nrmse)
    other = response_of(network, gain=-1.0)
    assert other.correlation == pytest.approx([-1.0, -1.0])
    assert not other.passed
    upper, lower = network_picture(found).axes[0], network_picture(found).axes[2]
    assert upper.get_ylabel() == "y of each readout"
    assert lower.get_ylabel() == "y0"
    assert sequence_validation_from_json(found.document()).document() == found.document()


def test_it_is_read_as_it_was_written(network):
    document = json.loads(json.dumps(response_of(network).document()))
    assert sequence_validation_from_json(document).document() == document
    assert document["labels"] == [0, 1] * 3 or document["labels"] == [1, 0] * 3
    assert "circuit" not in response_of(network).document(arrays=False)
    for broken in ({"trained": [[1.0]]}, {"labels": [1]}, {"decisions": {}}):
        with pytest.raises(ValueError, match="shapes|as many|lacks"):
            sequence_validation_from_json(document | broken)


def test_energy_is_the_supply_times_the_charge_of_a_sample(network):
    assert response_of(network).energy == pytest.approx(
        GENERIC.supply * 1e-6 * INTERVAL * network.design.time_unit
    )


def test_the_picture_has_readouts_of_two_classes_and_both_confusions(network):
    found = response_of(network)
    first, second, circuit, trained = network_picture(found).axes
    titles = first.get_title("left"), second.get_title("left")
    assert {t.split("class ")[1].split(":")[0] for t in titles} == {"high", "low"}
    assert len(first.lines) == 4  # torch and circuit, two readouts
    assert "circuit: " in circuit.get_title("left")
    assert "torch" in trained.get_title("left")


def test_the_table_says_who_is_right_and_where_they_differ(network, capsys):
    print_network_validation(response_of(network, gain=-1.0))
    said = capsys.readouterr().out
    for words in (
        "6 test sequences from rest",
        "most frequent class",
        "the circuit's confusion",
        "test sequence 0: ",
        "does not do the task as torch: it decides as torch on 0 of 6 sequences",
    ):
        assert words in said


def test_a_readout_that_goes_far_gets_a_smaller_unit(cache, workbench, network):
    """So that its followers do not slew; one unit of y is a quarter of V0 otherwise."""
    assert network.design.scale == 0.25
    loud = two_readouts()
    with torch.no_grad():
        loud.readout.weight.mul_(20.0)
    task = sequences(signals(), labels())
    trained = SequencesTask(loud, task, task.sequences())
    scale = build_network(trained, GENERIC, workbench).design.scale
    assert scale == pytest.approx(SWING / trained.training.largest)
    assert scale < 0.15


def test_inputs_range_over_all_sequences_and_activity_is_from_rest(network):
    task = network.task
    ((low, high),) = task.input_range
    assert low <= task.test_signal.min() < task.test_signal.max() <= high
    part = task.data.training
    assert np.std([len(part.signal[0, :n]) for n in part.lengths]) > 0
    one = task.hear(part.signal[0, : part.lengths[0]]).activity["s0"]
    assert one.shape == (2,)
    assert task.training.activity["s0"].shape == (2,)
    assert task.training.largest >= task.hear(part.signal[0, : part.lengths[0]]).largest


def write_run(folder: Path) -> Path:
    """A run folder as a training on sequences leaves it, as far as an export reads it."""
    folder.mkdir()
    x = np.stack([one[:4] for one in signals()])
    np.savez(folder / "data.npz", x=x, y=labels())
    write_model(folder / MODEL_FILE, two_readouts())
    configuration = replace(RunConfiguration(), task=SequenceFile(str(folder / "data.npz")))
    write_atomically(folder / CONFIG_FILE, run_configuration_to_toml(configuration))
    return folder


def test_the_commands_export_and_validate_a_run(cache, tmp_path, capsys):
    run = write_run(tmp_path / "run")
    assert main(["export", str(run), "--technology", "generic", "--json"]) == 0
    exported = json.loads(capsys.readouterr().out)["network"]
    assert exported["samples"] == 24  # six whole sequences of four samples
    assert "v(y_1)" in (run / "netlists" / "testbench_network.spice").read_text().lower()
    plot = tmp_path / "network.png"
    words = ["validate", str(run), "--technology", "generic", "--network", "--sequences", "2"]
    status = main([*words, "--json", "--plot", str(plot)])
    said = json.loads(capsys.readouterr().out)
    written = json.loads((run / "network_validation.json").read_text())
    assert status == (0 if said["passed"] else 1)
    assert plot.stat().st_size > 0
    assert said["classes"] == ["high", "low"]
    assert said["agreement"] == written["agreement"] == 1.0
    assert len(written["circuit"]) == 8
    assert min(said["correlation"]) > 0.9


def test_the_command_tells_how_many_samples_decide_as_torch(cache, tmp_path, capsys):
    run = write_run(tmp_path / "run")
    words = ["validate", str(run), "--technology", "generic", "--network", "--sequences", "2"]
    words += ["--mismatch", "1", "--seed", "4"]
    assert main([*words, "--json"]) in (0, 1)
    said = json.loads(capsys.readouterr().out)
    assert json.loads((run / "network_samples.json").read_text()) == {"format": 1, **said}
    assert said["nominal"]["classes"] == ["high", "low"]
    # the same sequences in another circuit: its readouts are others, and calibrated nearer again
    alike = [said[name]["correlation"][0] for name in ("drawn", "calibrated")]
    assert len({*alike, min(said["nominal"]["correlation"])}) == 3
    assert said["calibrated"]["agreement"] == [1.0]
    # what was done is kept: the same again asks ngspice for nothing
    assert main(words) in (0, 1)
    assert "1 samples, seed 4, mismatch set typical" in capsys.readouterr().out


def test_from_python_a_trained_network_is_validated_in_either_way(cache, tmp_path, workbench):
    network = build(write_run(tmp_path / "run"), "generic", workbench=workbench).network
    found = network.validate(sequences=2, workbench=workbench)
    joint = network.validate(sequences=2, workbench=workbench, one_deck=True)
    assert isinstance(found, SequenceValidation)
    assert isinstance(joint, SequenceValidation)
    assert (found.method, joint.method) == (LAYER_BY_LAYER, ONE_DECK)
    assert found.circuit == pytest.approx(joint.circuit, abs=0.05 * joint.circuit.std())
