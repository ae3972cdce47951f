"""Arguments of the commands that draw chips of a neuron, and what they choose."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codesign.arguments import (
    add_accuracy,
    add_circuit,
    add_mismatch_set,
    add_plot,
    add_technology,
    add_timeout,
)
from codesign.backend_arguments import add_neuron, read_single

if TYPE_CHECKING:
    from circuits.technology import Technology
    from mapping.design import NeuronDesign
    from netlists.engine import Engine
    from neuron_model.model.drive import Drive
    from neuron_model.model.parameters import NeuronParameters
    from neuron_model.progress import Progress


@dataclass(frozen=True)
class MappedNeuron:
    """One neuron as mapped, what drives it, and what measures its chips.

    simulator: ngspice where its chips are to be simulated, beside what they are as built.
    """

    parameters: NeuronParameters
    design: NeuronDesign
    technology: Technology
    drive: Drive
    engine: Engine
    simulator: Engine | None
    progress: Progress


def add_chips(parser: argparse.ArgumentParser, backend: str, record: str) -> None:
    """The neuron, its chips, and where they are; ``backend``, ``record``: help of these options."""
    add_neuron(parser)
    add_technology(parser)
    add_mismatch_set(parser)
    parser.add_argument(
        "--samples", type=int, default=100, metavar="N", help="chips (default: %(default)d)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="of the draw (default: %(default)d)"
    )
    parser.add_argument(
        "--process",
        action="store_true",
        help="beside the mismatch of devices, draw what each chip is off by as a whole (threshold "
        "voltages, current factors, capacitors: [process] of the technology)",
    )
    parser.add_argument(
        "--backend",
        choices=("model", "ngspice"),
        default="model",
        help=f"{backend} (default: %(default)s)",
    )
    add_circuit(parser)
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help=record)
    add_plot(parser)
    add_accuracy(parser)
    add_timeout(parser, "one chip")


@contextlib.contextmanager
def mapped_neuron(arguments: argparse.Namespace) -> Iterator[MappedNeuron]:
    """What :func:`add_chips` was given, mapped, while ngspice runs; progress goes to standard
    error."""
    from circuits.technology import load_technology, with_mismatch_set
    from codesign.arguments import mapping_choices
    from codesign.console import step_progress
    from codesign.workflows.chip_results import CHIPS_PER_BENCH
    from codesign.workflows.circuit import design_neuron
    from codesign.workflows.stimuli import stimuli_for
    from netlists.engine import Engine

    technology = load_technology(arguments.technology)
    technology = with_mismatch_set(technology, arguments.mismatch_set)
    source = read_single(arguments.neuron)
    (parameters,) = source.neurons
    (drive,) = stimuli_for(source, arguments.current, arguments.duration)
    choices = mapping_choices(arguments, technology)
    limit = arguments.time_limit and CHIPS_PER_BENCH * arguments.time_limit
    with (
        step_progress("drawing chips") as progress,
        Engine(timeout=None, watch=progress.watch, time_limit=limit) as engine,
    ):
        design = design_neuron(parameters, technology, engine, progress, choices)
        simulator = engine if arguments.backend == "ngspice" else None
        yield MappedNeuron(parameters, design, technology, drive, engine, simulator, progress)
