"""``codesign trim``: how many chips fire as they should once each has codes of its own."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from codesign.terminal.arguments import add_command
from codesign.terminal.chip_arguments import add_chips, drawing, mapped_neuron

if TYPE_CHECKING:
    from codesign.studies.trim.trim_study import TrimStudy
    from codesign.terminal.arguments import Subparsers
    from neuron_model.analysis.regimes import RegimeReport


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
        "clamped membrane and from a few firing patterns. Yields before and after count the chips "
        "that keep the regime of the model, and those that keep its rhythm as well, with 95 % "
        "intervals (Wilson; `codesign validate --help` defines both). A trim aims at the regime. "
        "With --backend ngspice the same chips are also measured and trimmed transistor by "
        "transistor.",
    )
    add_chips(
        parser,
        backend="trim as-built models, or netlists as well",
        record="record of what was measured in ngspice (JSON lines); an interrupted trim goes on "
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


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from codesign.studies.arguments import until_stopped
    from codesign.studies.trim.trim import trim_bench, trim_study
    from codesign.studies.trim.trim_study import TrimStudy, trim_study_to_json
    from codesign.terminal.console import print_json
    from mapping.trim.trim import Budget
    from netlists.accuracy import Accuracy

    budget = Budget(arguments.voltages, arguments.patterns)
    lines = arguments.lines.split(",") if arguments.lines is not None else None

    def work() -> TrimStudy:
        with mapped_neuron(arguments) as (neuron, workbench):
            return trim_study(
                trim_bench(neuron, workbench, drawing(arguments), lines, arguments.knobs),
                workbench,
                arguments.backend == "ngspice",
                budget,
                arguments.out,
                Accuracy(arguments.accuracy),
            )

    outcome = until_stopped(arguments, arguments.out, work)
    if isinstance(outcome, int):
        return outcome
    if arguments.plot is not None:
        from codesign.pictures.plots import save_figure
        from codesign.studies.trim.trim_plots import trim_figure

        save_figure(trim_figure(outcome), arguments.plot)
    if arguments.json:
        print_json(trim_study_to_json(outcome))
    else:
        _print(outcome)
    return 0


def _print(study: "TrimStudy") -> None:
    from codesign.terminal.console import print_table
    from codesign.terminal.quantities import drawn_by
    from codesign.validation.regime_reports import WHO, regime_table

    reports: dict[str, Sequence[RegimeReport]] = {}
    for who, outcome in study.outcomes.items():
        reports[f"{WHO[who]}, before"] = outcome.before
        reports[f"{WHO[who]}, after"] = outcome.trimmed.reports
    where = f"{study.technology}, {study.conditions}"
    chips = len(study.as_built.before)
    title = f"{study.name} on {where}: {chips} chips, seed {study.seed}"
    title += drawn_by(study.mismatch_set)
    title += ", process drawn as well" if study.process else ""
    print_table(title, *regime_table(reports))
    print(f"trimmed: {', '.join(study.knobs)}")
    for who, outcome in study.outcomes.items():
        taken = outcome.trimmed
        for when, found in zip(("before", "after"), outcome.yields(study.model), strict=True):
            print(f"{WHO[who]}, {when}: {found}")
        print(
            f"{WHO[who]}: {taken.currents.max()} currents and {taken.patterns.mean():.2g} "
            f"patterns a chip (at most {taken.patterns.max()})"
        )
