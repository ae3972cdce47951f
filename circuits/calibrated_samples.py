"""Samples of a network's neurons as they are after each neuron's codes were set by its currents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from circuits.mismatch import draw_samples
from circuits.technology import Technology
from mapping.calibration.clamp import Calibration
from mapping.calibration.knobs import choose_knobs, make_knobs, with_offset_range
from mapping.calibration.samples import MacromodelSamples
from mapping.calibration.search import DEFAULT_BUDGET
from mapping.characteristics import CellCharacteristics
from mapping.design import NeuronDesign
from mapping.macromodel import Macromodel
from mapping.mismatch import Draw
from mapping.samples import sampled
from mapping.sensitivity import CellSensitivities
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters

Measured = tuple[CellCharacteristics, CellSensitivities]

# Samples that tell which lines are worth calibrating; not those that are calibrated.
_PILOTS, _PILOT_SEED = 2000, 20_000_000


@dataclass(frozen=True)
class Calibrator:
    """Sets the offset current and some codes of every neuron of every sample by its currents.

    technology: whose bias generator makes the codes. mapped_at: its cells where neurons are
    mapped, whose curves are aimed at. knobs: codes beside the offset current.

    Raises:
        InputError: the technology has no bias generator.
    """

    technology: Technology
    mapped_at: Measured
    knobs: int

    def __post_init__(self) -> None:
        if self.technology.bias_generator is None:
            raise InputError(
                f"technology '{self.technology.name}' has no [bias_generator], whose codes a trim "
                "sets: describe it in the technology file."
            )

    def ready(self, design: NeuronDesign) -> NeuronDesign:
        """``design`` with a compensation that can be calibrated both ways."""
        return with_offset_range(Macromodel(design, self.mapped_at[0]), self.technology.limits)

    def samples(
        self, design: NeuronDesign, draw: Draw, conditions: Sequence[Measured]
    ) -> list[NeuronParameters]:
        """Parameters of the macromodels of the samples of ``draw``, arrays (samples,), at each of
        ``conditions``: codes are set at the first and stay.

        design: of :meth:`ready`.
        """
        generator = self.technology.bias_generator
        assert generator is not None
        mapped, sensitivities = Macromodel(design, self.mapped_at[0]), self.mapped_at[1]
        ports = choose_ports(mapped, self.technology, sensitivities, self.knobs)
        everywhere = [(Macromodel(design, cells), known) for cells, known in conditions]
        here = everywhere[0][0]
        knobs = make_knobs(here, ports, generator, self.technology.limits)
        there = [MacromodelSamples(*each, draw, knobs) for each in everywhere]
        nominal, target = here.compact, mapped.compact
        calibration = Calibration(there[0], design, nominal, target, knobs, DEFAULT_BUDGET.clamp)
        _, values = calibration.codes(draw.samples)
        rows = np.arange(draw.samples)
        return [samples.parameters(rows, values) for samples in there]


def choose_ports(
    mapped: Macromodel, technology: Technology, sensitivities: CellSensitivities, knobs: int
) -> tuple[str, ...]:
    """The offset's line and the ``knobs`` lines that a trim of the neuron gains most by."""
    pilots = draw_samples(mapped.design, technology, _PILOTS, _PILOT_SEED)
    many = sampled(mapped, sensitivities, pilots)
    return choose_knobs(mapped.design, mapped.compact, many, knobs)
