"""``codesign iv``: curves that equal their closed form, by the model and by the circuit."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from codesign.command_line import main
from neuron_model.analysis.iv_curves import iv_curves
from neuron_model.model.neuron_file import write_neuron
from neuron_model.model.parameters import TIMESCALES
from neuron_model.model.presets import preset

Captured = pytest.CaptureFixture[str]


def test_curves_are_the_closed_form(tmp_path: Path, capsys: Captured):
    path = write_neuron(tmp_path / "n.toml", preset("ribar_sepulchre_burster").parameters)
    words = ["--from", "-3", "--to", "3", "--points", "61", "--operating-point", "-1.7"]
    assert main(["iv", str(path), *words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    u = np.array(document["voltage"])
    np.testing.assert_allclose(u, np.linspace(-3, 3, 61), atol=1e-12)
    fast = u - 2 * np.tanh(u)

    def slow(x):
        return 2 * np.tanh(x) - 1.5 * np.tanh(x + 1.5)

    def ultraslow(x):
        return 1.5 * np.tanh(x + 1.5)

    expected = {
        "fast": fast + slow(-1.7) + ultraslow(-1.7),
        "slow": fast + slow(u) + ultraslow(-1.7),
        "ultraslow": fast + slow(u) + ultraslow(u),
    }
    for timescale, current in expected.items():
        np.testing.assert_allclose(document[timescale], current, atol=1e-9)
    end = math.acosh(math.sqrt(2.0))
    (region,) = document["negative_conductance"]["fast"]
    assert (region["low"], region["high"]) == pytest.approx((-end, end), abs=1e-12)
    assert document["negative_conductance"]["ultraslow"] == []
    assert document["excitability"]["slow_excitable"] is True


def test_the_operating_point_is_rest_unless_told(tmp_path: Path, capsys: Captured):
    plot = tmp_path / "curves.png"
    assert (
        main(["iv", "preset:tonic_bursting", "--points", "31", "--plot", str(plot), "--json"]) == 0
    )
    document = json.loads(capsys.readouterr().out)
    parameters = preset("tonic_bursting").parameters
    assert document["operating_point"] == parameters.u_rest == -1.2
    expected = iv_curves(parameters, np.linspace(-3, 3, 31), -1.2)
    for timescale in TIMESCALES:
        np.testing.assert_allclose(document[timescale], expected.at(timescale), atol=1e-12)
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--from", "2", "--to", "-2"], "is no range"),
        (["--from", "nan"], "is no range"),
        (["--points", "1"], "from 2 to"),
        (["--points", "100000000"], "from 2 to"),
        (["--operating-point", "inf"], "operating point = inf"),
        (["--plot", "x.exe"], "suffix"),
        (["--backend", "ngspice"], "needs a technology"),
    ],
)
def test_what_cannot_be_is_one_error(words: list[str], why: str, capsys: Captured):
    assert main(["iv", "preset:resting", *words]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert why in output.err


@pytest.mark.ngspice
def test_the_circuits_curves_are_the_models(capsys: Captured):
    words = ["iv", "preset:tonic_bursting", "--from", "-2", "--to", "2", "--points", "41", "--json"]
    assert main(words) == 0
    model = json.loads(capsys.readouterr().out)
    assert main([*words, "--backend", "ngspice", "--technology", "generic"]) == 0
    circuit = json.loads(capsys.readouterr().out)
    assert circuit["voltage"] == model["voltage"]
    for timescale in TIMESCALES:
        wanted, found = np.array(model[timescale]), np.array(circuit[timescale])
        error = np.sqrt(np.mean((found - wanted) ** 2)) / np.ptp(wanted)
        assert 0.0 < error < 0.03
