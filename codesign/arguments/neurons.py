"""Arguments of the commands that ask one neuron a question, and what they choose."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from codesign.terminal.arguments import add_conditions, add_technology, add_timeout
from codesign.terminal.parser import section
from neuron_model.errors import InputError

if TYPE_CHECKING:
    from circuits.technology import Technology
    from codesign.building.backends import Backend
    from codesign.building.mapped_neuron import MappedNeuron
    from codesign.building.source import Source
    from codesign.workbench import Workbench
    from mapping.conditions import Conditions
    from mapping.mapper import MappingChoices
    from neuron_model.model.drive import Drive
    from neuron_model.model.parameters import NeuronParameters


def add_neuron(parser: argparse.ArgumentParser) -> None:
    """The one neuron that the command is about."""
    parser.add_argument("neuron", metavar="NEURON", help="a neuron file, or preset:NAME")


def add_backend(parser: argparse.ArgumentParser) -> None:
    """Who answers: the equations or the circuit, and which circuit."""
    section(parser, "simulation").add_argument(
        "--backend",
        choices=("model", "ngspice"),
        default="model",
        help="ask the equations, or the neuron's circuit in ngspice (default: %(default)s)",
    )
    add_technology(parser, required=False)
    add_conditions(parser)
    add_timeout(parser)


def add_built_backend(parser: argparse.ArgumentParser, what: str) -> None:
    """Who answers for a neuron that is built: its macromodel, or the circuit; ``what``: help."""
    section(parser, "simulation").add_argument(
        "--backend",
        choices=("macromodel", "ngspice"),
        default="macromodel",
        help=f"{what} (default: %(default)s)",
    )


def read_single(name: str) -> Source:
    """The neuron file or preset that ``name`` is.

    Raises:
        InputError: there is none, or it is the folder of a network.
    """
    from codesign.building.source import load_source

    source = load_source(name)
    if source.folder is not None:
        raise InputError(
            f"{name}: is the folder of a network; this command takes one neuron, a neuron file or "
            "preset:NAME."
        )
    return source


def driven_single(arguments: argparse.Namespace) -> tuple[NeuronParameters, Drive]:
    """The neuron that the command is about, and what drives it.

    Raises:
        InputError: there is none, or the current asked for is not usable.
    """
    from codesign.building.stimuli import stimuli_for

    source = read_single(arguments.neuron)
    (parameters,) = source.neurons
    (drive,) = stimuli_for(source, arguments.current, arguments.duration)
    return parameters, drive


def mapped_single(
    arguments: argparse.Namespace, technology: Technology, workbench: Workbench
) -> MappedNeuron:
    """The neuron that the command is about, mapped, under the conditions and drive asked for.

    Raises:
        InputError: there is none, it does not fit, or a condition or current is not usable.
    """
    from circuits.technology import conditions_at
    from codesign.building.circuit import design_neuron
    from codesign.building.mapped_neuron import MappedNeuron

    parameters, drive = driven_single(arguments)
    asked = (getattr(arguments, name, None) for name in ("corner", "temperature"))
    conditions = conditions_at(technology, *asked)
    choices = mapping_choices(arguments, technology)
    design = design_neuron(parameters, technology, workbench, choices)
    return MappedNeuron(parameters, design, technology, conditions, drive)


def mapping_choices(arguments: argparse.Namespace, technology: Technology) -> MappingChoices:
    """What ``add_mapping`` was given, the rest as the technology file says.

    Raises:
        InputError: codes are asked for, and the technology has no generator.
    """
    from dataclasses import replace

    from codesign.building.circuit import default_choices

    generator = None
    if arguments.quantize is not None:
        generator = technology.bias_generator
        if generator is None:
            raise InputError(
                f"technology '{technology.name}' has no [bias_generator], whose codes --quantize "
                "would use: describe it in the technology file."
            )
        if arguments.quantize:
            generator = replace(generator, bits=arguments.quantize)
    return replace(
        default_choices(technology),
        generator=generator,
        unit_current=arguments.unit_current,
        membrane_capacitance=arguments.membrane_capacitance,
    )


@contextlib.contextmanager
def chosen_backend(
    arguments: argparse.Namespace, sampling: float | None = None
) -> Iterator[Backend]:
    """What :func:`add_backend` was given, while it is in use; progress goes to standard error.

    Raises:
        InputError: ngspice without a technology, or a technology, corner or sampling that the
            chosen backend has no use for.
    """
    from codesign.building.backends import CircuitBackend, ModelBackend
    from netlists.accuracy import Accuracy

    noise_seed = getattr(arguments, "noise_seed", None)
    if noise_seed is not None:
        from codesign.studies.noise.backend import NoisyBackend

        _check_noisy(arguments)
        with _circuit_arguments(arguments, "noise") as (technology, conditions, workbench):
            yield NoisyBackend(
                technology, conditions, workbench, seed=noise_seed, sampling=sampling
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
    # waveforms and curves, of which no verdict is made, are always exact
    accuracy = Accuracy(getattr(arguments, "accuracy", Accuracy.TIGHT))
    with _circuit_arguments(arguments, "simulating the circuit") as on:
        yield CircuitBackend(*on, accuracy)


@contextlib.contextmanager
def _circuit_arguments(
    arguments: argparse.Namespace, what: str
) -> Iterator[tuple[Technology, Conditions, Workbench]]:
    """On what a circuit is made, where it works, and what simulates it, while the block runs.

    Raises:
        InputError: there is no such technology, or it has no such corner.
    """
    from circuits.technology import check_corner, conditions_at, load_technology
    from codesign.terminal.console import open_workbench

    technology = load_technology(arguments.technology)
    conditions = conditions_at(technology, arguments.corner, arguments.temperature)
    check_corner(technology, conditions.corner)
    with open_workbench(what, arguments.time_limit) as workbench:
        yield technology, conditions, workbench


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
