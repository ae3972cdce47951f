"""What an MTC network's error hangs on: the settings of the table, changed one at a time."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.forecasts.rows import Way, mtc_nrmse, spread
from benchmarks.forecasts.series import forecast_task
from benchmarks.forecasts.table_files import read_entries, write_table
from neuron_model.network.bursting_layer import BurstingLayer
from neuron_model.network.description import NetworkSettings
from neuron_model.training.training_configuration import Rates

SERIES = ("NARMA-10", "sunspots, yearly", "Mackey-Glass, tau 30")
SEEDS = 3
_USUAL = Way(200)
WAYS: dict[str, Way] = {
    "200 steps, all else as in the table": _USUAL,
    "readout filter: tau of a whole sample": replace(
        _USUAL, network=NetworkSettings(readout_tau=1.0)
    ),
    "readout filter: tau of a tenth of a sample": replace(
        _USUAL, network=NetworkSettings(readout_tau=0.1)
    ),
    "learning rates: time constants 3 times as fast": replace(_USUAL, rates=Rates(tau=3.0)),
    "learning rates: alpha, delta a third as fast": replace(
        _USUAL, rates=Rates(alpha=0.33, delta=0.33)
    ),
    "fit of the readout: none": replace(_USUAL, ridge=0.0),
    "initialization: currents from 0 to 3": replace(
        _USUAL, layer=BurstingLayer(input_bias=(0.0, 3.0))
    ),
    "initialization: input weights twice as large": replace(
        _USUAL, layer=BurstingLayer(input_gain=(1.0, 2.0))
    ),
    "initialization: time constants a third as long": replace(
        _USUAL, layer=BurstingLayer(tau_slow=(3.3, 10.0), tau_ultraslow=(20.0, 133.0))
    ),
}
"""By name."""


@dataclass(frozen=True)
class Found:
    """NRMSE on the stream of the test part, of each seed, by series."""

    way: str
    nrmse: dict[str, tuple[float, ...]]


def run(neurons: int, out: Path | None) -> int:
    """Train in all ways; print, and write what there is to ``out``."""
    there = read_entries(out, "why")
    known = {(e["way"], name): tuple(nrmse) for e in there for name, nrmse in e["nrmse"].items()}
    found: list[Found] = []
    trained: dict[tuple[str, Way], tuple[float, ...]] = {}
    for name, way in WAYS.items():
        errors = {}
        for series in SERIES:
            task = forecast_task(series)
            whole = replace(way, network=way.network.for_horizon(task.horizon))
            if (name, series) in known:
                trained[series, whole] = known[name, series]
            if (series, whole) not in trained:
                trained[series, whole] = tuple(
                    mtc_nrmse(task, neurons, seed, whole) for seed in range(SEEDS)
                )
            errors[series] = trained[series, whole]
        found.append(Found(name, errors))
        print(f"{name}: {errors}", file=sys.stderr, flush=True)
        write_table(out, "why", found, table(found))
    print(table(found), end="")
    return 0


def table(found: Sequence[Found]) -> str:
    """In Markdown: medians over the seeds and their range."""
    names = list(found[0].nrmse)
    lines = [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    lines += [
        f"| {one.way} | {' | '.join(spread(one.nrmse[name]) for name in names)} |" for one in found
    ]
    return "\n".join(lines) + "\n"
