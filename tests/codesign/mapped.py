"""A neuron mapped onto a technology, as the commands map it."""

from circuits.technology import Technology, conditions_at
from codesign.building.circuit import design_neuron
from codesign.building.mapped_neuron import MappedNeuron
from codesign.workbench import Workbench
from mapping.conditions import Conditions
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters


def mapped(
    parameters: NeuronParameters,
    technology: Technology,
    workbench: Workbench,
    drive: Drive,
    conditions: Conditions | None = None,
) -> MappedNeuron:
    """At the nominal conditions, to be looked at there or under other ``conditions``."""
    design = design_neuron(parameters, technology, workbench)
    return MappedNeuron(
        parameters, design, technology, conditions or conditions_at(technology), drive
    )
