"""``codesign pdk``: install and find transistor models."""

import argparse

from codesign.terminal.arguments import Subparsers, add_command


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "pdk",
        example="codesign pdk install sky130\ncodesign pdk install gf180mcu\n"
        "codesign pdk list --json",
        description="Install transistor models into the user's cache, or show what is there. "
        "A PDK under $PDK_ROOT is used before an installed one.",
    )
    parser.add_argument(
        "action", choices=("install", "list"), help="bring models here, or show what is here"
    )
    parser.add_argument("name", nargs="?", help="the models to install: sky130 or gf180mcu")
    parser.add_argument("--quiet", action="store_true", help="say nothing when all is well")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from codesign.technologies.pdk import pdk_state, pdk_states
    from codesign.terminal.console import note, print_json
    from codesign.terminal.tables import print_table
    from netlists.pdk_cache import find_package, install
    from neuron_model.errors import InputError

    if arguments.action == "list":
        states = pdk_states()
        if arguments.json:
            print_json(states)
        else:
            rows = [(s.name, s.version, s.installed, s.path, s.licence) for s in states]
            print_table("", ("name", "version", "installed", "library", "licence"), rows)
        return 0

    if not arguments.name:
        raise InputError("Say which models to install, such as `codesign pdk install sky130`.")
    there = find_package(arguments.name).is_complete
    install(arguments.name, report=note)
    state = pdk_state(arguments.name)
    if arguments.json:
        print_json(state)
    elif not (arguments.quiet and there):
        print(f"{state.name} {state.version}: {state.path}")
    return 0
