"""``codesign mismatch``: how many chips of a neuron still fire as it should."""

import argparse
from typing import TYPE_CHECKING

from codesign.arguments import add_command
from codesign.chip_arguments import add_chips, drawing, mapped_neuron

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
        description="Draw the mismatch of every transistor (Pelgrom's law, a set of the "
        "technology's coefficients: --mismatch-set) and, with --process, what each chip is off by "
        "as a whole, carry it to as-built parameters through measured sensitivities, and tell how "
        "each chip fires, how many keep the regime of the model, and how many its rhythm as well, "
        "with 95 % intervals (Wilson; `codesign validate --help` defines both). With --backend "
        "ngspice the same chips are also simulated transistor by transistor, and compared one by "
        "one.",
    )
    add_chips(
        parser,
        backend="predict from as-built parameters, or simulate as well",
        record="record of all chips (JSON lines); an interrupted study goes on from it",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from codesign.console import print_json
    from codesign.mismatch_study import study_to_json
    from codesign.workflows.mismatch import draw_neuron, study
    from netlists.accuracy import Accuracy

    with mapped_neuron(arguments) as (neuron, workbench):
        outcome = study(
            draw_neuron(neuron, workbench, drawing(arguments)),
            workbench,
            arguments.backend == "ngspice",
            arguments.out,
            Accuracy(arguments.accuracy),
        )
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
    from codesign.mismatch_study import WHO, agreement_in_words, drawn_by, regime_table

    reports = {WHO["as_built"]: [chip.as_built for chip in outcome.chips]}
    if outcome.circuit_yield is not None:
        reports[WHO["circuit"]] = [c.circuit for c in outcome.chips if c.circuit is not None]
    where = f"{outcome.technology}, {outcome.conditions}"
    print_table(
        f"{outcome.name} on {where}: {len(outcome.chips)} chips, seed {outcome.seed}"
        + drawn_by(outcome.mismatch_set)
        + (", process drawn as well" if outcome.process else ""),
        *regime_table(reports),
    )
    print(f"as built: {outcome.predicted_yield}")
    if outcome.circuit_yield is None:
        return
    print(f"ngspice: {outcome.circuit_yield}")
    agreement = outcome.agreement
    assert agreement is not None
    print(f"as-built and ngspice agree on the regime of {agreement.regime:.1%} of the chips")
    for line in agreement_in_words(agreement):
        print(line)
    tight = sum(chip.accuracy == "tight" for chip in outcome.chips)
    print(f"ngspice's tolerances: tight for {tight} of {len(outcome.chips)} chips, else fast")
