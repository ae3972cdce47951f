import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from codesign.command_line import main
from codesign.run_configuration import (
    LogSettings,
    RunConfiguration,
    read_run_configuration,
    run_configuration_from_toml,
    run_configuration_to_toml,
)
from codesign.workflows.source import load_source
from codesign.workflows.train import demo_configuration, make_network, train_run
from neuron_model.errors import InputError
from neuron_model.model_file import read_model
from neuron_model.network import input_currents, neurons_of
from neuron_model.tasks.series import make_series

SMALL = """
seed = 3
[task]
samples = 300
window = 20
washout = 8
horizon = 4
transient = 50.0
[network]
neurons = 4
steps_per_sample = 2
[training]
steps = 3
batch = 4
"""


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def small() -> RunConfiguration:
    return run_configuration_from_toml(SMALL, "small.toml")


def test_an_empty_file_is_the_default():
    assert run_configuration_from_toml("", "empty.toml") == RunConfiguration()


@pytest.mark.parametrize("configuration", [RunConfiguration(), small()])
def test_configuration_round_trip_is_exact(configuration: RunConfiguration):
    text = run_configuration_to_toml(configuration)
    assert run_configuration_from_toml(text, "again.toml") == configuration


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sede = 1", "sede is not a known key"),
        ("seed = -1", "seed = -1"),
        ("seed = true", "seed = True"),
        ("task = 3", "task = 3"),
        ("[task]\nname = 'mnist'", "task.name = 'mnist'"),
        ("[task]\nhorizn = 3", "task.horizn is not a known key"),
        ("[task]\nhorizon = 3.5", "task.horizon = 3.5"),
        ("[task]\nwindow = 10", "washout = 40"),
        ("[network]\nneurons = 0", "neurons = 0"),
        ("[network]\ndt = nan", "dt = nan"),
        ("[network]\ndt = 'x'", "network.dt = 'x'"),
        ("[network]\nlearn = ['beta']", "learn = 'beta'"),
        ("[network]\nlearn = 'alpha'", "network.learn = 'alpha'"),
        ("[network]\ntau_slow = [5]", "tau_slow = (5,)"),
        ("[network]\ninput_bias = [1, 0]", "input_bias"),
        ("[training]\nseed = 3", "training.seed is not a known key"),
        ("[training]\nsteps = -1", "steps = -1"),
        ("[limits]\nalpha = [1, 'x']", "limits.alpha"),
        ("[limits]\nalpha = [2, 1]", "alpha = (2, 1)"),
        ("[network", "not valid TOML"),
    ],
)
def test_wrong_configurations_are_refused(tmp_path: Path, capsys, text: str, words: str):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    assert main(["train", str(path), "--out", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert words in error
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_a_run_folder_holds_what_was_trained(tmp_path: Path):
    seen = []
    trained = train_run(small(), tmp_path / "run", lambda *seen_now: seen.append(seen_now))
    assert seen == [(k, 3, "training") for k in (1, 2, 3)]
    assert sorted(f.name for f in (tmp_path / "run").iterdir()) == [
        "config.toml",
        "currents.npz",
        "history.csv",
        "model.safetensors",
        "tensorboard",
        "training.json",
    ]
    assert read_run_configuration(tmp_path / "run" / "config.toml") == small()
    back = read_model(tmp_path / "run" / "model.safetensors")
    assert list(neurons_of(back)) == list(neurons_of(trained.network))
    with open(tmp_path / "run" / "history.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["loss"]) for row in rows] == [h.loss for h in trained.result.history]

    source = load_source(str(tmp_path / "run"))
    assert [n.name for n in source.neurons] == [f"neuron_{i}" for i in range(4)]
    assert source.drives is not None
    heard = make_series(small().task).test.signal
    currents = input_currents(back, heard)
    assert source.drives[0].duration == len(heard) * 1.0  # two steps of dt = 0.5 each
    for k in (0, 7, 115):
        found = [float(drive.stimulus(k + 0.5)) for drive in source.drives]
        np.testing.assert_allclose(found, currents[k])


def test_the_demonstration_is_the_default_with_its_seed():
    quiet = LogSettings(tensorboard=False)
    assert demo_configuration() == RunConfiguration(log=quiet)
    text = run_configuration_to_toml(demo_configuration(5))
    assert run_configuration_from_toml(text, "demo") == demo_configuration(5)


def test_runs_are_the_same_to_the_last_byte(tmp_path: Path):
    files = []
    for name in ("a", "b"):
        torch.manual_seed(len(name) + ord(name))  # the state of the caller does not matter
        train_run(small(), tmp_path / name)
        files.append((tmp_path / name / "model.safetensors").read_bytes())
    assert files[0] == files[1]
    other = make_network(replace(small(), seed=4))
    assert list(neurons_of(other)) != list(neurons_of(make_network(small())))


def test_the_command_reports_and_keeps_standard_output_for_json(tmp_path: Path, capsys):
    (tmp_path / "small.toml").write_text(SMALL)
    run = tmp_path / "run"
    assert main(["train", str(tmp_path / "small.toml"), "--out", str(run), "--json"]) == 0
    output = capsys.readouterr()
    document = json.loads(output.out)
    assert document["steps"] == 3
    assert 0 < document["nrmse"] < document["nrmse_trivial"]["mean"] * 1.5
    assert "training" in output.err


def test_a_folder_that_cannot_be_made_is_said_before_training(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be made"):
        train_run(small(), tmp_path / "file" / "run", lambda *_: pytest.fail("trained"))
