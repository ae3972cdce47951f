"""``codesign mismatch``: how many samples of a neuron still fire as it should."""

import argparse

from codesign.arguments.samples import add_samples, drawing, drawn_technology
from codesign.studies.arguments import add_executor
from codesign.terminal.arguments import Subparsers, add_command


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "mismatch",
        example="codesign mismatch neuron.toml --technology sky130 --samples 200\n"
        "codesign mismatch preset:tonic_bursting --technology generic --samples 8 "
        "--backend ngspice --plot mismatch.png",
        description="Draw the mismatch of every transistor (Pelgrom's law, a set of the "
        "technology's coefficients: --mismatch-set) and, with --process, the global process "
        "variation of each sample, carry it to the macromodel through measured sensitivities, and "
        "report how each sample fires, how many keep the regime of the model, and how many its "
        "rhythm as well, with 95 % intervals (Wilson; `codesign validate --help` defines both). "
        "With --backend ngspice the same samples are also simulated "
        "transistor by transistor, and compared one by "
        "one.",
    )
    add_samples(
        parser,
        backend="predict from parameters of the macromodel, or simulate as well",
        record="record of all samples (JSON lines); an interrupted study goes on from it",
    )
    add_executor(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from codesign.arguments.neurons import mapped_single
    from codesign.arguments.samples import asked_accuracy, bench_settings
    from codesign.studies.arguments import show, stopped, studied
    from codesign.studies.mismatch.drawn_neuron import draw_neuron
    from codesign.studies.mismatch.study import study_mismatch

    technology = drawn_technology(arguments)
    accuracy = asked_accuracy(arguments)
    with studied(arguments, "drawing samples", bench_settings(arguments)) as (executor, progress):
        neuron = mapped_single(arguments, technology, executor.tools)
        drawn = draw_neuron(neuron, executor.tools, drawing(arguments))
        found, outcome = study_mismatch(drawn, executor, accuracy, arguments.out, progress)
    if outcome is None:
        return stopped(arguments, found)
    show(arguments, "mismatch", outcome)
    return 0
