"""``codesign size``: sizes of cells, I0 and capacitors for a yield of the regime."""

import argparse
import math
from pathlib import Path

from codesign.arguments.neurons import add_neuron, driven_single
from codesign.arguments.samples import add_search, drawn_technology
from codesign.studies.arguments import add_executor
from codesign.terminal.arguments import (
    Subparsers,
    add_command,
    add_current,
    add_mismatch_set,
    add_technology,
)
from codesign.terminal.parser import section


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "size",
        example="codesign size preset:tonic_bursting --technology sky130 --yield 0.95 --out sized\n"
        "codesign mismatch preset:tonic_bursting --technology sized/technology.toml",
        description="Search for the sizes of the cells' transistors, I0 and the membrane "
        "capacitor: the smallest with which the share of samples that keep the model's regime "
        "reaches a target within a budget. Each trial measures its cells in ngspice and draws "
        "samples. The sizes become a technology file; exit status 1 where the target is missed.",
    )
    add_neuron(parser)
    add_technology(parser)
    add_mismatch_set(parser)
    add_current(parser)
    parser.add_argument(
        "--yield",
        dest="sample_yield",
        type=float,
        default=0.99,
        metavar="SHARE",
        help="target: of the samples, those that keep what --keep says (default: %(default)g)",
    )
    parser.add_argument(
        "--keep",
        choices=("regime", "rhythm"),
        default="regime",
        help="what a sample has to keep of the model to count for --yield: its regime, or "
        "regime and rhythm; `codesign validate --help` defines both (default: %(default)s)",
    )
    for name, metavar, what in (
        ("isi-error", "SHARE", "target: largest median ISI error"),
        ("area", "UM2", "budget: largest area of devices and capacitors, square micrometres"),
        ("power", "W", "budget: largest static power"),
    ):
        parser.add_argument(
            f"--{name}", type=float, default=math.inf, metavar=metavar, help=f"{what} (no limit)"
        )
    add_search(parser, 60, "sizes to try")
    parser.add_argument("--name", help="of the sized technology (default: T_sized)")
    section(parser, "output").add_argument(
        "-o",
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder for technology.toml, sizing.json, sizing.png and the trials; a search that "
        "was stopped resumes from there, and more --trials add to it",
    )
    add_executor(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from codesign.studies.arguments import stopped, studied
    from codesign.studies.sizing.evaluation import sizing_problem
    from codesign.studies.sizing.plan import Effort
    from codesign.studies.sizing.results import SizingGoal, sizing_to_json
    from codesign.studies.sizing.study import study_sizing, write_sizing
    from codesign.studies.sizing.table import print_results
    from codesign.terminal.console import print_json

    goal = SizingGoal(
        arguments.sample_yield,
        arguments.isi_error,
        arguments.area,
        arguments.power,
        arguments.keep,
    )
    technology = drawn_technology(arguments)
    parameters, drive = driven_single(arguments)
    effort = Effort(arguments.trials, arguments.samples, arguments.seed)
    with studied(arguments, "measuring the cells as they are") as (executor, progress):
        problem = sizing_problem(parameters, drive, technology, executor.tools)
        found, outcome = study_sizing(problem, goal, effort, executor, arguments.out, progress)
    if outcome is None:
        return stopped(arguments, found)
    name = arguments.name or f"{technology.name}_sized"
    written = write_sizing(arguments.out, problem, outcome, arguments.technology, name)
    if arguments.json:
        print_json({**sizing_to_json(outcome), "technology_file": written})
    else:
        print_results(outcome, written)
    return 0 if outcome.is_met else 1
