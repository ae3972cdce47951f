"""``codesign regime``: how a neuron fires after a current step."""

import argparse

from codesign.arguments.neurons import add_backend, add_neuron, chosen_backend, driven_single
from codesign.terminal.arguments import Subparsers, add_accuracy, add_command, add_current


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "regime",
        example="codesign regime neuron.toml --current 0:-2.4,2000:-1.0\n"
        "codesign regime preset:tonic_bursting --backend ngspice --technology generic",
        description="Tell the firing regime after the last step of a current, its rhythm, and its "
        "distance to the nearest boundary: 1 is clear, near 0 another judge may differ or a longer "
        "--duration is needed. With --json also the times of all spikes.",
    )
    add_neuron(parser)
    add_current(parser)
    add_backend(parser)
    add_accuracy(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from codesign.terminal.answers import regime_answer
    from codesign.terminal.console import note, print_json
    from codesign.terminal.tables import say
    from neuron_model.analysis.regimes import classify

    neuron, drive = driven_single(arguments)
    with chosen_backend(arguments) as backend:
        run = backend.respond(neuron, drive)
    threshold = float(neuron.u_threshold)
    report = classify(run.time, run.voltage, drive.stimulus.onset, threshold)
    if arguments.json:
        print_json(report)
    else:
        say(regime_answer(report, float(neuron.tau_m)))
    if report.margin < _DOUBTFUL:
        note(
            f"The decision is a close one; a longer --duration than {drive.duration:g} may settle "
            "it."
        )
    return 0


_DOUBTFUL = 0.2
