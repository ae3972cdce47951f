"""What a network is worth on a part of a task's series, in two ways.

In windows: each from rest, its washout not scored. On the stream: one continuous run, since a
sample has no reset; it begins from rest, and the first ``washout`` moments of the part are its
warm-up, which is not scored. Both ways score the same moments, but for those at the end that fill
no window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from neuron_model.network.network import NetworkState, SpikingNetwork
from neuron_model.network.variation import Variation, in_turn, sample_count, varied
from neuron_model.tasks.series import (
    Part,
    Series,
    SeriesTask,
    nrmse,
    scored_moments,
    scored_windows,
)

_WINDOWS_AT_ONCE = 256
"""Of an evaluation, so that long test parts fit into the memory."""

_STEPS_AT_ONCE = 65_536
"""Of a continuous run, all its sequences together, for the same reason."""


@dataclass(frozen=True)
class Scores:
    """NRMSE (:func:`neuron_model.tasks.series.nrmse`) in windows from rest, and on the stream."""

    windows: float
    stream: float

    @property
    def worse(self) -> float:
        """The larger of the two; NaN where one is."""
        return float(np.maximum(self.windows, self.stream))


@torch.no_grad()
def run_on(
    network: SpikingNetwork, signal: np.ndarray, samples: Sequence[Variation | None] = ()
) -> tuple[Tensor, NetworkState]:
    """The forecasts of one continuous run from rest, (sequences, samples, outputs), and its end.

    Args:
        network: whose state is carried on from sample to sample.
        signal: (samples, inputs), scaled as in training.
        samples: each of them runs on all of it, in a sequence of its own; without any there is one
            sequence, of the network as it is trained.
    """
    weights = network.readout.weight
    count = sample_count(samples) or 1
    given = torch.as_tensor(np.array(signal)).to(weights).expand(count, *signal.shape)
    turns = in_turn(samples, count)
    index = None if turns is None else turns.to(weights.device)
    moments = max(1, _STEPS_AT_ONCE // (count * network.steps_per_sample))
    state: NetworkState | None = None
    forecasts = []
    with varied(network, samples, index):
        for some in given.split(moments, dim=1):
            outputs, state = network(some, state)
            forecasts.append(outputs.cpu())
    assert state is not None, "the signal has no samples"
    return torch.cat(forecasts, dim=1), state


def score(
    network: SpikingNetwork, task: SeriesTask, part: Part, before: np.ndarray | None = None
) -> Scores:
    """Both ways; the arguments are those of :func:`evaluate_stream`."""
    return Scores(evaluate(network, task, part), evaluate_stream(network, task, part, before))


def score_test(network: SpikingNetwork, task: SeriesTask, series: Series) -> Scores:
    """On the test part; the stream is one run over validation and test part."""
    return score(network, task, series.test, series.before_test)


@torch.no_grad()
def evaluate(network: SpikingNetwork, task: SeriesTask, part: Part) -> float:
    """NRMSE in windows of a part of the task's series."""
    weights = network.readout.weight
    signal, target = scored_windows(task, part, weights.dtype)
    found = [network(some.to(weights.device))[0].cpu() for some in signal.split(_WINDOWS_AT_ONCE)]
    return nrmse(torch.cat(found)[:, task.washout :], target[:, task.washout :])


def evaluate_stream(
    network: SpikingNetwork, task: SeriesTask, part: Part, before: np.ndarray | None = None
) -> float:
    """NRMSE in one continuous run over a part of the task's series.

    Args:
        network: begins from rest.
        task: whose washout is the warm-up.
        part: what is scored, but for the warm-up.
        before: (samples, inputs), the input before the part in the same run.
    """
    scored = scored_moments(part, task.washout)
    return nrmse(forecast(network, part, before)[scored], torch.tensor(part.target[scored]))


def forecast(network: SpikingNetwork, part: Part, before: np.ndarray | None = None) -> Tensor:
    """The forecast at each moment of a part in one run, (samples, outputs), scaled."""
    found, _ = run_on(network, _input(part, before))
    return found[0, -len(part) :]


@torch.no_grad()
def evaluate_samples(
    network: SpikingNetwork, task: SeriesTask, part: Part, variations: Sequence[Variation | None]
) -> tuple[float, ...]:
    """NRMSE in windows of each sample, with the readout as it is trained."""
    windows = len(scored_windows(task, part, torch.float32)[0])
    return tuple(
        _evaluate_on(network, task, part, variations, torch.full((windows,), sample))
        for sample in range(sample_count(variations))
    )


def evaluate_samples_stream(
    network: SpikingNetwork,
    task: SeriesTask,
    part: Part,
    variations: Sequence[Variation | None],
    before: np.ndarray | None = None,
) -> tuple[float, ...]:
    """NRMSE of each sample in one continuous run, with the readout as it is trained."""
    found, _ = run_on(network, _input(part, before), variations)
    scored = scored_moments(part, task.washout)
    target = torch.tensor(part.target[scored])
    return tuple(nrmse(one[-len(part) :][scored], target) for one in found)


@torch.no_grad()
def score_with_variation(
    network: SpikingNetwork, task: SeriesTask, part: Part, variations: Sequence[Variation | None]
) -> Scores:
    """Both ways, over all samples: each has an equal share of the windows, and the whole stream."""
    windows = len(scored_windows(task, part, torch.float32)[0])
    turns = in_turn(variations, windows)
    assert turns is not None, "there are no samples"
    found, _ = run_on(network, part.signal, variations)
    scored = scored_moments(part, task.washout)
    target = torch.tensor(part.target[scored]).expand(len(found), -1, -1)
    return Scores(
        _evaluate_on(network, task, part, variations, turns), nrmse(found[:, scored], target)
    )


def _input(part: Part, before: np.ndarray | None) -> np.ndarray:
    return part.signal if before is None else np.concatenate([before, part.signal])


def _evaluate_on(
    network: SpikingNetwork,
    task: SeriesTask,
    part: Part,
    variations: Sequence[Variation | None],
    samples: Tensor,
) -> float:
    """NRMSE where each window is run by the sample that ``samples`` (windows,) names."""
    weights = network.readout.weight
    signal, target = scored_windows(task, part, weights.dtype)
    found = []
    for some, index in zip(
        signal.split(_WINDOWS_AT_ONCE), samples.split(_WINDOWS_AT_ONCE), strict=True
    ):
        with varied(network, variations, index.to(weights.device)):
            found.append(network(some.to(weights.device))[0].cpu())
    return nrmse(torch.cat(found)[:, task.washout :], target[:, task.washout :])
