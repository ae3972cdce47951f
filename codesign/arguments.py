"""What the commands' argument parsers have in common."""

import argparse
from typing import TYPE_CHECKING

from codesign.commands import COMMANDS

if TYPE_CHECKING:
    # A name that argparse does not export, but that is the type of what it returns.
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_command(
    subparsers: "Subparsers", name: str, example: str, description: str = ""
) -> argparse.ArgumentParser:
    """A command's parser, with ``--json`` and ``--debug``.

    Args:
        subparsers: what ``add_parser`` of a command's module was given.
        name: the command, one of ``codesign.commands.COMMANDS``.
        example: command lines that work as they stand, shown under the options.
        description: more than the line in COMMANDS, where it needs more.
    """
    summary = COMMANDS[name]
    parser = subparsers.add_parser(
        name,
        help=summary,
        description=description or f"{summary[0].upper()}{summary[1:]}.",
        epilog="example:\n" + "\n".join(f"  {line.strip()}" for line in example.splitlines()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
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
