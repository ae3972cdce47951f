"""``codesign upgrade``: files and run folders of older versions, brought up to date."""

import argparse
from pathlib import Path

from codesign.terminal.arguments import Subparsers, add_command


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "upgrade",
        example="codesign upgrade runs/demo\ncodesign upgrade sweep.toml",
        description="Bring files of an older version up to date: a run folder, or neuron files, "
        "configurations of runs and sweeps, technology files and validations. Names that have "
        "changed are changed where they stand, comments stay, and what says its format says "
        "today's. A path is changed as a whole or not at all.",
    )
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="a file or run folder")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from dataclasses import asdict

    from codesign.terminal.console import print_json
    from codesign.upgrade import upgrade

    found = [each for path in arguments.paths for each in upgrade(path)]
    if arguments.json:
        print_json({"files": [asdict(each) for each in found]})
        return 0
    for each in found:
        print(each.left or f"{each.path}: {'; '.join(each.changes) or 'is up to date'}")
    return 0
