"""The task of a network's circuit: what is compared, what is printed, what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from circuits.technology import load_technology
from codesign.command_line import main
from codesign.networks.built_network import BuiltNetwork, build_network
from codesign.networks.macromodel import macromodel_prediction
from codesign.networks.played import LAYER_BY_LAYER, ONE_DECK, Played, play_in_one_deck
from codesign.networks.table import print_network_validation
from codesign.networks.validation import NetworkValidation, compare
from codesign.pictures.network_plots import network_figure
from codesign.workbench import Workbench
from netlists.engine import Result, _incomplete
from netlists.waveforms import Waveforms
from neuron_model.analysis.verdicts import LEAST_CORRELATION
from neuron_model.errors import InputError, SimulatorError
from tests.codesign.networks.networks import TASK, task_of, two_neurons, write_run
from tests.codesign.no_engine import NoEngine

pytestmark = pytest.mark.ngspice
SAMPLES = 40
INTERVAL = 4.0
"""For how long a sample is held."""


@pytest.fixture(scope="module")
def network(cache: Path, workbench: Workbench) -> BuiltNetwork:
    return build_network(task_of(two_neurons()), load_technology("generic"), workbench)


def response_of(network: BuiltNetwork, late: float, gain: float = 1.0) -> NetworkValidation:
    """As if a circuit said what torch says, so many samples later, and drew 1 uA."""
    y, _ = network.task.predictions(network.task.heard(SAMPLES))
    ends = INTERVAL * np.arange(1, SAMPLES + 1)
    time = np.linspace(0.0, INTERVAL * SAMPLES, 4001)
    said = np.interp(time - late * INTERVAL, ends, gain * y[:, 0])[:, None]
    charge = 1e-6 * time[-1] * network.design.time_unit
    return compare(network, [Played(0, SAMPLES, time, said, charge)], 1.0, ONE_DECK)


def test_a_circuit_that_says_what_torch_says_passes(network):
    found = response_of(network, late=0.0)
    assert found.errors["circuit"] == pytest.approx(found.errors["trained"], rel=1e-3)
    assert found.correlation == pytest.approx(1.0)
    assert (found.delay, found.gain, found.offset) == pytest.approx((0.0, 1.0, 0.0), abs=1e-3)
    assert found.passed


def test_the_macromodel_is_scored_beside_torch_under_nominal_conditions_alone(network):
    found = response_of(network, late=0.0)
    assert found.errors["macromodel"] != found.errors["trained"]
    heard = network.task.heard(SAMPLES)
    found = macromodel_prediction(network, heard[None])
    assert found is not None
    said = found[0]
    trained, _ = network.task.predictions(heard)
    assert np.corrcoef(said[4:, 0], trained[4:, 0])[0, 1] > 0.97
    assert macromodel_prediction(network.at(temperature=85.0), heard[None]) is None


def test_errors_are_of_the_scored_samples(network):
    found = response_of(network, late=0.0)
    target = network.task.series.test.target[TASK.washout : SAMPLES, 0]
    heard = network.task.series.test.signal[TASK.washout : SAMPLES, 0]
    last = np.sqrt(np.mean((heard - target) ** 2) / target.var())
    assert found.errors["last value"] == pytest.approx(last)
    assert found.errors["mean"] == pytest.approx(np.sqrt(np.mean(target**2) / target.var()))


def test_a_delay_is_found(network):
    found = response_of(network, late=0.5)
    assert found.delay == pytest.approx(0.5, abs=0.051)
    assert found.correlation < found.correlation_delayed
    assert found.correlation_delayed == pytest.approx(1.0, abs=1e-3)


def test_a_circuit_that_says_something_else_does_not_pass(network):
    found = response_of(network, late=0.0, gain=-1.0)
    assert found.correlation == pytest.approx(-1.0)
    assert found.correlation < LEAST_CORRELATION
    assert not found.passed


def test_energy_is_the_supply_times_the_charge_of_a_sample(network):
    seconds = INTERVAL * network.design.time_unit
    found = response_of(network, late=0.0)
    assert found.sample == pytest.approx(seconds)
    assert found.energy == pytest.approx(1.8 * 1e-6 * seconds)


def test_the_picture_shows_target_torch_and_circuit(network):
    shown, error = network_figure(response_of(network, late=0.0)).axes
    assert [line.get_label() for line in shown.lines] == ["target", "torch", "circuit in ngspice"]
    assert len(error.lines) == 3  # zero and two errors


def test_what_one_deck_does_not_hold_is_refused_before_ngspice_is_asked(network):
    large = replace(network, layers=network.layers * 9)
    with pytest.raises(InputError, match="has 18 neurons.*layer by layer"):
        play_in_one_deck(large, Workbench(NoEngine()), [(0, SAMPLES)])


def test_windows_are_heard_from_rest_and_scored_apart(network):
    """The second window begins where the first one's scored end is, and has a warm-up as well."""
    y, _ = network.task.predictions(network.task.series.test.signal[:24])
    other, _ = network.task.predictions(network.task.series.test.signal[20:44])
    ends = INTERVAL * np.arange(1, 25)
    played = [Played(0, 24, ends, y, 0.0), Played(20, 24, ends, other, 0.0)]
    found = compare(network, played, 1.0, LAYER_BY_LAYER)
    assert (found.windows, found.samples, found.scored) == (2, 48, 40)
    assert found.errors["circuit"] == pytest.approx(found.errors["trained"])
    target = network.task.series.test.target[4:44, 0]
    trained = np.concatenate([y[4:, 0], other[4:, 0]])
    assert found.errors["trained"] == pytest.approx(
        np.sqrt(np.mean((trained - target) ** 2) / target.var())
    )


def test_the_command_writes_prints_and_draws_it(cache, tmp_path, capsys):
    run = write_run(tmp_path / "run", two_neurons())
    words = ["validate", str(run), "--technology", "generic", "--network", "--json"]
    plot = tmp_path / "network.png"
    status = main([*words, "--windows", "2", "--plot", str(plot)])
    said = json.loads(capsys.readouterr().out)
    written = json.loads((run / "network_validation.json").read_text())
    assert status == (0 if said["passed"] else 1)
    assert plot.stat().st_size > 0
    assert said["samples"] == len(written["circuit"]) == 48
    assert (said["windows"], said["method"]) == (2, "layer by layer")
    assert said["nrmse"] == written["nrmse"]
    assert said["correlation_delayed"] > 0.97
    energies = said["energy_per_sample"], said["estimated_energy_per_sample"]
    assert energies[0] == pytest.approx(energies[1], rel=0.1)


def test_from_python_the_same_circuit_is_validated_at_a_corner_in_either_way(network, workbench):
    found = network.at("ss", 50.0).validate(12, workbench)
    assert str(found.conditions) == "ss, 50 °C"
    assert found.samples == 12
    assert found.correlation_delayed > 0.9
    joint = network.at("ss", 50.0).validate(12, workbench, one_deck=True)
    assert (found.method, joint.method) == (LAYER_BY_LAYER, ONE_DECK)
    assert found.errors["circuit"] == pytest.approx(joint.errors["circuit"], rel=0.01)
    assert found.energy == pytest.approx(joint.energy, rel=0.005)


@pytest.mark.parametrize("how", [[], ["--one-deck"]])
def test_a_simulation_out_of_time_ends_with_status_4(cache, tmp_path, capsys, how):
    run = write_run(tmp_path / "run", two_neurons())
    words = ["validate", str(run), "--technology", "generic", "--network", "--time-limit", "0.01"]
    assert main([*words, *how]) == 4
    assert "was stopped after 0.01 s" in capsys.readouterr().err
    assert not (run / "network_validation.json").exists()


class BreaksOff(NoEngine):
    """A simulator whose transients end early, which it does not say."""

    def attempt(self, benches):
        for bench in benches:
            ends = bench.analyses[-1].end * np.array([0.0, 0.5])
            waveforms = Waveforms("time", ends, {name: np.zeros(2) for name in bench.save})
            yield _incomplete(bench, (waveforms,)) or Result((waveforms,))


@pytest.mark.parametrize("one_deck", [True, False])
def test_a_transient_that_ngspice_broke_off_is_noticed(network, one_deck):
    """What is left out of the waveforms must not be compared."""
    with pytest.raises(SimulatorError, match="before the analysis was through") as raised:
        network.validate(SAMPLES, Workbench(BreaksOff()), one_deck)
    assert raised.value.exit_status == 4


@pytest.mark.parametrize(
    ("named", "words", "why"),
    [
        ("preset:tonic_spiking", ["--network"], "single neurons"),
        ("preset:tonic_spiking", ["--samples", "50"], "add --network"),
        ("preset:tonic_spiking", ["--one-deck"], "--one-deck is of the whole network"),
        ("run", ["--network", "--windows", "0"], "windows = 0 is not allowed; it must be from 1"),
        ("run", ["--network", "--windows", "2", "--one-deck"], "--windows goes without"),
        ("run", ["--network", "--neurons", "0"], "--neurons is of single neurons"),
        ("run", ["--network", "--samples", "3"], "samples = 3 is not allowed"),
        ("run", ["--network", "--samples", "0"], "samples = 0 is not allowed"),
        ("run", ["--network", "--sequences", "2"], "this one forecasts a series"),
    ],
)
def test_what_does_not_go_together_is_refused(cache, tmp_path, capsys, named, words, why):
    if named == "run":
        named = str(write_run(tmp_path / "run", two_neurons()))
    assert main(["validate", named, "--technology", "generic", *words]) == 2
    assert why in capsys.readouterr().err


def test_a_circuit_that_does_not_pass_is_told_how_its_weights_are_tuned(network, capsys):
    print_network_validation(response_of(network, late=0.0, gain=-1.0))
    assert "codesign train RUN --circuit generic --out TUNED" in capsys.readouterr().out
    print_network_validation(response_of(network, late=0.0))
    assert "--circuit" not in capsys.readouterr().out
