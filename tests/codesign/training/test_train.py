import hashlib
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from codesign.building.source import load_source
from codesign.command_line import main
from codesign.training.train import demo_configuration, make_network, train_run
from neuron_model.errors import InputError
from neuron_model.network.bursting_layer import BurstingLayer
from neuron_model.network.model_file import read_model
from neuron_model.network.network import input_currents, neurons_of
from neuron_model.network.preset_layer import PresetLayer
from neuron_model.runs.forecast_file import read_forecast
from neuron_model.runs.history_file import read_history_table
from neuron_model.runs.run_configuration import (
    RunConfiguration,
    identity,
    read_run_configuration,
    run_configuration_from_toml,
    run_configuration_to_toml,
)
from neuron_model.runs.training_log import TrainingLog
from neuron_model.tasks.series import make_series, nrmse
from neuron_model.training.scoring import evaluate
from neuron_model.training.training import Interrupted, TrainingStep

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


def test_a_run_that_begins_with_a_network_records_the_currents_of_all_its_layers(tmp_path):
    two = run_configuration_from_toml(SMALL.replace("neurons = 4", "neurons = 2\nlayers = 2"), "c")
    train_run(two, tmp_path / "first")
    fine = replace(two, layers=RunConfiguration().layers, start=str(tmp_path / "first"))
    train_run(replace(fine, training=replace(fine.training, steps=1)), tmp_path / "fine")
    source = load_source(str(tmp_path / "fine"))
    assert source.drives is not None
    assert len(source.drives) == len(source.neurons) == 4


def test_an_empty_file_is_the_default():
    assert run_configuration_from_toml("", "empty.toml") == RunConfiguration()


FULL = """
[task]
name = "series"
file = "my.csv"
target = ["level"]
[network]
dt = 0.25
recurrent = true
dtype = "float64"
input_gain = [0.1, 0.2]
[[network.layers]]
neurons = 5
[[network.layers]]
neurons = 3
preset = ["tonic_spiking", "tonic_bursting"]
spread = 0.2
[training]
optimizer = "adamw"
betas = [0.8, 0.99]
[training.rates]
readout = 2.0
recurrent = 0.5
[log]
tensorboard = false
"""


def full() -> RunConfiguration:
    return run_configuration_from_toml(FULL, "full.toml")


def test_layers_take_what_they_do_not_say_from_the_network():
    first, second = full().layers
    assert first == BurstingLayer(neurons=5, input_gain=(0.1, 0.2))
    assert second == PresetLayer(
        3, preset=("tonic_spiking", "tonic_bursting"), spread=0.2, input_gain=(0.1, 0.2)
    )
    alike = run_configuration_from_toml("[network]\nneurons = 4\nlayers = 2", "two.toml")
    assert alike.layers == (BurstingLayer(neurons=4),) * 2


def test_a_configured_network_is_made(tmp_path: Path):
    time = np.arange(1000)
    table = np.stack([np.sin(0.1 * time), np.cos(0.13 * time)], axis=1)
    np.savez(tmp_path / "my.npz", pump=table[:, 0], level=table[:, 1])
    (tmp_path / "config.toml").write_text(FULL.replace("my.csv", "my.npz"))
    configuration = read_run_configuration(tmp_path / "config.toml")
    assert configuration.task.file == str(tmp_path / "my.npz")
    net = make_network(configuration.named())
    assert (net.inputs, net.outputs) == (2, 1)
    assert net.configuration.sizes == (5, 3)
    assert all(p.dtype == torch.float64 for p in net.parameters())
    assert [layer.weights.shape for layer in net.neuron_layers] == [(5, 5), (3, 3)]
    # Spikers beside bursters: what they lack is there, without strength.
    strengths = np.stack([e.alpha for e in net.neuron_layers[1].parameters_now().elements])
    assert (strengths == 0).sum(0).tolist() == [2, 0, 2]


@pytest.mark.parametrize("preset", ["", 'preset = ["tonic_spiking", "ribar_sepulchre_burster"]\n'])
def test_the_outputs_shape_and_the_readouts_filter_can_be_chosen(preset: str):
    def made(lines: str):
        text = f"[network]\nneurons = 2\n{preset}{lines}"
        net = make_network(run_configuration_from_toml(text, "c.toml"))
        return net.neuron_layers[0].parameters_now().output, net.low_pass.kind

    assert made("") == ("ota", "exact"), "what a circuit has"
    assert made('output = "clip"\nreadout_filter = "paper"') == ("clip", "paper")
    with pytest.raises(InputError, match="c.toml: layer: output = 'tanh' .* one of clip, ota"):
        made('output = "tanh"')
    with pytest.raises(
        InputError, match="c.toml: network: readout_filter = 'best' .* exact, paper"
    ):
        made('readout_filter = "best"')


def test_a_run_from_before_both_is_not_resumed_as_another(tmp_path: Path):
    before = replace(
        small(),
        layers=(replace(small().layers[0], output="clip"),),
        network=replace(small().network, readout_filter="paper"),
    )
    train_run(before, tmp_path)
    config = tmp_path / "config.toml"
    lines = config.read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(("output", "readout_filter"))]
    assert len(kept) == len(lines) - 2
    config.write_text("".join(kept))
    with pytest.raises(InputError, match="output = 'ota', not 'clip'; .*'exact', not 'paper'"):
        train_run(small(), tmp_path)


@pytest.mark.parametrize("configuration", [RunConfiguration(), small(), full()])
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
        ("steps = 3", "steps is not a known key; it belongs in [training]."),
        ("[training]\nneurons = 3", "training.neurons is not a known key; it belongs in [network]"),
        ("[training]\nepochs = 3", "Did you mean 'steps'?"),
        ("[training]\nseed = -3", "training.seed = -3 is not allowed; it must be a whole number"),
        ("[training]\nsteps = -1", "steps = -1"),
        ("[training]\nstate = 'kept'", "state = 'kept'"),
        ("[limits]\nalpha = [1, 'x']", "limits.alpha"),
        ("[limits]\nalpha = [2, 1]", "alpha = (2, 1)"),
        ("[network", "not valid TOML"),
        ("[network]\nlayers = 0", "network.layers = 0"),
        ("[network]\nlayers = [3]", "network.layers[0] = 3"),
        ("[[network.layers]]\nneurons = 0", "neurons = 0"),
        ("[[network.layers]]\npreset = 'sleepy'", "no preset 'sleepy'"),
        ("[network]\npreset = 'resting'\ntau_slow = [1, 2]", "network.tau_slow is not a known"),
        ("[network]\nbackend = 'gpu'", "backend = 'gpu'"),
        ("[network]\ndtype = 'half'", "dtype = 'half'"),
        ("[training]\noptimizer = 'lion'", "optimizer = 'lion'"),
        ("[training.rates]\nreadout = -1", "rates.readout = -1"),
        ("[training.rates]\nbeta = 1", "training.rates.beta is not a known key"),
        ("[log]\ncheckpoint_every = -1", "checkpoint_every = -1"),
        ("[task]\nname = 'series'", "task.file is missing"),
        ("[task]\nname = 'series'\nfile = 'none.csv'", "none.csv: cannot be read"),
        ("[task]\nname = 'series'\nfile = 'x'\ntarget = [1]", "task.target = [1]"),
    ],
)
def test_wrong_configurations_are_refused(tmp_path: Path, capsys, text: str, words: str):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    assert main(["train", str(path), "--out", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: "), "nothing is said to be under way before it is refused"
    assert words in error
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_a_run_folder_holds_what_was_trained(tmp_path: Path):
    seen = []
    trained = train_run(small(), tmp_path / "run", lambda *seen_now: seen.append(seen_now))
    assert seen == [(k, 3, "training") for k in (0, 1, 2, 3)]
    assert sorted(f.name for f in (tmp_path / "run").iterdir()) == [
        "config.toml",
        "currents.npz",
        "forecast.npz",
        "history.csv",
        "model.safetensors",
        "tensorboard",
        "training.json",
    ]
    assert read_run_configuration(tmp_path / "run" / "config.toml") == small().named()
    back = read_model(tmp_path / "run" / "model.safetensors")
    assert list(neurons_of(back)) == list(neurons_of(trained.network))
    rows = list(read_history_table(tmp_path / "run" / "history.csv"))
    assert [float(row["loss"]) for row in rows] == [h.loss for h in trained.result.history]

    source = load_source(str(tmp_path / "run"))
    assert [n.name for n in source.neurons] == [f"neuron_{i}" for i in range(4)]
    assert source.drives is not None
    # What the neurons are driven with is a piece of one run over validation and test part, in
    # which the network does its task: from the end of the test part's washout on.
    series = make_series(small().task)
    heard = np.concatenate([series.before_test, series.test.signal])
    currents = input_currents(back, heard)[len(series.before_test) + 8 :]
    assert source.drives[0].duration == len(currents) * 1.0  # two steps of dt = 0.5 each
    for k in (0, 7, len(currents) - 1):
        found = [float(drive.stimulus(k + 0.5)) for drive in source.drives]
        np.testing.assert_allclose(found, currents[k])


def test_both_scores_and_the_forecast_of_the_stream_are_kept(tmp_path: Path):
    trained = train_run(small(), tmp_path / "run")
    result, series = trained.result, make_series(small().task)
    entries = json.loads((tmp_path / "run" / "training.json").read_text())
    assert entries["nrmse"] == result.nrmse == evaluate(trained.network, small().task, series.test)
    assert entries["stream_nrmse"] == result.stream_nrmse
    assert entries["validation_stream_nrmse"] == result.validation_stream_nrmse
    rows = list(read_history_table(tmp_path / "run" / "history.csv"))
    assert all(0 < float(row["validation_nrmse"]) < 10 for row in rows)
    assert all(0 < float(row["validation_stream_nrmse"]) < 10 for row in rows)
    forecast = read_forecast(tmp_path / "run" / "forecast.npz")
    assert forecast is not None
    scale = series.target_scale
    target = scale.mean + scale.deviation * series.test.target
    np.testing.assert_allclose(forecast.target, target)
    said, target = (torch.tensor(x[8:]) for x in (forecast.forecast, forecast.target))
    assert nrmse(said, target) == pytest.approx(result.stream_nrmse, rel=1e-6)
    assert trained.trivial_stream["mean"] == pytest.approx(trained.trivial["mean"], rel=0.2)


def test_the_demonstration_is_the_default_trained_the_same_on_every_processor():
    plain = RunConfiguration()
    made = replace(
        demo_configuration(), network=plain.network, training=plain.training, log=plain.log
    )
    assert made == plain
    assert demo_configuration().network.dtype == "float64"
    assert demo_configuration().training.significant_bits == 16
    assert not demo_configuration().log.tensorboard
    text = run_configuration_to_toml(demo_configuration(5))
    assert run_configuration_from_toml(text, "demo") == demo_configuration(5)


def test_what_is_not_rounded_is_the_run_of_before_the_key():
    plain = small()
    text = run_configuration_to_toml(plain)
    assert run_configuration_from_toml(text.replace("significant_bits = 0\n", ""), "c") == plain
    rounds = replace(plain, training=replace(plain.training, significant_bits=16))
    assert identity(rounds) != identity(plain)
    # what a version without the key wrote into training.json
    without = hashlib.sha256(
        text.replace("significant_bits = 0\n", "")
        .replace("tensorboard = false", "tensorboard = true")
        .encode()
    )
    assert identity(plain) == without.hexdigest()


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
    assert 0 < document["nrmse_stream"] < document["nrmse_stream_trivial"]["mean"] * 1.5
    assert document["nrmse_stream_before"] != document["nrmse_stream"]
    assert document["nrmse_stream_validation"] > 0
    assert "training" in output.err


def test_a_folder_that_cannot_be_made_is_said_before_training(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be made"):
        train_run(small(), tmp_path / "file" / "run", lambda *_: pytest.fail("trained"))


def write_table(path: Path, rows: int = 200) -> Path:
    time = np.arange(rows)
    table = np.stack([time, np.sin(0.1 * time), np.cos(0.13 * time)], axis=1)
    np.savetxt(path, table, delimiter=",", header="time,pump,level", comments="")
    return path


def test_neurons_of_every_layer_can_be_built(tmp_path: Path):
    text = SMALL.replace("neurons = 4", "recurrent = true") + (
        "[[network.layers]]\nneurons = 3\n[[network.layers]]\nneurons = 2\npreset = 'resting'\n"
    )
    configuration = run_configuration_from_toml(text, "two.toml")
    trained = train_run(configuration, tmp_path / "run")
    source = load_source(str(tmp_path / "run"))
    names = ["layer_0_0", "layer_0_1", "layer_0_2", "layer_1_0", "layer_1_1"]
    assert [neuron.name for neuron in source.neurons] == names
    heard = make_series(configuration.task).test.signal
    before = make_series(configuration.task).before_test
    skipped = len(before) + configuration.task.washout
    deep = input_currents(trained.network, np.concatenate([before, heard]), 1)[2 * skipped :]
    assert source.drives is not None
    assert float(source.drives[4].stimulus(7 * 0.5 + 0.1)) == pytest.approx(deep[7, 1])
    assert {drive.duration for drive in source.drives} == {len(deep) * 0.5}


def test_a_table_of_the_users_own_is_trained_on_in_one_command(
    tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
):
    write_table(tmp_path / "my.csv")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quick.toml").write_text(
        "[task]\nname = 'series'\nfile = 'my.csv'\ntarget = 'level'\nhorizon = 3\nwindow = 12\n"
        "washout = 4\n[network]\nneurons = 4\n[training]\nsteps = 4\nbatch = 8\n"
    )
    assert main(["train", "quick.toml", "--out", "run", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document["nrmse_trivial"]) == {"last value", "mean"}
    assert document["nrmse_validation"] > 0
    written = read_run_configuration(tmp_path / "run" / "config.toml")
    assert written.task.input == ("pump", "level")
    assert len(written.task.sha256) == 64
    back = read_model(tmp_path / "run" / "model.safetensors")
    assert (back.inputs, back.outputs) == (2, 1)
    # The file itself, with defaults.
    assert main(["train", "my.csv", "--out", "own"]) == 0
    output = capsys.readouterr()
    assert "hears pump, level and learns level, 1 row ahead" in output.err
    assert "predicting the last value" in output.out
    head = next(line for line in output.out.splitlines() if "predictor" in line)
    assert head.index("one continuous run") < head.index("windows from rest")
    assert "over validation and test part, the state carried from its start" in output.err
    # With what is to be learned said.
    words = ["--target", "pump", "--input", "level", "--horizon", "2", "--out", "other"]
    assert main(["train", "my.csv", *words]) == 0
    assert "hears level and learns pump, 2 rows ahead" in capsys.readouterr().err


def test_what_is_of_a_series_is_refused_of_sequences(tmp_path: Path, capsys):
    (tmp_path / "labels.csv").write_text(
        "x,state\n" + "".join(f"{i % 7},{'on' if i % 3 else 'off'}\n" for i in range(200))
    )
    words = ["train", str(tmp_path / "labels.csv"), "--out", str(tmp_path / "run")]
    assert main([*words, "--missing", "drop"]) == 2
    assert "--missing is of a series; the file holds sequences" in capsys.readouterr().err


def test_another_configuration_or_table_does_not_go_on_with_a_run(tmp_path: Path, capsys):
    config, run = tmp_path / "small.toml", str(tmp_path / "run")
    config.write_text(SMALL)
    assert main(["train", str(config), "--out", run]) == 0
    first = (tmp_path / "run" / "model.safetensors").read_bytes()
    capsys.readouterr()
    config.write_text(SMALL + "[log]\ncheckpoint_every = 2\n")
    assert main(["train", str(config), "--out", run]) == 0  # Nothing that changes the result.
    assert "was trained already" in capsys.readouterr().err
    config.write_text(SMALL.replace("horizon = 4", "horizon = 5").replace("seed = 3", "seed = 4"))
    assert main(["train", str(config), "--out", run]) == 2
    error = capsys.readouterr().err
    assert "seed = 4, not 3; task.horizon = 5, not 4" in error
    assert "--restart" in error
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == first
    assert main(["train", str(config), "--out", run, "--restart"]) == 0
    assert (tmp_path / "run" / "model.safetensors").read_bytes() != first


def test_a_configuration_that_was_mended_is_not_another(tmp_path: Path):
    wrong = replace(small(), training=replace(small().training, device="cuda:99"), seed=4)
    with pytest.raises(InputError, match="cuda:99"):
        train_run(wrong, tmp_path / "run")
    assert train_run(small(), tmp_path / "run").resumed is None


def test_a_run_whose_model_is_gone_is_trained_again(tmp_path: Path):
    once = train_run(small(), tmp_path / "run")
    model = tmp_path / "run" / "model.safetensors"
    before = model.read_bytes()
    model.unlink()
    again = train_run(small(), tmp_path / "run")
    assert again.resumed is None
    assert again.result == once.result
    assert model.read_bytes() == before
    done = train_run(small(), tmp_path / "run", lambda *_: pytest.fail("trained"))
    assert (done.resumed, done.result) == (3, once.result)
    assert list(neurons_of(done.network)) == list(neurons_of(once.network))


def test_a_damaged_checkpoint_is_said_so(tmp_path: Path):
    run = tmp_path / "run"
    with pytest.raises(Interrupted):
        train_run(small(), run, stop=lambda: True)
    checkpoint = run / "checkpoint.safetensors"
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[:-7])
    with pytest.raises(InputError, match="is no checkpoint or is damaged.*--restart"):
        train_run(small(), run)
    checkpoint.write_bytes(whole)
    assert train_run(small(), run).resumed == 1


def test_a_signal_stops_with_a_checkpoint_and_says_how_to_go_on(
    tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
):
    config, run = tmp_path / "small.toml", tmp_path / "run"
    config.write_text(SMALL)
    added = TrainingLog.add

    def add_and_interrupt(log: TrainingLog, done: TrainingStep) -> None:
        added(log, done)
        if done.step == 0:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(TrainingLog, "add", add_and_interrupt)
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    words = ["train", str(config), "--out", str(run)]
    assert main([*words, "--restart"]) == 128 + signal.SIGTERM
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == handlers
    error = capsys.readouterr().err
    assert "stopped by SIGTERM after 2 of 3 steps; " in error
    assert error.endswith(f"the same command resumes: codesign train {config} --out {run}\n")
    assert main(["train", str(config), "--out", str(run), "--json"]) == 0
    output = capsys.readouterr()
    assert json.loads(output.out)["resumed"] == 2
    assert "went on after step 2" in output.err
    monkeypatch.undo()
    train_run(small(), tmp_path / "whole")
    for name in ("model.safetensors", "history.csv"):
        assert (run / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_without_tensorboard_there_is_one_notice_and_the_csv(
    tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    train_run(small(), tmp_path / "run")
    assert capsys.readouterr().err.count("TensorBoard is not installed") == 1
    assert not (tmp_path / "run" / "tensorboard").exists()
    assert len((tmp_path / "run" / "history.csv").read_text().splitlines()) == 5
