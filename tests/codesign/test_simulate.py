"""``codesign simulate``: its files, its summary, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest

from codesign.command_line import main
from neuron_model.analysis.simulation import simulate
from neuron_model.analysis.spikes import spike_times
from neuron_model.model.neuron_file import read_neuron, write_neuron
from neuron_model.model.presets import preset
from neuron_model.model.stimulus import Stimulus

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def neuron(tmp_path: Path) -> str:
    return str(write_neuron(tmp_path / "n.toml", preset("ribar_sepulchre_excitable").parameters))


def test_the_waveform_is_the_models(neuron: str, tmp_path: Path, capsys: Captured):
    out, plot = tmp_path / "deep" / "trace.csv", tmp_path / "trace.svg"
    words = ["--current", "0:-2.0,100:-0.4", "--duration", "400", "--sampling", "0.5"]
    assert main(["simulate", neuron, *words, "--out", str(out), "--plot", str(plot), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    stimulus = Stimulus((0.0, 100.0), (-2.0, -0.4))
    run = simulate(read_neuron(neuron), stimulus, 400.0, sampling=0.5)
    header, *rows = out.read_text().splitlines()
    assert header == "time,u_m,u_fast,u_slow,u_ultraslow,current,output"
    table = np.array([[float(v) for v in row.split(",")] for row in rows])
    assert table.shape == (801, 7)
    expected = np.column_stack((run.time, *run.state, run.current, run.output))
    np.testing.assert_allclose(table, expected, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(document["spike_times"], spike_times(run.time, run.voltage))
    assert document["spike_count"] == len(document["spike_times"]) > 5
    assert Stimulus.parse(document["current"]) == stimulus
    assert plot.read_bytes().startswith(b"<?xml")


def test_a_preset_brings_its_own_current(capsys: Captured):
    assert main(["simulate", "preset:phasic_spiking", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["duration"] == preset("phasic_spiking").duration
    assert document["spike_count"] == 1
    assert document["out"] is None


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--current", "5:1"], "it must be at 0"),
        (["--current", "0:1", "--duration", "-3"], "duration"),
        (["--current", "0:1", "--duration", "nan"], "duration"),
        (["--current", "0:1,50:2", "--duration", "40"], "later than the last step"),
        (["--current", "0:1", "--sampling", "0"], "sampling = 0.0"),
        (["--current", "0:1", "--duration", "1e12"], "duration = 1e+12"),
        (["--current", "0:1", "--plot", "picture.doc"], "suffix"),
        (["--current", "0:1", "--out", "/proc/no/such"], "cannot be written"),
        (["--current", "0:1", "--technology", "generic"], "add --backend ngspice"),
        (["--current", "0:1", "--backend", "ngspice"], "add --technology"),
        (
            ["--current", "0:1", "--backend", "ngspice", "--technology", "g", "--sampling", "1"],
            "ngspice chooses its own",
        ),
    ],
)
def test_what_cannot_be_is_one_error(
    neuron: str, words: list[str], why: str, capsys: Captured, monkeypatch, tmp_path: Path
):
    monkeypatch.chdir(tmp_path)
    assert main(["simulate", neuron, *words]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert why in output.err
    assert [p.name for p in tmp_path.iterdir()] == ["n.toml"]
