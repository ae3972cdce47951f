"""What the commands' argument parsers have in common."""

import argparse
from pathlib import Path
from typing import TypeAlias

from codesign.commands import COMMANDS
from codesign.terminal.parser import section
from codesign.terminal.picture_file import check_picture

# A name that argparse does not export, but that is the type of what it returns.
Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_command(
    subparsers: Subparsers, name: str, example: str, description: str = "", notes: str = ""
) -> argparse.ArgumentParser:
    """A command's parser, with ``--json`` and ``--debug``.

    Args:
        subparsers: what ``add_parser`` of a command's module was given.
        name: the command, one of ``codesign.commands.COMMANDS``.
        example: command lines that work as they stand, shown under the options.
        description: more than the line in COMMANDS, where it needs more.
        notes: text after the example; each line of it is one, wrapped where it is too long.
    """
    summary = COMMANDS[name]
    parser = subparsers.add_parser(
        name,
        help=summary,
        description=description or f"{summary[0].upper()}{summary[1:]}.",
        epilog="\n\n".join(
            [
                "example:\n" + "\n".join(f"  {line.strip()}" for line in example.splitlines()),
                *([notes.strip("\n")] if notes else []),
            ]
        ),
    )
    section(parser, "output").add_argument(
        "--json", action="store_true", help="print one JSON document on standard output"
    )
    add_debug(parser)
    return parser


def add_debug(parser: argparse.ArgumentParser) -> None:
    """The option that shows where an error comes from; valid before and after the command."""
    parser.add_argument(
        "--debug",
        action="store_true",
        default=argparse.SUPPRESS,
        help="show the traceback of an error (or set CODESIGN_DEBUG=1)",
    )


def add_neurons(parser: argparse.ArgumentParser) -> None:
    """The neuron or the run that the command is about."""
    parser.add_argument(
        "neuron",
        metavar="NEURON|RUN",
        help="a neuron file, preset:NAME, or the folder of a trained network",
    )


def add_technology(parser: argparse.ArgumentParser, required: bool = True) -> None:
    """The process to build on."""
    section(parser, "circuit").add_argument(
        "--technology",
        required=required,
        metavar="T",
        help="generic, sky130, gf180mcu, or the path of a technology file",
    )


def add_mismatch_set(parser: argparse.ArgumentParser) -> None:
    """Whose coefficients samples are drawn by."""
    section(parser, "variation").add_argument(
        "--mismatch-set",
        metavar="NAME",
        help="draw devices by this set of the technology's mismatch coefficients, such as ordinary "
        "or subthreshold of sky130 (default: the one that the technology file names)",
    )


def add_conditions(parser: argparse.ArgumentParser) -> None:
    """Corner and temperature of a simulation."""
    group = section(parser, "circuit")
    group.add_argument("--corner", help="process corner (default: tt, or the technology's first)")
    group.add_argument(
        "--temperature", type=float, default=27.0, metavar="DEGC", help="°C (default: %(default)g)"
    )


def add_current(parser: argparse.ArgumentParser) -> None:
    """What drives the neuron, and for how long."""
    group = section(parser, "input")
    group.add_argument(
        "--current",
        metavar="STEPS",
        help="input current, in model units: one value, or steps time:value,time:value such as "
        "0:-2.4,2000:-1.0 "
        "(default: the preset's or the run's own, else one at which the neuron is active)",
    )
    group.add_argument(
        "--duration",
        type=float,
        metavar="TIME",
        help="model time to simulate (default: from the time constants)",
    )


def add_mapping(parser: argparse.ArgumentParser) -> None:
    """What of the mapping the user fixes."""
    group = section(parser, "circuit")
    group.add_argument(
        "--unit-current", type=float, metavar="A", help="I0, ampere (default: chosen)"
    )
    group.add_argument(
        "--membrane-capacitance", type=float, metavar="F", help="C_m, farad (default: chosen)"
    )
    group.add_argument(
        "--quantize",
        type=int,
        nargs="?",
        const=0,
        metavar="BITS",
        help="currents and references as codes of the technology's bias generator, all of a "
        "neuron's chosen together (with BITS instead of its own)",
    )


def add_circuit(parser: argparse.ArgumentParser) -> None:
    """How a circuit is mapped and simulated."""
    add_conditions(parser)
    add_current(parser)
    add_mapping(parser)


def add_chosen(parser: argparse.ArgumentParser) -> None:
    """Which neurons of a run."""
    parser.add_argument(
        "--neurons", metavar="LIST", help="of a run: which ones, such as 0,3,5 or 0-3 (all)"
    )


def add_plot(parser: argparse.ArgumentParser, what: str = "picture (png, svg or pdf)") -> None:
    """Where a picture goes; ``what`` it shows."""
    section(parser, "output").add_argument("--plot", type=_picture, metavar="FILE", help=what)


def _picture(text: str) -> Path:
    """Refused at once, not after the work whose picture it is."""
    path = Path(text)
    check_picture(path)
    return path


def add_timeout(parser: argparse.ArgumentParser, what: str = "one simulation") -> None:
    """How long ngspice may take for ``what``."""
    section(parser, "simulation").add_argument(
        "--time-limit",
        "--timeout",
        type=float,
        dest="time_limit",
        metavar="SECONDS",
        help=f"after which {what} is stopped, with exit status 4 (default: 0.1 for each tau_m that "
        "is simulated, at least 600)",
    )


def add_accuracy(parser: argparse.ArgumentParser) -> None:
    """How exactly ngspice follows a response in time."""
    section(parser, "simulation").add_argument(
        "--accuracy",
        choices=("fast", "tight", "auto"),
        default="auto",
        help="tolerances of ngspice: fast (median ISI within 0.3%% of tight), tight, or fast "
        "first and tight again where the verdict hangs on it (default: %(default)s)",
    )
