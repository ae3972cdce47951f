"""``codesign train``: a network of neurons that a circuit can be made of."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from codesign.arguments import add_command

if TYPE_CHECKING:
    from codesign.arguments import Subparsers


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "train",
        example="codesign train config.toml --out runs/first",
        description="Train a network and write a run folder: config.toml, model.safetensors, "
        "history.csv and currents.npz. The configuration is TOML with a seed and the tables "
        "[task], [network], [training] and [limits]; every value has a default.",
    )
    parser.add_argument("config", type=Path, metavar="CONFIG", help="the configuration file")
    parser.add_argument(
        "-o", "--out", type=Path, required=True, metavar="RUN", help="the run folder to write"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from codesign.console import print_json, print_table, step_progress
    from codesign.run_configuration import read_run_configuration
    from codesign.workflows.train import train_run

    configuration = read_run_configuration(arguments.config)
    with step_progress(f"{configuration.layer.neurons} neurons") as progress:
        trained = train_run(configuration, arguments.out, progress)
    result = trained.result
    if arguments.json:
        print_json(
            {
                "run": trained.folder,
                "steps": len(result.history),
                "nrmse": result.nrmse,
                "nrmse_before": result.nrmse_before,
                "nrmse_trivial": trained.trivial,
            }
        )
        return 0
    rows: list[tuple[str, float]] = [
        ("trained", result.nrmse),
        ("before training", result.nrmse_before),
        *((f"predicting the {name}", v) for name, v in trained.trivial.items()),
    ]
    print_table(f"test error of {trained.folder}", ("predictor", "NRMSE"), rows)
    return 0
