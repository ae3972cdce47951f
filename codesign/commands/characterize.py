"""``codesign characterize``: measure a technology's cells."""

import argparse
from typing import TYPE_CHECKING

from codesign.terminal.arguments import Subparsers, add_command, add_conditions, add_technology

if TYPE_CHECKING:
    from mapping.leakage import Leakage


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "characterize",
        example="codesign characterize --technology sky130 --corner ss --temperature 85 --json",
        description="Measure gain, slope, offsets, output conductance and delay of a technology's "
        "cells in ngspice over bias current and common mode, and keep them in the cache. What the "
        "technology file claims of its transistors (terminals, units, multiplier, polarity, no "
        "statistics) is measured first, and refused where it is not so.",
    )
    add_technology(parser)
    add_conditions(parser)
    parser.add_argument("--fresh", action="store_true", help="measure again, whatever is cached")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    import json

    from circuits.technology import conditions_at, load_technology
    from codesign.terminal.console import print_json, step_progress
    from codesign.terminal.quantities import quantity
    from codesign.terminal.tables import print_table, say
    from mapping.characteristics import Orientation, characteristics_to_json
    from netlists.cells.characterize import characterize
    from netlists.engine import Engine

    technology = load_technology(arguments.technology)
    conditions = conditions_at(technology, arguments.corner, arguments.temperature)
    with step_progress("measuring the cells") as progress, Engine() as engine:
        measured = characterize(technology, conditions, engine, progress, arguments.fresh)
    if arguments.json:
        print_json(json.loads(characteristics_to_json(measured)))
        return 0
    columns = (
        "bias",
        "gain",
        "V0 (mV)",
        "offset (mV)",
        "offset current / bias",
        "output conductance / bias (1/V)",
        "delay",
    )
    tables = {f"{x.value} OTA": measured.ota(x) for x in Orientation}
    if measured.divided is not None:
        tables["follower that divides"] = measured.divided
    for name, table in tables.items():
        points = [table.at(bias, measured.reference) for bias in table.bias_current]
        rows = [
            (
                quantity(float(bias), "A"),
                p.gain,
                p.slope_voltage * 1e3,
                p.offset * 1e3,
                p.offset_current,
                p.output_conductance,
                quantity(p.delay, "s"),
            )
            for bias, p in zip(table.bias_current, points, strict=True)
        ]
        title = f"{technology.name}, {conditions}: {name}"
        print_table(f"{title} at {measured.reference:g} V", columns, rows)
    if measured.leakage is not None:
        say(leakage_line(measured.leakage))
    for note in (*technology.notes, *measured.notes):
        say(f"note: {note}")
    return 0


def leakage_line(leakage: "Leakage") -> str:
    """What junctions change of the bias of each kind of cell where it is hottest, as a sentence."""
    from codesign.terminal.quantities import quantity

    cells = {
        "an OTA": leakage.ota,
        "one that divides": leakage.divided,
        "a current source": leakage.source,
        "a sink": leakage.sink,
    }
    shares = [f"{quantity(v, 'A')} of {k}" for k, v in cells.items() if v is not None]
    return f"junctions change the bias at {leakage.temperature:g} °C by {', '.join(shares)}"
