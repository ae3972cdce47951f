"""Validation of everything that a command line names, and its summary on the terminal."""

from collections.abc import Sequence
from pathlib import Path

from circuits.technology import Technology
from codesign.building.circuit import circuit_of, with_netlist
from codesign.building.mapped_neuron import MappedNeuron
from codesign.building.provenance import model_hash, simulator_version, toolkit_version
from codesign.building.source import Source
from codesign.building.stimuli import steady_drive
from codesign.terminal.tables import print_table, say
from codesign.validation.validate import DrivenCircuit, validate
from codesign.validation.validation import Validation, summary
from codesign.validation.validation_table import COLUMNS, LEGEND, remarks, row, title
from codesign.workbench import Workbench
from mapping.design import NeuronDesign
from netlists.accuracy import Accuracy
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters


def select(source: Source, wanted: str | None, what: str = "--neurons") -> tuple[int, ...]:
    """Indices of the neurons that ``wanted`` lists ("0,3,5" or "0-3"); all where it is None.

    ``what`` is what errors call it.

    Raises:
        InputError: not such a list, or a neuron that is not there.
    """
    count = len(source.neurons)
    if wanted is None:
        return tuple(range(count))
    chosen: list[int] = []
    for part in wanted.split(","):
        first, dash, last = part.strip().partition("-")
        if not (first.isdecimal() and (last.isdecimal() or not dash)):
            raise InputError(f"{what} {wanted!r}: {part!r} is neither a number nor a range.")
        if not int(first) <= int(last or first) < count:
            raise InputError(f"{what} {wanted!r}: there are neurons 0 to {count - 1}.")
        chosen += range(int(first), int(last or first) + 1)
    return tuple(dict.fromkeys(chosen))


def validate_neurons(
    neurons: Sequence[MappedNeuron],
    workbench: Workbench,
    accuracy: Accuracy = Accuracy.AUTO,
    netlist: Path | None = None,
) -> Validation:
    """Build and validate ``neurons``, all in one technology and under one set of conditions.

    A neuron that a recorded current drives is validated twice: with it, spike by spike, and with
    a constant current typical of it, by its regime.

    netlist: a file with the subcircuit of the one neuron, to judge in place of ours.

    Raises:
        InputError: a condition is not usable.
        SimulatorError: a circuit could not be simulated.
    """
    tasks = []
    for neuron in neurons:
        built = circuit_of(neuron, workbench)
        if netlist is not None:
            built = with_netlist(built, netlist, neuron.technology)
        tasks.append(DrivenCircuit(built, neuron.drive))
        if neuron.drive.driven:
            tasks.append(DrivenCircuit(built, steady_drive(neuron.model, neuron.drive)))
    technology, designs = neurons[0].technology, [neuron.design for neuron in neurons]
    return Validation(
        technology=technology.name,
        conditions=neurons[0].conditions,
        neurons=validate(tasks, workbench, accuracy),
        provenance=provenance([neuron.parameters for neuron in neurons], designs, technology),
    )


def provenance(
    neurons: Sequence[NeuronParameters], designs: Sequence[NeuronDesign], technology: Technology
) -> dict[str, str]:
    """What a validation rests on, by what it is called."""
    return {
        "mtc-codesign": toolkit_version(),
        "simulator": simulator_version(),
        "technology": technology.description or technology.name,
        "characteristics": designs[0].characteristics,
        **{f"model of {neuron.name}": model_hash(neuron) for neuron in neurons},
    }


def print_validation(validation: Validation) -> None:
    """The outcome as a table on standard output, with the reasons of what did not pass."""
    print_table(title(validation), COLUMNS, [row(neuron) for neuron in validation.neurons])
    say(LEGEND)
    for line in remarks(validation):
        say(line)
    say(summary(validation))
