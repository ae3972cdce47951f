"""Variation-aware training: as they would be built, drawn again where training goes on."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from circuits.technology import TECHNOLOGY_FOLDER
from codesign.training.train import make_network, train_run
from codesign.training.variation import VariationDrawer
from codesign.workbench import Workbench
from mapping.calibration.curves import VOLTAGE, steady_current
from netlists.engine import Engine
from neuron_model.errors import InputError
from neuron_model.network.model_file import read_model, write_model
from neuron_model.network.network import MTCNetwork, neurons_of
from neuron_model.network.variation import Variation
from neuron_model.runs.run_configuration import (
    RunConfiguration,
    run_configuration_from_toml,
    run_configuration_to_toml,
)
from neuron_model.runs.variation_settings import VariationSettings

CONFIGURATION = """
[task]
samples = 300
window = 20
washout = 8
horizon = 4
transient = 50.0
[network]
neurons = 2
steps_per_sample = 2
[training]
steps = 4
batch = 4
redraw = 3
[variation]
technology = "generic"
samples = 3
[log]
tensorboard = false
"""


def configuration() -> RunConfiguration:
    return run_configuration_from_toml(CONFIGURATION, "samples.toml")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch, Engine(workers=1) as running:
        patch.setenv("MTC_CODESIGN_CACHE", str(folder))
        yield running


@pytest.fixture(scope="module")
def drawer(engine: Engine) -> VariationDrawer:
    return VariationDrawer(VariationSettings("generic", samples=40), Workbench(engine))


@pytest.fixture
def network() -> MTCNetwork:
    return make_network(configuration())


def test_the_table_is_optional_and_written_back():
    assert not run_configuration_from_toml("", "empty.toml").variation.wanted
    assert "variation" not in run_configuration_to_toml(RunConfiguration())
    text = run_configuration_to_toml(configuration())
    assert run_configuration_from_toml(text, "again.toml") == configuration()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("samples = 4", "variation.technology is missing"),
        ('technology = "generic"\nsamples = 0', "samples.samples = 0 is not allowed"),
        ('technology = "generic"\ntrim = 9', "variation.trim = 9 is not allowed"),
        ('technology = "generic"\ntrim = 3\nbits = 6', "variation.trim cannot be combined"),
        ('technology = "generic"\nbits = 20', "variation.bits = 20 is not allowed"),
        ('technology = "generic"\ntemperatures = []', "give at least one"),
        ('technology = "generic"\ncorners = [1]', "variation.corners = .1. is not allowed"),
        ('technology = "generic"\nfoundry = 1', "variation.foundry is not a known key"),
    ],
)
def test_bad_tables_are_refused(table: str, message: str):
    with pytest.raises(InputError, match=message):
        run_configuration_from_toml(f"[variation]\n{table}", "samples.toml")


def test_paths_are_relative_to_the_configuration(tmp_path: Path):
    text = 'start = "runs/first"\n[variation]\ntechnology = "my.toml"'
    read = run_configuration_from_toml(text, "c.toml", tmp_path)
    assert read.variation.technology == str(tmp_path / "my.toml")
    assert read.start == str(tmp_path / "runs/first")


@pytest.mark.ngspice
def test_samples_scatter_around_the_trained_neurons(drawer: VariationDrawer, network: MTCNetwork):
    (variation,) = drawer(network, 5)
    trained = neurons_of(network)
    assert variation.samples == 40
    assert variation.reference.neurons == 2
    for element, built in zip(trained.elements, variation.built.elements, strict=False):
        rows = built.alpha.reshape(40, 2)
        off = rows / element.alpha - 1
        assert np.all(np.abs(np.median(off, 0)) < 0.05)
        assert np.all((off.std(0) > 0.01) & (off.std(0) < 0.3))
        # Two neurons of a sample differ as two samples do.
        assert abs(np.corrcoef(off.T)[0, 1]) < 0.5
    (again,), (other,) = drawer(network, 5), drawer(network, 6)
    assert np.array_equal(again.built.i_bias, variation.built.i_bias)
    assert not np.array_equal(other.built.i_bias, variation.built.i_bias)


@pytest.mark.ngspice
def test_neurons_of_one_sample_share_its_process(engine: Engine, network: MTCNetwork):
    settings = VariationSettings("generic", samples=30, process=True, mismatch_set="typical")
    (variation,) = VariationDrawer(settings, Workbench(engine))(network, 5)
    slower = variation.built.tau_m.reshape(30, 2)
    assert slower.std() / slower.mean() == pytest.approx(0.05, rel=0.5)
    assert np.corrcoef(slower.T)[0, 1] > 0.999


def curve_scatter(variation: Variation) -> float:
    """Root mean square of what samples draw from a clamp beside the mean of all samples, in I0."""
    currents = steady_current(variation.built, VOLTAGE)
    by_sample = currents.reshape(variation.samples, variation.reference.neurons, -1)
    return float(np.sqrt(np.mean((by_sample - by_sample.mean(axis=0)) ** 2)))


@pytest.mark.ngspice
def test_calibrated_samples_are_more_alike(engine: Engine, network: MTCNetwork):
    plain, offset, codes = (
        VariationDrawer(VariationSettings("generic", samples=12, trim=trim), Workbench(engine))(
            network, 5
        )[0]
        for trim in (-1, 0, 3)
    )
    assert curve_scatter(offset) < 0.9 * curve_scatter(plain)
    assert curve_scatter(codes) < 0.7 * curve_scatter(offset)
    assert codes.samples == 12
    # no sample is another one: time constants are as they were drawn
    assert np.array_equal(codes.built.tau_slow, plain.built.tau_slow)


@pytest.mark.ngspice
def test_codes_are_set_at_the_first_temperature(engine: Engine, network: MTCNetwork):
    """At the others a sample has the same codes, and scatters more than where they were found."""
    settings = VariationSettings("generic", samples=12, temperatures=(27.0, 85.0), trim=3)
    (both,) = VariationDrawer(settings, Workbench(engine))(network, 5)
    (first,) = VariationDrawer(replace(settings, temperatures=(27.0,)), Workbench(engine))(
        network, 5
    )
    assert both.samples == 24
    alpha = both.built.elements[0].alpha
    assert np.array_equal(alpha[:24], first.built.elements[0].alpha)
    ratio = alpha[24:] / alpha[:24]
    assert not np.allclose(ratio, 1.0, atol=1e-3)
    assert ratio.std() < 0.05


@pytest.mark.ngspice
def test_trimming_needs_a_bias_generator(engine: Engine, tmp_path: Path):
    path = tmp_path / "plain.toml"
    generic = (TECHNOLOGY_FOLDER / "generic.toml").read_text()
    start, end = generic.index("[bias_generator]"), generic.index("[models]")
    models = generic[end:].replace("generic/", f"{TECHNOLOGY_FOLDER}/generic/")
    path.write_text(generic[:start] + models)
    with pytest.raises(InputError, match=r"no \[bias_generator\], whose codes a trim sets"):
        VariationDrawer(VariationSettings(str(path), trim=3), Workbench(engine))


@pytest.mark.ngspice
def test_conditions_follow_each_other(engine: Engine, network: MTCNetwork):
    settings = VariationSettings("generic", samples=2, temperatures=(27.0, 85.0), bits=6)
    (variation,) = VariationDrawer(settings, Workbench(engine))(network, 0)
    assert variation.samples == 4
    kappa = variation.built.elements[0].kappa.reshape(2, 2, 2)
    # An OTA turns over a voltage that goes with the absolute temperature.
    assert np.all(kappa[1] / kappa[0] == pytest.approx(300.15 / 358.15, rel=0.1))


@pytest.mark.ngspice
def test_a_run_with_variation_tells_how_others_do_and_can_begin_with_a_network(
    engine: Engine, tmp_path: Path
):
    torch.set_num_threads(1)
    first = train_run(configuration(), tmp_path / "first")
    assert first.samples is not None
    assert len(first.samples.before) == len(first.samples.after) == 20
    assert json.loads((tmp_path / "first/variation.json").read_text())["after"] == [
        *first.samples.after
    ]
    assert first.samples.mismatch_set == "typical"
    again = train_run(configuration(), tmp_path / "first")
    assert again.samples == first.samples
    fine = replace(
        configuration(),
        start=str(tmp_path / "first"),
        training=replace(configuration().training, steps=0),
    )
    kept = train_run(fine, tmp_path / "fine")
    assert kept.samples is not None
    assert kept.samples.before == first.samples.after
    before, after = (
        read_model(tmp_path / f"{name}/model.safetensors") for name in ("first", "fine")
    )
    assert torch.equal(before.layers[0].delta, after.layers[0].delta)


@pytest.mark.ngspice
def test_a_neuron_that_does_not_fit_is_named(drawer: VariationDrawer, tmp_path: Path):
    wide = make_network(configuration())
    with torch.no_grad():
        wide.neuron_layers[0].delta[0] += 30.0
    write_model(tmp_path / "model.safetensors", wide)
    with pytest.raises(InputError, match="neuron_0"):
        drawer(wide, 0)
