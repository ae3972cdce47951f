"""``codesign sweep``: a neuron at every corner, temperature, mismatch sample and parameter."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from codesign.studies.arguments import add_executor
from codesign.terminal.arguments import Subparsers, add_accuracy, add_command, add_plot, add_timeout
from codesign.terminal.parser import section

if TYPE_CHECKING:
    from codesign.studies.sweep.estimate import SweepEstimate
    from codesign.studies.sweep.plan import SweepPlan
    from codesign.studies.sweep.results import SweepResults

_MOST_ROWS = 60


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "sweep",
        example="codesign sweep examples/modulation.toml --plot modulation.png\n"
        "codesign sweep examples/corners.toml --out runs/corners\n"
        "codesign sweep examples/corners.toml --dry-run",
        description="Build a neuron at every point of the product of axes that CONFIG (TOML) "
        "names: corners, temperatures, supplies, mismatch samples, I0, capacitors, gate areas, "
        "bias codes, and the neuron's own parameters. Each point is told how it fires, how far "
        "its intervals and I-V curves are from the model's, and what it costs. The documentation "
        "says what CONFIG may hold (Sweeps, File formats). Exit status 1: a point does not fire as "
        "its model; 4: ngspice failed at one.",
    )
    parser.add_argument("config", type=Path, metavar="CONFIG", help="configuration of the sweep")
    section(parser, "output").add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for sweep.csv, sweep.json, sweep.png and the record of all points; a sweep "
        "that was stopped goes on from there",
    )
    parser.add_argument(
        "--restart", action="store_true", help="forget what DIR holds, and begin anew"
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="say how many points there are and about how long they take, and do nothing",
    )
    add_executor(parser)
    add_plot(parser)
    add_accuracy(parser)
    add_timeout(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from codesign.studies.arguments import stopped, studied
    from codesign.studies.study import run as run_study
    from codesign.studies.sweep.configuration import read_sweep_configuration
    from codesign.studies.sweep.estimate import estimate
    from codesign.studies.sweep.files import RECORD_FILE, SAMPLES_FOLDER, forget, write_sweep
    from codesign.studies.sweep.plan import plan_sweep
    from codesign.studies.sweep.results import study_to_json
    from codesign.studies.sweep.study import SWEEPING, known_points, sweep_results, sweep_study
    from codesign.terminal.console import note, print_json
    from netlists.accuracy import Accuracy
    from neuron_model.model.neuron_file import named_source

    configuration = read_sweep_configuration(arguments.config)
    with named_source(str(arguments.config)):
        plan = plan_sweep(configuration)
    folder: Path | None = arguments.out
    if folder is not None and arguments.restart and not arguments.dry_run:
        forget(folder)
    record = None if folder is None else folder / RECORD_FILE
    samples = None if folder is None else folder / SAMPLES_FOLDER
    study = sweep_study(plan, Accuracy(arguments.accuracy), samples)
    known = 0 if arguments.restart else known_points(study, record)
    before = estimate(plan, known, arguments.workers)
    if arguments.dry_run:
        _print_estimate(plan, before, known, arguments.json)
        return 0
    note(_in_words(before, known))
    with studied(arguments, SWEEPING) as (executor, progress):
        found = run_study(study, executor, record, progress)
    if found.interrupted:
        return stopped(arguments, found)
    outcome = sweep_results(plan, found)
    if folder is not None:
        write_sweep(folder, plan.configuration, outcome)
    if arguments.plot is not None:
        from codesign.pictures.plots import save_figure
        from codesign.studies.sweep.picture import sweep_figure

        save_figure(sweep_figure(outcome), arguments.plot)
    if arguments.json:
        print_json(study_to_json(outcome))
    else:
        _print(outcome, folder)
    if outcome.has_failed:
        return 4
    return 0 if outcome.is_met else 1


def _in_words(found: "SweepEstimate", known: int) -> str:
    samples = f", {_counted(found.runs, 'sample')}" if found.runs != found.points else ""
    before = f", {known} of them known" if known else ""
    cells = _counted(found.cell_sets, "set") + " of cells"
    first = f"; {cells} to measure first" if found.cell_sets else ""
    from codesign.terminal.simulation_text import duration_text

    points = _counted(found.points, "point")
    return f"{points}{samples}{before}{first}; about {duration_text(found.seconds)}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _print_estimate(plan: "SweepPlan", found: "SweepEstimate", known: int, as_json: bool) -> None:
    from codesign.terminal.console import print_json
    from codesign.terminal.tables import print_table, say

    if as_json:
        axes = {axis.name: list(axis.values) for axis in plan.axes}
        print_json(
            {
                "points": found.points,
                "runs": found.runs,
                "known": known,
                "cell_sets": found.cell_sets,
                "seconds": found.seconds,
                "axes": axes,
            }
        )
        return
    rows = [(a.name, len(a.values), ", ".join(a.labels)) for a in plan.axes]
    print_table("", ("axis", "values", "which"), rows)
    say(_in_words(found, known))


def _print(study: "SweepResults", folder: Path | None) -> None:
    from codesign.studies.sweep.legend import title
    from codesign.studies.sweep.table import summary, table_columns, table_rows
    from codesign.terminal.tables import print_table, say

    columns, rows = table_columns(study), table_rows(study)
    shown = rows[:_MOST_ROWS]
    print_table(title(study), columns, shown, keys=1 + len(study.shown))
    where = f"{folder / 'sweep.csv'} has all" if folder else "--out DIR keeps all as CSV"
    if len(rows) > _MOST_ROWS:
        say(f"({len(rows) - _MOST_ROWS} more points; {where})")
    for line in summary(study):
        say(line)
