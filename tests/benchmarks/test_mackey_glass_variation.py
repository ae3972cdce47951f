"""The benchmark of the Mackey-Glass network as samples: its parts, and all of it, small."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.mackey_glass import run as compared
from benchmarks.mackey_glass.settings import FOLDER as COMPARED
from benchmarks.mackey_glass.settings import Settings, read_settings
from benchmarks.mackey_glass_variation import run
from benchmarks.mackey_glass_variation.__main__ import FOLDER, write_tables
from benchmarks.mackey_glass_variation.networks import with_steps
from benchmarks.mackey_glass_variation.readouts import errors_with_own_readouts, with_common_readout
from benchmarks.mackey_glass_variation.run import Judgement, Seed, run_seed
from benchmarks.mackey_glass_variation.table import markdown, picture
from codesign.training.variation import VariationDrawer
from codesign.workbench import Workbench
from netlists.engine import Engine
from neuron_model.network.variation import Variation
from neuron_model.runs.run_configuration import read_run_configuration
from neuron_model.tasks.mackey_glass import MackeyGlass
from neuron_model.tasks.series import make_series
from neuron_model.training.scoring import evaluate, evaluate_samples

SMALL = MackeyGlass(
    samples=700,
    interval=3.0,
    horizon=5,
    window=24,
    washout=12,
    training_fraction=0.6,
    validation_fraction=0.2,
)


def settings(sizes: tuple[int, ...] = (3, 4)) -> Settings:
    fine = read_settings(FOLDER / "network.toml")
    training = dataclasses.replace(fine.training, steps=2, batch=2)
    return dataclasses.replace(fine, sizes=sizes, training=training)


def judgement(samples: float) -> Judgement:
    many = tuple(samples * (1 + 0.01 * i) for i in range(20))
    return Judgement((0.1, 0.11, 0.12), 0.1, 0.2, many, many, many, many, many)


def seed(number: int = 0) -> Seed:
    four = (judgement(samples) for samples in (0.9, 0.3, 0.6, 0.2))
    return Seed(number, (0.11, 0.26, 0.31, 0.33), *four)


def test_the_settings_are_those_of_the_published_network_but_for_time_and_output():
    coarse, fine = (read_settings(FOLDER / f"{name}.toml") for name in ("published", "network"))
    assert (coarse.training.state, coarse.training.steps) == ("from_rest", 1000)
    compared = read_settings(COMPARED / "mtc.toml")
    assert dataclasses.replace(coarse, training=compared.training) == compared
    assert (fine.sizes, fine.model) == (coarse.sizes, coarse.model)
    # A sample lasts as long, in units of tau_m.
    assert fine.steps_per_sample * fine.neurons["dt"] == coarse.neurons["dt"]
    assert fine.steps_per_sample > 1
    # The output stage of the circuit saturates over one unit.
    assert fine.neurons["u_saturation"] - fine.neurons["u_threshold"] == 1.0
    with_variation = read_run_configuration(FOLDER / "variation.toml")
    assert with_variation.variation.technology == "sky130"


def test_finer_steps_converge():
    network = run._network(settings(), 0)
    signal = torch.randn(2, 20, 1)
    with torch.no_grad():
        said = [with_steps(network, steps)(signal)[0] for steps in (4, 16, 64, 256)]
    off = [float((one - said[-1]).abs().max()) for one in said[:-1]]
    assert off[2] < off[1] < off[0]
    assert with_steps(network, 3).configuration.sample_interval == pytest.approx(1.5)


def scattered(network, samples: int) -> list[Variation]:
    """Every alpha and delta off by some per cent."""
    rng, variations = np.random.default_rng(0), []
    for layer in network.neuron_layers:
        reference = layer.parameters_now()
        size = samples * reference.neurons
        many = reference.map(lambda v, n=size: np.resize(v, n))
        elements = tuple(
            dataclasses.replace(
                e,
                alpha=e.alpha * (1 + 0.1 * rng.normal(size=size)),
                delta=e.delta + 0.2 * rng.normal(size=size),
            )
            for e in many.elements
        )
        built = dataclasses.replace(many, elements=elements)
        variations.append(Variation(samples, built, reference))
    return variations


def test_a_sample_does_better_with_its_own_readout_on_what_it_was_fitted_to():
    network = run._network(settings((6, 6)), 1)
    series, samples = make_series(SMALL), scattered(network, 3)
    training = settings().training
    common = with_common_readout(network, SMALL, series, training, samples)
    assert not torch.equal(common.readout.weight, network.readout.weight)
    for_all = evaluate_samples(common, SMALL, series.training, samples)
    own = errors_with_own_readouts(network, SMALL, series, series.training, samples)
    assert len(own) == 3
    assert all(mine < ours for mine, ours in zip(own, for_all, strict=True))
    # Of samples that are the model, the common readout is their own too.
    same = [
        Variation(2, layer.parameters_now().map(lambda v: np.tile(v, 2)), layer.parameters_now())
        for layer in network.neuron_layers
    ]
    own = errors_with_own_readouts(network, SMALL, series, series.training, same)
    fitted = with_common_readout(network, SMALL, series, training, same)
    assert own[0] == own[1] <= evaluate(fitted, SMALL, series.training)


@pytest.mark.ngspice
def test_a_seed_is_trained_and_judged_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for module in (run, compared):
        monkeypatch.setattr(module, "TASK", SMALL)
    monkeypatch.setattr(run, "SAMPLES", 3)
    torch.set_num_threads(1)
    coarse = dataclasses.replace(settings((3,)), steps_per_sample=1)
    with_variation = read_run_configuration(FOLDER / "variation.toml")
    with_variation = dataclasses.replace(
        with_variation,
        training=dataclasses.replace(with_variation.training, steps=2, batch=2),
        variation=dataclasses.replace(with_variation.variation, technology="generic", samples=3),
    )
    said: list[str] = []
    with Engine(workers=1) as engine:

        def once(drawer):
            places = tmp_path / "runs", tmp_path / "published"
            both = coarse, settings((3,))
            return run_seed(places, 0, both, with_variation, drawer, said.append)

        found = once(lambda samples: VariationDrawer(samples, Workbench(engine)))
        assert len(found.nominal.samples) == len(found.with_variation.own_readouts) == 3
        assert found.published[0] != found.published[1]
        assert len(set(found.nominal.samples)) == 3
        assert found.nominal_calibrated.nominal == found.nominal.nominal
        assert found.nominal_calibrated.samples != found.nominal.samples
        for run_folder in ("with_variation", "on_calibrated"):
            assert (tmp_path / f"runs/{run_folder}-seed0/model.safetensors").is_file()
        count = len(said)
        again = once(lambda _: pytest.fail("samples were drawn again"))
    assert again == found
    assert len(said) == count


def test_tables_and_picture(tmp_path: Path):
    text = write_tables(tmp_path, [seed(0), seed(1)])
    lines = text.splitlines()
    assert lines[2] == "| published, trained at 1 | 0.110 | 0.260 | 0.310 | 0.330 |  |"
    assert lines[3] == "| trained at 4 |  |  | 0.100 | 0.110 | 0.120 |"
    assert "| 40 samples | best | median | worst |" in lines
    assert "| trained with variation | 0.300 | 0.329 | 0.357 |" in lines
    assert "| trained on calibrated samples, calibrated | 0.200 | 0.219 | 0.238 |" in lines
    assert markdown([seed()]).count("trained without samples") == 1
    assert len(json.loads((tmp_path / "seeds.json").read_text())) == 2
    assert picture([seed()]).startswith(b"\x89PNG")
