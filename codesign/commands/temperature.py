"""``codesign temperature``: how a neuron fires from cold to hot."""

import argparse

from codesign.arguments.neurons import add_built_backend, add_neuron, mapped_single
from codesign.studies.arguments import add_executor, add_record
from codesign.terminal.arguments import (
    Subparsers,
    add_accuracy,
    add_command,
    add_current,
    add_mapping,
    add_plot,
    add_technology,
    add_timeout,
)


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command's arguments."""
    from codesign.studies.temperature.ends import RESOLUTION
    from neuron_model.analysis.verdicts import definitions

    parser = add_command(
        subparsers,
        "temperature",
        example="codesign temperature neuron.toml --technology sky130 --backend ngspice\n"
        "codesign temperature preset:tonic_bursting --technology generic --currents constant "
        "--references constant",
        description="Measure the cells at each temperature, let bias currents and references "
        "follow their laws, and report how the neuron fires, between which temperatures the "
        "regime and the rhythm of the model are kept, and how its intervals drift. Between the "
        "last temperature of the list that holds and the first that does not it looks at others, "
        "each half way. Exit status 1: the regime of the model is not kept everywhere.",
        notes=definitions(),
    )
    add_neuron(parser)
    add_technology(parser)
    parser.add_argument(
        "--temperatures",
        default="-40,27,85,125",
        metavar="LIST",
        help="degree Celsius (default: %(default)s)",
    )
    parser.add_argument(
        "--resolution",
        type=float,
        default=RESOLUTION,
        metavar="DEGREES",
        help="how closely to find the temperatures beyond which the regime and the rhythm are "
        "lost; 0: look at those of the list alone (default: %(default)g)",
    )
    parser.add_argument(
        "--currents",
        choices=("constant", "ptat", "constant_gm"),
        default="ptat",
        help="what bias currents do over temperature (default: %(default)s)",
    )
    parser.add_argument(
        "--references",
        choices=("constant", "ptat"),
        default="ptat",
        help="what the references' distances from the middle do (default: %(default)s)",
    )
    add_built_backend(parser, "predict by the macromodel, or simulate as well")
    add_current(parser)
    add_mapping(parser)
    add_record(parser)
    add_plot(parser)
    add_accuracy(parser)
    add_timeout(parser)
    add_executor(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from circuits.technology import load_technology
    from codesign.studies.arguments import show, stopped, studied
    from codesign.studies.temperature.study import TemperatureQuestion, study_temperature
    from mapping.temperature import BiasLaws, CurrentLaw, ReferenceLaw
    from netlists.accuracy import Accuracy

    temperatures = parse_temperatures(arguments.temperatures)
    technology = load_technology(arguments.technology)
    laws = BiasLaws(CurrentLaw(arguments.currents), ReferenceLaw(arguments.references))
    accuracy = Accuracy(arguments.accuracy) if arguments.backend == "ngspice" else None
    question = TemperatureQuestion(temperatures, laws, accuracy, arguments.resolution)
    with studied(arguments, "over temperature") as (executor, progress):
        neuron = mapped_single(arguments, technology, executor.tools)
        found, outcome = study_temperature(neuron, question, executor, arguments.out, progress)
    if outcome is None:
        return stopped(arguments, found)
    show(arguments, "temperature", outcome)
    return 0 if outcome.steady else 1


def parse_temperatures(text: str) -> tuple[float, ...]:
    """Degrees Celsius of a list such as "-40,27,85", rising, each once.

    Raises:
        InputError: not such a list.
    """
    import math

    from neuron_model.errors import InputError

    try:
        values = sorted({float(part) for part in text.split(",")})
    except ValueError:
        values = [math.nan]
    if not all(map(math.isfinite, values)):
        raise InputError(f"--temperatures {text!r} must be numbers, such as -40,27,85,125.")
    return tuple(values)
