"""``codesign characterize``: measure a technology's cells."""

import argparse
from typing import TYPE_CHECKING

from codesign.arguments import add_command, add_conditions, add_technology

if TYPE_CHECKING:
    from codesign.arguments import Subparsers


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "characterize",
        example="codesign characterize --technology sky130 --corner ss --temperature 85 --json",
        description="Measure gain, slope, offsets, output conductance and delay of a technology's "
        "cells in ngspice over bias current and common mode, and keep them in the cache.",
    )
    add_technology(parser)
    add_conditions(parser)
    parser.add_argument("--fresh", action="store_true", help="measure again, whatever is cached")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    import json

    from circuits.technology import load_technology
    from codesign.console import print_json, print_table, step_progress
    from codesign.workflows.characterize import characterize
    from codesign.workflows.circuit import nominal_corner
    from mapping.characteristics import Orientation, characteristics_to_json

    technology = load_technology(arguments.technology)
    corner = arguments.corner or nominal_corner(technology)
    with step_progress("measuring the cells") as progress:
        measured = characterize(
            technology, corner, arguments.temperature, progress=progress, fresh=arguments.fresh
        )
    if arguments.json:
        print_json(json.loads(characteristics_to_json(measured)))
        return 0
    columns = (
        "bias (A)",
        "gain",
        "V0 (mV)",
        "offset (mV)",
        "offset current",
        "g out (1/V)",
        "delay (s)",
    )
    for orientation in Orientation:
        table = measured.ota(orientation)
        points = [table.at(bias, measured.reference) for bias in table.bias_current]
        rows = [
            (
                float(bias),
                p.gain,
                p.slope_voltage * 1e3,
                p.offset * 1e3,
                p.offset_current,
                p.output_conductance,
                p.delay,
            )
            for bias, p in zip(table.bias_current, points, strict=True)
        ]
        title = f"{technology.name}, {corner}, {arguments.temperature:g} degC: {orientation} OTA"
        print_table(f"{title} at {measured.reference:g} V", columns, rows)
    for note in technology.notes:
        print(f"note: {note}")
    return 0
