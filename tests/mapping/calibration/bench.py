"""Samples of the published burster on made-up cells, ready to be calibrated."""

from functools import cache

from mapping.bias_generator import BiasGenerator
from mapping.calibration.clamp import Calibration, clamp_voltages
from mapping.calibration.knobs import make_knobs
from mapping.calibration.samples import MacromodelSamples, Samples, Stimulation
from mapping.design import NeuronDesign
from mapping.macromodel import Macromodel
from mapping.mapper import map_neuron
from mapping.mismatch import Draw, draw
from neuron_model.model.parameters import NeuronParameters
from neuron_model.model.stimulus import Stimulus
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import burster
from tests.mapping.sensitivities import exponential_cells
from tests.mapping.test_samples import spreads

PORTS = ("ib_comp", "ib_sp1", "vr_sp1", "vr_usp3")
GENERATOR = BiasGenerator()
DRIVE = Stimulation(Stimulus((0.0, 300.0), (-2.4, -1.4)), 9000.0, 300.0, 0.0)


@cache
def design() -> NeuronDesign:
    return map_neuron(burster(), real_cells(), LIMITS)


@cache
def nominal() -> NeuronParameters:
    return Macromodel(design(), real_cells()).compact


def samples(count: int, share: float = 1.0, seed: int = 0) -> MacromodelSamples:
    """Samples whose transistors are off by ``share`` of what was drawn for them."""
    knobs = make_knobs(Macromodel(design(), real_cells()), PORTS, GENERATOR, LIMITS)
    whole = draw(spreads(design()), count, seed)
    drawn = Draw(whole.spreads, share * whole.threshold, share * whole.current_factor)
    return MacromodelSamples(
        Macromodel(design(), real_cells()), exponential_cells(), drawn, knobs, DRIVE
    )


def calibration(measured: Samples) -> Calibration:
    """Of samples of :func:`samples`, or of what stands for them."""
    knobs = make_knobs(Macromodel(design(), real_cells()), PORTS, GENERATOR, LIMITS)
    return Calibration(measured, design(), nominal(), nominal(), knobs, clamp_voltages(9))
