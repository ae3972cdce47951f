"""What a design draws from its supply, from its bias currents and the cells' measured gains.

    I_supply = sum_k I_k (1 + 2 A_k) + I_comp (1 + 2 m)        P = V_supply I_supply

over all OTAs (elements, leak, followers, output stage). An OTA with bias I draws I through its
bias line, A I through the two upper mirrors' inputs, whatever its inputs are, and as much again
through their outputs; the compensation's mirror (gain m) draws its input, its fold and its output,
or its input alone where it sinks. The cells are class A: the power at rest is the power while
spiking, to a per cent, so that

    energy per spike = P (duration) / (number of spikes)
"""

from __future__ import annotations

from mapping.as_built import follower_point, point
from mapping.characteristics import CellCharacteristics
from mapping.design import NeuronDesign


def supply_current(design: NeuronDesign, characteristics: CellCharacteristics) -> float:
    """Current from the supply in ampere, those of the bias lines included."""
    output = design.output
    cells = [(a.bias_current, point(a, characteristics)) for a in design.amplifiers]
    cells += [(f.bias_current, follower_point(f, characteristics)) for f in design.followers]
    at = characteristics.noninverting.at(output.bias_current, output.threshold_voltage)
    cells.append((output.bias_current, at))
    total = sum(bias * (1.0 + 2.0 * at.gain) for bias, at in cells)
    bias = design.compensation_bias
    if bias > 0:
        sources = design.compensation_current > 0
        total += bias * (1.0 + (2.0 * characteristics.source.gain_at(bias) if sources else 0.0))
    return float(total)


def static_power(design: NeuronDesign, characteristics: CellCharacteristics) -> float:
    """Power from the supply in watt, bias lines included."""
    return design.supply * supply_current(design, characteristics)


def energy_per_spike(power: float, duration: float, spikes: int) -> float | None:
    """``power`` (watt) over ``duration`` (seconds) for each spike, joule; None without any."""
    return power * duration / spikes if spikes else None
