"""``codesign center``: move a neuron to the middle of its regime, so that more samples keep it."""

import argparse
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
        "center",
        example="codesign center preset:tonic_bursting --technology sky130 --out centered.toml\n"
        "codesign mismatch centered.toml --technology sky130 --current 0:-0.8,1000:-0.4",
        description="Design centering: search for alphas (up to a quarter more or less), deltas "
        "and bias (up to 0.3 from where they are) with which most drawn samples keep the regime, "
        "while the rhythm of the neuron as drawn stays near the model's. Samples run by the "
        "macromodel; the search goes by those that keep the regime, and the outcome says how many "
        "keep the rhythm as well.",
    )
    add_neuron(parser)
    add_technology(parser)
    add_mismatch_set(parser)
    add_current(parser)
    parser.add_argument(
        "--tolerance",
        type=float,
        default=0.25,
        metavar="SHARE",
        help="by how much intervals and spikes per burst may differ from the model's "
        "(default: %(default)g)",
    )
    add_search(parser, 120, "choices")
    section(parser, "output").add_argument(
        "-o",
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="neuron file to write; FILE.jsonl keeps the trials: a search that was stopped resumes",
    )
    add_executor(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from codesign.studies.arguments import stopped, studied
    from codesign.studies.centering.evaluation import centering_problem
    from codesign.studies.centering.plan import CenteringPlan
    from codesign.studies.centering.study import study_centering
    from codesign.studies.centering.table import print_results
    from codesign.terminal.console import print_json
    from neuron_model.model.neuron_file import neuron_to_table, write_neuron

    technology = drawn_technology(arguments)
    parameters, drive = driven_single(arguments)
    record = arguments.out.with_name(f"{arguments.out.name}.jsonl")
    with studied(arguments, "measuring the cells") as (executor, progress):
        problem = centering_problem(parameters, drive, technology, executor.tools)
        plan = CenteringPlan(
            len(problem.parameters.elements),
            arguments.trials,
            arguments.samples,
            arguments.seed,
            arguments.tolerance,
        )
        found, outcome = study_centering(problem, plan, executor, record, progress)
    if outcome is None:
        return stopped(arguments, found)
    written = write_neuron(arguments.out, outcome.parameters)
    if arguments.json:
        from mapping.yields import yields_to_json
        from neuron_model.analysis.regime_reports import report_to_json

        print_json(
            {
                "samples": outcome.samples,
                "mismatch_set": technology.mismatch.name,
                "yield": {
                    "before": yields_to_json(outcome.before),
                    "after": yields_to_json(outcome.after),
                },
                "model": report_to_json(problem.model),
                "nominal": report_to_json(outcome.nominal),
                "neuron": neuron_to_table(outcome.parameters),
                "file": written,
            }
        )
    else:
        print_results(problem, outcome, written)
    return 0
