"""What the number of training steps does to an MTC network's error, where the table has it lose."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.forecasts.rows import Way, mtc_nrmse, spread
from benchmarks.forecasts.series import forecast_task
from benchmarks.forecasts.table_files import read_entries, write_table

LENGTHS: dict[str, tuple[int, tuple[int, ...]]] = {
    "sunspots, yearly": (3, (200, 400, 800, 1500)),
    "El Nino, monthly": (1, (200, 400, 1500)),
    "Henon": (1, (1500, 3000, 5000)),
}
"""Seeds, and steps, by series."""


@dataclass(frozen=True)
class Length:
    """NRMSE on the stream of the test part, of each seed. The weights are in each case those that
    did best on the validation part."""

    series: str
    steps: int
    nrmse: tuple[float, ...]


def run(neurons: int, out: Path | None) -> int:
    """Train for each number of steps; print, and write what there is to ``out``."""
    there = read_entries(out, "lengths")
    known = {(e["series"], e["steps"]): tuple(e["nrmse"]) for e in there}
    found: list[Length] = []
    for name, (seeds, lengths) in LENGTHS.items():
        task = forecast_task(name)
        for steps in lengths:
            errors = known.get((name, steps)) or tuple(
                mtc_nrmse(task, neurons, seed, Way(steps)) for seed in range(seeds)
            )
            found.append(Length(name, steps, errors))
            print(f"{name}, {steps} steps: {errors}", file=sys.stderr, flush=True)
            write_table(out, "lengths", found, table(found))
    print(table(found), end="")
    return 0


def table(found: Sequence[Length]) -> str:
    """In Markdown: medians over the seeds and their range."""
    lines = ["| series | steps | MTC |", "|---|---|---|"]
    lines += [f"| {one.series} | {one.steps} | {spread(one.nrmse)} |" for one in found]
    return "\n".join(lines) + "\n"
