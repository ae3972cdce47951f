"""``codesign mismatch``: how many chips of a neuron still fire as it should."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from codesign.arguments import (
    add_command,
    add_conditions,
    add_current,
    add_mapping,
    add_technology,
)
from codesign.backend_arguments import add_neuron, read_single

if TYPE_CHECKING:
    from codesign.arguments import Subparsers
    from codesign.mismatch_study import MismatchStudy


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "mismatch",
        example="codesign mismatch neuron.toml --technology sky130 --samples 200\n"
        "codesign mismatch preset:tonic_bursting --technology generic --samples 8 "
        "--backend ngspice --plot mismatch.png",
        description="Draw the mismatch of every transistor (area law, the technology's "
        "coefficients), carry it to as-built parameters through measured sensitivities, and tell "
        "how each chip fires and how many fire in the model's regime. With --backend ngspice the "
        "same chips are also simulated transistor by transistor, and compared one by one.",
    )
    add_neuron(parser)
    add_technology(parser)
    parser.add_argument(
        "--samples", type=int, default=100, metavar="N", help="chips (default: %(default)d)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="of the draw (default: %(default)d)"
    )
    parser.add_argument(
        "--backend",
        choices=("model", "ngspice"),
        default="model",
        help="predict from as-built parameters, or simulate as well (default: %(default)s)",
    )
    add_conditions(parser)
    add_current(parser)
    add_mapping(parser)
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="FILE",
        help="record of all chips (JSON lines); an interrupted study goes on from it",
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="picture (png, svg or pdf)")
    parser.add_argument(
        "--timeout", type=float, default=600.0, help="seconds for one chip (%(default)g)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from circuits.technology import load_technology
    from codesign.arguments import mapping_choices
    from codesign.console import print_json, step_progress
    from codesign.mismatch_study import study_to_json
    from codesign.workflows.circuit import design_neuron
    from codesign.workflows.mismatch import CHIPS_PER_BENCH, draw_neuron, study
    from codesign.workflows.stimuli import stimuli_for
    from netlists.engine import Engine

    technology = load_technology(arguments.technology)
    source = read_single(arguments.neuron)
    drive = stimuli_for(source, arguments.current, arguments.duration)[0]
    with (
        Engine(timeout=CHIPS_PER_BENCH * arguments.timeout) as engine,
        step_progress("drawing chips") as progress,
    ):
        choices = mapping_choices(arguments, technology)
        design = design_neuron(source.neurons[0], technology, engine, progress, choices)
        drawn = draw_neuron(
            source.neurons[0],
            design,
            technology,
            engine,
            drive,
            arguments.samples,
            arguments.seed,
            arguments.corner,
            arguments.temperature,
            progress,
        )
        simulator = engine if arguments.backend == "ngspice" else None
        outcome = study(drawn, simulator, arguments.out, progress)
    if arguments.plot is not None:
        from codesign.mismatch_plots import mismatch_figure
        from codesign.plots import save_figure

        save_figure(mismatch_figure(outcome), arguments.plot)
    if arguments.json:
        print_json(study_to_json(outcome))
    else:
        _print(outcome)
    return 0


def _print(outcome: "MismatchStudy") -> None:
    from codesign.console import print_table
    from codesign.mismatch_study import study_to_json

    document = study_to_json(outcome)
    counts = document["regimes"]
    rows = [
        (name, counts["as_built"].get(name, 0), counts["circuit"].get(name, "-"))
        for name in dict.fromkeys([*counts["as_built"], *counts["circuit"]])
    ]
    where = f"{outcome.technology}, {outcome.corner}, {outcome.temperature:g} degC"
    print_table(
        f"{outcome.name} on {where}: {len(outcome.chips)} chips, seed {outcome.seed}",
        ("regime", "as built", "ngspice"),
        rows,
    )
    print(f"{outcome.wanted} as the model: {outcome.predicted_yield:.1%} of the chips, as built")
    if outcome.circuit_yield is None:
        return
    print(f"{outcome.wanted} as the model: {outcome.circuit_yield:.1%} of the chips, in ngspice")
    agreement = outcome.agreement
    assert agreement is not None
    print(f"as-built and ngspice agree on the regime of {agreement.regime:.1%} of the chips")
    for name, value in agreement.correlation.items():
        if value is not None:
            words = name.replace("_", " ")
            print(f"{words}: r = {value:.3f} over {agreement.compared[name]} chips")
