"""From parameters to a circuit that can be simulated: mapped, drawn, with its models."""

from dataclasses import dataclass, replace

from circuits.neuron import neuron_circuit
from circuits.technology import Technology
from codesign.provenance import header
from codesign.workflows.characterize import characterize, models_for
from mapping.as_built_detail import as_built_in_detail
from mapping.characteristics import CellCharacteristics
from mapping.design import NeuronDesign
from mapping.mapper import MappingChoices, map_neuron
from netlists.engine import Engine
from netlists.neuron_benches import NeuronBenches
from netlists.writer import cell_text
from neuron_model.model.parameters import NeuronParameters
from neuron_model.progress import Progress

NOMINAL_CORNER = "tt"
NOMINAL_TEMPERATURE = 27.0


@dataclass(frozen=True)
class BuiltNeuron:
    """A neuron, its design, what was built, and the benches that simulate it at one corner."""

    parameters: NeuronParameters
    design: NeuronDesign
    as_built: NeuronParameters
    benches: NeuronBenches
    corner: str
    temperature: float


def nominal_corner(technology: Technology) -> str:
    """The corner at which neurons are mapped: tt where there is one, else the first."""
    corners = technology.corners
    return NOMINAL_CORNER if NOMINAL_CORNER in corners else corners[0]


def design_neuron(
    parameters: NeuronParameters,
    technology: Technology,
    engine: Engine,
    progress: Progress | None = None,
    choices: MappingChoices | None = None,
) -> NeuronDesign:
    """The design at the nominal corner and 27 degC, as it would be drawn.

    Raises:
        InputError: the neuron does not fit the technology.
    """
    measured = characterize(
        technology, nominal_corner(technology), NOMINAL_TEMPERATURE, engine, progress
    )
    design = map_neuron(
        parameters, measured, technology.limits, choices or default_choices(technology)
    )
    return replace(design, notes=(*design.notes, *technology.notes, *measured.notes))


def default_choices(technology: Technology) -> MappingChoices:
    """What the technology file says of I0, capacitor and leak, the rest left to the mapping."""
    return MappingChoices(
        nominal_current=technology.unit_current or 0.0,
        nominal_capacitance=technology.membrane_capacitance,
        leak_sections=technology.leak.sections,
        leak_range=technology.leak.range,
    )


def build_neuron(
    parameters: NeuronParameters,
    design: NeuronDesign,
    technology: Technology,
    engine: Engine,
    corner: str | None = None,
    temperature: float = NOMINAL_TEMPERATURE,
    progress: Progress | None = None,
) -> BuiltNeuron:
    """The circuit of ``design`` as it is at ``corner`` and ``temperature`` (degree Celsius)."""
    corner = corner or nominal_corner(technology)
    measured = characterize(technology, corner, temperature, engine, progress)
    return assemble(parameters, design, technology, measured)


def assemble(
    parameters: NeuronParameters,
    design: NeuronDesign,
    technology: Technology,
    measured: CellCharacteristics,
) -> BuiltNeuron:
    """Cell text, models and as-built parameters for one set of conditions."""
    design = replace(design, notes=(*design.notes, *_beyond(technology, measured.temperature)))
    circuit = neuron_circuit(design, technology)
    models = models_for(technology, measured.corner, (circuit.cell,))
    here = replace(design, corner=measured.corner, temperature=measured.temperature)
    comments = header(parameters, here)
    benches = NeuronBenches(
        design=design,
        circuit=circuit,
        models=models.text,
        cells=cell_text(circuit.cell, technology, header(parameters, design)),
        temperature=measured.temperature,
        comments=comments,
    )
    built = as_built_in_detail(design, measured)
    return BuiltNeuron(parameters, design, built, benches, measured.corner, measured.temperature)


def _beyond(technology: Technology, temperature: float) -> tuple[str, ...]:
    """What to know of a temperature at which circuits need not work."""
    low, high = technology.limits.temperature
    if low <= temperature <= high:
        return ()
    return (
        f"{temperature:g} degC is beyond limits.temperature = [{low:g}, {high:g}], for which the "
        "biases were chosen: junctions may take more than their share of them",
    )
