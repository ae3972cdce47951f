"""``codesign regime``: the report as JSON, by the model and by the circuit."""

import json
from pathlib import Path

import pytest

from codesign.command_line import main
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.model.neuron_file import write_neuron
from neuron_model.model.parameters import Element
from neuron_model.model.parameters import NeuronParameters as Parameters
from neuron_model.model.presets import preset

Captured = pytest.CaptureFixture[str]


def test_the_report_has_the_fields_that_are_promised(tmp_path: Path, capsys: Captured):
    path = write_neuron(tmp_path / "n.toml", preset("ribar_sepulchre_burster").parameters)
    assert main(["regime", str(path), "--current", "0:-1.4", "--duration", "9000", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document) == list(RegimeReport.__dataclass_fields__)
    assert document["regime"] == "tonic_bursting"
    assert document["spike_count"] == len(document["spike_times"])
    assert 1000 < document["interburst_interval"] < 1600
    assert 50 < document["interspike_interval"] < 90


def test_what_is_not_defined_is_null(capsys: Captured):
    assert main(["regime", "preset:resting", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["regime"] == "resting"
    assert document["spike_times"] == []
    assert document["interspike_interval"] is None


def test_the_threshold_is_the_neurons(tmp_path: Path, capsys: Captured):
    raised = Parameters(
        preset("ribar_sepulchre_excitable").parameters.elements,
        tau_slow=20.0,
        u_threshold=2.6,
        u_saturation=3.0,
    )
    path = write_neuron(tmp_path / "n.toml", raised)
    assert main(["regime", str(path), "--current", "0:-0.4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["regime"] == "resting"


def test_a_window_too_short_is_said(tmp_path: Path, capsys: Captured):
    path = write_neuron(
        tmp_path / "n.toml", Parameters((Element("fast", 0.5, 0.0),), tau_m=100.0, u_rest=-2.0)
    )
    assert main(["regime", str(path), "--current", "0:1.9", "--duration", "60"]) == 0
    output = capsys.readouterr()
    assert "nearest boundary 0 of 1" in output.out
    assert "longer --duration than 60" in output.err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["preset:none"], "There is no preset 'none'"),
        (["missing.toml"], "no such file"),
        (["preset:resting", "--current", "0:a"], "not a finite number"),
        (["preset:resting", "--backend", "ngspice"], "needs a technology"),
        (
            ["preset:resting", "--backend", "ngspice", "--technology", "generic", "--corner", "x"],
            "corner 'x'",
        ),
    ],
)
def test_what_cannot_be_is_one_error(words: list[str], why: str, capsys: Captured):
    assert main(["regime", *words]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert why in output.err


def test_a_folder_of_a_network_is_not_one_neuron(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
):
    from codesign.building import source

    folder = source.Source((preset("resting").parameters,), tmp_path)
    monkeypatch.setattr(source, "load_source", lambda name: folder)
    assert main(["regime", str(tmp_path)]) == 2
    assert "takes one neuron" in capsys.readouterr().err


@pytest.mark.ngspice
def test_the_circuit_is_judged_as_the_model_is(capsys: Captured):
    words = ["regime", "preset:phasic_spiking", "--duration", "1200", "--json"]
    assert main(words) == 0
    model = json.loads(capsys.readouterr().out)
    assert main([*words, "--backend", "ngspice", "--technology", "generic"]) == 0
    circuit = json.loads(capsys.readouterr().out)
    assert circuit["regime"] == model["regime"] == "phasic_spiking"
    # two simulations agree to some time constants of the membrane, and are not the same
    assert circuit["spike_times"][0] == pytest.approx(model["spike_times"][0], abs=8.0)
    assert circuit["spike_times"] != model["spike_times"]
