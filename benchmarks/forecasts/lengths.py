"""What the number of training steps does to an MTC network's error, where the table has it lose."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.forecasts.rows import Way, mtc_nrmse, spread
from benchmarks.forecasts.series import forecast_task
from neuron_model.atomic import write_atomically

LENGTHS: dict[str, tuple[int, tuple[int, ...]]] = {
    "sunspots, yearly": (3, (200, 400, 800, 1500)),
    "El Nino, monthly": (1, (200, 400, 1500)),
    "Henon": (1, (1500, 3000)),
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
    path = out / "lengths.json" if out else None
    there: list[dict[str, Any]] = []
    if path is not None and path.is_file():
        there = json.loads(path.read_text(encoding="utf-8"))
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
            if out is not None:
                out.mkdir(parents=True, exist_ok=True)
                content = json.dumps([asdict(f) for f in found], indent=2) + "\n"
                write_atomically(out / "lengths.json", content)
                write_atomically(out / "lengths.md", table(found))
    print(table(found), end="")
    return 0


def table(found: Sequence[Length]) -> str:
    """In Markdown: medians over the seeds and their range."""
    lines = ["| series | steps | MTC |", "|---|---|---|"]
    lines += [f"| {one.series} | {one.steps} | {spread(one.nrmse)} |" for one in found]
    return "\n".join(lines) + "\n"
