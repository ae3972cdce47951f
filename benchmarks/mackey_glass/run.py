"""One network, trained and scored; a file for each, so that nothing is done twice."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

from benchmarks.mackey_glass.networks import make_network, parameter_count
from benchmarks.mackey_glass.settings import TASK, Settings
from neuron_model.atomic import write_atomically
from neuron_model.network.activity import duty_cycle_sparsity, rate_sparsity, synaptic_operations
from neuron_model.network.network import SpikingNetwork
from neuron_model.tasks.mackey_glass import MackeyGlass
from neuron_model.tasks.series import Part, make_series, nrmse, scored_windows
from neuron_model.training.scoring import evaluate_stream
from neuron_model.training.training import Callbacks, TrainingStep, fit


@dataclass(frozen=True)
class Score:
    """A network on one part: NRMSE, and the measures of neuron_model.network.activity.

    nrmse: in windows from rest. stream_nrmse: in one continuous run. The activity is that of all
    hidden neurons over the scored steps of the windows.
    """

    nrmse: float
    stream_nrmse: float
    rate_sparsity: float
    duty_cycle_sparsity: float
    synaptic_operations: float


@dataclass(frozen=True)
class Result:
    """One trained network: what it is, how it scored, and what it took.

    state: "carried" from window to window in training, or "from_rest". best_step: the step whose
    weights were kept, by the validation part.
    """

    model: str
    seed: int
    activity_weight: float
    state: str
    parameters: int
    test: Score
    validation: Score
    best_step: int | None
    steps: int
    seconds: float
    torch_version: str


def result_file(folder: Path, settings: Settings, seed: int) -> Path:
    """Where the result of this network stands."""
    training = settings.training
    state = "" if training.state == "carried" else f"-{training.state}"
    name = f"{settings.model}-activity{training.activity_weight:g}{state}-seed{seed}.json"
    return folder / name


def run_once(
    folder: Path, settings: Settings, seed: int, progress: Callable[[str], None]
) -> Result:
    """The result as it stands in its file, or else of a training now."""
    path = result_file(folder, settings, seed)
    if path.exists():
        return read_result(path)
    begin = time.perf_counter()
    configuration = dataclasses.replace(settings.training, seed=seed)
    network = make_network(settings, seed)

    def show(done: TrainingStep) -> None:
        if done.validation_nrmse is not None:
            progress(
                f"{path.stem} {done.step + 1}/{configuration.steps} loss {done.loss:.4f} "
                f"validation {done.validation_nrmse:.4f} stream {done.validation_stream_nrmse:.4f} "
                f"active {done.activity:.4f} "
                f"{time.perf_counter() - begin:.0f} s"
            )

    trained = fit(network, TASK, configuration, callbacks=Callbacks(show))
    series = make_series(TASK)
    result = Result(
        model=settings.model,
        seed=seed,
        activity_weight=configuration.activity_weight,
        state=configuration.state,
        parameters=parameter_count(network),
        test=score(network, TASK, series.test, series.before_test),
        validation=score(network, TASK, series.validation),
        best_step=trained.best_step,
        steps=configuration.steps,
        seconds=round(time.perf_counter() - begin, 1),
        torch_version=torch.__version__,
    )
    write_atomically(path.with_suffix(".safetensors"), save(network.state_dict()))
    write_atomically(path, json.dumps(dataclasses.asdict(result), indent=2) + "\n")
    return result


def read_result(path: Path) -> Result:
    """The inverse of what :func:`run_once` writes."""
    entry = json.loads(path.read_text(encoding="utf-8"))
    for part in ("test", "validation"):
        entry[part] = Score(**entry[part])
    return Result(**entry)


@torch.no_grad()
def score(
    network: SpikingNetwork, task: MackeyGlass, part: Part, before: np.ndarray | None = None
) -> Score:
    """NRMSE and activity on ``part``; ``before`` is the continuous run's input before it."""
    signal, target = scored_windows(task, part)
    hidden = network.hidden(signal)
    prediction, _ = network.read(hidden.activity)
    outputs = [s[:, task.washout * network.steps_per_sample :] for s in hidden.outputs]
    fan_out = [*(s.shape[-1] for s in outputs[1:]), network.outputs]
    every = torch.cat(outputs, -1)
    return Score(
        nrmse(prediction[:, task.washout :], target[:, task.washout :]),
        evaluate_stream(network, task, part, before),
        rate_sparsity(every),
        duty_cycle_sparsity(every),
        synaptic_operations(outputs, fan_out),
    )
