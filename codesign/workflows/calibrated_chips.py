"""Chips of a network's neurons as they are after each neuron's codes were set by its currents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from circuits.mismatch import draw_chips
from circuits.technology import Technology
from mapping.as_built import as_built
from mapping.as_built_samples import as_built_samples
from mapping.characteristics import CellCharacteristics
from mapping.design import NeuronDesign
from mapping.mismatch import Draw
from mapping.sensitivity import CellSensitivities
from mapping.trim.calibration import Calibration
from mapping.trim.chips import AsBuiltChips
from mapping.trim.knobs import choose_knobs, make_knobs, with_offset_range
from mapping.trim.trim import DEFAULT_BUDGET
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters

Measured = tuple[CellCharacteristics, CellSensitivities]

# Chips that tell which lines are worth trimming; not those that are trimmed.
_PILOTS, _PILOT_SEED = 2000, 20_000_000


@dataclass(frozen=True)
class Calibrator:
    """Sets the offset current and some codes of every neuron of every chip by its currents.

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
        """``design`` with a compensation that can be trimmed both ways."""
        return with_offset_range(design, self.mapped_at[0], self.technology.limits)

    def chips(
        self, design: NeuronDesign, draw: Draw, conditions: Sequence[Measured]
    ) -> list[NeuronParameters]:
        """As-built parameters of the chips of ``draw``, arrays (samples,), at each of
        ``conditions``: codes are set at the first and stay.

        design: of :meth:`ready`.
        """
        generator = self.technology.bias_generator
        assert generator is not None
        limits, (measured, sensitivities) = self.technology.limits, self.mapped_at
        ports = choose_ports(design, self.technology, measured, sensitivities, self.knobs)
        here = conditions[0][0]
        knobs = make_knobs(design, ports, generator, limits, here)
        there = [AsBuiltChips(design, *each, draw, knobs) for each in conditions]
        nominal, target = as_built(design, here), as_built(design, measured)
        calibration = Calibration(there[0], design, nominal, target, knobs, DEFAULT_BUDGET.clamp)
        _, values = calibration.codes(draw.samples)
        rows = np.arange(draw.samples)
        return [chips.parameters(rows, values) for chips in there]


def choose_ports(
    design: NeuronDesign,
    technology: Technology,
    measured: CellCharacteristics,
    sensitivities: CellSensitivities,
    knobs: int,
) -> tuple[str, ...]:
    """The offset's line and the ``knobs`` lines that a trim of the neuron gains most by."""
    pilots = draw_chips(design, technology, _PILOTS, _PILOT_SEED)
    many = as_built_samples(design, measured, sensitivities, pilots)
    return choose_knobs(design, as_built(design, measured), many, knobs)
