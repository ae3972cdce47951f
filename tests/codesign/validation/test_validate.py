"""Circuit against model: the judgement, and the command that makes it."""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesign.building.source import Source
from codesign.command_line import main
from codesign.validation.run_validation import print_validation, select
from codesign.validation.validate import is_circuit_shaped, thinned
from codesign.validation.validation import Validation, read_validation
from codesign.validation.validation_table import COLUMNS, LEGEND
from mapping.conditions import Conditions
from neuron_model.errors import InputError
from neuron_model.model.neuron_file import write_neuron
from neuron_model.model.parameters import Element, Filter, Leak, NeuronParameters
from neuron_model.network.model_file import write_model
from neuron_model.network.network import MTCNetwork, NetworkConfiguration
from neuron_model.runs.currents_file import write_drives
from tests.codesign.foreign_pdk import write_pdk
from tests.mapping.neurons import EXCITABLE, burster

Captured = pytest.CaptureFixture[str]
SPIKING = ["--current", "0:-0.4", "--duration", "400"]


@given(st.integers(10, 30_000), st.integers(0, 2**32 - 1))
def test_thinned_waveforms_keep_ends_and_extremes(points, seed):
    voltage = np.random.default_rng(seed).normal(size=points)
    time = np.arange(points, dtype=float)
    wave = thinned(time, voltage)
    assert wave.time.size <= 4002
    assert (wave.time[0], wave.time[-1]) == (time[0], time[-1])
    assert (wave.voltage.min(), wave.voltage.max()) == (voltage.min(), voltage.max())
    assert np.all(np.diff(wave.time) > 0)
    np.testing.assert_array_equal(wave.voltage, voltage[wave.time.astype(int)])


@pytest.mark.parametrize(
    ("changes", "shaped"),
    [
        ({}, True),
        ({"leak": Leak(1.0, 6.0)}, True),
        ({"leak": Leak(1.0, 3.0)}, False),
        ({"filter_slow": Filter()}, False),
        ({"filter_fast": Filter()}, True),
        ({"tau_fast": 0.5}, False),
        ({"elements": (Element("fast", -2.0, 0.0),), "filter_slow": Filter()}, True),
    ],
)
def test_models_are_circuit_shaped_where_what_they_use_is(changes, shaped):
    assert is_circuit_shaped(burster(**changes)) is shaped


def source(count: int) -> Source:
    return Source(tuple(burster(name=f"n{i}") for i in range(count)))


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (None, (0, 1, 2, 3)),
        ("0", (0,)),
        ("3,1", (3, 1)),
        ("1-3", (1, 2, 3)),
        ("0, 2-3", (0, 2, 3)),
        ("2,1-3,2", (2, 1, 3)),
    ],
)
def test_neurons_are_chosen_by_number(wanted, chosen):
    assert select(source(4), wanted) == chosen


@pytest.mark.parametrize(
    "wanted", ["", "4", "-1", "2-1", "0-4", "a", "1-", "0,,1", "0-999999999999"]
)
def test_neurons_that_are_not_there_are_refused(wanted):
    with pytest.raises(InputError, match="--neurons"):
        select(source(4), wanted)


def test_the_table_says_what_each_comparison_reaches(make_neuron, capsys: Captured):
    slower = make_neuron("slower")
    slower = replace(slower, circuit=replace(slower.circuit, interspike_interval=25.0))
    driven = make_neuron("driven", driven=True)
    print_validation(Validation("generic", Conditions("ss", 85.0), (slower, driven), exported=16))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "generic, ss, 85 °C"
    (first,) = [line for line in lines if "slower" in line]
    assert [cell.strip() for cell in first.split("│")[1:7]] == [
        "slower",
        "yes",
        "tonic bursting",
        "regime, spikes",
        "regime, spikes",
        "9, 9, 9",
    ]
    (second,) = [line for line in lines if "driven" in line]
    assert "rhythm, spikes" in second
    assert "recorded current" in second
    assert "regime" not in second
    assert LEGEND in lines
    for column in ("kept", "spikes", "ISI, IBI", "I-V", "coincidence"):
        assert f"{column}: " in LEGEND, "each column that needs it is explained"
        assert any(head.startswith(column) for head in COLUMNS)
    assert lines[-1].startswith("2 of 16 neurons simulated: 2 keep the regime of the model, 1 the")


def test_a_terminal_of_80_columns_shows_the_verdicts(
    make_neuron, monkeypatch: pytest.MonkeyPatch, capsys: Captured
):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_validation(
        Validation("generic", Conditions("tt", 27.0), (make_neuron("tonic_bursting"),))
    )
    plain = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert max(map(len, plain.splitlines())) <= 80
    cells = {cell.strip() for line in plain.splitlines() for cell in re.split("[│┃]", line)}
    assert {"regime, rhythm, spikes", "tonic bursting"} <= cells
    # what has no room beside the verdicts comes below them
    assert plain.count("┏") >= 2
    assert "I-V (%)" in cells


# The command, on generic.


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a neuron, and one cache for the module."""
    path = tmp_path_factory.mktemp("validate")
    write_neuron(path / "excitable.toml", EXCITABLE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MTC_CODESIGN_CACHE", str(path / "cache"))
        yield path


@pytest.mark.ngspice
def test_a_neuron_that_its_circuit_is_passes(folder, capsys: Captured):
    words = ["validate", str(folder / "excitable.toml"), "--technology", "generic", *SPIKING]
    assert main([*words, "--json", "-o", str(folder / "out")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["technology"], document["corner"], document["passed"]) == (
        "generic",
        "tt",
        True,
    )
    (neuron,) = document["neurons"]
    for timescale in ("fast", "slow", "ultraslow"):
        assert neuron["iv"][timescale]["nrmse"] < 0.02
        assert neuron["iv"][timescale]["nrmse_macromodel"] < 0.02
        assert neuron["iv"][timescale]["largest"] < 0.05
    assert neuron["regime"] == {
        "model": "tonic_spiking",
        "macromodel": "tonic_spiking",
        "circuit": "tonic_spiking",
        "match": True,
    }
    assert abs(neuron["timing"]["macromodel"]["isi_error"]) < 0.03
    assert abs(neuron["timing"]["model"]["isi_error"]) < 0.10
    assert neuron["timing"]["model"]["circuit_spike_count"] >= 5
    # some tens of I0 at 1.8 V
    assert 1e-9 < neuron["supply"]["static_power"] < 1e-6
    assert neuron["supply"]["energy_per_spike"] > 0
    assert neuron["passed"] is True
    assert neuron["reasons"] == []
    for who in ("model", "macromodel"):
        assert neuron["verdicts"][who]["regime_kept"] is True
        assert neuron["verdicts"][who]["rhythm_kept"] is True
    assert document["counts"]["rhythm_kept"] == document["counts"]["simulated"] == 1
    kept = read_validation(folder / "out" / "validation.json")
    assert kept.passed
    assert kept.neurons[0].iv[0].circuit.size == 121


@pytest.mark.ngspice
def test_a_circuit_that_is_another_neuron_is_status_1_and_says_why(folder, capsys: Captured):
    words = ["validate", str(folder / "excitable.toml"), "--technology", "generic", *SPIKING]
    hot = ["--corner", "ff", "--temperature", "120"]
    assert main([*words, *hot]) == 1
    output = capsys.readouterr().out
    # V0 grows with temperature: a mapping for 27 °C is less steep at 120.
    assert "the fast I-V curve is off by" in output
    assert "generic, ff, 120 °C" in output


@pytest.mark.ngspice
def test_an_edited_netlist_is_judged_in_place_of_ours(folder, capsys: Captured):
    export = ["export", str(folder / "excitable.toml"), "--technology", "generic"]
    assert main([*export, *SPIKING, "-o", str(folder / "edit")]) == 0
    text = (folder / "edit/netlists/neuron.spice").read_text().replace("\n+ ", " ")
    line = next(x for x in text.splitlines() if x.startswith(".subckt neuron_"))
    name, *ports = line.split()[1:]
    turned = text.replace(line, " ".join([".subckt", name, *reversed(ports)]))
    # an element's mirror is twice as wide: it gives another current than was trained
    wider = re.sub(
        r"(Xtail|Mtail)(.*) w=([\d.]+)u", lambda m: f"{m[1]}{m[2]} w={2 * float(m[3])}u", text
    )
    assert wider != text
    capsys.readouterr()
    words = ["validate", str(folder / "excitable.toml"), "--technology", "generic", *SPIKING]
    for netlist, status in ((turned, 0), (wider, 1)):
        (folder / "edit.spice").write_text(netlist)
        assert main([*words, "--netlist", str(folder / "edit.spice")]) == status
    assert "I-V curve is off by" in capsys.readouterr().out


@pytest.mark.ngspice
def test_a_netlist_with_devices_for_capacitors_is_the_same_neuron(folder, capsys: Captured):
    mim = 'model = "mim"\ndensity = 1e-15\nfringe = 1e-16\nside = [2.0, 60.0]'
    (folder / "mine.toml").write_text(f'base = "generic"\n[devices.capacitor]\n{mim}\n')
    words = [str(folder / "excitable.toml"), "--technology", str(folder / "mine.toml"), *SPIKING]
    made = folder / "devices"
    assert main(["export", *words, "-o", str(made), "--capacitors", "device"]) == 0
    capsys.readouterr()
    found = []
    for name in ("neuron.spice", "neuron_lvs.spice"):
        netlist = made / "netlists" / name
        assert main(["validate", *words, "--netlist", str(netlist), "--json"]) == 0
        (neuron,) = json.loads(capsys.readouterr().out)["neurons"]
        found.append(neuron["timing"]["macromodel"])
    assert " mim w=" in netlist.read_text()
    assert found[0]["spike_count"] == found[1]["spike_count"]
    intervals = [one["isi_error"] for one in found]
    # the plates are on a grid: a part in a thousand of the capacitance
    assert intervals[1] == pytest.approx(intervals[0], abs=2e-3)


@pytest.mark.ngspice
def test_recorded_currents_are_judged_spike_by_spike(folder, capsys: Captured):
    run = folder / "run"
    layer = NeuronParameters.stack([EXCITABLE, EXCITABLE])
    write_model(run / "model.safetensors", MTCNetwork(NetworkConfiguration(1, 1, (layer,), dt=1.0)))
    samples = np.random.default_rng(1).normal(-0.4, 0.3, size=(30, 1))
    write_drives(run, np.hstack([samples, samples]), 10.0)
    words = ["validate", str(run), "--technology", "generic", "--neurons", "1", "--json"]
    # the circuit fires as it was built, and that is not spike for spike what was trained
    assert main(words) == 1
    driven, steady = json.loads(capsys.readouterr().out)["neurons"]
    assert driven["duration"] == 300.0
    assert driven["timing"]["macromodel"]["coincidence"] > 0.8
    assert driven["timing"]["macromodel"]["spike_count"] >= 4
    assert steady["regime"]["match"] is True
    assert driven["verdicts"]["model"]["regime_kept"] is None
    assert driven["verdicts"]["model"]["rhythm_kept"] is False
    assert driven["verdicts"]["model"]["spike_for_spike"] is False
    assert driven["verdicts"]["macromodel"]["rhythm_kept"] is True
    (reason,) = driven["reasons"]
    assert "the rhythm of the model is not kept: ISI" in reason
    assert "nor is it spike for spike" in reason
    counted = driven["verdicts"]["model"]["deviations"]["spike_count"]
    assert counted["found"] == driven["timing"]["model"]["circuit_spike_count"]
    counts = json.loads((run / "validation.json").read_text())["counts"]
    assert (counts["simulated"], counts["exported"]) == (1, 2)
    assert (run / "validation.json").is_file()


def one_error(capsys: Captured) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = [line for line in captured.err.splitlines() if line.startswith("error: ")]
    return line


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["nowhere.toml", "--technology", "generic"], "nowhere.toml"),
        (["preset:none", "--technology", "generic"], "none"),
        (["preset:resting", "--technology", "nowhere"], "neither built in"),
        (["preset:resting", "--technology", "generic", "--current", "1:2"], "at time 1"),
        (["preset:resting", "--technology", "generic", "--duration", "nan"], "duration = nan"),
        (["preset:resting", "--technology", "generic", "--neurons", "1"], "neurons 0 to 0"),
        (["preset:resting", "--technology", "generic", "--time-limit", "0"], "time limit"),
        (["preset:resting", "--technology", "generic", "--timeout", "nan"], "time limit"),
    ],
)
def test_bad_input_is_status_2_before_anything_is_simulated(
    cache_folder, tmp_path, monkeypatch, capsys: Captured, words, why
):
    monkeypatch.chdir(tmp_path)
    assert main(["validate", *words]) == 2
    assert why in one_error(capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.ngspice
@pytest.mark.parametrize(
    ("extra", "why"),
    [
        (["--corner", "typical"], "no corner 'typical'; it has tt"),
        (["--temperature", "nan"], "temperature = nan"),
        (["--temperature", "500"], "temperature = 500"),
    ],
)
def test_conditions_that_are_none_are_status_2(folder, capsys: Captured, extra, why):
    words = ["validate", str(folder / "excitable.toml"), "--technology", "generic", *SPIKING]
    assert main([*words, *extra]) == 2
    assert why in one_error(capsys)


def test_without_ngspice_it_is_status_3(cache_folder, monkeypatch, capsys: Captured):
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", "/nowhere/libngspice.so.0")
    assert main(["validate", "preset:resting", "--technology", "generic"]) == 3
    assert "ngspice" in one_error(capsys)


def test_without_models_it_is_status_3(cache_folder, tmp_path, capsys: Captured):
    path = write_pdk(tmp_path)
    path.write_text(path.read_text().replace("library/*/x33.lib", "$NO_SUCH_PDK/x33.lib"))
    assert main(["validate", "preset:resting", "--technology", str(path)]) == 3
    assert "NO_SUCH_PDK" in one_error(capsys)


@pytest.mark.ngspice
def test_a_simulation_that_takes_too_long_is_status_4_and_says_what_to_do(folder, capsys: Captured):
    words = ["validate", str(folder / "excitable.toml"), "--technology", "generic"]
    long = ["--current", "0:-0.4", "--duration", "40000", "--time-limit", "1.5"]
    assert main([*words, *long]) == 4
    error = capsys.readouterr().err
    assert "was stopped after 1.5 s, at" in error
    assert "of 40,000 tau_m" in error
    assert "--time-limit" in error
    assert "--accuracy fast" in error


def test_accuracy_is_one_of_three(capsys: Captured):
    with pytest.raises(SystemExit) as left:
        main(["validate", "preset:resting", "--technology", "generic", "--accuracy", "exact"])
    assert left.value.code == 2
    assert "none of fast, tight, auto" in capsys.readouterr().err
