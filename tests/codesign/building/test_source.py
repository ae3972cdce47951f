"""What a command line may name, and what its neurons are driven with."""

from pathlib import Path

import numpy as np
import pytest

from codesign.building.source import load_neuron, load_source
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.neuron_file import write_neuron
from neuron_model.model.parameters import NeuronParameters
from neuron_model.model.presets import preset
from neuron_model.model.stimulus import Stimulus
from neuron_model.network.model_file import write_model
from neuron_model.network.network import MTCNetwork, NetworkConfiguration
from neuron_model.runs.currents_file import write_drives
from neuron_model.runs.file_names import CURRENTS_FILE, MODEL_FILE
from tests.mapping.neurons import burster


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """A run of three neurons that nothing has trained."""
    folder = tmp_path / "run"
    layer = NeuronParameters.stack([burster(name=f"n{i}", i_bias=0.1 * i) for i in range(3)])
    write_model(folder / MODEL_FILE, MTCNetwork(NetworkConfiguration(1, 1, (layer,), dt=1.0)))
    return folder


def test_a_neuron_file_is_one_neuron(tmp_path):
    path = write_neuron(tmp_path / "n.toml", burster())
    source = load_source(str(path))
    assert source.neurons == (load_neuron(str(path)),)
    assert source.neurons[0].name == "burster"
    assert (source.folder, source.drives) == (None, None)


def test_a_preset_brings_its_current():
    source = load_source("preset:tonic_bursting")
    known = preset("tonic_bursting")
    assert source.neurons == (known.parameters,)
    assert source.drives == (Drive(known.stimulus, known.duration),)


def test_a_run_folder_is_all_its_neurons(run_folder):
    source = load_source(str(run_folder))
    assert len(source.neurons) == 3
    assert len({neuron.name for neuron in source.neurons}) == 3
    assert source.folder == run_folder
    assert source.drives is None


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("n", "n"), ["layer_0_0", "layer_0_1", "layer_1_0", "layer_1_1"]),
        (("near", "far"), ["near_0", "near_1", "far_0", "far_1"]),
    ],
)
def test_no_two_neurons_of_a_run_have_one_name(tmp_path, names, found):
    layers = tuple(NeuronParameters.stack([burster(), burster()], name) for name in names)
    write_model(tmp_path / MODEL_FILE, MTCNetwork(NetworkConfiguration(1, 1, layers, dt=1.0)))
    assert [neuron.name for neuron in load_source(str(tmp_path)).neurons] == found


def test_recorded_currents_are_read_back(run_folder):
    currents = np.array([[0.0, 1.0, 2.0], [0.5, 1.0, -2.0]])
    write_drives(run_folder, currents, 2.5)
    drives = load_source(str(run_folder)).drives
    assert drives is not None
    assert [d.duration for d in drives] == [5.0, 5.0, 5.0]
    assert all(d.driven for d in drives)
    assert drives[0].stimulus == Stimulus((0.0, 2.5), (0.0, 0.5))
    assert drives[1].stimulus == Stimulus.constant(1.0)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("preset:nothing", "nothing"),
        ("preset:", "preset"),
        ("nowhere.toml", r"nowhere\.toml: cannot be read"),
        ("a\0b", "cannot be read"),
        ("", "no run folder|cannot be read"),
    ],
)
def test_a_name_that_is_nothing_is_refused(name, why, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=why):
        load_source(name)


def test_a_folder_without_a_model_is_no_run(tmp_path):
    with pytest.raises(InputError, match=r"is no run folder: it holds no model\.safetensors"):
        load_source(str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"not safetensors", b"\xff" * 64])
def test_a_broken_model_is_named(tmp_path, content):
    (tmp_path / MODEL_FILE).write_bytes(content)
    with pytest.raises(InputError, match=r"model\.safetensors"):
        load_source(str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04broken"])
def test_a_broken_recording_is_named(run_folder, content):
    (run_folder / CURRENTS_FILE).write_bytes(content)
    with pytest.raises(InputError, match=r"currents\.npz: is no file of input currents"):
        load_source(str(run_folder))


@pytest.mark.parametrize(
    ("currents", "interval", "why"),
    [
        (np.zeros((4, 2)), 1.0, r"\(4, 2\) do not fit 3 neurons"),
        (np.zeros(3), 1.0, r"\(3,\) do not fit 3 neurons"),
        (np.zeros((0, 3)), 1.0, r"currents\.npz: current: samples of shape \(0,\)"),
        (np.full((4, 3), np.nan), 1.0, r"currents\.npz: .*finite"),
        (np.zeros((4, 3)), 0.0, r"currents\.npz: .*dt = 0"),
        (np.zeros((4, 3)), float("nan"), "dt = nan"),
    ],
)
def test_a_recording_that_does_not_fit_is_refused(run_folder, currents, interval, why):
    write_drives(run_folder, currents, interval)
    with pytest.raises(InputError, match=why):
        load_source(str(run_folder))


def test_a_recording_never_runs_code(run_folder):
    objects = np.array([print, print], dtype=object)
    np.savez(run_folder / CURRENTS_FILE, format=1, currents=objects)
    with pytest.raises(InputError, match="is no file of input currents"):
        load_source(str(run_folder))
