"""What a point of a sweep asks for: a neuron to be built, where and on what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from circuits.technology import Technology, nominal_corner
from codesign.studies.sweep.axes import CONDITIONS, AxisValue
from codesign.studies.sweep.variation import (
    operated_technology,
    varied_neuron,
    varied_technology,
)
from mapping.conditions import NOMINAL_TEMPERATURE, Conditions
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters

NOMINAL = "nominal"
"""Stands for the nominal corner where technologies call it differently."""


@dataclass(frozen=True)
class SweptNeuron:
    """One of the neurons, and what drives it."""

    parameters: NeuronParameters
    drive: Drive


@dataclass(frozen=True, eq=False)
class Situation:
    """A neuron to be built, where and on what.

    technology: that the sample is designed on, operated: at the supply that it is run from.
    cells_key: the same for all points with the same cells but for supply_change, corner and
    temperature; design_key: the same for all with the same design.
    """

    parameters: NeuronParameters
    technology: Technology
    operated: Technology
    conditions: Conditions
    drive: Drive
    cells_key: tuple[AxisValue, ...]
    supply_change: float
    design_key: tuple[AxisValue, ...]

    @property
    def cell_sets(self) -> tuple[CellSet, ...]:
        """What has to be measured: the cells that the neuron is mapped on, those it runs with."""
        nominal = Conditions(nominal_corner(self.technology), NOMINAL_TEMPERATURE)
        return (
            CellSet(self.technology, self.cells_key, 0.0, nominal),
            CellSet(self.operated, self.cells_key, self.supply_change, self.conditions),
        )


@dataclass(frozen=True, eq=False)
class CellSet:
    """Cells at one corner and temperature."""

    technology: Technology
    cells_key: tuple[AxisValue, ...]
    supply_change: float
    conditions: Conditions

    @property
    def key(self) -> tuple[AxisValue, ...]:
        """The same for the same cells."""
        there = self.conditions
        return (*self.cells_key, self.supply_change, there.corner, there.temperature)


def situation(
    neurons: Mapping[str, SweptNeuron],
    technologies: Mapping[str, Technology],
    values: Mapping[str, AxisValue],
) -> Situation:
    """What a point with these values asks for; neurons, technologies: by what values call them.

    Raises:
        InputError: there is no such thing.
    """
    neuron = neurons[str(values["neuron"])]
    technology = technologies[str(values["technology"])]
    varied = varied_technology(technology, values)
    named = str(values["corner"])
    corner = nominal_corner(technology) if named == NOMINAL else named
    return Situation(
        parameters=varied_neuron(neuron.parameters, values),
        technology=varied,
        operated=operated_technology(varied, values),
        conditions=Conditions(corner, float(values["temperature"])),
        drive=neuron.drive,
        cells_key=tuple(v for k, v in values.items() if _decides_cells(k)),
        supply_change=float(values.get("supply_change", 0.0)),
        design_key=design_key(values),
    )


def design_key(values: Mapping[str, AxisValue]) -> tuple[AxisValue, ...]:
    """The same for all points of one design, wherever and however it is run."""
    return tuple(value for name, value in values.items() if name not in CONDITIONS)


def _decides_cells(key: str) -> bool:
    return key in ("technology", "supply") or key.startswith("area.")
