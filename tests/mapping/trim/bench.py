"""Chips of the published burster on made-up cells, ready to be trimmed."""

from functools import cache

from mapping.as_built import as_built
from mapping.bias_generator import BiasGenerator
from mapping.design import NeuronDesign
from mapping.mapper import map_neuron
from mapping.mismatch import Draw, draw
from mapping.trim.calibration import Calibration, clamp_voltages
from mapping.trim.chips import AsBuiltChips, Chips, Stimulation
from mapping.trim.knobs import make_knobs
from neuron_model.model.parameters import NeuronParameters
from neuron_model.model.stimulus import Stimulus
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import burster
from tests.mapping.sensitivities import exponential_cells
from tests.mapping.test_as_built_samples import spreads

PORTS = ("ib_comp", "ib_sp1", "vr_sp1", "vr_usp3")
GENERATOR = BiasGenerator()
DRIVE = Stimulation(Stimulus((0.0, 300.0), (-2.4, -1.4)), 9000.0, 300.0, 0.0)


@cache
def design() -> NeuronDesign:
    return map_neuron(burster(), real_cells(), LIMITS)


@cache
def nominal() -> NeuronParameters:
    return as_built(design(), real_cells())


def chips(count: int, share: float = 1.0, seed: int = 0) -> AsBuiltChips:
    """Chips whose transistors are off by ``share`` of what was drawn for them."""
    knobs = make_knobs(design(), PORTS, GENERATOR, LIMITS, real_cells())
    whole = draw(spreads(design()), count, seed)
    drawn = Draw(whole.spreads, share * whole.threshold, share * whole.current_factor)
    return AsBuiltChips(design(), real_cells(), exponential_cells(), drawn, knobs, DRIVE)


def calibration(measured: Chips) -> Calibration:
    """Of chips of :func:`chips`, or of what stands for them."""
    knobs = make_knobs(design(), PORTS, GENERATOR, LIMITS, real_cells())
    return Calibration(measured, design(), nominal(), nominal(), knobs, clamp_voltages(9))
