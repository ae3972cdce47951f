"""The Mackey-Glass network as sky130 samples, before and after mismatch-aware training.

    python -m benchmarks.mackey_glass_variation [--seeds 0 1 2]

Trains, for each seed, the network of benchmarks.mackey_glass with time steps fine enough that it is
one in continuous time, as a circuit is, and then the same network on samples whose transistors are
drawn one by one, and on such samples after every neuron was calibrated; judges them on 20 samples
that training has not seen. Each network has its run folder in runs/mackey_glass_variation, to
export, validate or train on as any other. The command can be stopped and given again at any time:
what is done is not done twice.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

import torch

from benchmarks.mackey_glass.settings import read_settings
from benchmarks.mackey_glass_variation.run import Seed, run_seed
from benchmarks.mackey_glass_variation.table import markdown, picture
from codesign.terminal.interruption import interruption
from codesign.training.variation import VariationDrawer
from codesign.workbench import WorkbenchSettings
from neuron_model.atomic import write_atomically
from neuron_model.runs.run_configuration import read_run_configuration
from neuron_model.training.training import Interrupted

FOLDER = Path(__file__).parent


def write_tables(out: Path, seeds: Sequence[Seed]) -> str:
    """Table, numbers and picture in ``out``; the table as text."""
    table = markdown(seeds)
    write_atomically(out / "table.md", table)
    numbers = json.dumps([asdict(seed) for seed in seeds], indent=1)
    write_atomically(out / "seeds.json", numbers + "\n")
    write_atomically(out / "samples.png", picture(seeds))
    return table


def main(words: Sequence[str] | None = None) -> int:
    """Train and judge what is missing, and write; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/mackey_glass_variation"))
    parser.add_argument("--published", type=Path, default=Path("runs/mackey_glass_variation"))
    parser.add_argument("--out", type=Path, default=Path("docs/results/mackey_glass_variation"))
    arguments = parser.parse_args(words)
    torch.set_num_threads(1)
    settings = read_settings(FOLDER / "published.toml"), read_settings(FOLDER / "network.toml")
    with_variation = read_run_configuration(FOLDER / "variation.toml")

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    with interruption() as stop, WorkbenchSettings().open() as workbench:
        drawer = cache(lambda samples: VariationDrawer(samples, workbench))
        try:
            seeds = [
                run_seed(
                    (arguments.runs, arguments.published),
                    seed,
                    settings,
                    with_variation,
                    drawer,
                    say,
                    stop,
                )
                for seed in arguments.seeds
            ]
        except Interrupted as stopped:
            say(f"{stopped}; all is saved: the same command goes on.")
            return stop.exit_status
    print(write_tables(arguments.out, seeds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
