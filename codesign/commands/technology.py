"""``codesign technology new``: a technology file for a model library of one's own."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from codesign.terminal.arguments import Subparsers, add_command
from codesign.terminal.parser import section

if TYPE_CHECKING:
    from codesign.technologies.new import FoundTechnology

# Seconds for one bench: the largest takes ten on a machine that does nothing else.
_TIMEOUT = 900.0


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "technology",
        example="codesign technology new --name mine --models my180.lib --section tt --nmos nch "
        "--pmos pch --supply 1.8 -o mine.toml\n"
        "codesign validate preset:tonic_spiking --technology mine.toml",
        description="Measure the transistors of a model library (SPICE models for ngspice, BSIM3 "
        "or BSIM4, alone or in subcircuits) and write a commented technology file for it, with a "
        "page of pictures beside it: how devices are written, sizes and biases at which the cells "
        "work, limits, corners. What the library does not say is assumed, and marked so. Exit "
        "status 1: the file is written, but the process does not suit, and the reason is told.",
    )
    parser.add_argument("action", choices=("new",), help="write a new technology file")
    parser.add_argument("--name", required=True, help="of the technology")
    parser.add_argument(
        "--models", type=Path, required=True, metavar="FILE", help="the model library"
    )
    parser.add_argument(
        "--section",
        action="append",
        default=[],
        metavar="NAME",
        help="its nominal section, where it has sections (others that have both devices become "
        "corners); given again, or as 'FILE NAME' of a file beside it: all are read together",
    )
    parser.add_argument("--nmos", required=True, metavar="NAME", help="model or subcircuit")
    parser.add_argument("--pmos", required=True, metavar="NAME", help="model or subcircuit")
    parser.add_argument("--supply", type=float, required=True, metavar="V", help="volt")
    parser.add_argument(
        "--reference",
        type=float,
        metavar="V",
        help="middle of a neuron's voltages (default: half the supply, or where there is room)",
    )
    parser.add_argument(
        "--include",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="read before the library, such as a file of switches; may be given again",
    )
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a .param of the library to set, such as a switch of its statistics; may be given "
        "again",
    )
    section(parser, "output").add_argument(
        "-o",
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="the technology file; its pictures go to the same name with .png",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from codesign.pictures.plots import save_figure
    from codesign.technologies.new import NewTechnology, find_technology
    from codesign.technologies.plots import technology_figure
    from codesign.terminal.console import print_json, step_progress
    from codesign.workbench import WorkbenchSettings

    request = NewTechnology(
        name=arguments.name,
        models=arguments.models,
        nmos=arguments.nmos,
        pmos=arguments.pmos,
        supply=arguments.supply,
        file=arguments.out,
        sections=tuple(arguments.section),
        reference=arguments.reference,
        includes=tuple(arguments.include),
        parameters=_parameters(arguments.parameter),
    )
    with (
        step_progress(f"looking at {arguments.models.name}") as progress,
        WorkbenchSettings(timeout=_TIMEOUT).open(progress) as workbench,
    ):
        found = find_technology(request, workbench)
    picture = None
    if found.page is not None:
        verdict = "suits" if found.suits else "does not suit"
        picture = save_figure(
            technology_figure(found.page, verdict), arguments.out.with_suffix(".png")
        )
    if arguments.json:
        print_json(_document(found, picture))
    else:
        _print(found, picture)
    return 0 if found.suits else 1


def _parameters(words: list[str]) -> dict[str, float]:
    from neuron_model.errors import InputError

    values: dict[str, float] = {}
    for word in words:
        name, _, text = word.partition("=")
        try:
            values[name.strip()] = float(text)
        except ValueError:
            raise InputError(
                f"--parameter {word!r}: NAME=VALUE is expected, with a number, such as mc_switch=0."
            ) from None
    return values


def _document(found: "FoundTechnology", picture: Path | None) -> dict[str, object]:
    from circuits.structure import Polarity

    technology, quality = found.technology, found.quality
    return {
        "name": technology.name,
        "file": found.file,
        "picture": picture,
        "suits": found.suits,
        "reasons": found.reasons,
        "notes": found.notes,
        "corner": found.corner,
        "corners": technology.corners,
        "supply": technology.supply,
        "reference": technology.reference,
        "devices": {
            kind.value: {
                "model": technology.device(kind).model,
                "prefix": technology.device(kind).prefix,
                "terminals": technology.device(kind).terminals,
                "size_style": technology.device(kind).size_style,
                "size_parameters": technology.device(kind).size_parameters,
                "multiplier": technology.device(kind).multiplier,
                "oxide": found.devices[kind].oxide,
                "gate_leakage": found.devices[kind].gate_leakage,
                "off_current": found.devices[kind].off_current,
            }
            for kind in Polarity
        },
        "sizes": technology.sizes,
        "limits": technology.limits,
        "ota": {
            "bias": quality.bias,
            "gain": quality.gain,
            "slope_voltage": quality.slope_voltage,
            "offset_current": quality.offset_current,
            "output_conductance": quality.conductance,
            "residual": quality.residual,
        },
    }


def _print(found: "FoundTechnology", picture: Path | None) -> None:
    from circuits.structure import Polarity
    from codesign.terminal.quantities import quantity
    from codesign.terminal.tables import print_table, say

    technology = found.technology
    columns = ("device", "written", "terminals", "2 µm is", "in parallel", "oxide", "gate leakage")
    styles = {"u": "2u", "plain": "2", "metre": "2e-06"}
    rows = [
        (
            technology.device(kind).model,
            technology.device(kind).prefix,
            " ".join(technology.device(kind).terminals),
            f"{technology.device(kind).width_parameter}="
            f"{styles[technology.device(kind).size_style.value]}",
            " ".join(technology.device(kind).multiplier),
            f"{1e9 * found.devices[kind].oxide:.2g} nm",
            f"{quantity(found.devices[kind].gate_leakage, 'A')}/µm²",
        )
        for kind in Polarity
    ]
    print_table(f"{technology.name}, {found.corner}, {technology.supply:g} V", columns, rows)
    quality = found.quality
    inside = (quality.bias >= 0.9 * technology.limits.bias_current[0]) & (
        quality.bias <= 1.1 * technology.limits.bias_current[1]
    )
    table = zip(
        quality.bias[inside],
        quality.gain[inside],
        1e3 * quality.slope_voltage[inside],
        100 * quality.offset_current[inside],
        quality.conductance[inside],
        strict=True,
    )
    print_table(
        f"OTA at {technology.reference:g} V",
        ("bias", "gain", "V0 (mV)", "offset current (%)", "g out (1/V)"),
        [(quantity(bias, "A"), *map(float, row)) for bias, *row in table],
    )
    low, high = technology.limits.bias_current
    say(
        f"biases {quantity(low, 'A')} to {quantity(high, 'A')}, references "
        f"{technology.limits.voltage[0]:.2f} to {technology.limits.voltage[1]:.2f} V, corners "
        f"{', '.join(technology.corners)}"
    )
    for note in found.notes:
        say(f"note: {note}")
    for reason in found.reasons:
        say(f"does not suit: {reason}")
    say(f"{found.file}" + (f", pictures: {picture}" if picture else ""))
