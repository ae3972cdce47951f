"""A run's whole network as files: by the command line and from Python, and run by ngspice alone."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from circuits.technology import TECHNOLOGY_FOLDER
from codesign import build
from codesign.command_line import main
from codesign.networks.run_task import task_of_run
from mapping.design import read_designs
from mapping.network_design import read_network_design
from netlists.raw_file import read_raw_file
from neuron_model.errors import InputError
from tests.codesign.networks.networks import TASK, two_neurons, write_run

Captured = pytest.CaptureFixture[str]
NETWORK = {
    "network_design.json",
    "network_neurons.json",
    "network_estimates.json",
    "netlists/network.spice",
    "netlists/network_datasheet.csv",
    "netlists/network_models.spice",
    "netlists/testbench_network.spice",
}
MODELS = TECHNOLOGY_FOLDER / "generic" / "models.spice"
pytestmark = pytest.mark.ngspice


@pytest.fixture(scope="module")
def run(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder that the command line has exported into."""
    folder = write_run(tmp_path_factory.mktemp("run"), two_neurons())
    assert main(["export", str(folder), "--technology", "generic"]) == 0
    return folder


def files_in(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def test_a_run_is_exported_with_its_whole_network(run):
    assert files_in(run) >= NETWORK | {"design.json", "netlists/models.spice"}


def test_the_network_is_of_transistors_and_capacitors_alone(run):
    text = (run / "netlists" / "network.spice").read_text()
    lines = [line for line in text.splitlines() if line and line[0] not in "*+"]
    assert {line[0] for line in lines} == {".", "M", "C", "X"}
    cells = re.findall(r"^\.subckt (\S+)", text, re.M)
    assert {"network", "layer0", "output0", "column_layer0_0", "column_y_0", "readout_0"} <= {
        *cells
    }


def test_each_weight_says_what_was_trained_and_what_is_built(run):
    text = (run / "netlists" / "network.spice").read_text()
    design = read_network_design(run / "network_design.json")
    found = re.findall(r"\* weight from (\S+): (\S+) -> (\S+), ([+-]\d+) units", text)
    (into,) = design.into("layer0")
    rows = [(float(t), float(b), int(k)) for line, t, b, k in found if line.startswith("x")]
    assert np.allclose([row[0] for row in rows], [0.8, -0.7])
    assert np.allclose([row[1] for row in rows], into.built[:, 0], rtol=1e-4)
    assert [row[2] for row in rows] == into.units[:, 0].tolist()


def test_its_neurons_have_the_unit_of_time_of_the_network(run):
    design = read_network_design(run / "network_design.json")
    neurons = read_designs(run / "network_neurons.json")
    assert [neuron.name for neuron in neurons] == ["l0_n0", "l0_n1"]
    for neuron in neurons:
        assert neuron.time_unit == pytest.approx(design.time_unit, rel=1e-3)
        assert neuron.unit_current == design.unit_current


def test_the_estimates_are_by_part_and_add_up(run):
    content = json.loads((run / "network_estimates.json").read_text())
    parts = {part["name"]: part for part in content["parts"]}
    names = ["neurons", "synapses", "columns", "readout", "inputs", "bias lines"]
    assert list(parts) == names
    for name in ("transistors", "gate_area", "capacitor_area", "power", "energy_per_sample"):
        values = [part[name] for part in parts.values()]
        assert content["total"][name] == pytest.approx(sum(values))
    design = read_network_design(run / "network_design.json")
    assert parts["synapses"]["transistors"] == design.unit_count
    assert parts["columns"]["transistors"] == 2 * (8 + design.keep_units)
    sample = content["seconds_per_sample"]
    assert sample == pytest.approx(0.1 * 40 * design.time_unit)
    assert parts["readout"]["energy_per_sample"] == parts["readout"]["power"] * sample


def test_ngspice_alone_plays_the_test_series_into_it(run, tmp_path):
    netlists = tmp_path / "netlists"
    shutil.copytree(run / "netlists", netlists)
    command = ["ngspice", "-b", "testbench_network.spice"]
    done = subprocess.run(command, cwd=netlists, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    (plot,) = read_raw_file(netlists / "testbench_network.raw")
    design = read_network_design(run / "network_design.json")
    samples = TASK.washout + 50
    assert plot.axis[-1] == pytest.approx(samples * 0.1 * 40 * design.time_unit)
    y = plot["v(y_0)"]
    task = task_of_run(run)
    said = task.predictions(task.heard(samples))[0][:, 0]
    at_ends = np.interp(plot.axis[-1] * np.arange(1, samples + 1) / samples, plot.axis, y)
    assert np.corrcoef(at_ends[TASK.washout :], said[TASK.washout :])[0, 1] > 0.95


def test_from_python_it_is_a_part_of_what_wmacromodel(run, tmp_path, workbench):
    network = build(run, "generic", workbench=workbench).network
    assert network.neurons == 2
    exported = network.export(tmp_path, samples=12)
    assert files_in(tmp_path) == NETWORK
    assert exported.samples == 12
    assert network.netlist == (run / "netlists" / "network.spice").read_text()


def test_single_neurons_are_no_network(workbench):
    with pytest.raises(InputError, match="single neurons"):
        _ = build("preset:tonic_spiking", "generic", workbench=workbench).network


def test_weights_that_no_line_bears_are_refused_and_nothing_is_written(cache, tmp_path, capsys):
    folder = write_run(tmp_path / "run", two_neurons(weights=(400.0, -0.7)))
    before = files_in(folder)
    assert main(["export", str(folder), "--technology", "generic"]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "line x" in said
    assert "largest allowed is 5e-08 A" in said
    assert "--neurons-only" in said
    assert files_in(folder) == before
    assert main(["export", str(folder), "--technology", "generic", "--neurons-only"]) == 0
    assert not NETWORK & files_in(folder)


def test_a_network_trained_with_clip_is_exported_with_a_word_on_its_cost(cache, tmp_path, capsys):
    folder = write_run(tmp_path / "run", two_neurons("clip"))
    assert main(["export", str(folder), "--technology", "generic"]) == 0
    (note,) = [x for x in capsys.readouterr().out.splitlines() if "output = 'clip'" in x]
    assert "NRMSE on the test part goes from" in note
    assert "output = 'clip'" in (folder / "netlists" / "network.spice").read_text()


def test_a_technology_without_unit_transistors_exports_neurons_and_says_so(cache, tmp_path, capsys):
    text = (TECHNOLOGY_FOLDER / "generic.toml").read_text()
    start = text.index("[cells.synapse]")
    bare = text[:start] + text[text.index("[leak]") :]
    path = tmp_path / "bare.toml"
    path.write_text(bare.replace("generic/models.spice", str(MODELS)))
    folder = write_run(tmp_path / "run", two_neurons())
    assert main(["export", str(folder), "--technology", str(path)]) == 0
    assert "note: no circuit of the whole network: " in (out := capsys.readouterr().out)
    assert "[cells.synapse]" in out
    assert "design.json" in files_in(folder)
    assert not NETWORK & files_in(folder)
