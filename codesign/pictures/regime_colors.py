"""A color for each firing regime, of Okabe and Ito's palette, and its name in words."""

from __future__ import annotations

from collections.abc import Mapping

from neuron_model.analysis.regimes import Regime

REGIME_COLORS: Mapping[Regime, str] = {
    Regime.RESTING: "#b5bcc2",
    Regime.TONIC_SPIKING: "#0072b2",
    Regime.PHASIC_SPIKING: "#56b4e9",
    Regime.TONIC_BURSTING: "#e69f00",
    Regime.PHASIC_BURSTING: "#f0e442",
    Regime.DEPOLARIZATION_BLOCK: "#cc79a7",
}
"""Spiking is blue, bursting orange; what falls silent is the lighter one of the two."""

REGIME_LETTERS: Mapping[Regime, str] = {
    Regime.RESTING: "R",
    Regime.TONIC_SPIKING: "S",
    Regime.PHASIC_SPIKING: "s",
    Regime.TONIC_BURSTING: "B",
    Regime.PHASIC_BURSTING: "b",
    Regime.DEPOLARIZATION_BLOCK: "D",
}
"""Say the same in print without colors."""
