"""The command line: chooses a command, runs it, and turns errors into an exit status.

Exit status: 0 done; 1 the circuit does not match the model; 2 bad input or usage; 3 something
outside is missing; 4 the simulator failed; 70 an error in the toolkit itself; 130 interrupted.
"""

import argparse
import importlib
import logging
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from codesign.commands import COMMANDS
from codesign.terminal.arguments import add_debug
from neuron_model.errors import CodesignError

INTERNAL_ERROR = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED = 128 + signal.SIGINT


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``codesign`` with these arguments (the process's own by default).

    Returns:
        The exit status. Argument errors and ``--help`` raise SystemExit, as argparse does.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    logging.basicConfig(format="%(levelname)s: %(message)s", stream=sys.stderr)
    logging.captureWarnings(True)
    debug = "--debug" in words or os.environ.get("CODESIGN_DEBUG", "") not in ("", "0")
    try:
        arguments = build_parser(words).parse_args(words)
        arguments.words = tuple(words)
        status = int(_command_module(arguments.command).run(arguments))
        sys.stdout.flush()
        return status
    except CodesignError as error:
        return _fail(str(error), error.exit_status, debug)
    except KeyboardInterrupt:
        return _fail("Interrupted.", INTERRUPTED, debug)
    except BrokenPipeError:
        # The reader of our output (`head`, say) has gone, which is its right. Python would
        # complain once more when it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        hint = "" if debug else " Run again with --debug to see where."
        message = f"{type(error).__name__}: {error}. This is an error in the toolkit.{hint}"
        return _fail(message, INTERNAL_ERROR, debug)


def build_parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser; only the module of the command that ``words`` ask for is imported."""
    parser = argparse.ArgumentParser(
        prog="codesign",
        description="Train multi-timescale conductance neurons and turn them into circuits that "
        "ngspice says are the same neurons.",
        epilog="`codesign COMMAND --help` shows the options of a command and an example.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="say which version this is")
    add_debug(parser)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    chosen = next((word for word in words if not word.startswith("-")), None)
    for name, summary in COMMANDS.items():
        if name == chosen:
            _command_module(name).add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=summary)
    return parser


def _command_module(name: str) -> Any:
    return importlib.import_module(f"codesign.commands.{name}")


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
