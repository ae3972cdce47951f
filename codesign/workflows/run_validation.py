"""Validation of everything that a command line names, and its summary on the terminal."""

import shutil
import sys
from collections.abc import Sequence

from circuits.technology import Technology
from codesign.console import fitting, print_table
from codesign.mapped_neuron import MappedNeuron
from codesign.provenance import model_hash, simulator_version, toolkit_version
from codesign.validation import NeuronValidation, Validation, summary
from codesign.verdicts import REGIME_KEPT, RHYTHM_KEPT, SPIKE_FOR_SPIKE, Verdict
from codesign.workbench import Workbench
from codesign.workflows.circuit import circuit_of
from codesign.workflows.source import Source
from codesign.workflows.stimuli import steady_drive
from codesign.workflows.validate import DrivenCircuit, validate
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
    neurons: Sequence[MappedNeuron], workbench: Workbench, accuracy: Accuracy = Accuracy.AUTO
) -> Validation:
    """Build and validate ``neurons``, all in one technology and under one set of conditions.

    A neuron that a recorded current drives is validated twice: with it, spike by spike, and with
    a constant current typical of it, by its regime.

    Raises:
        InputError: a condition is not usable.
        SimulatorError: a circuit could not be simulated.
    """
    tasks = []
    for neuron in neurons:
        built = circuit_of(neuron, workbench)
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
    """The outcome as a table on standard output, with the reasons of what did not pass.

    On a terminal, columns that it has no room for are left out and named.
    """
    rows = [_row(neuron) for neuron in validation.neurons]
    count = len(_COLUMNS)
    if sys.stdout.isatty():
        count = fitting(_COLUMNS, rows, shutil.get_terminal_size().columns, _LEAST_COLUMNS)
    where = f"{validation.technology}, {validation.conditions}"
    print_table(where, _COLUMNS[:count], [row[:count] for row in rows])
    if count < len(_COLUMNS):
        print(f"(no room for: {', '.join(_COLUMNS[count:])}; --json has all)")
    for neuron in validation.neurons:
        for reason in neuron.reasons:
            print(f"{neuron.name}: {reason}")
        for note in neuron.notes:
            print(f"note: {neuron.name}: {note}")
        for why in neuron.repeated:
            print(f"simulated again with tight tolerances: {neuron.name}: {why}")
    print(summary(validation))


_COLUMNS = (
    "neuron",
    "passed",
    "kept of model",
    "kept of as built",
    "spikes",
    "regime",
    "ISI/IBI to model (%)",
    "to as built (%)",
    "I-V (%)",
    "coincidence",
    "nJ/spike",
)
_LEAST_COLUMNS = 5
_SHORT = {REGIME_KEPT: "regime", RHYTHM_KEPT: "rhythm", SPIKE_FOR_SPIKE: "spikes"}


def _row(neuron: NeuronValidation) -> tuple[str, ...]:
    energy, verdicts = neuron.supply.energy_per_spike, neuron.verdicts
    against_model, against_built = neuron.against_model, neuron.against_as_built
    counts = (r.spike_count for r in (neuron.model, neuron.as_built, neuron.circuit))
    return (
        neuron.name,
        "yes" if neuron.passed else "no",
        _kept(verdicts["model"]),
        _kept(verdicts["as_built"]),
        "/".join(map(str, counts)),
        _regimes(neuron),
        _percents(against_model.interval_error, against_model.pause_error),
        _percents(against_built.interval_error, against_built.pause_error),
        " ".join(f"{100 * c.nrmse:.2f}" for c in neuron.iv),
        " ".join(_factor(found.coincidence) for found in verdicts.values()),
        "" if energy is None else f"{energy * 1e9:.3g}",
    )


def _kept(found: Verdict) -> str:
    return " ".join(_SHORT[name] for name, kept in found.reached.items() if kept) or "nothing"


def _regimes(neuron: NeuronValidation) -> str:
    """The circuit's, with the model's where that is another; not judged under a recording."""
    if neuron.driven:
        return "recorded current"
    if neuron.regimes_match:
        return neuron.circuit.regime.value
    return f"{neuron.circuit.regime}, model {neuron.model.regime}"


def _percents(*errors: float | None) -> str:
    return " ".join(f"{100 * error:+.2f}" for error in errors if error is not None)


def _factor(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
