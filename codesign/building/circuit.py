"""From parameters to a circuit that can be simulated: mapped, drawn, with its models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from circuits.neuron import neuron_circuit
from circuits.technology import Technology, conditions_at
from codesign.building.mapped_neuron import MappedNeuron
from codesign.building.provenance import header
from codesign.building.source import Source
from codesign.workbench import Workbench
from mapping.common_time import map_neurons
from mapping.conditions import Conditions
from mapping.design import NeuronDesign
from mapping.macromodel import Macromodel
from mapping.mapper import MappingChoices
from netlists.cells.models import models_for
from netlists.given_netlist import read_netlist
from netlists.model_library import trimmed_models
from netlists.neuron_benches import NeuronBenches
from netlists.writer import cell_text
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters
from neuron_model.shown import Shown

if TYPE_CHECKING:
    from mapping.refinement import Correction


@dataclass(frozen=True, repr=False)
class Circuit(Shown):
    """A design as netlist with its models, and the benches that simulate it.

    parameters: the neuron that was mapped. macromodel: of the design, under the circuit's
    conditions. correction: what is known to be missing in it, if anything.
    """

    parameters: NeuronParameters
    macromodel: Macromodel
    benches: NeuronBenches
    correction: Correction | None = None

    def _brief(self) -> str:
        return f"{self.parameters.name} on {self.design.technology}, {self.conditions}"

    _columns = NeuronDesign._columns

    def _rows(self) -> list[tuple[str, ...]]:
        return self.design._rows()

    @property
    def design(self) -> NeuronDesign:
        """What is drawn and applied."""
        return self.macromodel.design

    @property
    def conditions(self) -> Conditions:
        """Where it works."""
        return self.macromodel.conditions

    @cached_property
    def predicted(self) -> NeuronParameters:
        """The macromodel, detailed and corrected: what the circuit is expected to be."""
        detailed = self.macromodel.detailed
        return detailed if self.correction is None else self.correction.applied(detailed)


def design_neuron(
    parameters: NeuronParameters,
    technology: Technology,
    workbench: Workbench,
    choices: MappingChoices | None = None,
) -> NeuronDesign:
    """The design at the nominal corner and 27 °C, as it would be drawn.

    Raises:
        InputError: the neuron does not fit the technology.
    """
    (design,) = design_neurons((parameters,), technology, workbench, choices)
    return design


def design_neurons(
    neurons: Sequence[NeuronParameters],
    technology: Technology,
    workbench: Workbench,
    choices: MappingChoices | None = None,
) -> tuple[NeuronDesign, ...]:
    """The designs of a network's neurons, with one unit of time, as :func:`design_neuron`'s.

    Raises:
        InputError: a neuron does not fit the technology.
    """
    cells = workbench.cells(technology, conditions_at(technology))
    designs = map_neurons(neurons, cells, technology.limits, choices or default_choices(technology))
    notes = (*technology.notes, *cells.notes)
    return tuple(replace(design, notes=(*design.notes, *notes)) for design in designs)


def default_choices(technology: Technology) -> MappingChoices:
    """What the technology file says of I0, capacitor and leak, the rest left to the mapping."""
    return MappingChoices(
        nominal_current=technology.unit_current or 0.0,
        nominal_capacitance=technology.membrane_capacitance,
        leak_sections=technology.leak.sections,
        leak_range=technology.leak.range,
    )


def mapped_neurons(
    source: Source,
    drives: Sequence[Drive],
    technology: Technology,
    conditions: Conditions,
    workbench: Workbench,
    choices: MappingChoices | None = None,
    chosen: Sequence[int] | None = None,
) -> tuple[MappedNeuron, ...]:
    """Neurons of ``source``, mapped, and to be looked at under ``conditions``.

    Args:
        source: all neurons that share a unit of time, also those that are not chosen.
        drives: of the chosen ones, one each.
        technology, conditions, workbench, choices: where and how.
        chosen: indices; all of them if not given.

    Raises:
        InputError: a neuron does not fit the technology.
    """
    designs = design_neurons(source.neurons, technology, workbench, choices)
    indices = range(len(designs)) if chosen is None else chosen
    return tuple(
        MappedNeuron(source.neurons[i], designs[i], technology, conditions, drive)
        for i, drive in zip(indices, drives, strict=True)
    )


def circuit_of(neuron: MappedNeuron, workbench: Workbench) -> Circuit:
    """The circuit of ``neuron`` as it is under its conditions."""
    cells = workbench.cells(neuron.technology, neuron.conditions)
    return assemble(neuron.parameters, Macromodel(neuron.design, cells), neuron.technology)


def with_netlist(circuit: Circuit, path: Path, technology: Technology) -> Circuit:
    """``circuit`` with the subcircuit of a file, edited or extracted, in place of its own.

    Raises:
        InputError: as :func:`netlists.given_netlist.read_netlist`, or the library has no models for
            a size in it.
    """
    given = read_netlist(path, circuit.benches.circuit.cell, technology)
    models = trimmed_models(technology.models, circuit.conditions.corner, given.uses)
    benches = replace(circuit.benches, cells=given.text, ports=given.ports, models=models.text)
    return replace(circuit, benches=benches)


def assemble(
    parameters: NeuronParameters, macromodel: Macromodel, technology: Technology
) -> Circuit:
    """Cell text and models of a macromodel's design under the conditions of its cells."""
    design, conditions = macromodel.design, macromodel.conditions
    design = replace(design, notes=(*design.notes, *_beyond(technology, conditions.temperature)))
    circuit = neuron_circuit(design, technology)
    models = models_for(technology, conditions.corner, (circuit.cell,))
    benches = NeuronBenches(
        design=design,
        circuit=circuit,
        models=models.text,
        cells=cell_text(circuit.cell, technology, header(parameters, design)),
        temperature=conditions.temperature,
        comments=header(parameters, replace(design, conditions=conditions)),
    )
    return Circuit(parameters, Macromodel(design, macromodel.cells), benches)


def _beyond(technology: Technology, temperature: float) -> tuple[str, ...]:
    """What to know of a temperature at which circuits need not work."""
    low, high = technology.limits.temperature
    if low <= temperature <= high:
        return ()
    return (
        f"{temperature:g} °C is beyond limits.temperature = [{low:g}, {high:g}], for which the "
        "biases were chosen: junctions may take more than their share of them",
    )
