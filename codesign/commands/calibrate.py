"""``codesign calibrate``: how many samples fire as they should once each has codes of its own."""

import argparse

from codesign.arguments.samples import add_samples, drawing, drawn_technology
from codesign.studies.arguments import add_executor
from codesign.terminal.arguments import Subparsers, add_command


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "calibrate",
        example="codesign calibrate neuron.toml --technology sky130 --samples 200\n"
        "codesign calibrate preset:tonic_bursting --technology generic --samples 8 "
        "--backend ngspice --plot calibrated.png",
        description="Draw samples as `codesign mismatch` does and calibrate each as on a "
        "bench: the offset current and some bias codes, found from currents measured at a "
        "clamped membrane and from a few firing patterns. Yields before and after count the "
        "samples that keep the regime of the model, and those that keep its rhythm as well, "
        "with 95 % intervals (Wilson; `codesign validate --help` defines both). "
        "Calibration aims at the regime. Its macromodels are compact (without the amplifiers' "
        "lags), those of `codesign mismatch` detailed. "
        "With --backend ngspice the same samples are also measured and calibrated transistor by "
        "transistor.",
    )
    add_samples(
        parser,
        backend="calibrate macromodels, or netlists as well",
        record="record of what was measured in ngspice (JSON lines); an interrupted one goes on "
        "from it",
    )
    parser.add_argument(
        "--knobs",
        type=int,
        default=3,
        metavar="N",
        help="codes beside the offset current, those that the I-V curves are most sensitive to "
        "(default: %(default)d)",
    )
    parser.add_argument(
        "--lines",
        metavar="PORT,...",
        help="calibrate these lines instead, such as ib_sm2,vr_sm2 (names as in the netlist)",
    )
    parser.add_argument(
        "--voltages",
        type=int,
        default=9,
        metavar="N",
        help="voltages at which a sample's currents are measured (default: %(default)d)",
    )
    parser.add_argument(
        "--patterns",
        type=int,
        default=16,
        metavar="N",
        help="firing patterns that calibrating a sample may take (default: %(default)d)",
    )
    add_executor(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from codesign.arguments.neurons import mapped_single
    from codesign.arguments.samples import asked_accuracy, bench_settings
    from codesign.studies.arguments import show, stopped, studied
    from codesign.studies.calibration.bench import calibration_bench
    from codesign.studies.calibration.study import study_calibration
    from mapping.calibration.search import Budget

    budget = Budget(arguments.voltages, arguments.patterns)
    lines = arguments.lines.split(",") if arguments.lines is not None else None
    technology = drawn_technology(arguments)
    with studied(arguments, "drawing samples", bench_settings(arguments)) as (executor, progress):
        neuron = mapped_single(arguments, technology, executor.tools)
        bench = calibration_bench(
            neuron, executor.tools, drawing(arguments), lines, arguments.knobs
        )
        found, outcome = study_calibration(
            bench, executor, asked_accuracy(arguments), budget, arguments.out, progress
        )
    if outcome is None:
        return stopped(arguments, found)
    show(arguments, "calibration", outcome)
    return 0
