"""The command line: chooses a command, runs it, and turns errors into an exit status.

Exit status: 0 done; 1 the circuit does not match the model; 2 bad input or usage; 3 something
outside is missing; 4 the simulator failed; 70 an error in the toolkit itself; 128 + signal: stopped
(130 by SIGINT, 143 by SIGTERM).
"""

import argparse
import contextlib
import importlib
import logging
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import Any

from codesign.commands import COMMANDS, GROUPS
from codesign.terminal.arguments import add_debug
from codesign.terminal.interruption import listening
from codesign.terminal.parser import CommandParser
from neuron_model.errors import CodesignError
from neuron_model.memory import out_of_memory

INTERNAL_ERROR = 70  # EX_SOFTWARE of sysexits.h


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``codesign`` with these arguments (the process's own by default).

    Returns:
        The exit status. Argument errors and ``--help`` raise SystemExit, as argparse does.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    logging.basicConfig(format="%(levelname)s: %(message)s", stream=sys.stderr)
    logging.captureWarnings(True)
    debug = "--debug" in words or os.environ.get("CODESIGN_DEBUG", "") not in ("", "0")
    with _interruptible() as signals:
        return _run(words, debug, signals)


@contextlib.contextmanager
def _interruptible() -> Iterator[list[int]]:
    """While the block runs, SIGTERM ends it as Ctrl-C does; the signals that came.

    What has points to save listens for itself (:mod:`codesign.terminal.interruption`).
    """
    signals: list[int] = []

    def noted(number: int) -> None:
        signals.append(number)
        raise KeyboardInterrupt

    with listening(noted):
        yield signals


def _run(words: list[str], debug: bool, signals: list[int]) -> int:
    try:
        arguments = build_parser(words).parse_args(words)
        arguments.words = tuple(words)
        status = int(_command_module(arguments.command).run(arguments))
        sys.stdout.flush()
        return status
    except CodesignError as error:
        return _fail(str(error), error.exit_status, debug)
    except KeyboardInterrupt:
        return _stopped(signals, debug)
    except BrokenPipeError:
        # The reader of our output (`head`, say) has gone, which is its right. Python would
        # complain once more when it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if signals:
            # Python makes a RuntimeError of what is raised while a class is made
            return _stopped(signals, debug)
        lack = out_of_memory(error)
        if lack is not None:
            return _fail(str(lack), lack.exit_status, debug)
        hint = "" if debug else " Run again with --debug to see where."
        message = f"{type(error).__name__}: {error}. This is an error in the toolkit.{hint}"
        return _fail(message, INTERNAL_ERROR, debug)


def _stopped(signals: Sequence[int], debug: bool) -> int:
    number = signals[0] if signals else signal.SIGINT
    name = signal.Signals(number).name
    return _fail(f"stopped by {name}; the same command begins again.", 128 + number, debug)


def build_parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser; only the module of the command that ``words`` ask for is imported."""
    parser = CommandParser(
        prog="codesign",
        usage="codesign [-h] [--version] [--debug] COMMAND ...",
        description="Train multi-timescale conductance neurons and turn them into circuits that "
        "ngspice says are the same neurons.",
        epilog=f"{_listed_commands()}\n\n"
        "`codesign COMMAND --help` shows the options of a command and an example.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="say which version this is")
    add_debug(parser)
    subparsers = parser.add_subparsers(
        dest="command",
        metavar="COMMAND",
        required=True,
        help=argparse.SUPPRESS,
        prog="codesign",
    )
    chosen = next((word for word in words if not word.startswith("-")), None)
    for name in COMMANDS:
        if name == chosen:
            _command_module(name).add_parser(subparsers)
        else:
            subparsers.add_parser(name)
    return parser


def _listed_commands() -> str:
    """The commands by what they are about, each on a line."""
    widest = max(map(len, COMMANDS))
    lines = []
    for group, commands in GROUPS.items():
        lines += ["", f"{group}:"]
        lines += [f"  {name:{widest}}  {summary}" for name, summary in commands.items()]
    return "\n".join(lines[1:])


def _command_module(name: str) -> Any:
    return importlib.import_module(f"{__package__}.commands.{name}")


class _Version(argparse.Action):
    """Looks the version up when it is asked for: that takes longer than parsing."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print it and end."""
        print(f"codesign {_version()}")
        parser.exit()


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("mtc-codesign")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _fail(message: str, status: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    # One line, whatever was in the file that the message quotes; nothing a terminal would obey.
    line = "".join(c if c.isprintable() else " " for c in " ".join(message.split()))
    print(f"error: {line}", file=sys.stderr)
    return status
