"""``codesign trim``: how many chips fire as they should once each has codes of its own."""

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
    from codesign.trim_study import TrimStudy


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "trim",
        example="codesign trim neuron.toml --technology sky130 --samples 200\n"
        "codesign trim preset:tonic_bursting --technology generic --samples 8 "
        "--backend ngspice --plot trim.png",
        description="Draw chips as `codesign mismatch` does and trim each as it would be "
        "calibrated: the offset current and some bias codes, found from currents measured at a "
        "clamped membrane and from a few firing patterns. With --backend ngspice the same chips "
        "are also measured and trimmed transistor by transistor.",
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
        help="trim as-built models, or netlists as well (default: %(default)s)",
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
        help="trim these lines instead, such as ib_sm2,vr_sm2 (names as in the netlist)",
    )
    parser.add_argument(
        "--voltages",
        type=int,
        default=9,
        metavar="N",
        help="voltages at which a chip's currents are measured (default: %(default)d)",
    )
    parser.add_argument(
        "--patterns",
        type=int,
        default=16,
        metavar="N",
        help="firing patterns that a chip's trim may take (default: %(default)d)",
    )
    add_conditions(parser)
    add_current(parser)
    add_mapping(parser)
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="FILE",
        help="record of what was measured in ngspice (JSON lines); an interrupted trim goes on "
        "from it",
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
    from codesign.trim_study import trim_study_to_json
    from codesign.workflows.circuit import design_neuron
    from codesign.workflows.mismatch import CHIPS_PER_BENCH
    from codesign.workflows.stimuli import stimuli_for
    from codesign.workflows.trim import trim_bench, trim_study
    from mapping.trim.trim import Budget
    from netlists.engine import Engine

    budget = Budget(arguments.voltages, arguments.patterns)
    technology = load_technology(arguments.technology)
    source = read_single(arguments.neuron)
    drive = stimuli_for(source, arguments.current, arguments.duration)[0]
    lines = arguments.lines.split(",") if arguments.lines is not None else None
    with (
        Engine(timeout=CHIPS_PER_BENCH * arguments.timeout) as engine,
        step_progress("drawing chips") as progress,
    ):
        choices = mapping_choices(arguments, technology)
        design = design_neuron(source.neurons[0], technology, engine, progress, choices)
        bench = trim_bench(
            source.neurons[0],
            design,
            technology,
            engine,
            drive,
            arguments.samples,
            arguments.seed,
            arguments.corner,
            arguments.temperature,
            lines,
            arguments.knobs,
            progress,
        )
        simulator = engine if arguments.backend == "ngspice" else None
        outcome = trim_study(bench, simulator, budget, arguments.out, progress)
    if arguments.plot is not None:
        from codesign.plots import save_figure
        from codesign.trim_plots import trim_figure

        save_figure(trim_figure(outcome), arguments.plot)
    if arguments.json:
        print_json(trim_study_to_json(outcome))
    else:
        _print(outcome)
    return 0


def _print(study: "TrimStudy") -> None:
    from codesign.console import print_table
    from codesign.trim_study import regime_counts

    words = {"as_built": "as built", "circuit": "ngspice"}
    columns, counts = ["regime"], []
    for who, outcome in study.outcomes.items():
        for when, reports in (("before", outcome.before), ("after", outcome.trimmed.reports)):
            columns.append(f"{words[who]}, {when}")
            counts.append(regime_counts(reports))
    names = dict.fromkeys(name for each in counts for name in each)
    rows = [(name, *(each.get(name, 0) for each in counts)) for name in names]
    where = f"{study.technology}, {study.corner}, {study.temperature:g} degC"
    chips = len(study.as_built.before)
    print_table(f"{study.name} on {where}: {chips} chips, seed {study.seed}", columns, rows)
    print(f"trimmed: {', '.join(study.knobs)}")
    for who, outcome in study.outcomes.items():
        before, after = outcome.shares(study.wanted)
        taken = outcome.trimmed
        print(
            f"{words[who]}: {study.wanted} as the model {before:.1%} of the chips before, "
            f"{after:.1%} after; {taken.currents.max()} currents and {taken.patterns.mean():.2g} "
            f"patterns a chip (at most {taken.patterns.max()})"
        )
