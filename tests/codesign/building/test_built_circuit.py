"""The whole way from a table or a neuron to a circuit, by the names that users call."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from circuits import load_technology
from codesign import BuiltCircuit, Technology, Validation, build
from codesign.building.circuit import circuit_of
from codesign.building.source import source_of
from codesign.command_line import main
from codesign.terminal.console import plain
from neuron_model import (
    Drive,
    MTCLayer,
    MTCNeuron,
    Network,
    NeuronParameters,
    Regime,
    Stimulus,
    TrainedNetwork,
    TrainingConfiguration,
    preset,
    series,
    train,
    write_neuron,
)
from neuron_model.errors import InputError

ONE_SCREEN = """
from neuron_model import Network, TrainingConfiguration, train, series
from codesign import Technology
from codesign import build
network = train(Network(2), series("my.csv"), TrainingConfiguration(steps=2, batch=4))
circuit = build(network, Technology("generic"))
circuit.export("build"); print(circuit.validate(neurons=[0]))
"""


def write_table(folder: Path) -> Path:
    time = np.arange(120)
    table = np.column_stack([np.sin(0.3 * time), np.cos(0.2 * time)])
    path = folder / "my.csv"
    np.savetxt(path, table, delimiter=",", header="pump,level", comments="")
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainedNetwork:
    task = series(write_table(tmp_path_factory.mktemp("data")))
    return train(Network(2), task, TrainingConfiguration(steps=1, batch=2))


@pytest.fixture(scope="module")
def spiker(workbench) -> BuiltCircuit:
    return build("preset:tonic_spiking", "generic", workbench=workbench)


@pytest.mark.ngspice
def test_the_whole_way_in_one_screen(tmp_path: Path):
    write_table(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", ONE_SCREEN], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "generic, tt, 27 °C" in done.stdout
    assert "of 2 neurons simulated" in done.stdout
    files = sorted(path.name for path in (tmp_path / "build/netlists").iterdir())
    assert {"models.spice", "neuron_neuron_0.spice", "neuron_neuron_1.spice"} <= set(files)


def test_a_technology_by_its_name_is_the_one_of_its_file():
    named, loaded = Technology("generic"), load_technology("generic")
    assert isinstance(named, type(loaded))
    assert vars(named) == vars(loaded)
    assert replace(named, supply=1.5).supply == 1.5
    assert repr(named) == "Technology('generic')"
    with pytest.raises(InputError, match="neither built in"):
        Technology("no such process")


def test_neurons_come_as_file_preset_parameters_or_path(tmp_path: Path):
    known = preset("tonic_spiking")
    file = tmp_path / "neuron.toml"
    write_neuron(file, known.parameters)
    for named in (str(file), file, known.parameters, [known.parameters]):
        assert source_of(named).neurons == (known.parameters,)
        assert source_of(named).drives is None
    for named in ("preset:tonic_spiking", known):
        source = source_of(named)
        assert source.drives == (Drive(known.stimulus, known.duration),)
    assert source_of(source) is source


def test_neurons_come_in_a_torch_module_at_any_depth():
    one = preset("tonic_spiking").parameters
    layer = NeuronParameters.stack([one, one], "spikers")
    module = nn.Sequential(nn.Linear(1, 2), nn.Sequential(MTCNeuron(layer, dt=0.1)))
    assert [n.name for n in source_of(module).neurons] == ["spikers_0", "spikers_1"]
    module.append(MTCNeuron(layer, dt=0.1))
    names = [n.name for n in source_of(module).neurons]
    assert names == ["layer_0_0", "layer_0_1", "layer_1_0", "layer_1_1"]


def test_what_was_learned_is_what_is_built():
    layer = MTCNeuron(preset("tonic_spiking").parameters, dt=0.1, learn=("alpha",))
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter += 0.1
    [neuron] = source_of(nn.Sequential(layer)).neurons
    assert neuron == layer.parameters_now()
    assert neuron.elements[0].alpha != preset("tonic_spiking").parameters.elements[0].alpha


def test_a_trained_network_brings_the_currents_that_drive_its_neurons(trained: TrainedNetwork):
    source = source_of(trained)
    assert source.drives is not None
    assert [drive.driven for drive in source.drives] == [True, True]
    first = trained.currents[0].currents[0]
    assert [drive.stimulus.values[0] for drive in source.drives] == first.tolist()
    assert source_of(trained.module).drives is None
    assert source_of(trained.module).neurons == source.neurons


@pytest.mark.parametrize(
    ("named", "why"),
    [
        (nn.Linear(1, 1), "the Linear holds no MTCNeuron layer"),
        (3, "3 is nothing that can be built"),
        ([], "there are no neurons"),
    ],
)
def test_what_holds_no_neurons_is_refused(named: object, why: str):
    with pytest.raises(InputError, match=why):
        source_of(named)


@pytest.mark.ngspice
def test_the_macromodel_fires_as_the_model_and_the_circuit(spiker: BuiltCircuit):
    reports = [spiker.regime(backend) for backend in ("model", "macromodel", "ngspice")]
    assert {report.regime for report in reports} == {Regime.TONIC_SPIKING}
    _, macromodel, ngspice = (report.interspike_interval for report in reports)
    assert ngspice == pytest.approx(macromodel, rel=0.01)
    model, built, circuit = (spiker.iv(b).fast for b in ("model", "macromodel", "ngspice"))
    assert np.sqrt(np.mean((circuit - built) ** 2)) < 0.01 * np.ptp(model)
    assert np.sqrt(np.mean((circuit - model) ** 2)) < 0.05 * np.ptp(model)


@pytest.mark.ngspice
def test_other_conditions_have_another_macromodel_and_the_same_design(spiker: BuiltCircuit):
    warm = spiker.at(temperature=60.0)
    assert warm.design is spiker.design
    assert warm.conditions.temperature == 60.0
    assert warm.macromodel.cells.conditions == warm.conditions
    assert warm.macromodel.compact != spiker.macromodel.compact


@pytest.mark.ngspice
def test_what_is_asked_of_one_neuron_is_refused_of_several(workbench):
    one = preset("tonic_spiking").parameters
    two = build(NeuronParameters.stack([one, one]), "generic", workbench=workbench)
    assert len(two.designs) == len(two.macromodels) == 2
    for ask in (lambda: two.design, lambda: two.macromodel):
        with pytest.raises(InputError, match="there are 2 neurons"):
            ask()
    with pytest.raises(InputError, match="neuron 2: there are neurons 0 to 1"):
        two.regime(neuron=2)
    with pytest.raises(InputError, match="backend = 'spice' is not allowed"):
        two.regime("spice")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="which folder"):
        two.export()


@pytest.mark.ngspice
def test_the_drive_may_be_given(workbench):
    given = Drive(Stimulus.constant(-1.0), 300.0)
    built = build("preset:tonic_spiking", "generic", drive=given, workbench=workbench)
    assert built.drives == (given,)
    text = build("preset:tonic_spiking", "generic", drive="0:-1", workbench=workbench)
    assert text.drives[0].stimulus == given.stimulus


@pytest.mark.ngspice
def test_drives_may_be_shortened(spiker: BuiltCircuit):
    short = spiker.lasting(spiker.drives[0].onset + 100.0)
    assert short.drives[0].duration == spiker.drives[0].onset + 100.0
    assert short.designs is spiker.designs


@pytest.mark.ngspice
def test_results_read_well(spiker: BuiltCircuit, tmp_path: Path):
    assert repr(spiker) == "BuiltCircuit(tonic_spiking on generic, tt, 27 °C)"
    assert "<th>tonic_spiking</th>" in spiker._repr_html_()
    exported = spiker.export(tmp_path)
    assert repr(exported) == f"Exported({len(exported.files)} files in {tmp_path})"
    assert all(path.is_file() for path in exported.files)
    assert plain(exported.document())["neurons"][0]["name"] == "tonic_spiking"
    found: Validation = spiker.validate(accuracy="fast")
    assert found.passed
    assert repr(found).startswith("Validation(generic, tt, 27 °C: 1 neuron simulated")
    assert "tonic_spiking" in str(found)
    assert str(found).endswith("1 passed")
    assert "<th>tonic_spiking</th>" in found._repr_html_()


@pytest.mark.ngspice
def test_what_belongs_to_a_circuit_is_a_short_line_and_a_table(spiker: BuiltCircuit, workbench):
    mapped = spiker._mapped(0, workbench)
    circuit = circuit_of(mapped, workbench)
    bench = circuit.benches.transient(np.array([0.0]), np.array([-1.0]), 10.0)
    design = spiker.design
    parts = {
        "Circuit(tonic_spiking on generic, tt, 27 °C)": circuit,
        "MappedNeuron(tonic_spiking on generic, tt, 27 °C)": mapped,
        "Macromodel(tonic_spiking on generic, tt, 27 °C: I0 ": spiker.macromodel,
        "NeuronDesign(tonic_spiking on generic, tt, 27 °C: I0 ": design,
        "CellCharacteristics(generic, tt, 27 °C: ": spiker.macromodel.cells,
        "OtaTable(inverting, ": spiker.macromodel.cells.inverting,
        "NeuronBenches(tonic_spiking on generic, 27 °C)": circuit.benches,
        "NeuronCircuit(neuron_tonic_spiking: ": circuit.benches.circuit,
        "Cell(neuron_tonic_spiking: ": circuit.benches.circuit.cell,
        "Bench(": bench,
        "Technology(generic, ": load_technology("generic"),
        "Source(1 neuron: tonic_spiking)": spiker.source,
    }
    for begins, part in parts.items():
        assert repr(part).startswith(begins)
        assert len(repr(part)) <= 200
        shown = part._repr_html_()
        assert "array(" not in shown
        assert len(shown) < 20_000
    assert f"<td>{design.elements[0].bias_current * 1e9:.4g}</td>" in design._repr_html_()


@pytest.mark.ngspice
def test_a_saved_network_is_built_from_its_folder_as_it_is_from_python(
    trained: TrainedNetwork, workbench, tmp_path: Path
):
    folder = trained.save(tmp_path / "run")
    given = build(trained, "generic", workbench=workbench)
    for named in (folder, str(folder), TrainedNetwork.load(folder)):
        built = build(named, "generic", workbench=workbench)
        assert [repr(neuron) for neuron in built.source.neurons] == [
            repr(neuron) for neuron in given.source.neurons
        ]
        assert built.designs == given.designs
        assert built.drives == given.drives
        assert built.source.why_no_network == ""
    exported = build(folder, "generic", workbench=workbench).export()
    assert exported.folder == folder
    assert exported.network is not None, "as the command writes it"
    assert folder / "netlists" / "network.spice" in exported.network.files
    assert "network" in exported.document()
    alone = given.export(tmp_path / "alone", neurons_only=True)
    assert alone.network is None
    assert not list((tmp_path / "alone").rglob("*network*"))
    assert main(["train", str(folder / "config.toml"), "--out", str(folder)]) == 0


@pytest.mark.ngspice
def test_layers_in_a_sequential_are_built_as_the_neurons_are(workbench):
    parameters = preset("tonic_spiking").parameters
    layer = MTCLayer(MTCNeuron(parameters, neurons=2, dt=0.5))
    module = nn.Sequential(nn.Linear(3, 2), nn.Sequential(layer), nn.Linear(2, 1))
    built = build(module, "generic", drive="0:-1", workbench=workbench)
    alone = build([parameters], "generic", drive="0:-1", workbench=workbench)
    assert len(built.designs) == 2
    for design in built.designs:
        assert design.elements[0].bias_current == pytest.approx(
            alone.design.elements[0].bias_current, rel=1e-4
        )
