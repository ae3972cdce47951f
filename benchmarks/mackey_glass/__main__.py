"""MTC, adaptive LIF and LIF networks on Mackey-Glass, 135 units of time ahead.

    python -m benchmarks.mackey_glass [--models mtc lif] [--seeds 0 1 2 3 4] [--sweep] [--from-rest]

Trains a network for each model and seed, with the settings in benchmarks/mackey_glass/*.toml, and
writes the table, a row for each network, and NRMSE against activity. Both ways of scoring are
there: one continuous run over validation and test part, and windows, each from rest. Each network
has its result and its weights in runs/mackey_glass; what is there is not trained again, so the
command can be stopped and given again at any time, and given twice at once for different models or
seeds. --sweep also trains with the other activity weights of the picture, --from-rest with every
window from rest, as it was published; the table has both.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.mackey_glass.run import Result, read_result, result_file, run_once
from benchmarks.mackey_glass.settings import (
    FOLDER,
    MODELS,
    Settings,
    read_settings,
    with_state,
)
from benchmarks.mackey_glass.table import comma_separated, make_row, markdown, picture
from neuron_model.atomic import write_atomically
from neuron_model.training.training_configuration import STATES

SEEDS = (0, 1, 2, 3, 4)
SWEEP = (0.0, 1.0, 3.0)
"""Activity weights of the picture, one seed each."""


def all_settings() -> dict[str, Settings]:
    """Of every model."""
    return {model: read_settings(FOLDER / f"{model}.toml") for model in MODELS}


def with_activity_weight(settings: Settings, weight: float) -> Settings:
    """The same model, made to be more or less active."""
    training = dataclasses.replace(settings.training, activity_weight=weight)
    return dataclasses.replace(settings, training=training)


def write_tables(networks: Path, out: Path, settings: dict[str, Settings]) -> str:
    """Whatever results there are in ``networks``, as files in ``out``; the table as text."""
    found = [read_result(path) for path in sorted(networks.glob("*.json"))]
    weights = {model: one.training.activity_weight for model, one in settings.items()}
    chosen = [r for r in found if r.activity_weight == weights[r.model]]
    rows = []
    for state in STATES:
        for model in MODELS:
            of: list[Result] = [r for r in chosen if (r.model, r.state) == (model, state)]
            if len(of) > 1:
                rows.append(make_row(of))
    table = markdown(rows) if rows else ""
    write_atomically(out / "table.md", table)
    write_atomically(out / "networks.csv", comma_separated(found))
    write_atomically(
        out / "table.json", json.dumps([dataclasses.asdict(r) for r in rows], indent=2) + "\n"
    )
    carried = [r for r in found if r.state == "carried"]
    others = [r for r in carried if r not in chosen]
    shown = [r for r in carried if r in chosen]
    write_atomically(out / "activity.png", picture(shown, others))
    return table


def main(words: Sequence[str] | None = None) -> None:
    """Train what is missing, and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--sweep", action="store_true", help="the other activity weights too")
    parser.add_argument("--from-rest", action="store_true", help="each window begins from rest")
    parser.add_argument("--tables", action="store_true", help="train nothing, only write")
    parser.add_argument("--networks", type=Path, default=Path("runs/mackey_glass"))
    parser.add_argument("--out", type=Path, default=Path("docs/results/mackey_glass"))
    arguments = parser.parse_args(words)
    settings = all_settings()
    torch.set_num_threads(1)
    state = "from_rest" if arguments.from_rest else "carried"
    trained = {model: with_state(one, state) for model, one in settings.items()}
    jobs = [(trained[m], seed) for seed in arguments.seeds for m in arguments.models]
    if arguments.sweep:
        jobs += [
            (with_activity_weight(trained[m], weight), arguments.seeds[0])
            for weight in SWEEP
            for m in arguments.models
        ]
    for one, seed in [] if arguments.tables else jobs:
        if not result_file(arguments.networks, one, seed).exists():
            run_once(
                arguments.networks, one, seed, lambda text: print(text, file=sys.stderr, flush=True)
            )
    print(write_tables(arguments.networks, arguments.out, settings))


if __name__ == "__main__":
    main()
