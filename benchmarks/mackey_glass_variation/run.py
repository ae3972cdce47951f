"""One seed: the networks, trained into run folders, and what each is worth as samples.

Every training goes on where it was left; every judgement has a file, so that nothing is done twice.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from benchmarks.mackey_glass import networks as compared
from benchmarks.mackey_glass.run import result_file, run_once, score
from benchmarks.mackey_glass.settings import TASK, Settings
from benchmarks.mackey_glass_variation.networks import with_steps
from benchmarks.mackey_glass_variation.readouts import errors_with_own_readouts, with_common_readout
from codesign.training.train import train_run
from codesign.training.variation import VariationDrawer
from neuron_model.atomic import write_atomically
from neuron_model.network.model_file import write_model
from neuron_model.network.network import MTCNetwork
from neuron_model.runs.file_names import MODEL_FILE
from neuron_model.runs.run_configuration import RunConfiguration
from neuron_model.runs.variation_settings import VariationSettings
from neuron_model.tasks.series import make_series
from neuron_model.training.scoring import evaluate, evaluate_samples
from neuron_model.training.training import TrainingStep

SAMPLES = 20
"""Samples that no training has seen, on which each network is judged."""

UNSEEN = 2**61
"""Their seed, with which no setting was chosen either; training draws with small ones."""

PUBLISHED_STEPS = (1, 2, 4, 8)
"""Steps a sample with which the published network is judged; it was trained at the first."""

STEPS = (4, 8, 16)
"""Steps a sample with which the others are judged, samples with the first or as said."""

CODES, CALIBRATED_SAMPLES = 3, 64
"""Of calibrated samples: codes beside the offset current, and how many are drawn at a time."""

STEPS_WITH_VARIATION = 2
"""In variation-aware training: half the work; its outcome is judged with the finer ones."""

Say = Callable[[str], None]
Draws = Callable[[VariationSettings], VariationDrawer]


@dataclass(frozen=True)
class Judgement:
    """What a network is worth on the test part: NRMSE, and activity.

    nominal: of the network as trained, with each of ``STEPS``. validation: with the first of them.
    duty_cycle: fraction of neuron-steps with s > 0. samples: of each unseen sample, with the
    readout as trained. samples_finer: the same with the last of ``STEPS``. common_readout: with one
    readout fitted to other samples. own_readouts: with a readout fitted to each sample.
    samples_validation: as ``samples``, on the validation part.
    """

    nominal: tuple[float, ...]
    validation: float
    duty_cycle: float
    samples: tuple[float, ...]
    samples_finer: tuple[float, ...]
    common_readout: tuple[float, ...]
    own_readouts: tuple[float, ...]
    samples_validation: tuple[float, ...]


@dataclass(frozen=True)
class Seed:
    """One seed's networks.

    published: NRMSE of the network of ``benchmarks.mackey_glass`` with each of ``PUBLISHED_STEPS``.
    nominal: trained with finer steps, without samples. with_variation: the same, trained with
    variation. nominal_calibrated: as ``nominal``, on samples whose neurons were calibrated one by
    one. on_calibrated: trained on such samples, and judged on such.
    """

    seed: int
    published: tuple[float, ...]
    nominal: Judgement
    with_variation: Judgement
    nominal_calibrated: Judgement
    on_calibrated: Judgement


def run_seed(
    folders: tuple[Path, Path],
    seed: int,
    settings: tuple[Settings, Settings],
    with_variation: RunConfiguration,
    drawer: Draws,
    say: Say,
    stop: Callable[[], bool] | None = None,
) -> Seed:
    """Train and judge whatever of a seed is not done yet.

    Args:
        folders: of this benchmark's runs, and of the networks of ``benchmarks.mackey_glass``.
        seed: of the first weights, and of all that is drawn.
        settings: of the published network, and of the one with finer steps.
        with_variation: how the latter is trained with variation.
        drawer: what draws such samples; called only where some are needed.
        say: told how it goes.
        stop: asked after each training step whether to leave.

    Raises:
        Interrupted: ``stop`` said so; all is saved.
    """
    (folder, published), (coarse, fine) = folders, settings
    with_variation = dataclasses.replace(
        with_variation,
        seed=seed,
        task=TASK,
        training=dataclasses.replace(with_variation.training, seed=seed),
    )
    nominal = RunConfiguration(
        seed=seed,
        task=TASK,
        training=dataclasses.replace(fine.training, seed=seed),
        limits=with_variation.limits,
        log=with_variation.log,
    )

    def trained(configuration: RunConfiguration, name: str, start: MTCNetwork) -> MTCNetwork:
        begin, run = (folder / f"{what}-seed{seed}" for what in (f"{name}_start", name))
        if not (begin / MODEL_FILE).exists():
            begin.mkdir(parents=True, exist_ok=True)
            write_model(begin / MODEL_FILE, start)
        configuration = dataclasses.replace(configuration, start=str(begin.resolve()))
        return _train(configuration, run, say, stop)

    def judged(name: str, network: MTCNetwork, configuration: RunConfiguration) -> Judgement:
        path = folder / f"{name}-seed{seed}.json"
        return _judged(path, with_steps(network, STEPS[0]), configuration, drawer, say)

    calibrated = dataclasses.replace(
        with_variation, variation=with_calibration(with_variation.variation)
    )
    plain = trained(nominal, "nominal", _network(fine, seed))
    start = with_steps(plain, STEPS_WITH_VARIATION)
    return Seed(
        seed,
        _published(published, coarse, seed, say),
        nominal=judged("nominal", plain, with_variation),
        with_variation=judged(
            "with_variation", trained(with_variation, "with_variation", start), with_variation
        ),
        nominal_calibrated=judged("nominal_calibrated", plain, calibrated),
        on_calibrated=judged(
            "on_calibrated", trained(calibrated, "on_calibrated", start), calibrated
        ),
    )


def with_calibration(samples: VariationSettings) -> VariationSettings:
    """The same samples, every neuron calibrated."""
    return dataclasses.replace(
        samples, trim=CODES, samples=min(samples.samples, CALIBRATED_SAMPLES)
    )


def _network(settings: Settings, seed: int) -> MTCNetwork:
    network = compared.make_network(settings, seed)
    assert isinstance(network, MTCNetwork)
    return network


def _train(
    configuration: RunConfiguration, folder: Path, say: Say, stop: Callable[[], bool] | None
) -> MTCNetwork:
    total = configuration.training.steps

    def watch(done: TrainingStep, new: bool) -> None:
        if new and done.validation_nrmse is not None:
            say(
                f"{folder.name} {done.step + 1}/{total} loss {done.loss:.4f} "
                f"validation {done.validation_nrmse:.4f} active {done.activity:.4f}"
            )

    return train_run(configuration, folder, watch=watch, stop=stop).network


def _published(folder: Path, settings: Settings, seed: int, say: Say) -> tuple[float, ...]:
    run_once(folder, settings, seed, say)
    network = _network(settings, seed)
    network.load_state_dict(load_file(result_file(folder, settings, seed).with_suffix(_WEIGHTS)))
    test = make_series(TASK).test
    return tuple(evaluate(with_steps(network, n), TASK, test) for n in PUBLISHED_STEPS)


_WEIGHTS = ".safetensors"


def _judged(
    path: Path,
    network: MTCNetwork,
    configuration: RunConfiguration,
    drawer: Draws,
    say: Say,
) -> Judgement:
    """From its file, or else found now."""
    if path.exists():
        entries: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        entries = {k: tuple(v) if isinstance(v, list) else v for k, v in entries.items()}
        return Judgement(**entries)
    say(f"{path.stem}: {SAMPLES} samples")
    training, series = configuration.training, make_series(TASK)
    draw = drawer(configuration.variation)
    unseen = draw.with_samples(SAMPLES)(network, UNSEEN)
    common = with_common_readout(network, TASK, series, training, draw(network, training.seed))
    finer = [with_steps(network, steps) for steps in STEPS]
    found = score(network, TASK, series.test)
    judgement = Judgement(
        nominal=tuple(evaluate(one, TASK, series.test) for one in finer),
        validation=evaluate(network, TASK, series.validation),
        duty_cycle=found.duty_cycle_sparsity,
        samples=evaluate_samples(network, TASK, series.test, unseen),
        samples_finer=evaluate_samples(finer[-1], TASK, series.test, unseen),
        common_readout=evaluate_samples(common, TASK, series.test, unseen),
        own_readouts=errors_with_own_readouts(network, TASK, series, series.test, unseen),
        samples_validation=evaluate_samples(network, TASK, series.validation, unseen),
    )
    write_atomically(path, json.dumps(dataclasses.asdict(judgement), indent=1) + "\n")
    return judgement
