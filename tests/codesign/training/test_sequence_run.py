"""``codesign train`` on sequences: the run folder, what is printed, that it goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from codesign import command_line
from codesign.report.run_folder import Classification, _classification
from codesign.training.sequence_run import train_sequence_run
from codesign.training.sequence_text import confusion_table
from codesign.training.train import train_run
from neuron_model.errors import InputError
from neuron_model.network.bursting_layer import BurstingLayer
from neuron_model.network.description import Network
from neuron_model.network.model_file import read_model
from neuron_model.runs.run_configuration import RunConfiguration, read_run_configuration
from neuron_model.runs.train import train
from neuron_model.tasks.sequence_arrays import sequences
from neuron_model.tasks.sequence_file import SequenceFile, sequence_task_for
from neuron_model.training.sequence_scoring import class_scores
from neuron_model.training.training import Interrupted
from neuron_model.training.training_configuration import TrainingConfiguration


def written(folder: Path) -> Path:
    generator = np.random.default_rng(0)
    names = np.where(np.arange(24) % 2, "up", "down")
    slope = np.where(names == "up", 1.0, -1.0)[:, None, None]
    x = slope * np.linspace(-1, 1, 12)[None, :, None] + 0.1 * generator.normal(size=(24, 12, 1))
    path = folder / "slopes.npz"
    np.savez(path, x=x, y=names)
    return path


def small(path: Path) -> RunConfiguration:
    defaults = RunConfiguration()
    return RunConfiguration(
        task=SequenceFile(str(path)),
        layers=(BurstingLayer(4),),
        training=TrainingConfiguration(steps=4, batch=8, validate_every=2),
        log=replace(defaults.log, tensorboard=False),
    )


def test_a_run_folder_holds_the_scores_and_is_not_trained_twice(tmp_path: Path):
    configuration = small(written(tmp_path))
    run = train_sequence_run(configuration, tmp_path / "run")
    assert run.classes == ("down", "up")
    assert run.result.test.accuracy == 1.0
    entries = json.loads((tmp_path / "run/training.json").read_text())
    assert entries["classes"] == ["down", "up"]
    assert entries["test"]["confusion"] == [[3, 0], [0, 3]]
    assert entries["trivial"]["most frequent class"]["accuracy"] == 0.5
    again = train_sequence_run(configuration, tmp_path / "run", watch=lambda *_: pytest.fail("ran"))
    assert again.resumed == 4
    assert again.result == run.result
    other = replace(configuration, task=replace(configuration.task, washout=1))
    with pytest.raises(InputError, match=r"another configuration: task\.washout"):
        train_sequence_run(other, tmp_path / "run")
    assert _classification(entries) == Classification(("down", "up"), run.result.test)
    currents = np.load(tmp_path / "run/currents.npz")["currents"]
    assert currents.shape == (6 * 12, 4)
    assert read_run_configuration(tmp_path / "run/config.toml").task == configuration.task.named()


def test_a_run_that_stopped_goes_on_to_the_same_network(tmp_path: Path):
    configuration = small(written(tmp_path))
    train_sequence_run(configuration, tmp_path / "whole")
    with pytest.raises(Interrupted):
        train_sequence_run(configuration, tmp_path / "two", stop=lambda: True)
    gone_on = train_sequence_run(configuration, tmp_path / "two")
    assert gone_on.resumed == 1
    one, two = (tmp_path / name / "model.safetensors" for name in ("whole", "two"))
    assert one.read_bytes() == two.read_bytes()
    assert (tmp_path / "two/history.csv").read_text() == (
        tmp_path / "whole/history.csv"
    ).read_text()


def test_the_command_prints_accuracy_and_confusion(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    written(tmp_path)
    config = tmp_path / "config.toml"
    config.write_text(
        '[task]\nname = "sequences"\nfile = "slopes.npz"\n'
        "[network]\nneurons = 4\n[training]\nsteps = 2\n[log]\ntensorboard = false\n"
    )
    words = ["train", str(config), "--out", str(tmp_path / "run")]
    assert command_line.main(words) == 0
    shown = capsys.readouterr().out
    for word in ("accuracy", "most frequent class", "nearest neighbor", "confusion", "down", "up"):
        assert word in shown
    assert command_line.main([*words, "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert entries["steps"] == 2
    assert np.array(entries["test"]["confusion"]).sum() == 6


def test_numbers_are_printed_by_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(24, 12, 1))
    np.savez(tmp_path / "a.npz", x=x, y=np.stack([x.mean((1, 2)), x[:, -1, 0]], 1))
    config = tmp_path / "config.toml"
    config.write_text(
        '[task]\nname = "sequences"\nfile = "a.npz"\n'
        "[network]\nneurons = 4\n[training]\nsteps = 2\n[log]\ntensorboard = false\n"
    )
    assert command_line.main(["train", str(config), "--out", str(tmp_path / "run")]) == 0
    shown = capsys.readouterr().out
    assert "NRMSE" in shown
    assert "output 2" in shown


def test_files_suggest_their_task(tmp_path: Path):
    npz = written(tmp_path)
    assert sequence_task_for(npz) == SequenceFile(str(npz))
    label = tmp_path / "label.csv"
    label.write_text(
        "a,label\n" + "".join(f"{i},{'run' if i % 7 else 'idle'}\n" for i in range(96))
    )
    assert sequence_task_for(label) == SequenceFile(str(label), window=9)
    for name, text in (
        ("numbers.csv", "a,b\n" + "1,2\n" * 90),
        ("dates.csv", "a,t\n" + "".join(f"1,2020-01-{i}\n" for i in range(30))),
        ("one.csv", "a,b\n" + "1,x\n" * 90),
    ):
        (tmp_path / name).write_text(text)
        assert sequence_task_for(tmp_path / name) is None, name
    np.savez(tmp_path / "series.npz", a=np.arange(9.0))
    assert sequence_task_for(tmp_path / "series.npz") is None


def test_what_is_for_series_alone_says_so(tmp_path: Path):
    configuration = small(written(tmp_path))
    with pytest.raises(InputError, match='task.name = "sequences" is not for this'):
        train_run(configuration, tmp_path / "run")
    train_sequence_run(configuration, tmp_path / "run")
    with pytest.raises(InputError, match="must be"):
        train_sequence_run(RunConfiguration(), tmp_path / "other")
    variation = replace(configuration.variation, technology="generic")
    varied = replace(configuration, variation=variation)
    with pytest.raises(InputError, match=r"\[variation\] is not there for sequences"):
        train_sequence_run(varied, tmp_path / "other")


def test_of_many_classes_the_mistakes_are_shown():
    true, predicted = np.arange(30), np.arange(30)
    predicted[:2] = 5
    title, columns, rows = confusion_table(
        class_scores(true, predicted, 30), tuple(map(str, range(30)))
    )
    assert title == "the most frequent mistakes"
    assert columns == ("true class", "predicted class", "how often")
    assert rows == [("0", "5", 1), ("1", "5", 1)]


def test_what_python_trained_is_saved_as_a_run(tmp_path: Path):
    with np.load(written(tmp_path)) as content:
        task = sequences(content["x"], content["y"])
    trained = train(Network(BurstingLayer(4)), task, TrainingConfiguration(steps=2))
    folder = trained.save(tmp_path / "saved")
    back = read_model(folder / "model.safetensors")
    assert np.array_equal(back.readout.weight.detach(), trained.module.readout.weight.detach())
    assert json.loads((folder / "training.json").read_text())["classes"] == ["down", "up"]
    with pytest.raises(InputError, match="holds a run already"):
        trained.save(folder)
    trained.save(folder, overwrite=True)
