"""``codesign refine``: ngspice in the loop until the circuit is the neuron that was trained."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codesign.terminal.arguments import (
    add_accuracy,
    add_chosen,
    add_circuit,
    add_command,
    add_neurons,
    add_plot,
    add_technology,
    add_timeout,
)
from codesign.terminal.parser import section

if TYPE_CHECKING:
    from codesign.studies.refinement.refine import Iteration, Refinement
    from codesign.terminal.arguments import Subparsers


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "refine",
        example="codesign refine neuron.toml --technology sky130 --temperature 85 --out refined\n"
        "codesign refine runs/demo --technology generic --corner ss --neurons 0-3 --out refined",
        description="Map a neuron, simulate its circuit as `codesign validate` does, take out what "
        "ngspice shows (elements and offset from currents at a clamped membrane, capacitors from "
        "spike times), and simulate again, until validation passes or nothing improves any more. "
        "OUT gets the design, its netlists, validation.json, refinement.json and a picture; a loop "
        "that was stopped goes on from it. Exit status 1: it still does not match.",
    )
    add_neurons(parser)
    add_technology(parser)
    add_circuit(parser)
    add_chosen(parser)
    section(parser, "output").add_argument(
        "-o", "--out", type=Path, required=True, help="folder for the outcome"
    )
    parser.add_argument(
        "--goal",
        type=float,
        default=1.0,
        help="go on until no error is above GOAL times what validation allows (%(default)g)",
    )
    parser.add_argument(
        "--iterations", type=int, default=8, metavar="N", help="at most (%(default)d)"
    )
    add_plot(parser, "picture of the first neuron")
    add_accuracy(parser)
    add_timeout(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from circuits.technology import conditions_at, load_technology
    from codesign.building.circuit import mapped_neurons
    from codesign.building.source import load_source
    from codesign.building.stimuli import stimuli_for
    from codesign.studies.arguments import until_stopped
    from codesign.studies.refinement.refine import Ends, Refinement, refine
    from codesign.studies.refinement.refine_plots import refinement_figure
    from codesign.studies.refinement.refined_files import (
        refinement_to_json,
        write_progress,
        write_refined,
    )
    from codesign.terminal.arguments import mapping_choices
    from codesign.terminal.console import open_workbench, print_json
    from codesign.validation.run_validation import select
    from netlists.accuracy import Accuracy
    from neuron_model.errors import InputError

    if not arguments.goal > 0:
        raise InputError(f"--goal {arguments.goal:g} must be above 0.")
    if arguments.iterations < 1:
        raise InputError(f"--iterations {arguments.iterations} must be at least 1.")
    technology = load_technology(arguments.technology)
    choices = mapping_choices(arguments, technology)
    source = load_source(arguments.neuron)
    chosen = select(source, arguments.neurons)
    drives = stimuli_for(source.only(chosen), arguments.current, arguments.duration)
    conditions = conditions_at(technology, arguments.corner, arguments.temperature)
    ends = Ends(arguments.goal, arguments.iterations)

    def work() -> list[Refinement]:
        done: list[Refinement] = []
        with open_workbench("refining", arguments.time_limit) as workbench:
            neurons = mapped_neurons(
                source, drives, technology, conditions, workbench, choices, chosen
            )
            for neuron in neurons:
                name = neuron.parameters.name

                def told(iterations: "Sequence[Iteration]", name: str = name) -> None:
                    write_progress(arguments.out, name, iterations)
                    said = _said(name, iterations[-1])
                    workbench.progress(len(iterations), arguments.iterations, said)

                done.append(
                    refine(
                        neuron,
                        workbench,
                        choices,
                        ends,
                        arguments.out / "records" / f"{name}.jsonl",
                        told,
                        Accuracy(arguments.accuracy),
                    )
                )
        return done

    done = until_stopped(arguments, arguments.out / "records", work)
    if isinstance(done, int):
        return done
    write_refined(arguments.out, done, source.only(chosen).neurons, technology, drives)
    if arguments.plot is not None:
        from codesign.pictures.plots import save_figure

        save_figure(refinement_figure(done[0]), arguments.plot)
    if arguments.json:
        print_json({"neurons": [refinement_to_json(r) for r in done]})
    else:
        _print(done)
    return 0 if all(r.passed for r in done) else 1


def _said(name: str, iteration: "Iteration") -> str:
    largest = max(iteration.errors.values())
    return f"{name}: {iteration.what}, largest error {largest:.2f} of what is allowed"


def _print(done: "Sequence[Refinement]") -> None:
    from codesign.terminal.tables import print_table, say

    for refinement in done:
        rows = []
        for number, iteration in enumerate(refinement.iterations):
            found, timing = iteration.validation, iteration.validation.against_model
            rows.append(
                (
                    number,
                    iteration.what,
                    " ".join(f"{100 * c.nrmse:.2f}" for c in found.iv),
                    found.circuit.regime.value,
                    _percent(timing.isi_error),
                    _percent(timing.ibi_error),
                    _percent(found.against_macromodel.isi_error),
                    f"{iteration.error:.3f}",
                    "yes" if iteration.accepted else "no",
                    "yes" if found.passed else "no",
                )
            )
        where = f"{refinement.technology}, {refinement.conditions}"
        columns = (
            "",
            "design",
            "I-V error (%)",
            "circuit",
            "interval vs model (%)",
            "IBI vs model (%)",
            "interval vs built (%)",
            "error",
            "kept",
            "passed",
        )
        print_table(f"{refinement.name} on {where}", columns, rows)
        say(f"{refinement.name}: {refinement.reason}")
        for reason in refinement.best.validation.reasons:
            say(f"{refinement.name}: {reason}")


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:+.2f}"
