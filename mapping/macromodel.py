"""The macromodel: a design with the characterized cells that it runs on, as a neuron.

Two fidelities of the same equations: compact (:mod:`mapping.compact`), with one lag for all fast
amplifiers, for training and thousands of samples; and detailed (:mod:`mapping.detailed`), with
every amplifier's lags, to compare with ngspice spike by spike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mapping import compact, detailed
from neuron_model.shown import Shown, in_short

if TYPE_CHECKING:
    from mapping.characteristics import CellCharacteristics, MirrorTable, OtaPoint
    from mapping.conditions import Conditions
    from mapping.design import FollowerDesign, NeuronDesign, OtaDesign
    from neuron_model.model.parameters import NeuronParameters


@dataclass(frozen=True, eq=False, repr=False)
class Macromodel(Shown):
    """``design`` on ``cells``, which may be under other conditions than it was mapped at."""

    design: NeuronDesign
    cells: CellCharacteristics

    def _brief(self) -> str:
        return f"{self.design._brief()}, cells at {self.conditions}"

    _columns = ("of the neuron", "trained", "here")

    def _rows(self) -> list[tuple[str, ...]]:
        found = self.compact.elements
        trained = [(f"alpha {a.alpha:.4g}", f"delta {a.delta:.4g}") for a in self.design.elements]
        return [
            (
                amplifier.name,
                ", ".join(was),
                f"alpha {in_short(is_.alpha)}, delta {in_short(is_.delta)}, "
                f"kappa {in_short(is_.kappa)}",
            )
            for amplifier, was, is_ in zip(self.design.elements, trained, found, strict=False)
        ]

    @property
    def conditions(self) -> Conditions:
        """Those of the cells."""
        return self.cells.conditions

    @cached_property
    def compact(self) -> NeuronParameters:
        """The parameters that the circuit has, see :func:`mapping.compact.parameters`."""
        return compact.parameters(self)

    @cached_property
    def detailed(self) -> NeuronParameters:
        """The same with every amplifier's lags, see :func:`mapping.detailed.parameters`."""
        return detailed.parameters(self)

    def at(self, amplifier: OtaDesign) -> OtaPoint:
        """What is known of an amplifier at its own bias and common mode."""
        table = self.cells.ota(amplifier.orientation)
        return table.at(amplifier.bias_current, amplifier.reference_voltage)

    def at_follower(self, follower: FollowerDesign) -> OtaPoint:
        """What is known of a follower's amplifier at its own bias, at the reference."""
        table = self.cells.follower_table(follower.divided)
        return table.at(follower.bias_current, self.cells.reference)

    @property
    def compensation(self) -> MirrorTable:
        """Of the mirror that the compensation current comes from, or goes to."""
        return self.cells.source if self.design.compensation_current > 0 else self.cells.sink
