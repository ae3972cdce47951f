"""Training through the macromodel of the whole network's circuit."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from circuits.technology import load_technology
from codesign.command_line import main
from codesign.networks.built_network import build_network
from codesign.networks.correction import read_corrections
from codesign.networks.macromodel import macromodel_prediction
from codesign.networks.run_task import task_of_run
from codesign.training.through_circuit import STEPS, ThroughCircuit, tuning_of
from codesign.training.train import train_run
from codesign.workbench import Workbench
from neuron_model.errors import InputError
from neuron_model.network.model_file import read_model
from neuron_model.runs.circuit_settings import CircuitSettings
from neuron_model.runs.run_configuration import (
    RunConfiguration,
    run_configuration_from_toml,
    run_configuration_to_toml,
)
from neuron_model.training.scoring import score_test
from neuron_model.training.training import Interrupted
from tests.codesign.networks.networks import TASK, task_of, two_neurons, write_run

CONFIGURATION = """
start = "{start}"
[task]
samples = {samples}
window = 24
washout = 4
horizon = 2
[circuit]
technology = "generic"
recorded = 12
[training]
steps = 6
batch = 4
learning_rate = 0.02
redraw = 4
[log]
tensorboard = false
"""


def through_generic(start: Path) -> RunConfiguration:
    text = CONFIGURATION.format(start=start, samples=TASK.samples)
    return run_configuration_from_toml(text, "circuit.toml")


def test_the_table_is_optional_and_written_back(tmp_path):
    assert not run_configuration_from_toml("", "empty.toml").circuit.wanted
    assert "circuit" not in run_configuration_to_toml(RunConfiguration())
    configuration = through_generic(tmp_path)
    text = run_configuration_to_toml(configuration)
    assert run_configuration_from_toml(text, "again.toml") == configuration


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("[circuit]\nstep = 0.1", "circuit.technology is missing"),
        ('[circuit]\ntechnology = "generic"\nstep = 0.0', "circuit.step = 0.0 is not allowed"),
        ('[circuit]\ntechnology = "generic"\npasses = 0', "circuit.passes = 0 is not allowed"),
        (
            '[circuit]\ntechnology = "generic"\n[variation]\ntechnology = "generic"',
            "do not go together",
        ),
        ('[circuit]\ntechnology = "generic"\n[network]\nrecurrent = true', "feed themselves"),
        (
            '[circuit]\ntechnology = "generic"\n[task]\nname = "sequences"\nfile = "x.npz"',
            "forecast of a series",
        ),
    ],
)
def test_what_no_circuit_can_do_is_refused(table, message):
    with pytest.raises(InputError, match=message):
        run_configuration_from_toml(table, "circuit.toml")


def test_a_run_folder_is_trained_on_as_it_was_trained_but_for_the_circuit(tmp_path):
    run = write_run(tmp_path / "first", two_neurons())
    configuration = tuning_of(run, "sky130")
    assert configuration.start == str(run.resolve())
    assert configuration.circuit == CircuitSettings("sky130")
    assert configuration.task == TASK
    assert configuration.training.steps == STEPS


def test_a_run_folder_without_a_circuit_is_refused(tmp_path, capsys):
    run = write_run(tmp_path / "first", two_neurons())
    assert main(["train", str(run), "--out", str(tmp_path / "second")]) == 2
    assert "is trained on with --circuit T" in capsys.readouterr().err
    assert not (tmp_path / "second").exists()


@pytest.mark.ngspice
def test_the_mapped_circuit_is_what_is_heard(cache, workbench):
    """The same macromodel as that of the exported circuit, not the plain network."""
    task = task_of(two_neurons())
    settings = CircuitSettings("generic", recorded=0)
    configuration = RunConfiguration(task=TASK, circuit=settings)
    through = ThroughCircuit(task.network, configuration, task.series, workbench)
    assert through(through.network, 0) == ()
    built = build_network(task, load_technology("generic"), workbench)
    heard = task.heard(40)
    predicted = macromodel_prediction(built, heard[None])
    assert predicted is not None
    said = predicted[0]
    with torch.no_grad():
        y = through.network(torch.tensor(heard[None].copy()))[0][0].numpy()
    assert np.allclose(y, said, atol=1e-6)
    assert not np.allclose(y, task.predictions(heard)[0], atol=0.01)


@pytest.mark.ngspice
def test_weights_make_up_for_what_the_circuit_does(cache, tmp_path):
    first = write_run(tmp_path / "first", two_neurons())
    trained = train_run(through_generic(first), tmp_path / "second")
    assert trained.plain is not None
    assert trained.result.nrmse < 0.95 * trained.result.nrmse_before
    written = json.loads((tmp_path / "second" / "circuit.json").read_text())
    assert written["after"] == trained.plain.after

    task = task_of_run(tmp_path / "second")
    assert task.before is not None
    weight = read_model(first / "model.safetensors").readout.weight
    assert torch.equal(task.before.readout.weight, weight)
    assert not torch.equal(task.network.readout.weight, weight)
    assert score_test(task.network, task.task, task.series).windows == trained.plain.after

    # before each of two passes, of which the second begins where samples are drawn anew, and after
    corrections = read_corrections(tmp_path / "second")
    assert list(corrections) == [0, 4, 6]
    assert not np.array_equal(
        corrections[0].layers[0]["i_bias"], corrections[4].layers[0]["i_bias"]
    )

    again = train_run(through_generic(first), tmp_path / "second")
    assert again.resumed == 6
    assert again.plain == trained.plain


@pytest.mark.ngspice
def test_a_run_that_was_stopped_in_its_second_pass_ends_as_one_that_was_not(cache, tmp_path):
    first = write_run(tmp_path / "first", two_neurons())
    whole = train_run(through_generic(first), tmp_path / "whole")
    done: list[int] = []
    with pytest.raises(Interrupted):
        train_run(
            through_generic(first),
            tmp_path / "stopped",
            watch=lambda step, new: done.append(step.step),
            stop=lambda: len(done) >= 4,
        )
    assert list(read_corrections(tmp_path / "stopped")) == [0, 4]
    resumed = train_run(through_generic(first), tmp_path / "stopped")
    assert resumed.resumed == 5
    assert resumed.plain == whole.plain
    documents = [(tmp_path / n / "correction.json").read_text() for n in ("whole", "stopped")]
    assert documents[0] == documents[1]


@pytest.mark.ngspice
def test_a_circuit_is_judged_by_the_network_before_its_weights_were_tuned(
    cache, tmp_path, workbench: Workbench
):
    first = write_run(tmp_path / "first", two_neurons())
    train_run(through_generic(first), tmp_path / "second")
    task = task_of_run(tmp_path / "second")
    found = build_network(task, load_technology("generic"), workbench).validate(30, workbench)
    assert {"trained", "tuned", "macromodel"} <= set(found.errors)
    assert np.array_equal(found.trained, task.as_trained.predictions(task.heard(30))[0])
    assert found.ratio == found.errors["circuit"] / found.errors["trained"]
    assert found.errors["macromodel"] == pytest.approx(found.errors["circuit"], rel=0.1)
