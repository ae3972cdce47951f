"""The steps of the yield chain: what is built at each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from circuits.area import area
from circuits.neuron import neuron_circuit
from circuits.technology import (
    Technology,
    conditions_at,
    load_technology,
    with_mismatch_set,
)
from codesign.building.circuit import design_neuron
from codesign.building.mapped_neuron import MappedNeuron
from codesign.workbench import Workbench
from mapping.calibration.knobs import with_offset_range
from mapping.design import NeuronDesign, read_designs, write_designs
from mapping.estimates import static_power
from mapping.macromodel import Macromodel
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.analysis.rhythm import model_regime
from neuron_model.model.drive import Drive
from neuron_model.model.neuron_file import read_neuron
from neuron_model.model.parameters import OTA_FILTER, NeuronParameters
from neuron_model.model.presets import preset
from neuron_model.model.stimulus import Stimulus

HERE = Path(__file__).parent
SIZED = HERE / "sky130_sized.toml"
"""What ``codesign size`` found: target 90 %, ISI error 0.15, 4 trials of 200 samples."""
TRAINED = HERE / "burster_trained.toml"
"""What ``codesign center`` found with those sizes: 24 trials of 100 samples."""
DRIVE = Drive(Stimulus((0.0, 500.0), (-2.4, -1.4)), 11000.0)
STEPS = ("untrained", "sized", "trained", "calibrated")
"""In their order; each has what the one before it has."""


@dataclass(frozen=True)
class Costs:
    """Of a neuron as drawn: square micrometres and watt, bias lines included."""

    gate_area: float
    diffusion_area: float
    capacitor_area: float
    static_power: float


def burster() -> NeuronParameters:
    """The third published burster (arXiv 1805.05696) with the filters of a circuit."""
    published = preset("ribar_sepulchre_burster").parameters
    return replace(published, filter_slow=OTA_FILTER, filter_ultraslow=OTA_FILTER, name="burster")


def neuron_of(step: str) -> NeuronParameters:
    """Published until it is trained."""
    return burster() if step in ("untrained", "sized") else read_neuron(TRAINED)


def model_of(step: str) -> RegimeReport:
    """How the model of a step fires."""
    return model_regime(neuron_of(step)[0], DRIVE)


def technology_of(step: str, mismatch_set: str | None = None) -> Technology:
    """sky130 with its own sizes, or with those that were found; with one of its mismatch sets."""
    technology = load_technology("sky130" if step == "untrained" else SIZED)
    return with_mismatch_set(technology, mismatch_set)


def design_of(step: str, folder: Path, workbench: Workbench) -> NeuronDesign:
    """Read from the step's folder, or made and written there.

    From the trained one on, the compensation can be calibrated both ways.
    """
    path = folder / "design.json"
    if path.exists():
        return read_designs(path)[0]
    technology = technology_of(step)
    design = design_neuron(neuron_of(step), technology, workbench)
    if step in ("trained", "calibrated"):
        measured = workbench.cells(technology, design.conditions)
        design = with_offset_range(Macromodel(design, measured), technology.limits)
    write_designs(path, [design])
    return design


def mapped_of(step: str, folder: Path, mismatch_set: str, workbench: Workbench) -> MappedNeuron:
    """The neuron of a step, in a technology with this mismatch set; ``folder``: of the step."""
    design, technology = design_of(step, folder, workbench), technology_of(step, mismatch_set)
    return MappedNeuron(neuron_of(step), design, technology, design.conditions, DRIVE)


def costs_of(design: NeuronDesign, technology: Technology, workbench: Workbench) -> Costs:
    """Area and static power of a step's neuron."""
    space = area(neuron_circuit(design, technology).cell, technology)
    measured = workbench.cells(technology, conditions_at(technology))
    return Costs(
        space.gates, space.diffusions, space.capacitors, static_power(Macromodel(design, measured))
    )
