"""The whole way from a table to a trained network, in one call."""

from pathlib import Path

import numpy as np
import pytest
import torch

from neuron_model import Network, TrainedNetwork, TrainingConfiguration, series, train
from neuron_model.errors import InputError
from neuron_model.network.description import NetworkSettings
from neuron_model.tasks.series import make_series
from neuron_model.tasks.series_file import SeriesFile

CONFIGURATION = TrainingConfiguration(steps=3, batch=4)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    time = np.arange(200)
    path = tmp_path_factory.mktemp("data") / "waves.csv"
    rows = np.column_stack([time, np.sin(0.3 * time), np.cos(0.2 * time)])
    np.savetxt(path, rows, delimiter=",", header="time,pump,level", comments="")
    return path


@pytest.fixture(scope="module")
def trained(table: Path) -> TrainedNetwork:
    return train(Network(4), series(table), CONFIGURATION)


def test_inputs_and_outputs_are_those_of_the_data(trained: TrainedNetwork):
    assert (trained.module.inputs, trained.module.outputs) == (2, 1)
    assert len(trained.result.history) == 3
    y, _ = trained(torch.zeros(1, 5, 2))
    assert y.shape == (1, 5, 1)


def test_the_currents_are_those_of_the_test_part_behind_its_washout(trained: TrainedNetwork):
    [recording] = trained.currents
    test, washout = make_series(trained.task).test, trained.task.washout
    assert recording.currents.shape == (len(test) - washout, 4)
    assert recording.interval == 2.0  # four steps of 0.5


def test_training_a_module_is_training_in_place_and_the_same(table: Path, trained: TrainedNetwork):
    module = Network(4, NetworkSettings().for_horizon(1)).module(2, 1)
    other = train(module, series(table), CONFIGURATION)
    assert other.module is module
    assert other.nrmse == trained.nrmse


def test_the_readout_is_as_quick_as_the_horizon_asks_for(table: Path):
    none = TrainingConfiguration(steps=0)
    for horizon, tau in ((1, 0.1), (4, 0.4)):
        found = train(Network(2), series(table, horizon=horizon), none)
        assert found.module.configuration.readout_tau == pytest.approx(tau)


def test_progress_is_reported(table: Path):
    seen: list[tuple[int, int, str]] = []
    train(Network(2), series(table), CONFIGURATION, progress=lambda *step: seen.append(step))
    assert seen == [(1, 3, "training"), (2, 3, "training"), (3, 3, "training")]


def test_it_reads_well_in_a_notebook(trained: TrainedNetwork, table: Path):
    assert repr(trained) == f"TrainedNetwork(4 neurons, NRMSE {trained.nrmse:.3f})"
    shown = trained._repr_html_()
    assert "<th>NRMSE</th>" in shown
    assert str(table) in shown


def test_the_values_of_a_series(table: Path):
    task = series(table, target="pump", horizon=4, input=["level"])
    assert task.input == ("level",)
    assert (task.target, task.horizon) == (("pump",), 4)
    assert isinstance(task, SeriesFile)
    with pytest.raises(InputError, match="series: horizont is not known; there are horizon, input"):
        series(table, horizont=4)
    with pytest.raises(InputError, match="series: file is not known"):
        series(table, **{"file": "other"})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((None, "my.csv"), "None is no network"),
        ((Network(2), "my.csv"), r"'my.csv' is no task; give series"),
        ((Network(2), "my.csv", {"steps": 3}), "is no TrainingConfiguration"),
    ],
)
def test_what_cannot_be_trained_is_refused_by_name(arguments, words):
    with pytest.raises(InputError, match=words):
        train(*arguments)
