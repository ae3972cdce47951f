"""``codesign calibrate``: how many samples fire as they should once each has codes of its own."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from codesign.terminal.arguments import add_command
from codesign.terminal.sample_arguments import add_samples, drawing, mapped_neuron

if TYPE_CHECKING:
    from codesign.studies.calibration.results import CalibrationStudy
    from codesign.terminal.arguments import Subparsers
    from neuron_model.analysis.regimes import RegimeReport


def add_parser(subparsers: "Subparsers") -> None:
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
        "Calibration aims at the regime. "
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


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from codesign.studies.arguments import until_stopped
    from codesign.studies.calibration.calibration import calibration_bench, calibration_study
    from codesign.studies.calibration.results import CalibrationStudy, calibration_study_to_json
    from codesign.terminal.console import print_json
    from mapping.calibration.search import Budget
    from netlists.accuracy import Accuracy

    budget = Budget(arguments.voltages, arguments.patterns)
    lines = arguments.lines.split(",") if arguments.lines is not None else None

    def work() -> CalibrationStudy:
        with mapped_neuron(arguments) as (neuron, workbench):
            return calibration_study(
                calibration_bench(neuron, workbench, drawing(arguments), lines, arguments.knobs),
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
        from codesign.studies.calibration.picture import calibration_figure

        save_figure(calibration_figure(outcome), arguments.plot)
    if arguments.json:
        print_json(calibration_study_to_json(outcome))
    else:
        _print(outcome)
    return 0


def _print(study: "CalibrationStudy") -> None:
    from codesign.terminal.quantities import drawn_by
    from codesign.terminal.tables import print_table, say
    from codesign.validation.regime_reports import WHO, regime_table

    reports: dict[str, Sequence[RegimeReport]] = {}
    for who, outcome in study.outcomes.items():
        reports[f"{WHO[who]}, before"] = outcome.before
        reports[f"{WHO[who]}, after"] = outcome.calibrated.reports
    where = f"{study.technology}, {study.conditions}"
    samples = len(study.macromodel.before)
    title = f"{study.name} on {where}: {samples} samples, seed {study.seed}"
    title += drawn_by(study.mismatch_set)
    title += ", process drawn as well" if study.process else ""
    print_table(title, *regime_table(reports))
    say(f"calibrated: {', '.join(study.knobs)}")
    for who, outcome in study.outcomes.items():
        taken = outcome.calibrated
        for when, found in zip(("before", "after"), outcome.yields(study.model), strict=True):
            say(f"{WHO[who]}, {when}: {found}")
        say(
            f"{WHO[who]}: {taken.currents.max()} currents and {taken.patterns.mean():.2g} "
            f"patterns a sample (at most {taken.patterns.max()})"
        )
