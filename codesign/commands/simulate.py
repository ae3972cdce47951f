"""``codesign simulate``: a neuron's response to a current, over time."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from codesign.arguments.neurons import add_backend, add_neuron, chosen_backend, driven_single
from codesign.terminal.arguments import Subparsers, add_command, add_current, add_plot
from codesign.terminal.parser import section

if TYPE_CHECKING:
    from neuron_model.analysis.simulation import Trajectory
    from neuron_model.model.drive import Drive
    from neuron_model.model.parameters import NeuronParameters


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command's arguments."""
    parser = add_command(
        subparsers,
        "simulate",
        example="codesign simulate neuron.toml --current 0:-2.4,2000:-1.0 --duration 20000 "
        "--out trace.csv\n"
        "codesign simulate preset:tonic_bursting --plot burst.png\n"
        "codesign simulate preset:tonic_bursting --technology generic --noise-seed 1",
        description="Simulate a neuron in continuous time and tell what it does; the waveform goes "
        "to the files that are asked for.",
    )
    add_neuron(parser)
    add_current(parser)
    parser.add_argument(
        "--sampling", type=float, help="model time between samples (default: shows every spike)"
    )
    parser.add_argument(
        "--noise-seed",
        type=int,
        metavar="S",
        help="run the macromodel on --technology with the noise of its transistors, drawn from "
        "this seed (see `codesign noise`)",
    )
    add_backend(parser)
    section(parser, "output").add_argument(
        "-o", "--out", type=Path, metavar="FILE", help="write the waveform as CSV, in model units"
    )
    add_plot(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from codesign.terminal.console import print_json
    from neuron_model.analysis.spikes import spike_times
    from neuron_model.atomic import write_atomically

    neuron, drive = driven_single(arguments)
    with chosen_backend(arguments, arguments.sampling) as backend:
        run = backend.respond(neuron, drive)
    if arguments.plot is not None:
        from codesign.pictures.neuron_plots import trace_figure
        from codesign.pictures.plots import save_figure

        save_figure(trace_figure(run, neuron.name, float(neuron.tau_m)), arguments.plot)
    if arguments.out is not None:
        write_atomically(arguments.out, _csv(run))
    spikes = spike_times(run.time, run.voltage, float(neuron.u_threshold))
    if not arguments.json:
        _print(neuron, drive, run, spikes.size)
        for path in (arguments.out, arguments.plot):
            if path is not None:
                print(path)
        return 0
    print_json(
        {
            "neuron": neuron.name,
            "current": str(drive.stimulus),
            "duration": drive.duration,
            "samples": run.time.size,
            "voltage_range": (run.voltage.min(), run.voltage.max()),
            "final_state": {name: values[-1] for name, values in run.state._asdict().items()},
            "spike_count": spikes.size,
            "spike_times": spikes,
            "out": arguments.out,
            "plot": arguments.plot,
        }
    )
    return 0


def _print(neuron: "NeuronParameters", drive: "Drive", run: "Trajectory", spikes: int) -> None:
    from codesign.terminal.answers import regime_answer
    from codesign.terminal.tables import say
    from neuron_model.analysis.regimes import classify

    lowest, highest = run.voltage.min(), run.voltage.max()
    say(
        f"{neuron.name}: {run.time.size} samples over {drive.duration:g}, U from {lowest:.3g} to "
        f"{highest:.3g}, {spikes} spikes"
    )
    report = classify(run.time, run.voltage, drive.stimulus.onset, float(neuron.u_threshold))
    say(f"after {drive.stimulus.onset:g}: {regime_answer(report, float(neuron.tau_m))}")


def _csv(run: "Trajectory") -> str:
    """One line for each sample under a header that names the columns."""
    import io

    import numpy as np

    columns = (run.time, *run.state, run.current, run.output)
    text = io.StringIO()
    np.savetxt(
        text,
        np.column_stack(columns),
        fmt="%.9g",
        delimiter=",",
        header="time,u_m,u_fast,u_slow,u_ultraslow,current,output",
        comments="",
    )
    return text.getvalue()
