"""Noise of a design's cells as noise currents of its macromodel.

    S_model = S_I / (I0^2 T)                at the membrane, T seconds in a unit of model time
    K_model = K T^(exponent - 1) / I0^2     of flicker noise, at the model frequency 1
    at a filtered voltage, both over (A I_bias kappa)^2 in I0's place, so that they stand beside
    filter(U_m - U_x)

Bias lines and references are ideal: what a bias generator adds is not in it. The mirror that makes
an OTA's tail current from its bias line is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mapping.cell_noise import CHARGE, CellNoise, OtaNoise
from mapping.characteristics import Orientation
from mapping.compact import element_of, parasitics
from mapping.design import FollowerDesign, NeuronDesign, OtaDesign
from mapping.macromodel import Macromodel
from neuron_model.analysis.noise import Noise, NoiseSource
from neuron_model.model.parameters import Timescale


def model_noise(macromodel: Macromodel, noise: CellNoise) -> Noise:
    """The noise currents of a macromodel, in its design's units.

    Elements, then the leak's sections, followers, and the mirror of the compensation current.
    """
    design = macromodel.design
    sources = [_amplifier(a, macromodel, noise) for a in design.amplifiers]
    sources += [_follower(f, macromodel, noise) for f in design.followers]
    if design.compensation_bias > 0:
        mirror = noise.source if design.compensation_current > 0 else noise.sink
        white = _white(mirror.white_at(design.compensation_bias), design.unit_current, design)
        slow = mirror.flicker_at(design.compensation_bias) * _slow(design, noise.exponent)
        amplitude = slow / design.unit_current
        sources.append(NoiseSource(None, (white,) * 3, (amplitude, 0.0, 0.0, 0.0)))
    return Noise(tuple(sources), noise.exponent)


def _amplifier(amplifier: OtaDesign, macromodel: Macromodel, noise: CellNoise) -> NoiseSource:
    design = macromodel.design
    element = element_of(amplifier, macromodel)
    straight = amplifier.orientation == Orientation.NONINVERTING
    # a leak's sections read the membrane itself
    filtered = amplifier not in design.leak and design.follower(amplifier.timescale) is not None
    bias, unit = amplifier.bias_current, design.unit_current
    white, flicker = _densities(bias, unit, design, noise.ota, noise.exponent)
    return NoiseSource(
        node=None,
        white=white,
        flicker=flicker,
        reads=amplifier.timescale if filtered else None,
        delta=float(element.delta),
        # the split of an OTA is that of its positive input, which here may be the fixed one
        kappa=float(element.kappa) * (1.0 if straight else -1.0),
    )


def _follower(follower: FollowerDesign, macromodel: Macromodel, noise: CellNoise) -> NoiseSource:
    design, at = macromodel.design, macromodel.at_follower(follower)
    kappa = design.unit_voltage / at.slope_voltage
    unit = at.gain * follower.bias_current * kappa
    table = noise.of_follower(follower.divided)
    white, flicker = _densities(follower.bias_current, unit, design, table, noise.exponent)
    return NoiseSource(
        node=follower.timescale,
        white=white,
        flicker=flicker,
        reads=None,
        minus=follower.timescale,
        kappa=kappa,
    )


def _densities(
    bias: float, unit: float, design: NeuronDesign, table: OtaNoise, exponent: float
) -> tuple[tuple[float, float, float], tuple[float, float, float, float]]:
    """(white, flicker) of an OTA as :class:`NoiseSource` has them."""
    low, middle, high = (_white(float(v), unit, design) for v in table.white_at(bias))
    slow = table.flicker_at(bias) * _slow(design, exponent) / unit
    pair, tail, up, down = slow.tolist()
    return (low, middle, high), (pair, tail, up, down)


def _white(density: float, unit: float, design: NeuronDesign) -> float:
    return density / (unit**2 * design.time_unit)


def _slow(design: NeuronDesign, exponent: float) -> float:
    """Root of what turns a flicker density at 1 Hz into one at the model frequency 1."""
    return float(design.time_unit ** (0.5 * (exponent - 1.0)))


@dataclass(frozen=True)
class NodeNoise:
    """Noise current into one node of the circuit, in SI units, whatever its state is.

    node: the membrane (None) or a filtered voltage. white: one-sided, A^2/Hz. flicker: A^2/Hz at
    1 Hz. exponent: of 1 / f^exponent. capacitance: farad, that the node has.
    """

    node: Timescale | None
    white: float
    flicker: float
    exponent: float
    capacitance: float

    @property
    def corner(self) -> float:
        """Where flicker noise is as strong as white noise, Hz."""
        if self.white == 0 or self.flicker == 0:
            return 0.0
        return float((self.flicker / self.white) ** (1.0 / self.exponent))

    @property
    def shot_equivalent(self) -> float:
        """The current whose shot noise 2 q I would be as strong as the white noise, ampere."""
        return self.white / (2.0 * CHARGE)


def node_noise(averaged: Noise, macromodel: Macromodel) -> tuple[NodeNoise, ...]:
    """What :meth:`neuron_model.analysis.noise.Noise.averaged` gives, back in amperes."""
    design, extra = macromodel.design, parasitics(macromodel)
    found = []
    for source in averaged.sources:
        unit, capacitance = design.unit_current, design.membrane_capacitance + extra.membrane
        if source.node is not None:
            follower = design.follower(source.node)
            assert follower is not None
            at = macromodel.at_follower(follower)
            unit = at.gain * follower.bias_current * design.unit_voltage / at.slope_voltage
            capacitance = follower.capacitance + extra.followers[source.node]
        amplitude = source.flicker[0] * unit / _slow(design, averaged.exponent)
        found.append(
            NodeNoise(
                node=source.node,
                white=source.white[0] * unit**2 * design.time_unit,
                flicker=amplitude**2,
                exponent=averaged.exponent,
                capacitance=capacitance,
            )
        )
    return tuple(found)


def rms_on_capacitor(noise: NodeNoise, conductance: float) -> float:
    """Volt rms of the white noise on a linear node: sqrt(S / (4 C g)).

    With S = n 2 q I and g = I / V0 this is sqrt(n q V0 / (2 C)): as kT/C, it does not hang on I.
    """
    return float(np.sqrt(noise.white / (4.0 * noise.capacitance * conductance)))
