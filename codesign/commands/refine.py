"""``codesign refine``: ngspice in the loop until the circuit is the neuron that was trained."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codesign.studies.arguments import add_executor
from codesign.terminal.arguments import (
    Subparsers,
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
    from codesign.studies.refinement.results import Iteration, Refinement


def add_parser(subparsers: Subparsers) -> None:
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
        "-o", "--out", type=Path, required=True, metavar="DIR", help="folder for the outcome"
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
    add_executor(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from circuits.technology import conditions_at, load_technology
    from codesign.arguments.neurons import mapping_choices
    from codesign.building.circuit import mapped_neurons
    from codesign.building.source import load_source
    from codesign.building.stimuli import stimuli_for
    from codesign.studies.arguments import stopped, studied
    from codesign.studies.refinement.files import write_progress, write_refined
    from codesign.studies.refinement.picture import refinement_figure
    from codesign.studies.refinement.plan import Ends
    from codesign.studies.refinement.results import refinement_to_json
    from codesign.studies.refinement.study import study_refinement
    from codesign.studies.refinement.table import print_results
    from codesign.terminal.console import print_json
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
    ends, accuracy = Ends(arguments.goal, arguments.iterations), Accuracy(arguments.accuracy)
    done: list[Refinement] = []
    with studied(arguments, "refining") as (executor, progress):
        neurons = mapped_neurons(
            source, drives, technology, conditions, executor.tools, choices, chosen
        )
        for neuron in neurons:
            name = neuron.parameters.name

            def told(iterations: Sequence[Iteration], name: str = name) -> None:
                write_progress(arguments.out, name, iterations)
                progress(len(iterations), arguments.iterations, _said(name, iterations[-1]))

            record = arguments.out / "records" / f"{name}.jsonl"
            found, outcome = study_refinement(
                neuron, executor, choices, ends, accuracy, record, told
            )
            if outcome is None:
                return stopped(arguments, found)
            done.append(outcome)
    write_refined(arguments.out, done, source.only(chosen).neurons, technology, drives)
    if arguments.plot is not None:
        from codesign.pictures.plots import save_figure

        save_figure(refinement_figure(done[0]), arguments.plot)
    if arguments.json:
        print_json({"neurons": [refinement_to_json(r) for r in done]})
    else:
        print_results(done)
    return 0 if all(r.passed for r in done) else 1


def _said(name: str, iteration: Iteration) -> str:
    largest = max(iteration.errors.values())
    return f"{name}: {iteration.what}, largest error {largest:.2f} of what is allowed"
