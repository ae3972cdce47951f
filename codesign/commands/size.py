"""``codesign size``: cell sizes, I0 and capacitors with which enough chips fire as they should."""

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from codesign.arguments import add_command, add_current, add_mismatch_set, add_technology
from codesign.backend_arguments import add_neuron, read_single

if TYPE_CHECKING:
    from codesign.arguments import Subparsers
    from codesign.sizing_study import SizingFigures, SizingStudy


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "size",
        example="codesign size preset:tonic_bursting --technology sky130 --yield 0.95 --out sized\n"
        "codesign mismatch preset:tonic_bursting --technology sized/technology.toml",
        description="Search for the sizes of the cells' transistors, I0 and the membrane "
        "capacitor: the smallest with which the share of chips that keep the model's regime "
        "reaches a target within a budget. Each trial measures its cells in ngspice and draws "
        "chips. The sizes become a technology file; exit status 1 where the target is missed.",
    )
    add_neuron(parser)
    add_technology(parser)
    add_mismatch_set(parser)
    add_current(parser)
    parser.add_argument(
        "--yield",
        dest="chip_yield",
        type=float,
        default=0.99,
        metavar="SHARE",
        help="target: of the chips, those that keep what --keep says (default: %(default)g)",
    )
    parser.add_argument(
        "--keep",
        choices=("regime", "rhythm"),
        default="regime",
        help="what a chip has to keep of the model to count for --yield: its regime, or regime and "
        "rhythm; `codesign validate --help` defines both (default: %(default)s)",
    )
    for name, metavar, what in (
        ("interval-error", "SHARE", "target: largest median error of the interval between spikes"),
        ("area", "UM2", "budget: largest area of devices and capacitors, square micrometres"),
        ("power", "W", "budget: largest static power"),
    ):
        parser.add_argument(
            f"--{name}", type=float, default=math.inf, metavar=metavar, help=f"{what} (no limit)"
        )
    parser.add_argument(
        "--trials", type=int, default=60, metavar="N", help="sizes to try (default: %(default)d)"
    )
    parser.add_argument(
        "--chips", type=int, default=200, metavar="N", help="chips a trial (default: %(default)d)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="of draws and search (%(default)d)"
    )
    parser.add_argument("--name", help="of the sized technology (default: T_sized)")
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder for technology.toml, sizing.json, sizing.png and the trials; a search that "
        "was stopped goes on from there, and more --trials add to it",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from circuits.technology import load_technology, with_mismatch_set
    from codesign.console import print_json, step_progress
    from codesign.sizing_study import SizingGoal, sizing_to_json
    from codesign.workbench import WorkbenchSettings
    from codesign.workflows.size_search import Effort, search, write_sizing
    from codesign.workflows.sizing import sizing_problem
    from codesign.workflows.stimuli import stimuli_for

    goal = SizingGoal(
        arguments.chip_yield,
        arguments.interval_error,
        arguments.area,
        arguments.power,
        arguments.keep,
    )
    technology = load_technology(arguments.technology)
    technology = with_mismatch_set(technology, arguments.mismatch_set)
    source = read_single(arguments.neuron)
    drive = stimuli_for(source, arguments.current, arguments.duration)[0]
    effort = Effort(arguments.trials, arguments.chips, arguments.seed)
    settings = WorkbenchSettings()
    with (
        step_progress("measuring the cells as they are") as progress,
        settings.open(progress) as workbench,
    ):
        problem = sizing_problem(source.neurons[0], drive, technology, workbench)
        outcome = search(problem, goal, workbench, effort, arguments.out)
    name = arguments.name or f"{technology.name}_sized"
    written = write_sizing(arguments.out, problem, outcome, arguments.technology, name)
    if arguments.json:
        print_json({**sizing_to_json(outcome), "technology_file": written})
    else:
        _print(outcome, written)
    return 0 if outcome.is_met else 1


def _print(outcome: "SizingStudy", written: Path | None) -> None:
    from codesign.console import print_table
    from codesign.mismatch_study import drawn_by
    from codesign.sizing_study import KEPT

    trials = {trial.number: trial for trial in outcome.trials}
    shown = list(outcome.front)
    if outcome.start not in shown and trials[outcome.start].figures is not None:
        shown.insert(0, outcome.start)
    rows = [_row(_label(outcome, n), trials[n].figures) for n in shown]
    if outcome.chosen is not None:
        rows.append(_row("> checked", outcome.checked))
    columns = (
        "trial",
        "regime kept",
        "and rhythm",
        "interval error",
        "area um2",
        "gates um2",
        "power nW",
        "energy nJ",
        "I0 nA",
        "C_m pF",
    )
    title = (
        f"{outcome.name} on {outcome.technology}{drawn_by(outcome.mismatch_set)}: "
        f"{len(outcome.trials)} sizes tried; those that no other is better than in yield, area and "
        "energy (<: sizes of before; >: chosen, and again as checked)"
    )
    print_table(title, columns, rows)
    if written is None:
        print("no size that was tried is within the budget with the neuron's regime kept")
        return
    assert outcome.chosen is not None
    factors = trials[outcome.chosen].choice.area_factors
    print("gate areas: " + ", ".join(f"{role} x {f:.3g}" for role, f in factors.items()))
    if outcome.checked is not None:
        regime, rhythm = (outcome.checked.share(keep).percent for keep in KEPT)
        print(
            f"of {outcome.checked.chips} chips that were checked {regime} keep the regime of the "
            f"model, {rhythm} regime and rhythm"
        )
    if outcome.is_met:
        print(f"target met by trial {outcome.chosen}: {written}")
    else:
        assert outcome.checked is not None
        print(
            f"target missed by the best sizes found (trial {outcome.chosen}): "
            f"{outcome.goal.reached(outcome.checked):.1%} of the chips keep the "
            f"{outcome.goal.keep}, {outcome.goal.chip_yield:.1%} wanted: {written}"
        )


def _label(outcome: "SizingStudy", number: int) -> str:
    marks = {outcome.start: "< ", outcome.chosen: "> "}
    return f"{marks.get(number, '')}{number}"


def _row(label: str, figures: "SizingFigures | None") -> tuple[str, ...]:
    assert figures is not None
    return (
        label,
        f"{figures.chip_yield:.1%}",
        f"{figures.rhythm_yield:.1%}",
        f"{figures.interval_error:.1%}",
        f"{figures.area:.0f}",
        f"{figures.gate_area:.0f}",
        f"{1e9 * figures.static_power:.0f}",
        f"{1e9 * figures.energy_per_spike:.3g}",
        f"{1e9 * figures.unit_current:.3g}",
        f"{1e12 * figures.membrane_capacitance:.3g}",
    )
