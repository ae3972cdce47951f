"""``codesign validate``: is the circuit still the neuron that was trained?"""

import argparse
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

if TYPE_CHECKING:
    from codesign.terminal.arguments import Subparsers


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command's arguments."""
    from codesign.validation.verdicts import definitions

    parser = add_command(
        subparsers,
        "validate",
        example="codesign validate neuron.toml --technology sky130 --current 0:-2.4,2000:-1.0\n"
        "codesign validate runs/demo --technology sky130 --corner ss --temperature 85",
        description="Simulate the circuit in ngspice and compare its I-V curves, firing regime and "
        "spike times with the model's and with what was built. Exit status 1: it does not match.",
        notes=definitions(),
    )
    add_neurons(parser)
    add_technology(parser)
    add_circuit(parser)
    add_chosen(parser)
    parser.add_argument("-o", "--out", type=Path, help="folder for validation.json and plots")
    add_plot(parser, "picture of the first neuron")
    add_accuracy(parser)
    add_timeout(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from dataclasses import replace

    from circuits.technology import conditions_at, load_technology
    from codesign.building.built_circuit import build
    from codesign.building.source import load_source
    from codesign.building.stimuli import stimuli_for
    from codesign.terminal.arguments import mapping_choices
    from codesign.terminal.console import open_workbench, print_json
    from codesign.validation.run_validation import print_validation, select
    from codesign.validation.validation import validation_to_json, write_validation

    technology = load_technology(arguments.technology)
    source = load_source(arguments.neuron)
    chosen = select(source, arguments.neurons)
    # all are mapped, for they have one unit of time
    driven = replace(source, drives=stimuli_for(source, arguments.current, arguments.duration))
    conditions = conditions_at(technology, arguments.corner, arguments.temperature)
    choices = mapping_choices(arguments, technology)
    with open_workbench("validating", arguments.time_limit) as workbench:
        built = build(driven, technology, conditions, choices, workbench=workbench)
        found = built.validate(chosen, arguments.accuracy)
    validation = replace(found, exported=len(source.neurons))
    folder = arguments.out or source.folder
    if folder is not None:
        write_validation(folder / "validation.json", validation)
    if arguments.plot is not None:
        from codesign.pictures.plots import save_figure, waveform_figure

        save_figure(waveform_figure(validation.neurons[0]), arguments.plot)
    if arguments.json:
        print_json(validation_to_json(validation, arrays=False))
    else:
        print_validation(validation)
    return 0 if validation.passed else 1
