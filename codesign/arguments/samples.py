"""Arguments of the commands that draw samples of a neuron, and what they choose."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from codesign.arguments.neurons import add_built_backend, add_neuron
from codesign.terminal.arguments import (
    add_accuracy,
    add_circuit,
    add_mismatch_set,
    add_plot,
    add_technology,
    add_timeout,
)
from codesign.terminal.parser import section

if TYPE_CHECKING:
    from circuits.technology import Technology
    from codesign.building.mapped_neuron import MonteCarlo
    from codesign.workbench import WorkbenchSettings
    from netlists.accuracy import Accuracy


def add_samples(parser: argparse.ArgumentParser, backend: str, record: str) -> None:
    """The neuron, its samples, and where they are; ``backend``, ``record``: help texts."""
    add_neuron(parser)
    add_technology(parser)
    add_mismatch_set(parser)
    variation = section(parser, "variation")
    variation.add_argument(
        "--samples", type=int, default=100, metavar="N", help="samples (default: %(default)d)"
    )
    variation.add_argument(
        "--seed", type=int, default=0, metavar="S", help="of the draw (default: %(default)d)"
    )
    variation.add_argument(
        "--process",
        action="store_true",
        help="in addition to the mismatch of devices, draw the process variation of each sample "
        "(threshold voltages, current factors, capacitors: [process] of the technology)",
    )
    add_built_backend(parser, backend)
    add_circuit(parser)
    section(parser, "output").add_argument("-o", "--out", type=Path, metavar="FILE", help=record)
    add_plot(parser)
    add_accuracy(parser)
    add_timeout(parser, "one sample")


def add_search(parser: argparse.ArgumentParser, trials: int, what: str) -> None:
    """Of a search that draws samples at each trial: how many trials, and ``what`` they are."""
    parser.add_argument(
        "--trials", type=int, default=trials, metavar="N", help=f"{what} (default: %(default)d)"
    )
    parser.add_argument(
        "--samples",
        type=int,
        default=200,
        metavar="N",
        help="samples a trial (default: %(default)d)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="of draws and search (%(default)d)"
    )


def drawn_technology(arguments: argparse.Namespace) -> Technology:
    """The technology with the mismatch set that was asked for."""
    from circuits.technology import load_technology, with_mismatch_set

    return with_mismatch_set(load_technology(arguments.technology), arguments.mismatch_set)


def bench_settings(arguments: argparse.Namespace) -> WorkbenchSettings:
    """Of the workbench: several samples share a bench, and the limit is that of one."""
    from codesign.workbench import WorkbenchSettings
    from netlists.sample_results import SAMPLES_PER_BENCH

    limit = arguments.time_limit and SAMPLES_PER_BENCH * arguments.time_limit
    return WorkbenchSettings(time_limit=limit)


def asked_accuracy(arguments: argparse.Namespace) -> Accuracy | None:
    """Of ngspice, where :func:`add_samples` was asked for it."""
    from netlists.accuracy import Accuracy

    return Accuracy(arguments.accuracy) if arguments.backend == "ngspice" else None


def drawing(arguments: argparse.Namespace) -> MonteCarlo:
    """Which samples :func:`add_samples` was asked for."""
    from codesign.building.mapped_neuron import MonteCarlo

    return MonteCarlo(arguments.samples, arguments.seed, arguments.process)
