"""``codesign noise``: how much a neuron's intervals vary by the noise of its transistors."""

import argparse

from codesign.arguments.neurons import add_built_backend, add_neuron, mapped_single
from codesign.studies.arguments import add_executor, add_record
from codesign.terminal.arguments import (
    Subparsers,
    add_circuit,
    add_command,
    add_plot,
    add_technology,
    add_timeout,
)


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "noise",
        example="codesign noise preset:tonic_spiking --technology generic --plot noise.png\n"
        "codesign noise neuron.toml --technology sky130 --boundary --runs 200\n"
        "codesign noise preset:tonic_spiking --technology generic --backend ngspice --circuits 4",
        description="Measure the white and flicker noise of each cell with ngspice's noise "
        "analysis, run the macromodel many times with these noise currents, and print the jitter "
        "of its intervals and the share of runs in each regime, with 95 % intervals. With "
        "--backend ngspice the circuit is simulated as well, with noise sources (trnoise) of the "
        "measured densities in the test bench. Bias lines and references are taken as noiseless.",
    )
    add_neuron(parser)
    add_technology(parser)
    parser.add_argument(
        "--runs",
        type=int,
        default=100,
        metavar="N",
        help="runs of the macromodel, and at each current of a boundary (default: %(default)d)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="S",
        help="of the macromodel's noise (default: %(default)d); ngspice draws its own, which "
        "cannot be repeated",
    )
    parser.add_argument(
        "--boundary",
        action="store_true",
        help="find the nearest current at which the regime changes, and print how likely each "
        "regime is around it",
    )
    add_built_backend(parser, "run the macromodel, or the circuit as well")
    parser.add_argument(
        "--circuits",
        type=int,
        default=4,
        metavar="K",
        help="simulations with --backend ngspice (default: %(default)d)",
    )
    add_circuit(parser)
    add_record(parser)
    add_plot(parser)
    add_timeout(parser)
    add_executor(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from circuits.technology import load_technology
    from codesign.studies.arguments import show, stopped, studied
    from codesign.studies.noise.noisy_neuron import noisy_neuron
    from codesign.studies.noise.plan import NoisePlan
    from codesign.studies.noise.study import study_noise
    from neuron_model.errors import InputError

    if arguments.seed < 0:
        raise InputError(f"--seed {arguments.seed} is not allowed; it must be at least 0.")
    technology = load_technology(arguments.technology)
    simulated = arguments.circuits if arguments.backend == "ngspice" else 0
    plan = NoisePlan(arguments.runs, simulated, arguments.boundary)
    with studied(arguments, "noise") as (executor, progress):
        mapped = mapped_single(arguments, technology, executor.tools)
        neuron = noisy_neuron(mapped, executor.tools)
        found, outcome = study_noise(
            neuron, plan, executor, arguments.seed, arguments.out, progress
        )
    if outcome is None:
        return stopped(arguments, found)
    show(arguments, "noise", outcome)
    return 0
