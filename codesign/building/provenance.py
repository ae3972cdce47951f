"""Where a file comes from: what is written at its head."""

import hashlib
from importlib.metadata import PackageNotFoundError, version

from mapping.design import NeuronDesign
from netlists.ngspice_library import find_ngspice_library, ngspice_version
from neuron_model.errors import MissingDependencyError
from neuron_model.model.neuron_file import neuron_to_toml
from neuron_model.model.parameters import NeuronParameters


def toolkit_version() -> str:
    """Version of mtc-codesign, "unknown" where it runs without being installed."""
    try:
        return version("mtc-codesign")
    except PackageNotFoundError:
        return "unknown"


def simulator_version() -> str:
    """Name and version of the simulator, "ngspice, not found" where it cannot be asked."""
    try:
        return ngspice_version(find_ngspice_library()) or "ngspice of unknown version"
    except MissingDependencyError:
        return "ngspice, not found"


def model_hash(parameters: NeuronParameters) -> str:
    """SHA-256 of the neuron's file as this toolkit writes it, hex."""
    return hashlib.sha256(neuron_to_toml(parameters).encode()).hexdigest()


def header(parameters: NeuronParameters, design: NeuronDesign) -> tuple[str, ...]:
    """Provenance, conditions and units, a comment line each."""
    lines = (
        f"neuron {parameters.name}, made by mtc-codesign {toolkit_version()}",
        f"model sha256 {model_hash(parameters)}",
        f"technology {design.technology}, mapped at corner {design.conditions}, "
        f"supply {design.supply:g} V",
        f"characteristics {design.characteristics[:16]}, simulator {simulator_version()}",
        f"units: U = (V - {design.reference_voltage:g} V) / {design.unit_voltage * 1e3:.5g} mV, "
        f"I0 = {design.unit_current * 1e9:.5g} nA, time {design.time_unit * 1e6:.5g} us, "
        "sizes in micrometres",
    )
    return (*lines, *(f"note: {note}" for note in design.notes))
