"""A neuron's Monte Carlo samples, and all that a calibration of them needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from circuits.calibrated_samples import choose_ports
from codesign.building.mapped_neuron import MappedNeuron, MonteCarlo
from codesign.studies.mismatch.drawn_neuron import DrawnNeuron, draw_neuron
from codesign.workbench import Workbench
from mapping.calibration.knobs import Knob, make_knobs, with_offset_range
from mapping.calibration.samples import MacromodelSamples, Stimulation
from mapping.macromodel import Macromodel
from neuron_model.analysis.regimes import Regime, RegimeReport
from neuron_model.analysis.rhythm import model_regime
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters

KNOBS = 3
"""Lines that are calibrated beside the offset current, unless told."""


@dataclass(frozen=True, eq=False)
class CalibrationBench:
    """A neuron's samples and all that a trim of them needs.

    drawn: of the design whose compensation can be calibrated both ways. nominal: the sample as
    drawn, by its compact parameters of the macromodel. target: the same under the conditions that
    it was mapped at; its curves are aimed at. model: how the model that was trained fires.
    macromodel: the samples as models.
    """

    drawn: DrawnNeuron
    nominal: NeuronParameters
    target: NeuronParameters
    knobs: tuple[Knob, ...]
    stimulation: Stimulation
    model: RegimeReport
    macromodel: MacromodelSamples

    @property
    def wanted(self) -> Regime:
        """The model's regime, which a trim aims at."""
        return self.model.regime


def calibration_bench(
    neuron: MappedNeuron,
    workbench: Workbench,
    drawing: MonteCarlo,
    ports: Sequence[str] | None = None,
    knobs: int = KNOBS,
) -> CalibrationBench:
    """Draw samples of ``neuron`` and get ready to trim them.

    Args:
        neuron: in a technology whose bias generator makes the codes, with the drive by which
            patterns are told.
        workbench: for what is not in the cache of measurements.
        drawing: which samples.
        ports: the lines to trim beside the offset current (``ib_NAME``, ``vr_NAME``); None takes
            the ``knobs`` that the curves are most sensitive to.
        knobs: how many.

    Raises:
        InputError: no mismatch coefficients, no bias generator, a line that is not there, or a
            number that is not allowed.
        SimulatorError: ngspice failed.
    """
    technology, drive = neuron.technology, neuron.drive
    if technology.bias_generator is None:
        raise InputError(
            f"technology '{technology.name}' has no [bias_generator], whose codes a trim sets: "
            "describe it in the technology file."
        )
    if not 1 <= knobs <= 8:
        raise InputError(f"trim: knobs = {knobs} must be from 1 to 8.")
    # the range of the offset is the mapping's business: at the conditions of the mapping
    mapped_at = workbench.cells(technology, neuron.design.conditions)
    design = with_offset_range(Macromodel(neuron.design, mapped_at), technology.limits)
    neuron = replace(neuron, design=design)
    drawn = draw_neuron(neuron, workbench, drawing)
    measured = workbench.cells(technology, neuron.conditions)
    sensitivities = workbench.sensitivities(technology, measured)
    nominal = Macromodel(design, measured)
    if ports is None:
        chosen = choose_ports(nominal, technology, sensitivities, knobs)
    else:
        chosen = ("ib_comp", *(port for port in ports if port != "ib_comp"))
    made = make_knobs(nominal, chosen, technology.bias_generator, technology.limits)
    stimulation = Stimulation(drive.stimulus, drive.duration, drive.onset, neuron.threshold)
    models = MacromodelSamples(nominal, sensitivities, drawn.draw, made, stimulation)
    model = model_regime(neuron.model, drive)
    target = Macromodel(design, mapped_at).compact
    return CalibrationBench(drawn, nominal.compact, target, made, stimulation, model, models)
