"""The unit of time of a neuron's circuit, and the membrane that it asks for.

T = C_m V0 / (I0 tau_m)
"""

from __future__ import annotations


def unit_of_time(
    capacitance: float, unit_voltage: float, unit_current: float, tau_m: float
) -> float:
    """T, seconds per unit of model time, of C_m (farad), V0 (volt), I0 (ampere) and tau_m."""
    return capacitance * unit_voltage / unit_current / tau_m


def membrane_capacitance(
    seconds: float, unit_voltage: float, unit_current: float, tau_m: float
) -> float:
    """C_m, farad, that gives T of so many ``seconds``; the others as in :func:`unit_of_time`."""
    return seconds * unit_current * tau_m / unit_voltage
