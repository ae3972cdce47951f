"""``codesign demo``: the whole loop on a small case."""

import argparse
from pathlib import Path

from codesign.terminal.arguments import Subparsers, add_accuracy, add_command, add_timeout


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "demo",
        example="codesign demo\ncodesign demo --technology generic --out runs/generic",
        description="Train 16 neurons on Mackey-Glass, export them to transistors, simulate some "
        "of them in ngspice with their own input currents, then the task of the whole network as "
        "one circuit, judge both and write a report. Exit status 1: a neuron or the network "
        "did not pass.",
    )
    parser.add_argument("--technology", default="sky130", metavar="T", help="default %(default)s")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/demo"), metavar="RUN", help="default %(default)s"
    )
    parser.add_argument(
        "--validate", type=int, default=6, metavar="N", help="neurons to simulate (%(default)s)"
    )
    parser.add_argument(
        "--samples",
        type=int,
        default=90,
        metavar="N",
        help="of the test series that the whole network's circuit gets; its washout of 40 is not "
        "scored (%(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the training (%(default)s)")
    add_accuracy(parser)
    add_timeout(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from circuits.technology import load_technology
    from codesign.demo import Extent, demo
    from codesign.networks.table import print_network_validation
    from codesign.report.page import write_report
    from codesign.terminal.console import note, print_json, step_progress
    from codesign.terminal.tables import say
    from codesign.validation.run_validation import print_validation
    from codesign.validation.validation import validation_to_json
    from netlists.accuracy import Accuracy
    from neuron_model.errors import InputError

    if not 1 <= arguments.validate <= 16:
        raise InputError(f"--validate {arguments.validate}: choose from 1 to 16 neurons.")
    technology = load_technology(arguments.technology)
    result = demo(
        arguments.out,
        technology,
        arguments.seed,
        step_progress,
        Extent(
            arguments.validate,
            arguments.samples,
            Accuracy(arguments.accuracy),
            arguments.time_limit,
        ),
    )
    with step_progress("5/5 writing the report"):
        report = write_report(arguments.out)
    trained, validation = result.trained, result.validation
    if arguments.json:
        document = validation_to_json(validation, arrays=False)
        print_json(
            document
            | {
                "report": str(report),
                "nrmse": trained.nrmse,
                "nrmse_stream": trained.stream_nrmse,
                "trivial_nrmse": trained.trivial,
                "trivial_nrmse_stream": trained.trivial_stream,
                "network": result.network.document(arrays=False),
            }
        )
    else:
        print_validation(validation)
        print_network_validation(result.network)
        say(
            f"trained: test NRMSE {trained.stream_nrmse:.3f} in one continuous run, "
            f"{trained.nrmse:.3f} in windows from rest "
            f"(last value: {trained.trivial_stream['last value']:.3f})\n"
            f"exported: {result.neurons} neurons on {technology.name}, {len(result.files)} files\n"
            f"report: {report}"
        )
    if not validation.passed:
        note("Some neurons did not pass; the report says which and why.")
    if not result.network.passed:
        note("The circuit of the whole network did not pass; the report says why.")
    return 0 if validation.passed and result.network.passed else 1
