"""``codesign iv``: a neuron's I-V curves by timescale."""

import argparse

from codesign.arguments.neurons import add_backend, add_neuron, chosen_backend, read_single
from codesign.terminal.arguments import Subparsers, add_command, add_plot

_MOST_POINTS = 100_000


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "iv",
        example="codesign iv neuron.toml --from -3 --to 3 --points 61\n"
        "codesign iv preset:tonic_bursting --plot curves.png",
        description="Tell where the I-V curves of a neuron are zero, fall and fold: at each "
        "timescale, leak and all elements that are as fast or faster, the slower ones held at the "
        "operating point. Bias and input currents are not part of them. --plot draws the curves, "
        "--json prints their points.",
    )
    add_neuron(parser)
    parser.add_argument("--from", dest="low", type=float, default=-3.0, metavar="U", help="lowest")
    parser.add_argument("--to", dest="high", type=float, default=3.0, metavar="U", help="highest")
    parser.add_argument("--points", type=int, default=121, help="how many (default: %(default)d)")
    parser.add_argument(
        "--operating-point",
        type=float,
        metavar="U",
        help="where slower elements are held (default: u_rest)",
    )
    add_backend(parser)
    add_plot(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    import numpy as np

    from codesign.terminal.answers import CURVE_COLUMNS, curve_rows, excitability_answer
    from codesign.terminal.console import print_json
    from codesign.terminal.tables import print_table, say
    from neuron_model.analysis.excitability import excitability, negative_conductance
    from neuron_model.errors import InputError
    from neuron_model.model.parameters import TIMESCALES

    low, high, points = arguments.low, arguments.high, arguments.points
    if not (np.isfinite([low, high]).all() and low < high):
        raise InputError(f"--from {low:g} --to {high:g} is no range; give finite, growing ends.")
    if not 2 <= points <= _MOST_POINTS:
        raise InputError(f"--points {points} is not allowed; it must be from 2 to {_MOST_POINTS}.")
    neuron = read_single(arguments.neuron).neurons[0]
    held = arguments.operating_point
    held = float(neuron.u_rest) if held is None else held
    with chosen_backend(arguments) as backend:
        curves = backend.curves(neuron, np.linspace(low, high, points), held)
    if arguments.plot is not None:
        from codesign.pictures.neuron_plots import curves_figure
        from codesign.pictures.plots import save_figure

        save_figure(curves_figure(curves, neuron.name), arguments.plot)
    shape = excitability(neuron)  # of the model, whichever backend drew the curves
    if arguments.json:
        print_json(
            {
                "neuron": neuron.name,
                "operating_point": held,
                "voltage": curves.voltage,
                **{str(x): curves.at(x) for x in TIMESCALES},
                "negative_conductance": {
                    str(x): negative_conductance(neuron, x) for x in TIMESCALES
                },
                "excitability": shape,
            }
        )
        return 0
    step = curves.voltage[1] - curves.voltage[0]
    print_table(
        f"{neuron.name}: {points} points, {step:.3g} apart; slower elements held at U_op = "
        f"{held:g}",
        CURVE_COLUMNS,
        curve_rows(curves, held),
    )
    say(excitability_answer(shape))
    say(f"curves: {arguments.plot or '--plot FILE.png draws them, --json prints their points'}")
    return 0
