"""Training of a network on a task: Adam, a cosine schedule, clipped gradients.

On a CPU the same network, task and configuration give the same numbers to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn

from neuron_model.errors import InputError
from neuron_model.limits import REALISABLE, Limits
from neuron_model.network import MTCNetwork
from neuron_model.tasks.mackey_glass import (
    MackeyGlass,
    Series,
    make_series,
    nrmse,
    scored_windows,
    training_batch,
)


@dataclass(frozen=True)
class TrainingConfiguration:
    """How to train.

    steps: how often the weights change. batch: sequences at once. learning_rate: of the
    neurons; the linear layers learn ``readout_rate`` times as fast. Both fall to 0 along half a
    cosine. gradient_norm: to what the gradient is clipped. seed: of the sequences drawn.
    headroom: the voltage |U_m| that a circuit has room for; what goes beyond costs
    ``headroom_weight`` times its mean square. silence_weight: cost of neurons that never reach
    the voltage at which their output saturates, times the mean square of what they lack; without
    it some fall silent, and a silent neuron learns nothing any more.
    ridge: penalty of the least squares fit of the readout before the first step and after the
    last one, relative to the size of the activity; 0 leaves both fits out.

    Raises:
        InputError: a value is not usable; the text names it.
    """

    steps: int = 80
    batch: int = 32
    learning_rate: float = 0.05
    readout_rate: float = 1.0
    gradient_norm: float = 1.0
    seed: int = 0
    headroom: float = 4.0
    headroom_weight: float = 2.0
    silence_weight: float = 0.1
    ridge: float = 1e-4

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            whole = f.name in ("steps", "batch", "seed")
            ok = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
            least = 1 if f.name == "batch" else 0
            if not ok or not least <= value <= 1e9:
                kind = "whole number" if whole else "number"
                raise InputError(
                    f"training: {f.name} = {value!r} is not allowed; it must be a {kind} from "
                    f"{least} to 1000000000."
                )


@dataclass(frozen=True)
class TrainingStep:
    """What one training step saw: its number, the loss, the gradient's norm, the rate."""

    step: int
    loss: float
    gradient_norm: float
    learning_rate: float


@dataclass(frozen=True)
class TrainingResult:
    """How it went: each step, and the test NRMSE before the first and after the last."""

    history: tuple[TrainingStep, ...]
    nrmse_before: float
    nrmse: float


Progress = Callable[[TrainingStep], None]


def train(
    network: MTCNetwork,
    task: MackeyGlass,
    configuration: TrainingConfiguration,
    limits: Limits = REALISABLE,
    progress: Progress | None = None,
) -> TrainingResult:
    """Train ``network`` in place.

    Args:
        network: one input, one output.
        task: what to learn.
        configuration: how.
        limits: where the neurons' parameters have to stay, so that a circuit can be made.
        progress: called after each step.

    Raises:
        InputError: the loss is no longer finite.
    """
    series = make_series(task)
    generator = torch.Generator().manual_seed(configuration.seed)
    keep_within(network, limits)
    if configuration.ridge:
        fit_readout(network, task, series, configuration)
    before = evaluate(network, task, series)
    optimiser = _optimiser(network, configuration)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, configuration.steps))
    history = []
    for step in range(configuration.steps):
        signal, target = training_batch(task, series, configuration.batch, generator)
        optimiser.zero_grad(set_to_none=True)
        loss = scored_loss(network, task, configuration, signal, target)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(network.parameters(), configuration.gradient_norm)
        done = TrainingStep(step, loss.item(), norm.item(), float(schedule.get_last_lr()[0]))
        if not (math.isfinite(done.loss) and math.isfinite(done.gradient_norm)):
            raise InputError(
                f"training: the loss is {done.loss} and its gradient {done.gradient_norm} at "
                f"step {step}; take a smaller learning_rate or a smaller dt."
            )
        optimiser.step()
        schedule.step()
        keep_within(network, limits)
        history.append(done)
        if progress is not None:
            progress(done)
    if configuration.ridge and configuration.steps:
        fit_readout(network, task, series, configuration)
    return TrainingResult(tuple(history), before, evaluate(network, task, series))


def scored_loss(
    network: MTCNetwork,
    task: MackeyGlass,
    configuration: TrainingConfiguration,
    signal: Tensor,
    target: Tensor,
) -> Tensor:
    """Mean square error after the washout, and the cost of voltages out of range."""
    hidden = network.hidden(signal)
    prediction, _ = network.read(hidden.activity)
    loss = nn.functional.mse_loss(prediction[:, task.washout :], target[:, task.washout :])
    for voltage, top in zip(hidden.voltages, network.saturation_voltages(), strict=True):
        beyond = (voltage.abs() - configuration.headroom).clamp_min(0.0)
        lacking = (top - voltage.amax((0, 1))).clamp_min(0.0)
        loss = loss + configuration.headroom_weight * beyond.pow(2).mean()
        loss = loss + configuration.silence_weight * lacking.pow(2).mean()
    return loss


@torch.no_grad()
def evaluate(network: MTCNetwork, task: MackeyGlass, series: Series) -> float:
    """NRMSE on the part of the series that is not trained on."""
    signal, target = scored_windows(task, series)
    prediction, _ = network(signal)
    return nrmse(prediction[:, task.washout :], target[:, task.washout :])


@torch.no_grad()
def fit_readout(
    network: MTCNetwork,
    task: MackeyGlass,
    series: Series,
    configuration: TrainingConfiguration,
) -> None:
    """Set the readout to the least squares solution for the activity as it is.

    The low-pass is linear with a gain of 1, so filtering the activity and then weighting it is
    the same as the other way round.
    """
    generator = torch.Generator().manual_seed(configuration.seed + 1)
    batch = max(configuration.batch, 32)
    signal, target = training_batch(task, series, batch, generator)
    s = network.hidden(signal).activity
    for output in range(network.configuration.outputs):
        a = network.low_pass.channel(output, s)[:, task.washout :].reshape(-1, s.shape[-1]).double()
        y = target[:, task.washout :, output].reshape(-1).double()
        centre, mean = a.mean(0), y.mean()
        a = a - centre
        gram = a.T @ a
        penalty = configuration.ridge * gram.diagonal().mean() * torch.eye(len(gram)).double()
        weight = torch.linalg.solve(gram + penalty, a.T @ (y - mean))
        network.readout.weight[output] = weight.to(network.readout.weight)
        network.readout.bias[output] = (mean - centre @ weight).to(network.readout.bias)


def keep_within(network: MTCNetwork, limits: Limits) -> None:
    """Move every neuron's learned values into ``limits``."""
    for layer in network.neuron_layers:
        layer.keep_within(limits)


def _optimiser(network: MTCNetwork, configuration: TrainingConfiguration) -> torch.optim.Adam:
    rate = configuration.learning_rate
    neurons = list(network.layers.parameters())
    linear = [p for p in network.parameters() if all(p is not q for q in neurons)]
    return torch.optim.Adam(
        [
            {"params": neurons, "lr": rate},
            {"params": linear, "lr": rate * configuration.readout_rate},
        ]
    )
