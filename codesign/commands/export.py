"""``codesign export``: design and netlists of a neuron or of all neurons of a run."""

import argparse
from pathlib import Path

from codesign.terminal.arguments import (
    Subparsers,
    add_command,
    add_current,
    add_mapping,
    add_neurons,
    add_technology,
)
from codesign.terminal.parser import section


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "export",
        example="codesign export neuron.toml --technology sky130 -o build\n"
        "cd build/netlists && ngspice -b testbench_transient.spice\n"
        "codesign export runs/small --technology sky130\n"
        "cd runs/small/netlists && ngspice -b testbench_network.spice\n"
        "codesign export runs/small --nir small.nir",
        description="Map trained neurons to bias currents, voltages and capacitors, and write "
        "design.json, transistor-level netlists and test benches that plain ngspice runs. Of a "
        "RUN also the whole network: network.spice with its synapses and readout, and a test bench "
        "that plays its test series.",
    )
    add_neurons(parser)
    add_technology(parser, required=False)
    add_current(parser)
    add_mapping(parser)
    parser.add_argument(
        "--share-lines",
        type=int,
        metavar="K",
        help="of a run, with --quantize: the neurons share their bias and reference lines, at most "
        "K groups a line",
    )
    parser.add_argument(
        "--neurons-only",
        action="store_true",
        help="of a run: leave the whole network's circuit out",
    )
    output = section(parser, "output")
    output.add_argument(
        "--corners",
        action="store_true",
        help="measure the cells at each corner and add to the datasheets how the macromodel fires "
        "there, and its power",
    )
    output.add_argument(
        "--dialects",
        nargs="+",
        choices=("cdl", "spectre", "xyce"),
        default=[],
        metavar="NAME",
        help="write the cells for other tools as well: cdl (layout, LVS), spectre, xyce",
    )
    output.add_argument(
        "--capacitors",
        choices=("ideal", "device"),
        default="ideal",
        help="what capacitors are for other tools: C elements, or (device) the technology's MIM "
        "capacitor with its two plates, also in a netlist of its own for LVS, neuron_lvs.spice; "
        "simulated are C elements",
    )
    output.add_argument(
        "--verilog-a",
        action="store_true",
        help="write each neuron's macromodel as a Verilog-A module with the ports of its cell: "
        "neuron.va (compact) and neuron_detailed.va",
    )
    output.add_argument(
        "--xschem",
        action="store_true",
        help="write a symbol and a schematic of each subcircuit as well, for xschem: DIR/xschem",
    )
    output.add_argument(
        "--nir",
        type=Path,
        metavar="FILE",
        help="of a run: write the trained network as a NIR graph, and no circuit; it needs no "
        "--technology",
    )
    output.add_argument(
        "-o", "--out", type=Path, metavar="DIR", help="folder to write into (a RUN: itself)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from dataclasses import replace

    from circuits.technology import load_technology
    from codesign.arguments.neurons import mapping_choices
    from codesign.building.built_circuit import build
    from codesign.building.handover import HandOver, hand_over
    from codesign.building.source import load_source
    from codesign.building.stimuli import stimuli_for
    from codesign.terminal.console import open_workbench, print_json
    from codesign.terminal.tables import print_table, say
    from netlists.dialects import Dialect
    from neuron_model.errors import InputError

    source = load_source(arguments.neuron)
    if arguments.nir is not None:
        return _export_nir(source.folder, arguments.nir, arguments.json)
    if arguments.technology is None:
        raise InputError("Say which process to build on: add `--technology T`.")
    technology = load_technology(arguments.technology)
    folder = arguments.out or source.folder
    if folder is None:
        raise InputError("Say where to write the netlists: add `-o DIR`.")
    devices = arguments.capacitors == "device"
    dialects = [*(["spice"] if devices else []), *arguments.dialects]
    wanted = HandOver(
        tuple(Dialect(name) for name in dialects), arguments.xschem, devices, arguments.verilog_a
    )
    wanted.capacitor(technology)  # refused before anything is written
    driven = replace(source, drives=stimuli_for(source, arguments.current, arguments.duration))
    choices = mapping_choices(arguments, technology)
    with open_workbench("mapping the neurons") as workbench:
        built = build(
            driven,
            technology,
            None,
            choices,
            share_lines=arguments.share_lines,
            workbench=workbench,
        )
        exported = built.export(folder, arguments.neurons_only, arguments.corners)
        network = None if exported.network is None else built.network
        handed = hand_over(built, network, folder, wanted)
    if arguments.json:
        print_json(exported.document() | {"handed_over": [str(path) for path in handed]})
        return 0
    rows = [
        (
            d.name,
            d.unit_current * 1e9,
            d.unit_voltage * 1e3,
            d.time_unit * 1e6,
            e.transistors,
            e.gate_area,
            e.diffusion_area,
            e.capacitor_area,
            e.static_power * 1e9,
            None if e.energy_per_spike is None else e.energy_per_spike * 1e9,
        )
        for d, e in zip(exported.designs, exported.estimates, strict=True)
    ]
    columns = (
        "neuron",
        "I0 (nA)",
        "V0 (mV)",
        "time unit (µs)",
        "transistors",
        "gates (µm²)",
        "diffusions (µm²)",
        "capacitors (µm²)",
        "power (nW)",
        "nJ/spike",
    )
    print_table(f"{technology.name}: {len(exported.files)} files in {folder}", columns, rows)
    layer = built.layer
    if layer.shared is not None:
        worst = max(q.curve_error for q in layer.quantized)
        say(
            f"{layer.shared.lines} lines instead of {layer.shared.own_lines}: curves are off by at "
            f"most {worst:.2g} I0 (rms), {max(layer.shared.own_errors):.2g} with lines of their own"
        )
    for design in exported.designs:
        for note in design.notes:
            say(f"note: {design.name}: {note}")
    for note in technology.notes:
        say(f"note: {note}")
    if exported.network is not None:
        from codesign.networks.table import print_network

        print_network(exported.network)
    elif source.folder is not None and not arguments.neurons_only:
        say(f"note: no circuit of the whole network: {built.why_no_network}")
    if arguments.xschem:
        say(f"symbols and schematics: start xschem in {folder / 'xschem'}")
    others = [path for path in handed if path.parent.name == "netlists"]
    if others:
        kinds = ", ".join(dict.fromkeys(path.suffix for path in others))
        say(f"{len(others)} files for other tools in {folder / 'netlists'} ({kinds})")
    return 0


def _export_nir(folder: Path | None, file: Path, as_json: bool) -> int:
    """The network of a run, as the other libraries of spiking neurons have it."""
    from codesign.terminal.console import print_json
    from codesign.terminal.tables import say
    from neuron_model.errors import InputError
    from neuron_model.network.model_file import read_model
    from neuron_model.network.nir_file import write_nir
    from neuron_model.runs.file_names import MODEL_FILE

    if folder is None:
        raise InputError("--nir writes a network: give the folder of a run.")
    write_nir(file, read_model(folder / MODEL_FILE))
    if as_json:
        print_json({"files": [str(file)]})
    else:
        say(f"{file}: the network of {folder} as a NIR graph")
    return 0
