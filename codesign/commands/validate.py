"""``codesign validate``: is the circuit still the neuron that was trained?"""

import argparse
from pathlib import Path

from codesign.studies.arguments import add_executor
from codesign.terminal.arguments import (
    Subparsers,
    add_accuracy,
    add_chosen,
    add_circuit,
    add_command,
    add_mismatch_set,
    add_neurons,
    add_plot,
    add_technology,
    add_timeout,
)
from codesign.terminal.parser import section

_OF_NETWORKS = (
    *("samples", "windows", "sequences", "one_deck"),
    *("mismatch", "seed", "mismatch_set", "workers", "cluster"),
)
"""Options that only --network has."""


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command's arguments."""
    from codesign.validation.validation_table import LEGEND
    from neuron_model.analysis.verdicts import definitions

    parser = add_command(
        subparsers,
        "validate",
        example="codesign validate neuron.toml --technology sky130 --current 0:-2.4,2000:-1.0\n"
        "codesign validate runs/demo --technology sky130 --corner ss --temperature 85\n"
        "codesign validate neuron.toml --technology sky130 --netlist extracted.spice\n"
        "codesign validate runs/small --technology sky130 --network --samples 190\n"
        "codesign validate runs/small --technology sky130 --network --windows 3 --corner ss\n"
        "codesign validate runs/gestures --technology sky130 --network --sequences 40",
        description="Simulate the circuit in ngspice and compare its I-V curves, firing regime and "
        "spike times with the model's and the macromodel's. With --network: simulate the circuit "
        "of the whole network of a RUN on its test part and compare its prediction, or the classes "
        "that it decides for, with torch's, "
        "neuron by neuron and layer by layer in parallel processes; the RUN keeps what is done, so "
        "that the same command resumes. Exit status 1: it does not match.",
        notes=f"{definitions()}\n\ncolumns of the table:\n  {LEGEND}",
    )
    add_neurons(parser)
    add_technology(parser)
    add_circuit(parser)
    add_chosen(parser)
    parser.add_argument(
        "--network",
        action="store_true",
        help="of a run: the task of the whole network",
    )
    parser.add_argument(
        "--one-deck",
        action="store_true",
        help="with --network: of a small one, all of it in one simulation",
    )
    parser.add_argument(
        "--samples",
        type=int,
        metavar="N",
        help="with --network: of the test series, from its start, the unscored ones of the washout "
        "included (default: 50 behind the washout)",
    )
    parser.add_argument(
        "--windows",
        type=int,
        metavar="N",
        help="with --network: the first N windows of the test part instead, each heard from rest "
        "as in training",
    )
    parser.add_argument(
        "--sequences",
        type=int,
        metavar="N",
        help="with --network, of a run on sequences: so many test sequences, spread evenly over "
        "the test part, each heard from rest (default: 20)",
    )
    parser.add_argument(
        "--mismatch",
        type=int,
        metavar="N",
        help="with --network: N Monte Carlo samples of the whole network as well, each as it is "
        "and with its bias and reference lines calibrated",
    )
    parser.add_argument(
        "--seed", type=int, metavar="S", help="with --mismatch: of the samples (default: 0)"
    )
    add_mismatch_set(parser)
    add_executor(parser)
    parser.add_argument(
        "--netlist",
        type=Path,
        metavar="FILE",
        help="judge the neuron's subcircuit in this SPICE file, edited or extracted from a layout, "
        "with the same benches; of a run: with --neurons and one number",
    )
    section(parser, "output").add_argument(
        "-o", "--out", type=Path, metavar="DIR", help="folder for validation.json and plots"
    )
    add_plot(parser, "picture of the first neuron, or of the network's prediction")
    add_accuracy(parser)
    add_timeout(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from neuron_model.errors import InputError

    if arguments.network:
        return _run_network(arguments)
    for name in _OF_NETWORKS:
        if getattr(arguments, name) not in (None, False):
            option = name.replace("_", "-")
            raise InputError(f"--{option} is of the whole network: add --network.")
    return _run_neurons(arguments)


def _run_network(arguments: argparse.Namespace) -> int:
    """The task of a whole network."""
    from circuits.technology import conditions_at
    from codesign.arguments.neurons import mapping_choices
    from codesign.arguments.samples import drawn_technology
    from codesign.building.source import load_source
    from codesign.networks.built_network import build_network
    from codesign.networks.files import write_network_samples, write_network_validation
    from codesign.networks.run_task import task_of_run
    from codesign.networks.table import print_network_samples, print_network_validation
    from codesign.networks.verdict import AnyValidation, validate_in_one_deck
    from codesign.studies.arguments import stopped, studied
    from codesign.studies.network.samples import study_samples
    from codesign.studies.network.study import cases_of, study_network
    from codesign.terminal.console import print_json
    from neuron_model.errors import InputError

    for name in ("neurons", "current", "duration", "netlist"):
        if getattr(arguments, name) is not None:
            raise InputError(f"--{name} is of single neurons; leave it out with --network.")
    if arguments.windows is not None and (arguments.samples is not None or arguments.one_deck):
        raise InputError("--windows goes without --samples and --one-deck.")
    if arguments.mismatch is not None and arguments.one_deck:
        raise InputError("--mismatch goes without --one-deck.")
    for option, given in (("seed", arguments.seed), ("mismatch-set", arguments.mismatch_set)):
        if given is not None and arguments.mismatch is None:
            raise InputError(f"--{option} is of Monte Carlo samples: add --mismatch.")
    technology = drawn_technology(arguments)
    source = load_source(arguments.neuron)
    if source.folder is None or source.why_no_network:
        raise InputError(f"--network: {source.why_no_network}")
    conditions_at(technology, arguments.corner, arguments.temperature)
    choices = mapping_choices(arguments, technology)
    folder, drawn = arguments.out or source.folder, None
    with studied(arguments, "validating the network") as (executor, progress):
        nominal = build_network(task_of_run(source.folder), technology, executor.tools, choices)
        network = nominal.at(arguments.corner, arguments.temperature)
        cases = cases_of(network, arguments.samples, arguments.windows, arguments.sequences)
        found: AnyValidation | None
        if arguments.one_deck:
            stretches = [case.stretch for case in cases]
            found = validate_in_one_deck(network, executor.tools, stretches)
        elif arguments.mismatch is not None:
            drawing = (arguments.mismatch, arguments.seed or 0)
            results, drawn = study_samples(network, executor, cases, drawing, folder, progress)
            found = None if drawn is None else drawn.nominal
        else:
            results, found = study_network(network, executor, cases, folder, progress)
    if found is None:
        return stopped(arguments, results)
    write_network_validation(folder, found)
    if drawn is not None:
        write_network_samples(folder, drawn)
    if arguments.plot is not None:
        from codesign.pictures.network_plots import network_picture
        from codesign.pictures.plots import save_figure

        save_figure(network_picture(found), arguments.plot)
    if arguments.json:
        print_json(found.document(arrays=False) if drawn is None else drawn.document())
    else:
        print_network_validation(found)
        if drawn is not None:
            print_network_samples(drawn)
    return 0 if found.passed else 1


def _run_neurons(arguments: argparse.Namespace) -> int:
    """Neurons, one by one."""
    from dataclasses import replace

    from circuits.technology import conditions_at, load_technology
    from codesign.arguments.neurons import mapping_choices
    from codesign.building.built_circuit import build
    from codesign.building.source import load_source
    from codesign.building.stimuli import stimuli_for
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
        found = built.validate(chosen, arguments.accuracy, arguments.netlist)
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
