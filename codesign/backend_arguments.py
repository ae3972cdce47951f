"""Arguments of the commands that ask one neuron a question, and what they choose."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from codesign.arguments import add_conditions, add_technology, add_timeout
from neuron_model.errors import InputError

if TYPE_CHECKING:
    from codesign.workflows.backends import Backend
    from codesign.workflows.source import Source


def add_neuron(parser: argparse.ArgumentParser) -> None:
    """The one neuron that the command is about."""
    parser.add_argument("neuron", metavar="NEURON", help="a neuron file, or preset:NAME")


def add_backend(parser: argparse.ArgumentParser) -> None:
    """Who answers: the equations or the circuit, and which circuit."""
    parser.add_argument(
        "--backend",
        choices=("model", "ngspice"),
        default="model",
        help="ask the equations, or the neuron's circuit in ngspice (default: %(default)s)",
    )
    add_technology(parser, required=False)
    add_conditions(parser)
    add_timeout(parser)


def read_single(name: str) -> Source:
    """The neuron file or preset that ``name`` is.

    Raises:
        InputError: there is none, or it is the folder of a network.
    """
    from codesign.workflows.source import load_source

    source = load_source(name)
    if source.folder is not None:
        raise InputError(
            f"{name}: is the folder of a network; this command takes one neuron, a neuron file or "
            "preset:NAME."
        )
    return source


@contextlib.contextmanager
def chosen_backend(
    arguments: argparse.Namespace, sampling: float | None = None
) -> Iterator[Backend]:
    """What :func:`add_backend` was given, while it is in use; progress goes to standard error.

    Raises:
        InputError: ngspice without a technology, or a technology, corner or sampling that the
            chosen backend has no use for.
    """
    from codesign.console import step_progress
    from codesign.workflows.backends import CircuitBackend, ModelBackend, NoisyBackend
    from netlists.accuracy import Accuracy

    noise_seed = getattr(arguments, "noise_seed", None)
    if noise_seed is not None:
        _check_noisy(arguments)
        with step_progress("noise") as progress:
            yield NoisyBackend(
                arguments.technology,
                arguments.corner,
                arguments.temperature,
                arguments.time_limit,
                progress,
                watch=progress.watch,
                seed=noise_seed,
                sampling=sampling,
            )
        return
    if arguments.backend == "model":
        for name in ("technology", "corner"):
            if getattr(arguments, name) is not None:
                raise InputError(f"--{name} has no meaning for the model; add --backend ngspice.")
        yield ModelBackend(sampling)
        return
    if arguments.technology is None:
        raise InputError(
            "--backend ngspice needs a technology: add --technology generic, sky130 or the path "
            "of a technology file."
        )
    if sampling is not None:
        raise InputError("--sampling is the model's; ngspice chooses its own time steps.")
    with step_progress("simulating the circuit") as progress:
        yield CircuitBackend(
            arguments.technology,
            arguments.corner,
            arguments.temperature,
            arguments.time_limit,
            progress,
            # waveforms and curves, of which no verdict is made, are always exact
            Accuracy(getattr(arguments, "accuracy", Accuracy.TIGHT)),
            progress.watch,
        )


def _check_noisy(arguments: argparse.Namespace) -> None:
    if arguments.noise_seed < 0:
        raise InputError(f"--noise-seed {arguments.noise_seed} must be at least 0.")
    if arguments.backend != "model":
        raise InputError(
            "--noise-seed is the macromodel's; `codesign noise --backend ngspice` runs the circuit "
            "with noise."
        )
    if arguments.technology is None:
        raise InputError(
            "--noise-seed needs the technology whose transistors have the noise: add --technology "
            "generic, sky130 or the path of a technology file."
        )
