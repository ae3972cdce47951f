"""What a design draws from its supply, from its bias currents and the cells' measured gains.

    I_supply = sum_k I_k (1 + B_k + A_k) + I_comp (1 + 2 m)        P = V_supply I_supply

over all OTAs (elements, leak, followers, output stage). An OTA with bias I draws I through its
bias line, B I through the two upper mirrors' inputs, whatever its inputs are, and A I through their
outputs, as much again (B = A) unless they divide (B is about 1); the compensation's mirror (gain m)
draws its input, its fold and its output, or its input alone where it sinks. The cells are class A:
the power at rest is the power while spiking, to a per cent, so that

    energy per spike = P (duration) / (number of spikes)
"""

from __future__ import annotations

from mapping.macromodel import Macromodel


def supply_current(macromodel: Macromodel) -> float:
    """Current from the supply in ampere, those of the bias lines included."""
    output = macromodel.design.output
    table = macromodel.cells.noninverting
    gain = table.at(output.bias_current, output.threshold_voltage).gain
    return node_current(macromodel) + output.bias_current * (1.0 + 2.0 * gain)


def node_current(macromodel: Macromodel) -> float:
    """The same without the output stage: of what is at the membrane, and of the followers."""
    design, cells = macromodel.design, macromodel.cells
    gains = [(a.bias_current, macromodel.at(a).gain) for a in design.amplifiers]
    total = sum(bias * (1.0 + 2.0 * gain) for bias, gain in gains)
    for follower in design.followers:
        gain = macromodel.at_follower(follower).gain
        total += follower.bias_current * (1.0 + (1.0 if follower.divided else gain) + gain)
    bias = design.compensation_bias
    if bias > 0:
        sources = design.compensation_current > 0
        total += bias * (1.0 + (2.0 * cells.source.gain_at(bias) if sources else 0.0))
    return float(total)


def static_power(macromodel: Macromodel) -> float:
    """Power of a neuron at rest, from the supply and bias lines included, in watt.

    Args:
        macromodel: the design with its cells, under the conditions of interest.
    """
    return macromodel.design.supply * supply_current(macromodel)


def energy_per_spike(power: float, duration: float, spikes: int) -> float | None:
    """Joule: ``power`` (watt) over ``duration`` (seconds) for each of ``spikes``; None without."""
    return power * duration / spikes if spikes else None
