"""Design and netlists in a folder: what is in them, and that plain ngspice runs them."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from circuits.datasheet import datasheet_from_csv
from circuits.technology import conditions_at, load_technology
from codesign import build
from codesign.building.circuit import circuit_of, design_neuron
from codesign.building.estimates import Estimates, estimate, read_estimates
from codesign.building.export import export, summary
from codesign.building.mapped_neuron import MappedNeuron
from codesign.building.provenance import model_hash
from codesign.command_line import main
from codesign.workbench import Workbench
from mapping.design import read_designs
from mapping.estimates import static_power
from mapping.macromodel import Macromodel
from netlists.cells.characterize import characterize
from netlists.engine import Engine
from netlists.neuron_benches import iv_curve, response
from netlists.raw_file import read_raw_file
from neuron_model.analysis.regimes import RegimeReport, classify
from neuron_model.analysis.simulation import simulate
from neuron_model.analysis.spikes import spike_times
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.neuron_file import write_neuron
from neuron_model.model.parameters import NeuronParameters, Timescale
from neuron_model.model.stimulus import Stimulus
from neuron_model.network.model_file import write_model
from neuron_model.network.network import MTCNetwork, NetworkConfiguration
from neuron_model.network.nir_file import read_nir
from neuron_model.runs.file_names import MODEL_FILE
from tests.mapping.neurons import EXCITABLE, burster

Captured = pytest.CaptureFixture[str]
GENERIC = load_technology("generic")
CURRENT, DURATION = "0:-2,20:-0.2", 160.0
FILES = {
    "design.json",
    "estimates.json",
    "netlists/datasheet.csv",
    "netlists/lvs_setup.tcl",
    "netlists/models.spice",
    "netlists/models_library.spice",
    "netlists/neuron.spice",
    "netlists/testbench_transient.spice",
    *(f"netlists/testbench_iv_{x}.spice" for x in Timescale),
}


@pytest.fixture(scope="module")
def exported(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The excitable neuron, exported by the command line."""
    folder = tmp_path_factory.mktemp("build")
    neuron = write_neuron(folder / "excitable.toml", EXCITABLE)
    words = ["export", str(neuron), "--technology", "generic", "-o", str(folder / "out")]
    assert main([*words, "--current", CURRENT, "--duration", str(DURATION)]) == 0
    return folder / "out"


def files_in(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def plain_ngspice(deck: Path) -> str:
    """ngspice in the deck's folder, with nothing of ours in its environment."""
    # ngspice 39 crashes without a home folder
    environment = {"PATH": os.environ["PATH"], "HOME": str(deck.parent), "OMP_THREAD_LIMIT": "1"}
    done = subprocess.run(
        ["ngspice", "-b", deck.name],
        cwd=deck.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.ngspice
def test_the_folder_holds_these_files(exported):
    assert files_in(exported) == FILES


@pytest.mark.ngspice
def test_cell_files_hold_transistors_capacitors_and_blocks_of_them(exported):
    text = (exported / "netlists/neuron.spice").read_text().replace("\n+ ", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("*")]
    assert {line[0].upper() for line in lines} == {"M", "X", "C", "."}
    assert {line.split()[0] for line in lines if line[0] == "."} == {".subckt", ".ends"}
    assert not any("0" in line.split()[1:-1] for line in lines if line[0] in "MX")


@pytest.mark.ngspice
def test_the_header_says_where_it_comes_from(exported):
    text = (exported / "netlists/neuron.spice").read_text()
    assert f"* model sha256 {model_hash(EXCITABLE)}" in text
    assert "* technology generic, mapped at corner tt, 27 degC, supply 1.8 V" in text
    assert re.search(r"^\* characteristics \w{16}, simulator ngspice \d+", text, re.M)
    (design,) = read_designs(exported / "design.json")
    first = design.elements[0]
    assert (
        f"* f-: alpha -2, delta 0 -> {first.bias_current * 1e9:.4g} nA, "
        f"{first.reference_voltage:.4f} V"
    ) in text
    assert "*.PININFO vm:B" in text


@pytest.mark.ngspice
def test_the_datasheet_has_what_the_bench_gives_to_each_port(exported):
    path = exported / "netlists/datasheet.csv"
    sheet = {e.name: e for e in datasheet_from_csv(path.read_text(), str(path))}
    bench = (exported / "netlists/testbench_transient.spice").read_text()
    ports = re.findall(r"^\*\.PININFO (.*)", (exported / "netlists/neuron.spice").read_text(), re.M)
    lines = [word.split(":")[0] for word in ports[-1].split() if word.startswith(("ib_", "vr_"))]
    assert lines
    for name in lines:
        (given,) = re.findall(rf"^[IV]\S* .*\b{name}\b.* (\S+)$", bench, re.M)
        assert float(given) == pytest.approx(sheet[name].value, rel=1e-5)


@pytest.mark.ngspice
def test_the_datasheet_says_how_it_fires_at_each_corner_where_that_is_asked_for(
    exported: Path, engine: Engine, tmp_path: Path
):
    corners = ("tt", "ff")
    technology = replace(GENERIC, corners=corners)
    drive = Drive(Stimulus.parse(CURRENT), DURATION)
    circuit = build(EXCITABLE, technology, drive=drive, workbench=Workbench(engine))
    circuit.export(tmp_path, corners=True)
    path = tmp_path / "netlists/datasheet.csv"
    sheet = {e.name: e for e in datasheet_from_csv(path.read_text(), str(path))}
    for corner in corners:
        macromodel = circuit.at(corner).macromodel
        report = classify_at(macromodel, drive)
        assert sheet[f"regime_{corner}"].value == report.regime
        interval = report.interspike_interval
        assert interval is not None
        wanted = interval * circuit.design.time_unit
        assert sheet[f"ISI_{corner}"].value == pytest.approx(wanted, rel=1e-5)
        assert f"IBI_{corner}" not in sheet
        power = static_power(macromodel)
        assert sheet[f"power_{corner}"].value == pytest.approx(power, rel=1e-5)
    assert sheet["ISI_tt"].value != sheet["ISI_ff"].value


def classify_at(macromodel: Macromodel, drive: Drive) -> RegimeReport:
    run = simulate(macromodel.compact, drive.stimulus, drive.duration)
    return classify(run.time, run.voltage, drive.onset, EXCITABLE.u_threshold)


@pytest.mark.ngspice
def test_the_decks_need_their_folder_only(exported):
    for deck in (exported / "netlists").glob("testbench_*.spice"):
        text = deck.read_text()
        included = re.findall(r"^\.include (\S+)$", text, re.M)
        assert included == ["models.spice", "neuron.spice"]
        assert str(exported) not in text
        assert ".lib" not in text


@pytest.mark.ngspice
def test_plain_ngspice_gives_the_engines_spikes(exported, engine):
    netlists = exported / "netlists"
    plain_ngspice(netlists / "testbench_transient.spice")
    (design,) = read_designs(exported / "design.json")
    (wave,) = read_raw_file(netlists / "testbench_transient.raw")
    by_file = spike_times(
        wave.axis / design.time_unit, design.units(wave["v(vm)"]), EXCITABLE.u_threshold
    )

    drive = Drive(Stimulus.parse(CURRENT), DURATION)
    neuron = MappedNeuron(EXCITABLE, design, GENERIC, design.conditions, drive)
    built = circuit_of(neuron, Workbench(engine))
    stimulus = Stimulus.parse(CURRENT)
    bench = built.benches.transient(np.array(stimulus.times), np.array(stimulus.values), DURATION)
    run = response(engine.run(bench), design)
    by_engine = spike_times(run.time, run.membrane, EXCITABLE.u_threshold)
    assert len(by_engine) >= 2
    np.testing.assert_allclose(by_file, by_engine, rtol=1e-6)


@pytest.mark.ngspice
def test_plain_ngspice_gives_the_engines_curves(exported, engine):
    netlists = exported / "netlists"
    plain_ngspice(netlists / "testbench_iv_slow.spice")
    (design,) = read_designs(exported / "design.json")
    (wave,) = read_raw_file(netlists / "testbench_iv_slow.raw")
    drive = Drive(Stimulus.parse(CURRENT), DURATION)
    neuron = MappedNeuron(EXCITABLE, design, GENERIC, design.conditions, drive)
    built = circuit_of(neuron, Workbench(engine))
    _, current = iv_curve(engine.run(built.benches.iv(Timescale.SLOW, -3, 3, 0.05, 0.0)), design)
    by_file = -wave["i(vmembrane)"] / design.unit_current + design.i_bias
    np.testing.assert_allclose(by_file, current, atol=1e-6)


@pytest.mark.ngspice
def test_the_summary_names_files_and_units(exported, cache, capsys: Captured):
    words = ["export", "preset:tonic_spiking", "--technology", "generic", "--json"]
    out = exported.parent / "second"
    assert main([*words, "-o", str(out), "--unit-current", "2e-9"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {str(Path(f).relative_to(out)) for f in document["files"]} == FILES
    (neuron,) = document["neurons"]
    assert neuron["unit_current"] == 2e-9
    assert 0.05 < neuron["unit_voltage"] < 0.08
    (design,) = read_designs(out / "design.json")
    assert design.unit_current == 2e-9
    assert read_estimates(out)["tonic_spiking"] == Estimates(**neuron["estimates"])


@pytest.mark.ngspice
def test_several_neurons_have_files_of_their_own(cache, engine, tmp_path):
    neurons = [burster(name="first"), EXCITABLE]
    designs = [design_neuron(n, GENERIC, Workbench(engine)) for n in neurons]
    drive = Drive(Stimulus.constant(0.0), 10.0)
    written = export(neurons, designs, GENERIC, tmp_path, [drive] * 2)
    assert {p.name for p in written} == {
        "design.json",
        "lvs_setup.tcl",
        "models.spice",
        "models_library.spice",
        *(f"datasheet_{n.name}.csv" for n in neurons),
        *(
            f"{kind}_{n.name}.spice"
            for n in neurons
            for kind in ("neuron", "testbench_transient", *(f"testbench_iv_{x}" for x in Timescale))
        ),
    }
    assert read_designs(tmp_path / "design.json") == tuple(designs)
    measured = characterize(GENERIC, conditions_at(GENERIC), engine)
    estimates = [estimate(Macromodel(design, measured), GENERIC, drive) for design in designs]
    document = summary(designs, written, estimates)
    assert document["files"] == [str(p) for p in written]
    powers = [one["estimates"]["static_power"] for one in document["neurons"]]
    assert powers == [one.static_power for one in estimates]
    plain_ngspice(tmp_path / "netlists/testbench_transient_excitable.spice")
    assert (tmp_path / "netlists/testbench_transient_excitable.raw").is_file()


@pytest.mark.ngspice
def test_a_full_disk_leaves_nothing_half_written(cache, engine, tmp_path, monkeypatch):
    design = design_neuron(EXCITABLE, GENERIC, Workbench(engine))
    calls = 0

    def full(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"netlists.*\.spice: cannot be written \(No space left"):
        export([EXCITABLE], [design], GENERIC, tmp_path, [Drive(Stimulus.constant(0.0), 10.0)])
    assert list(tmp_path.iterdir()) == []


EVIL = 'name = "x\\n.control\\nshell touch /tmp/owned\\n.endc"'
NEURON = """[neuron]
{name}
tau_slow = 20.0
[[neuron.elements]]
timescale = "fast"
alpha = -2.0
delta = {delta}
"""


@pytest.mark.parametrize(
    ("content", "words", "status", "why"),
    [
        (NEURON.format(name=EVIL, delta=0.0), ["-o", "out"], 2, "name = "),
        (NEURON.format(name="", delta="nan"), ["-o", "out"], 2, "delta"),
        (NEURON.format(name="color = 3", delta=0.0), ["-o", "out"], 2, "color"),
        (NEURON.format(name="", delta=0.0), [], 2, "-o DIR"),
        (NEURON.format(name="", delta=0.0), ["-o", "out", "--technology", "no.toml"], 2, "no.toml"),
        (NEURON.format(name="", delta=0.0), ["-o", "out", "--current", "x"], 2, "current"),
        (NEURON.format(name="", delta=0.0), ["-o", "out", "--duration", "-1"], 2, "duration = -1"),
        ("", ["-o", "out"], 2, "[neuron]"),
        ("\0\0\0", ["-o", "out"], 2, "neuron.toml"),
    ],
)
def test_bad_input_is_one_error_line_and_no_file(
    cache_folder, tmp_path, monkeypatch, capsys: Captured, content, words, status, why
):
    monkeypatch.chdir(tmp_path)
    Path("neuron.toml").write_text(content)
    if "--technology" not in words:
        words = [*words, "--technology", "generic"]
    assert main(["export", "neuron.toml", *words]) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    errors = [line for line in captured.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert why in errors[0]
    assert not Path("out").exists()


@pytest.mark.ngspice
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--unit-current", "1"], "the unit current I0 needs 1 A"),
        (["--unit-current", "nan"], "the unit current I0 needs nan A"),
        (["--membrane-capacitance=-1e-12"], "the membrane capacitor needs -1e-12 F"),
    ],
)
def test_what_does_not_fit_is_refused(cache, tmp_path, capsys: Captured, words, why):
    out = tmp_path / "out"
    words = ["export", "preset:tonic_spiking", "--technology", "generic", "-o", str(out), *words]
    assert main(words) == 2
    assert why in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.ngspice
def test_a_folder_that_is_a_file_is_refused(cache, tmp_path, capsys: Captured):
    path = tmp_path / "file"
    path.write_text("mine")
    words = ["export", "preset:tonic_spiking", "--technology", "generic", "-o", str(path)]
    assert main(words) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert path.read_text() == "mine"


@pytest.mark.ngspice
def test_the_deck_measures_the_rhythm_and_names_its_waveforms(exported: Path, tmp_path: Path):
    netlists = shutil.copytree(exported / "netlists", tmp_path / "netlists")
    deck = netlists / "testbench_transient.spice"
    assert "* waveforms go to testbench_transient.raw: ngspice, then `load" in deck.read_text()
    said = plain_ngspice(deck)
    (isi,) = re.findall(r"^isi = ([-+.e\d]+)", said, re.MULTILINE)
    (count,) = re.findall(r"^isi_count = ([-+.e\d]+)", said, re.MULTILINE)
    (wave,) = read_raw_file(netlists / "testbench_transient.raw")
    (design,) = read_designs(exported / "design.json")
    spikes = spike_times(wave.axis, wave["v(vm)"], float(design.volts(EXCITABLE.u_threshold)), 0.0)
    spikes = spikes[spikes > 20.0 * design.time_unit]
    assert float(count) == len(spikes) - 1
    assert float(isi) == pytest.approx(np.diff(spikes).mean(), rel=1e-3)
    assert not re.search("^ibi", said, re.MULTILINE)


@pytest.mark.ngspice
def test_the_library_itself_gives_the_same_curve(exported: Path, tmp_path: Path):
    netlists = shutil.copytree(exported / "netlists", tmp_path / "netlists")
    deck = netlists / "testbench_iv_fast.spice"
    curves = []
    for models in ("models.spice", "models_library.spice"):
        deck.write_text(deck.read_text().replace(".include models.spice", f".include {models}"))
        plain_ngspice(deck)
        curves.append(read_raw_file(netlists / "testbench_iv_fast.raw")[0]["i(vmembrane)"])
    assert f".include {models}" in deck.read_text()
    np.testing.assert_allclose(curves[1], curves[0], rtol=1e-9)


@pytest.mark.ngspice
def test_spicelib_edits_a_bench(exported: Path, tmp_path: Path):
    spicelib = pytest.importorskip("spicelib")
    netlists = shutil.copytree(exported / "netlists", tmp_path / "netlists")
    editor = spicelib.SpiceEditor(str(netlists / "testbench_transient.spice"))
    assert float(editor.get_component_value("VDD_SUPPLY").split()[-1]) == GENERIC.supply
    current = editor.get_component_value("IIN")
    assert current.startswith("dc ")
    assert "pwl(" in current
    editor.set_component_value("VDD_SUPPLY", "dc 1.75")
    editor.set_component_value("IIN", "dc -1e-9")
    editor.save_netlist(str(netlists / "edited.spice"))
    text = (netlists / "edited.spice").read_text()
    assert re.search(r"^Vdd_supply vdd 0 (dc )?1\.75$", text, re.MULTILINE | re.IGNORECASE)
    assert re.search(r"^Iin 0 vm (dc )?-1e-0?9$", text, re.MULTILINE | re.IGNORECASE)
    plain_ngspice(netlists / "edited.spice")


@pytest.mark.ngspice
def test_what_other_tools_take_is_written_where_it_is_asked_for(
    exported: Path, tmp_path: Path, capsys: Captured
):
    neuron = write_neuron(tmp_path / "excitable.toml", EXCITABLE)
    words = ["export", str(neuron), "--technology", "generic", "-o", str(tmp_path), "--xschem"]
    words += ["--dialects", "cdl", "spectre", "xyce", "--verilog-a"]
    assert main([*words, "--current", CURRENT, "--duration", str(DURATION)]) == 0
    said = capsys.readouterr().out
    assert f"start xschem in {tmp_path / 'xschem'}" in said
    assert f"5 files for other tools in {tmp_path / 'netlists'} (.cdl, .scs, .cir, .va)" in said
    for name, mark in (
        ("neuron.cdl", "* "),
        ("neuron.cir", "* "),
        ("neuron.scs", "// "),
        ("neuron.va", "// "),
    ):
        text = (tmp_path / "netlists" / name).read_text()
        assert f"{mark}model sha256 {model_hash(EXCITABLE)}" in text
    names = {path.name for path in (tmp_path / "xschem/mtc").iterdir()}
    assert {"nmos.sym", "pmos.sym", "ota.sym", "ota.sch"} <= names
    assert not (exported / "xschem").exists()


def test_a_run_is_written_as_a_nir_graph_without_a_technology(tmp_path: Path, capsys: Captured):
    layer = NeuronParameters.stack([burster(name=f"n{i}") for i in range(2)])
    net = MTCNetwork(NetworkConfiguration(1, 1, (layer,), dt=1.0))
    write_model(tmp_path / "run" / MODEL_FILE, net)
    path = tmp_path / "run.nir"
    assert main(["export", str(tmp_path / "run"), "--nir", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"files": [str(path)]}
    signal = torch.linspace(-2, 2, 20).reshape(1, 20, 1)
    assert torch.allclose(read_nir(path)(signal)[0], net(signal)[0], rtol=0.0, atol=1e-5)
    assert {p.name for p in tmp_path.rglob("*.*")} == {MODEL_FILE, path.name}


@pytest.mark.parametrize(
    ("words", "why"),
    [(["--nir", "x.nir"], "give the folder of a run"), ([], "add `--technology T`")],
)
def test_export_says_what_it_lacks(words: list[str], why: str, capsys: Captured):
    assert main(["export", "preset:resting", *words]) == 2
    assert why in capsys.readouterr().err


@pytest.mark.ngspice
def test_capacitors_are_devices_where_that_is_asked_for(cache, tmp_path, capsys: Captured):
    mim = '[devices.capacitor]\nmodel = "mim"\ndensity = 1e-15\nside = [2.0, 50.0]\n'
    technology = tmp_path / "mine.toml"
    technology.write_text(f'base = "generic"\n{mim}')
    words = ["export", "preset:tonic_spiking", "-o", str(tmp_path / "out"), "--technology"]
    words += [str(technology), "--capacitors", "device", "--dialects", "cdl"]
    assert main(words) == 0, capsys.readouterr().err
    netlists = tmp_path / "out/netlists"
    lvs, cdl = (netlists / name for name in ("neuron_lvs.spice", "neuron.cdl"))
    for path in (lvs, cdl):
        assert re.search(r"^Xmembrane vm vss mim w=\S+u l=\S+u m=\d+$", path.read_text(), re.M)
    assert re.search(r"^Cmembrane vm vss \S+$", (netlists / "neuron.spice").read_text(), re.M)
    assert "mim" not in (netlists / "testbench_transient.spice").read_text()
    assert "mim" in (netlists / "lvs_setup.tcl").read_text()


def test_a_technology_without_capacitors_is_refused_before_anything_is_written(
    cache_folder, tmp_path, capsys: Captured
):
    words = ["export", "preset:tonic_spiking", "--technology", "generic", "-o"]
    assert main([*words, str(tmp_path / "out"), "--capacitors", "device"]) == 2
    assert "technology 'generic' has no capacitor" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
