"""``codesign doctor``: what is there, what is missing, and how to get it."""

import argparse

from codesign.terminal.arguments import Subparsers, add_command


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "doctor",
        example="codesign doctor\ncodesign doctor --torch --json",
        description="Check what the toolkit needs and say how to get what is missing. "
        "Exit status 3 where something that is needed is missing.",
    )
    parser.add_argument(
        "--torch", action="store_true", help="load torch as well and ask it for its devices"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from codesign.doctor import examine
    from codesign.terminal.console import note, print_json
    from codesign.terminal.tables import print_table
    from neuron_model.errors import MissingDependencyError

    checks = examine(arguments.torch)
    missing = [check for check in checks if check.needed and not check.ok]
    if arguments.json:
        print_json({"ok": not missing, "checks": checks})
    else:
        rows = [(c.name, _state(c.ok, c.needed), c.found) for c in checks]
        print_table("", ("what", "state", "found"), rows)
    for check in checks:
        if not check.ok:
            note(f"{check.name}: {check.remedy}")
    return MissingDependencyError.exit_status if missing else 0


def _state(ok: bool, needed: bool) -> str:
    if ok:
        return "ok"
    return "missing" if needed else "not there (not needed)"
