"""``codesign noise``: how much a neuron's intervals vary by the noise of its transistors."""

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from codesign.arguments import add_circuit, add_command, add_plot, add_technology, add_timeout
from codesign.backend_arguments import add_neuron, mapped_single

if TYPE_CHECKING:
    from codesign.arguments import Subparsers
    from codesign.noise_study import Jitter, NoiseStudy, Train


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "noise",
        example="codesign noise preset:tonic_spiking --technology generic --plot noise.png\n"
        "codesign noise neuron.toml --technology sky130 --boundary --runs 200\n"
        "codesign noise preset:tonic_spiking --technology generic --backend ngspice --circuits 4",
        description="Measure the white and flicker noise of each cell with ngspice's noise "
        "analysis, run the macromodel many times with these noise currents, and print the jitter "
        "of its intervals and the share of runs in each regime, with 95 %% intervals. With "
        "--backend ngspice the circuit is simulated as well, with noise sources (trnoise) of the "
        "measured densities in the test bench. Bias lines and references are taken as noiseless.",
    )
    add_neuron(parser)
    add_technology(parser)
    parser.add_argument(
        "--runs",
        type=int,
        default=100,
        metavar="N",
        help="runs of the macromodel, and at each current of a boundary (default: %(default)d)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="S",
        help="of the macromodel's noise (default: %(default)d); ngspice draws its own, which "
        "cannot be repeated",
    )
    parser.add_argument(
        "--boundary",
        action="store_true",
        help="find the nearest current at which the regime changes, and print how likely each "
        "regime is around it",
    )
    parser.add_argument(
        "--backend",
        choices=("model", "ngspice"),
        default="model",
        help="run the macromodel, or the circuit as well (default: %(default)s)",
    )
    parser.add_argument(
        "--circuits",
        type=int,
        default=4,
        metavar="K",
        help="simulations with --backend ngspice (default: %(default)d)",
    )
    add_circuit(parser)
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="FILE",
        help="record of all runs (JSON lines); an interrupted study resumes from it",
    )
    add_plot(parser)
    add_timeout(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from circuits.technology import load_technology
    from codesign.console import open_workbench, print_json
    from codesign.noise_study import study_to_json
    from codesign.workflows.noise import noisy_neuron, study
    from neuron_model.errors import InputError

    if arguments.seed < 0:
        raise InputError(f"--seed {arguments.seed} is not allowed; it must be at least 0.")
    technology = load_technology(arguments.technology)
    simulated = arguments.circuits if arguments.backend == "ngspice" else 0
    with open_workbench("noise", arguments.time_limit) as workbench:
        neuron = noisy_neuron(mapped_single(arguments, technology, workbench), workbench)
        outcome = study(
            neuron,
            workbench,
            arguments.runs,
            arguments.seed,
            simulated,
            arguments.boundary,
            arguments.out,
        )
    if arguments.plot is not None:
        from codesign.noise_plots import noise_figure
        from codesign.plots import save_figure

        save_figure(noise_figure(outcome), arguments.plot)
    if arguments.json:
        print_json(study_to_json(outcome))
    else:
        _print(outcome)
    return 0


def _print(outcome: "NoiseStudy") -> None:
    from codesign.console import print_table
    from codesign.noise_study import QUANTITIES
    from codesign.quantities import quantity

    where = f"{outcome.technology}, {outcome.conditions}"
    print_table(
        f"{outcome.name} on {where}: noise of its cells",
        ("cell", "bias", "white (2 q I)", "by shot noise", "flicker corner"),
        [
            (row.cell, quantity(row.bias, "A"), row.white, row.shot, quantity(row.corner, "Hz"))
            for row in outcome.cells
        ],
    )
    print_table(
        "noise currents, mean over the run",
        ("node", "white (A^2/Hz)", "flicker at 1 Hz (A^2/Hz)", "corner", "capacitance"),
        [
            (
                "membrane" if n.node is None else n.node.value,
                f"{n.white:.3g}",
                f"{n.flicker:.3g} / f^{n.exponent:.2f}",
                quantity(n.corner, "Hz"),
                quantity(n.capacitance, "F"),
            )
            for n in outcome.nodes
        ],
    )
    print(
        f"white noise on C_m with a leak of one unit alone: {quantity(outcome.rms, 'V')} rms, "
        f"{outcome.rms / outcome.unit_voltage:.2g} units"
    )
    rows = []
    for name, words in QUANTITIES.items():
        for who, of in (("macromodel", outcome.jitter), ("ngspice", outcome.circuit_jitter)):
            value = of[name]
            if value is not None:
                rows.append((words, who, *_row(value, outcome.time_unit)))
    runs = f"{len(outcome.trains)} runs, seed {outcome.seed}"
    if outcome.circuits:
        runs += f"; {len(outcome.circuits)} of the circuit in ngspice"
    columns = ("of", "by", "values", "mean", "jitter (std)", "95 % interval", "CV (%)")
    print_table(f"jitter: {runs}", columns, rows)
    for name, words in QUANTITIES.items():
        found = outcome.agreement(name)
        if found is not None:
            print(
                f"{words}: jitter of the macromodel over ngspice's {found.value:.2f} "
                f"({found.low:.2f} to {found.high:.2f})"
            )
    for who, trains in (("macromodel", outcome.trains), ("ngspice", outcome.circuits)):
        if trains:
            print(f"regimes, {who}: {_regimes(outcome, trains)}")
    _print_boundary(outcome)
    for note in outcome.notes:
        print(f"note: {note}")


def _row(value: "Jitter", unit: float) -> tuple[object, ...]:
    from codesign.quantities import quantity

    interval = f"{quantity(value.low * unit, 's')} to {quantity(value.high * unit, 's')}"
    return (
        value.count,
        quantity(value.mean * unit, "s", 4),
        quantity(value.deviation * unit, "s"),
        interval,
        100 * value.variation,
    )


def _regimes(outcome: "NoiseStudy", trains: "tuple[Train, ...]") -> str:
    return ", ".join(
        f"{regime} {share.percent}" for regime, share in outcome.regimes(trains).items()
    )


def _print_boundary(outcome: "NoiseStudy") -> None:
    from codesign.console import print_table

    boundary = outcome.boundary
    if boundary is None:
        return
    regimes = [boundary.below, boundary.above]
    regimes += [x for p in boundary.points for x in p.counts if x not in regimes]
    regimes = list(dict.fromkeys(regimes))
    print_table(
        f"around {boundary.current:.4f} I0, where {boundary.below} becomes {boundary.above} "
        "without noise",
        ("current (I0)", *(str(x) for x in regimes)),
        [(f"{p.current:.5f}", *(p.share(x).percent for x in regimes)) for p in boundary.points],
    )
    if math.isfinite(boundary.width):
        print(f"noise smears the boundary over {boundary.width:.2g} I0 (16 to 84 %)")
    else:
        print(f"with noise, {boundary.above} does not go from 16 to 84 % over these currents")
