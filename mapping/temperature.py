"""A design at another temperature: what its bias generator makes of the currents and references.

    constant      I(T) = I(T0)
    ptat          I(T) = I(T0) T / T0                 proportional to absolute temperature
    constant_gm   I(T) = I(T0) V0(T) / V0(T0)         the OTA's gain at balance, I / V0, stays
    references    V_ref + (V - V_ref), or V_ref + (V - V_ref) T / T0

The tanh of an OTA turns over V0 = 2 n kT/q. References that are PTAT keep delta in units of V0, and
with currents that are PTAT too, or keep gm, the time constants C V0 / I stay as they are. Inputs
come from stages with the same biases, so the unit of current follows them.
(E. Vittoz and J. Fellrath, IEEE J. Solid-State Circuits 12 (3), 1977: PTAT and constant-gm sources
in weak inversion.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from mapping.characteristics import CellCharacteristics
from mapping.design import NeuronDesign, OtaDesign
from mapping.macromodel import Macromodel


class CurrentLaw(StrEnum):
    """What bias currents do over temperature."""

    CONSTANT = "constant"
    PTAT = "ptat"
    CONSTANT_GM = "constant_gm"


class ReferenceLaw(StrEnum):
    """What the references' distance to the reference voltage does over temperature."""

    CONSTANT = "constant"
    PTAT = "ptat"


@dataclass(frozen=True)
class BiasLaws:
    """Of a sample's bias generator."""

    currents: CurrentLaw = CurrentLaw.PTAT
    references: ReferenceLaw = ReferenceLaw.PTAT

    def __post_init__(self) -> None:
        object.__setattr__(self, "currents", CurrentLaw(self.currents))
        object.__setattr__(self, "references", ReferenceLaw(self.references))


def design_at(nominal: Macromodel, laws: BiasLaws, there: CellCharacteristics) -> NeuronDesign:
    """The design as the sample applies it at the conditions of ``there``.

    Its units are those of the applied biases: one unit of current is I0(T), one unit of voltage
    V0 or, with PTAT references, V0 T / T0, and one unit of time C V0(T) / (I0(T) tau_m). Capacitors
    are drawn, so they stay.

    Args:
        nominal: the design on the cells that it was mapped on.
        laws: of its bias generator.
        there: of the same technology at the other temperature.
    """
    design = nominal.design
    currents = current_factor(nominal, laws.currents, there)
    voltages = _absolute(nominal, there) if laws.references == ReferenceLaw.PTAT else 1.0

    def moved(volts: float) -> float:
        return design.reference_voltage + (volts - design.reference_voltage) * voltages

    def amplifiers(some: Sequence[OtaDesign]) -> tuple[OtaDesign, ...]:
        return tuple(
            replace(
                a,
                bias_current=a.bias_current * currents,
                reference_voltage=moved(a.reference_voltage),
            )
            for a in some
        )

    output = design.output
    return replace(
        design,
        conditions=there.conditions,
        unit_current=design.unit_current * currents,
        unit_voltage=design.unit_voltage * voltages,
        time_unit=design.time_unit * voltages / currents,
        elements=amplifiers(design.elements),
        leak=amplifiers(design.leak),
        followers=tuple(
            replace(f, bias_current=f.bias_current * currents, shift=f.shift * voltages)
            for f in design.followers
        ),
        compensation_current=_compensation(Macromodel(design, there), currents),
        compensation_bias=design.compensation_bias * currents,
        output=replace(
            output,
            bias_current=output.bias_current * currents,
            threshold_voltage=moved(output.threshold_voltage),
            unit_current=output.unit_current * currents,
        ),
    )


def current_factor(nominal: Macromodel, law: CurrentLaw, there: CellCharacteristics) -> float:
    """I(T) / I(T0)."""
    if law == CurrentLaw.CONSTANT:
        return 1.0
    if law == CurrentLaw.PTAT:
        return _absolute(nominal, there)
    slopes = [
        c.noninverting.at(nominal.design.unit_current, c.reference).slope_voltage
        for c in (there, nominal.cells)
    ]
    return slopes[0] / slopes[1]


def _absolute(nominal: Macromodel, there: CellCharacteristics) -> float:
    return there.conditions.kelvin / nominal.conditions.kelvin


def _compensation(there: Macromodel, factor: float) -> float:
    """What the mirror makes of its bias there, ampere into the membrane."""
    design = there.design
    bias = design.compensation_bias * factor
    if bias == 0:
        return design.compensation_current * factor
    sources = design.compensation_current > 0
    gain = there.compensation.gain_at(bias)
    return (1.0 if sources else -1.0) * gain * bias
