"""A trained network is written as a run folder and read again."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from neuron_model import (
    MackeyGlass,
    MTCNetwork,
    Network,
    SequenceFile,
    TrainedNetwork,
    TrainedOnSequences,
    TrainingConfiguration,
    sequences,
    series,
    train,
)
from neuron_model.errors import InputError
from neuron_model.runs.file_names import CONFIG_FILE, HISTORY_FILE, MODEL_FILE, RESULT_FILE
from neuron_model.runs.run_configuration import identity, read_run_configuration
from neuron_model.tasks.series import Series

TASK = MackeyGlass(samples=400, window=40, washout=10, transient=10.0)
ONE_STEP = TrainingConfiguration(steps=1, batch=2, seed=3)
Trained = TrainedNetwork | TrainedOnSequences


@dataclass(frozen=True)
class OwnTask:
    """As a user would write it."""

    window: int = TASK.window
    washout: int = TASK.washout

    def series(self) -> Series:
        return TASK.series()


@pytest.fixture(scope="module")
def trained() -> TrainedNetwork:
    return train(Network([2, 3], seed=5), TASK, ONE_STEP)


def weights(network: Trained) -> dict[str, torch.Tensor]:
    return network.module.state_dict()


def same(one: Trained, other: Trained) -> bool:
    mine, theirs = weights(one), weights(other)
    return mine.keys() == theirs.keys() and all(torch.equal(mine[k], theirs[k]) for k in mine)


def test_what_is_read_is_what_was_written(trained: TrainedNetwork, tmp_path: Path):
    folder = trained.save(tmp_path / "runs" / "x")
    found = TrainedNetwork.load(folder)
    assert same(found, trained)
    assert found.result == trained.result
    assert found.task == trained.task
    assert found.configuration == trained.configuration
    for one, other in zip(found.currents, trained.currents, strict=True):
        np.testing.assert_array_equal(one.currents, other.currents)
        assert one.interval == other.interval
    signal = torch.zeros(1, 5, 1)
    assert torch.equal(found(signal)[0], trained(signal)[0])


def test_the_folder_says_how_to_train_it_again(trained: TrainedNetwork, tmp_path: Path):
    folder = trained.save(tmp_path / "x")
    written = read_run_configuration(folder / CONFIG_FILE)
    assert (written.seed, written.training.seed) == (5, 3)
    again = train(
        Network(written.layers, written.network, written.seed), written.task, written.training
    )
    assert same(again, trained)
    assert identity(written) in (folder / RESULT_FILE).read_text()


def test_a_module_is_saved_with_what_training_began_with(tmp_path: Path):
    module = Network(2, seed=1).module(1, 1)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    trained = train(module, TASK, ONE_STEP)
    folder = trained.save(tmp_path / "x")
    written = read_run_configuration(folder / CONFIG_FILE)
    assert written.start == str(folder / "start")
    from neuron_model.network.model_file import read_model

    start = read_model(Path(written.start) / MODEL_FILE)
    for name, value in start.state_dict().items():
        assert torch.equal(value, before[name])
    assert isinstance(start, MTCNetwork)
    assert same(train(start, written.task, written.training), trained)


def test_a_task_of_ones_own_is_given_again(tmp_path: Path):
    trained = train(Network(2), OwnTask(), ONE_STEP)
    folder = trained.save(tmp_path / "x")
    assert not (folder / CONFIG_FILE).exists()
    with pytest.raises(InputError, match=r"holds no config.toml, as its task was one of your own"):
        TrainedNetwork.load(folder)
    found = TrainedNetwork.load(folder, OwnTask())
    assert same(found, trained)
    assert found.result == trained.result


def test_a_table_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    table = np.column_stack([np.sin(0.3 * np.arange(120)), np.cos(0.2 * np.arange(120))])
    (tmp_path / "data").mkdir()
    np.savetxt(tmp_path / "data" / "my.csv", table, delimiter=",", header="a,b", comments="")
    monkeypatch.chdir(tmp_path / "data")
    trained = train(Network(2), series("my.csv"), replace(ONE_STEP, steps=0))
    trained.save(tmp_path / "x")
    monkeypatch.chdir(tmp_path)
    found = TrainedNetwork.load("x")
    assert found.task.file == str(tmp_path / "data" / "my.csv")
    (tmp_path / "data" / "my.csv").write_text("a,b\n" + "1,2\n" * 120)
    with pytest.raises(InputError, match="has changed"):
        TrainedNetwork.load("x")


def test_a_run_that_is_there_is_not_replaced_unasked(trained: TrainedNetwork, tmp_path: Path):
    trained.save(tmp_path / "x")
    before = (tmp_path / "x" / MODEL_FILE).stat().st_mtime_ns
    with pytest.raises(InputError, match="holds a run already; give another folder, or overwrite"):
        trained.save(tmp_path / "x")
    assert (tmp_path / "x" / MODEL_FILE).stat().st_mtime_ns == before
    trained.save(tmp_path / "x", overwrite=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file; give the folder"):
        trained.save(tmp_path / "file")


def test_a_folder_that_is_no_whole_run_is_refused(trained: TrainedNetwork, tmp_path: Path):
    with pytest.raises(InputError, match="is no run folder: it holds no model.safetensors"):
        TrainedNetwork.load(tmp_path)
    folder = trained.save(tmp_path / "x")
    (folder / HISTORY_FILE).write_text("# format = 1\nstep,loss\n")
    with pytest.raises(InputError, match="its training was not finished"):
        TrainedNetwork.load(folder)
    result = (folder / RESULT_FILE).read_text()
    (folder / RESULT_FILE).write_text(result.replace('"format": 1', '"format": 2'))
    with pytest.raises(InputError, match=r"training.json: is a training result of format 2, which"):
        TrainedNetwork.load(folder)
    (folder / RESULT_FILE).write_text(result)
    (folder / HISTORY_FILE).write_text("step,loss\n")
    said = f"has no field `format`; .* `codesign upgrade {folder}` brings it up to date"
    with pytest.raises(InputError, match=said):
        TrainedNetwork.load(folder)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "my.npz"
    rng = np.random.default_rng(0)
    np.savez(path, x=rng.normal(size=(16, 12, 1)), y=np.arange(16) % 2)
    return path


def test_what_learned_sequences_is_written_and_read_alike(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(file.parent)
    trained = train(Network(2, seed=5), SequenceFile(file.name), ONE_STEP)
    folder = trained.save(tmp_path / "runs" / "x")
    monkeypatch.chdir(tmp_path)
    found = TrainedOnSequences.load(folder)
    assert same(found, trained)
    assert found.result == trained.result
    assert found.configuration == trained.configuration
    assert found.accuracy == trained.accuracy
    for one, other in zip(found.currents, trained.currents, strict=True):
        np.testing.assert_array_equal(one.currents, other.currents)
    written = read_run_configuration(folder / CONFIG_FILE)
    again = train(
        Network(written.layers, written.network, written.seed), written.task, written.training
    )
    assert same(again, trained)
    assert identity(written) in (folder / RESULT_FILE).read_text()


def test_arrays_of_sequences_are_given_again(tmp_path: Path):
    rng = np.random.default_rng(0)
    task = sequences(rng.normal(size=(16, 12, 1)), np.arange(16) % 2)
    folder = train(Network(2), task, ONE_STEP).save(tmp_path / "x")
    assert not (folder / CONFIG_FILE).exists()
    with pytest.raises(InputError, match=r"give it: TrainedOnSequences.load\(folder, task\)"):
        TrainedOnSequences.load(folder)
    assert TrainedOnSequences.load(folder, task).result.history


def test_a_network_is_read_as_what_it_learned(trained: TrainedNetwork, file: Path, tmp_path: Path):
    with pytest.raises(InputError, match='task.name must be "sequences"'):
        TrainedOnSequences.load(trained.save(tmp_path / "series"))
    told = train(Network(2), SequenceFile(str(file)), ONE_STEP)
    with pytest.raises(InputError, match='task.name = "sequences" is not for this'):
        TrainedNetwork.load(told.save(tmp_path / "sequences"))
