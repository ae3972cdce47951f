"""``codesign report``: one HTML page about a run."""

import argparse
from pathlib import Path

from codesign.terminal.arguments import Subparsers, add_command
from codesign.terminal.parser import section


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "report",
        example="codesign report runs/demo\ncodesign report runs/demo --out report.html",
        description="Write one self-contained HTML page about a validated run: what was trained, "
        "curves and waveforms of model, macromodel and circuit over each other, the design, and "
        "where everything comes from.",
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder that was validated")
    section(parser, "output").add_argument(
        "-o", "--out", type=Path, metavar="FILE", help="(RUN/report.html)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from codesign.report import write_report
    from codesign.terminal.console import print_json, step_progress

    with step_progress("writing the report"):
        path = write_report(arguments.run, arguments.out)
    if arguments.json:
        print_json({"report": path, "size": path.stat().st_size})
    else:
        print(path)
    return 0
