"""Codes and shared lines by the command line, and what their file says."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from circuits.technology import load_technology
from codesign.building.quantize import CODES_FILE
from codesign.command_line import main
from mapping.design import read_designs
from neuron_model.model.neuron_file import write_neuron
from neuron_model.model.parameters import NeuronParameters
from neuron_model.network.model_file import write_model
from neuron_model.network.network import MTCNetwork, NetworkConfiguration
from tests.codesign.foreign_pdk import write_pdk
from tests.mapping.neurons import EXCITABLE, burster

Captured = pytest.CaptureFixture[str]
GENERIC = load_technology("generic")
STEPPED = ["--technology", "generic", "--current", "0:0.1", "--duration", "100"]

pytestmark = [pytest.mark.ngspice, pytest.mark.usefixtures("cache")]


@pytest.fixture
def neuron(tmp_path: Path) -> str:
    return str(write_neuron(tmp_path / "burster.toml", burster()))


def test_an_export_with_codes_says_them_all(neuron: str, tmp_path: Path, capsys: Captured):
    out = tmp_path / "out"
    assert main(["export", neuron, *STEPPED, "--quantize", "5", "-o", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    written = json.loads((out / CODES_FILE).read_text())
    assert written.pop("format") == 1
    assert written == document["codes"]
    assert str(out / CODES_FILE) in document["files"]
    (entry,) = document["codes"]["neurons"]
    lines = {line["name"]: line for line in entry["lines"]}
    (design,) = read_designs(out / "design.json")
    generator = replace(GENERIC.bias_generator, bits=5)
    for amplifier in design.amplifiers:
        line = lines[f"ib_{amplifier.name}"]
        assert line["value"] == amplifier.bias_current
        made = generator.full_scale / 2 ** line["coarse"] * line["code"] / 32
        assert line["value"] == pytest.approx(made)
        assert line["error"] == pytest.approx(line["value"] / line["wanted"] - 1)
    assert entry["curve_error"] < entry["nearest_error"]
    # what is written for ngspice is what the codes make
    text = (out / "netlists" / "testbench_transient.spice").read_text()
    assert f"dc {design.elements[0].bias_current!r}" in text


def test_a_run_shares_its_lines(tmp_path: Path, capsys: Captured):
    neurons = NeuronParameters.stack([burster(), burster(i_bias=0.1), burster(i_bias=0.2)])
    run = tmp_path / "run"
    network = MTCNetwork(NetworkConfiguration(1, 1, (neurons,), dt=1.0))
    write_model(run / "model.safetensors", network)
    words = ["export", str(run), *STEPPED, "--quantize"]
    assert main([*words, "--share-lines", "1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    shared = document["codes"]["shared"]
    assert shared["lines"] < shared["own_lines"]
    designs = read_designs(run / "design.json")
    assert len({d.elements[0].bias_current for d in designs}) == 1
    assert shared["groups"]["ib_fm0"] == [0, 0, 0]
    assert main([*words, "--share-lines", "2"]) == 0
    assert "lines instead of" in capsys.readouterr().out


def test_validate_judges_the_circuit_of_the_codes(tmp_path: Path, capsys: Captured):
    path = write_neuron(tmp_path / "excitable.toml", EXCITABLE)
    words = ["validate", str(path), "--technology", "generic", "--current", "0:0.1"]
    assert main([*words, "--duration", "300", "--quantize", "--json"]) == 0
    (validated,) = json.loads(capsys.readouterr().out)["neurons"]
    assert validated["regime"]["match"] is True
    assert any("6-bit coarse-fine generator" in note for note in validated["notes"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--share-lines", "2"], "--share-lines needs codes: add --quantize"),
        (["--quantize", "99"], "bits = 99 must be from 2 to 16"),
        (["--quantize", "--share-lines", "0"], "cannot share 0 lines"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(
    words: list[str], message: str, neuron: str, tmp_path: Path, capsys: Captured
):
    out = tmp_path / "out"
    assert main(["export", neuron, *STEPPED, *words, "-o", str(out)]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_a_technology_without_a_generator_is_told_so(neuron: str, tmp_path: Path, capsys: Captured):
    technology = write_pdk(tmp_path / "pdk")
    words = ["export", neuron, "--technology", str(technology), "--quantize", "-o", "x"]
    assert main(words) == 2
    assert "has no [bias_generator], whose codes --quantize would use" in capsys.readouterr().err
