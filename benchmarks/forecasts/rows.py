"""One series, forecast by an MTC network and by what it is compared with."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from benchmarks.forecasts.echo_state import echo_state_nrmse
from benchmarks.forecasts.series import Forecast, forecast_task
from neuron_model.network.bursting_layer import BurstingLayer
from neuron_model.network.description import Network, NetworkSettings
from neuron_model.runs.train import train
from neuron_model.tasks.ridge import ridge_nrmse
from neuron_model.tasks.series import trivial_stream_nrmse
from neuron_model.training.training_configuration import Rates, TrainingConfiguration


@dataclass(frozen=True)
class Row:
    """NRMSE on the stream of the test part. mtc, echo_state: of each seed.

    window: samples of a training sequence. seconds: of the MTC trainings, of the processor.
    """

    series: str
    horizon: int
    samples: int
    window: int
    neurons: int
    steps: int
    persistence: float
    ridge: float
    echo_state: tuple[float, ...]
    mtc: tuple[float, ...]
    seconds: float

    @property
    def beats_persistence(self) -> bool:
        """Whether the median MTC network does."""
        return statistics.median(self.mtc) < self.persistence

    @property
    def beats_echo_state(self) -> bool:
        """Whether the median MTC network beats the median echo state network."""
        return statistics.median(self.mtc) < statistics.median(self.echo_state)

    @property
    def over_ridge(self) -> float:
        """The median MTC network's error over that of ridge regression."""
        return statistics.median(self.mtc) / self.ridge


@dataclass(frozen=True)
class Way:
    """How an MTC network is made and trained, where it is not by the toolkit's defaults; of
    ``layer`` all but the number of neurons."""

    steps: int
    network: NetworkSettings = field(default_factory=NetworkSettings)
    layer: BurstingLayer = field(default_factory=BurstingLayer)
    rates: Rates = field(default_factory=Rates)
    ridge: float = TrainingConfiguration.ridge


def mtc_nrmse(task: Forecast, neurons: int, seed: int, way: Way) -> float:
    """NRMSE on the stream of the test part after training."""
    configuration = TrainingConfiguration(
        steps=way.steps, seed=seed, rates=way.rates, ridge=way.ridge
    )
    drawn = Network(replace(way.layer, neurons=neurons), way.network, seed)
    return train(drawn, task, configuration, progress=lambda *_: None).result.stream_nrmse


def row(name: str, neurons: int, seeds: int, echo_seeds: int, steps: int) -> Row:
    """All four on one series."""
    task = forecast_task(name)
    series = task.series()
    start = time.process_time()
    mtc = tuple(mtc_nrmse(task, neurons, seed, Way(steps)) for seed in range(seeds))
    seconds = time.process_time() - start
    return Row(
        name,
        task.horizon,
        sum(map(len, (series.training, series.validation, series.test))),
        task.window,
        neurons,
        steps,
        trivial_stream_nrmse(task, series)["last value"],
        ridge_nrmse(task, series)[1],
        tuple(echo_state_nrmse(task, series, neurons, seed) for seed in range(echo_seeds)),
        mtc,
        seconds,
    )


def table(rows: Sequence[Row]) -> str:
    """In Markdown: medians over the seeds and their range, and which of the others MTC beats."""
    lines = [
        "| series | rows ahead | persistence | ridge | echo state network | MTC | MTC over ridge |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in rows:
        lines.append(
            f"| {one.series} | {one.horizon} | {one.persistence:.3f} | {one.ridge:.3f} | "
            f"{spread(one.echo_state)} | {spread(one.mtc)} | {one.over_ridge:.2f} |"
        )
    return "\n".join(lines) + "\n"


def verdict(rows: Sequence[Row]) -> str:
    """How many of the others MTC beats."""

    def count(holds: Callable[[Row], bool]) -> str:
        lost = [one.series for one in rows if not holds(one)]
        return f"{len(rows) - len(lost)} of {len(rows)}" + (
            f" (not {'; '.join(lost)})" if lost else ""
        )

    return (
        f"MTC beats persistence on {count(lambda r: r.beats_persistence)}, the echo state network "
        f"on {count(lambda r: r.beats_echo_state)}, and is within 1.2 times ridge on "
        f"{count(lambda r: r.over_ridge <= 1.2)}.\n"
    )


def spread(values: Sequence[float]) -> str:
    """Median, and where there are several the range."""
    middle = f"{statistics.median(values):.3f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.3f} to {max(values):.3f})"
