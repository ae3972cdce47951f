"""The macromodel, compact: from a design back to model parameters, the neuron of the circuit.

Each amplifier becomes an element with its own measured gain, slope and offset; the leak's
sections become elements of the same kind, and what is left of the leak is the sum of the output
conductances; offset currents add up to a bias; followers become OTA filters with their own slope
and offset; the amplifiers' internal poles become a fast time constant and a smaller capacitance.
The output is max(0, tanh) with the slope of the output stage's own OTA, whatever was trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import least_squares

from mapping.characteristics import Orientation
from mapping.design import FollowerDesign, NeuronDesign, OtaDesign
from neuron_model.model.dynamics import element_current, leak_current
from neuron_model.model.parameters import (
    Element,
    Filter,
    Leak,
    NeuronParameters,
    OutputShape,
    Timescale,
)

if TYPE_CHECKING:
    from mapping.macromodel import Macromodel

# Over how many units of U on each side of rest a leak beside a fast follower is fitted.
_RANGE = 3.0


@dataclass(frozen=True)
class Parasitics:
    """Capacitance that the amplifiers add to a node, farad."""

    membrane: float
    followers: dict[Timescale, float]


def parasitics(macromodel: Macromodel) -> Parasitics:
    """Input and output capacitances of everything that hangs on membrane and followers."""
    design, cells = macromodel.design, macromodel.cells
    c_in, c_out = cells.input_capacitance, cells.output_capacitance
    followers = {f.timescale: c_in + c_out for f in design.followers}
    # the output stage and each follower read the membrane, each amplifier drives it
    membrane = c_in * (1 + len(design.followers)) + c_out * len(design.amplifiers)
    for amplifier in design.elements:
        if amplifier.timescale in followers:
            followers[amplifier.timescale] += c_in
        else:
            membrane += c_in
    return Parasitics(membrane + c_in * len(design.leak), followers)


def membrane_conductance(macromodel: Macromodel) -> float:
    """Sum of the output conductances at the membrane, siemens."""
    design = macromodel.design
    total = sum(macromodel.at(a).output_conductance * a.bias_current for a in design.amplifiers)
    bias = design.compensation_bias
    if bias > 0:
        total += macromodel.compensation.conductance_at(bias) * bias
    return total


def offset_current(macromodel: Macromodel) -> float:
    """Sum of the amplifiers' offset currents, ampere into the membrane."""
    amplifiers = macromodel.design.amplifiers
    return sum(macromodel.at(a).offset_current * a.bias_current for a in amplifiers)


def compensation_current(macromodel: Macromodel) -> float:
    """What the compensation's mirror delivers under these conditions, ampere into the membrane.

    ``design.compensation_current`` is what it was mapped to deliver, at the nominal corner.
    """
    bias = macromodel.design.compensation_bias
    if bias == 0:
        return 0.0
    sources = macromodel.design.compensation_current > 0
    return (bias if sources else -bias) * macromodel.compensation.gain_at(bias)


def skew_current(macromodel: Macromodel, u: np.ndarray) -> np.ndarray:
    """sum_k (h_k / A_k V0 U + l_k V0 (U - delta_k) (1 + t_k) / 2) alpha_k t_k

    with t_k = tanh(kappa_k (U - delta_k)), over what reads the membrane. An amplifier that sinks
    its current has a larger output conductance than one that sources it (h), and an input above
    the reference lifts the tail, which then carries more (l). Of those that read a filtered
    voltage the mean conductance alone is counted.

    Args:
        macromodel: the neuron's.
        u: membrane voltages, model units, (points,).

    Returns:
        Current drawn from the membrane, in I0, (points,).
    """
    total = np.zeros_like(u)
    for amplifier in _readers_of_membrane(macromodel.design):
        at = macromodel.at(amplifier)
        element = element_of(amplifier, macromodel)
        current = element_current(u, element.alpha, element.delta, element.kappa)
        lifted = (u - element.delta) * (1 + current / element.alpha) / 2
        share = at.conductance_skew / at.gain * u + at.drift * lifted
        total = total + macromodel.design.unit_voltage * share * current
    return total


def _readers_of_membrane(design: NeuronDesign) -> tuple[OtaDesign, ...]:
    elements = (a for a in design.elements if design.follower(a.timescale) is None)
    return (*elements, *design.leak)


def element_of(amplifier: OtaDesign, macromodel: Macromodel) -> Element:
    """alpha = -+A I_bias / I0, kappa = V0 / V0_k, delta = (V_delta + o + o_fol - V_ref) / V0."""
    design, at = macromodel.design, macromodel.at(amplifier)
    sign = -1.0 if amplifier.orientation == Orientation.NONINVERTING else 1.0
    # the leak's sections read the membrane itself, whatever the fast elements do
    follower = None if amplifier in design.leak else design.follower(amplifier.timescale)
    shift = macromodel.at_follower(follower).offset if follower else 0.0
    return Element(
        amplifier.timescale,
        alpha=sign * at.gain * amplifier.bias_current / design.unit_current,
        delta=design.units(amplifier.reference_voltage + at.offset + shift),
        kappa=design.unit_voltage / at.slope_voltage,
    )


def filter_of(follower: FollowerDesign, macromodel: Macromodel) -> tuple[float, Filter]:
    """(tau, filter): tau = C V0_f / (A I_bias T); offset currents slew one way faster.

    The amplifier's own lag d makes the follower exp(-s d) / (s tau + exp(-s d)): the same delay at
    low frequencies, the same gain at high ones. The mapping keeps d small by the capacitor.
    """
    design, at = macromodel.design, macromodel.at_follower(follower)
    total = follower.capacitance + parasitics(macromodel).followers[follower.timescale]
    tau = total * at.slope_voltage / (at.gain * follower.bias_current)
    kappa = design.unit_voltage / at.slope_voltage
    return tau / design.time_unit, Filter(kappa=kappa, offset=at.offset_current / at.gain / kappa)


def parameters(macromodel: Macromodel) -> NeuronParameters:
    """The parameters that the circuit of a design has, in the design's own units.

    The first elements are the trained ones, in their order; the leak's sections follow. To first
    order, a lag d of a conductance g acts like a capacitance -g d: the fast elements' lag is kept
    as ``tau_fast``, the leak's goes into ``tau_m``.
    """
    design = macromodel.design
    fast = [a for a in design.elements if a.timescale == Timescale.FAST]
    follower = design.follower(Timescale.FAST)
    lag = _weighted_lag(fast or list(design.leak), macromodel)
    leak_lag = _weighted_lag(list(design.leak), macromodel)
    values: dict[str, object] = {}
    for each in design.followers:
        tau, shape = filter_of(each, macromodel)
        values[f"tau_{each.timescale}"] = tau
        values[f"filter_{each.timescale}"] = shape
    conductance = membrane_conductance(macromodel)
    in_units = conductance * design.unit_voltage / design.unit_current
    sections, more, skew = _skewed_sections(macromodel)
    in_units += more
    if follower is None:
        # leak sections lag like the fast elements here; only the rest goes into tau_m
        values["tau_fast"] = lag / design.time_unit
        values["leak"] = Leak(conductance=in_units)
        # output conductances lead to the reference, U = 0; the leak of the model leads to U_rest
        shift = in_units * design.u_rest
        leak_lag -= lag
        extra = sections
    else:
        leak, shift = _leak_of(sections, design.u_rest, in_units)
        values["leak"] = leak
        extra = ()
    total = design.membrane_capacitance + parasitics(macromodel).membrane
    total -= design.unit_current / design.unit_voltage * leak_lag
    bias = offset_current(macromodel) + compensation_current(macromodel)
    return NeuronParameters(
        elements=(
            *(element_of(a, macromodel) for a in design.elements),
            *extra,
        ),
        name=design.name,
        tau_m=total * design.unit_voltage / design.unit_current / design.time_unit,
        u_rest=design.u_rest,
        u_threshold=design.u_threshold,
        u_saturation=design.u_threshold + output_span(macromodel),
        output=OutputShape.OTA,
        i_bias=bias / design.unit_current - shift - skew,
        **values,  # type: ignore[arg-type]
    )


def output_span(macromodel: Macromodel) -> float:
    """V0_s / V0: over how many units of U the output stage's steepest slope leads from 0 to 1."""
    stage = macromodel.design.output
    at = macromodel.cells.noninverting.at(stage.bias_current, stage.threshold_voltage)
    return at.slope_voltage / macromodel.design.unit_voltage


def _skewed_sections(macromodel: Macromodel) -> tuple[tuple[Element, ...], float, float]:
    """(sections, conductance, constant) that draw the sections' current and the skew current.

    The skew bends the curve smoothly, so that other weights of the same sections, a conductance
    and a constant (all in model units) describe it: linear least squares over their range.
    """
    sections = tuple(element_of(a, macromodel) for a in macromodel.design.leak)
    if not sections:
        return sections, 0.0, 0.0
    reach = max(abs(float(s.delta)) for s in sections) + 0.5
    u = np.linspace(-reach, reach, 40 * len(sections) + 41)
    columns = [element_current(u, 1.0, s.delta, s.kappa) for s in sections]
    basis = np.stack([*columns, u, np.ones_like(u)], axis=1)
    wanted = skew_current(macromodel, u)
    # sections and a straight line can nearly replace each other: small changes are preferred
    damping = 1e-2 * np.eye(basis.shape[1])
    change, *_ = np.linalg.lstsq(
        np.concatenate([basis, damping]), np.concatenate([wanted, np.zeros(len(damping))])
    )
    weighted = tuple(
        replace(s, alpha=float(s.alpha + d)) for s, d in zip(sections, change[:-2], strict=True)
    )
    return weighted, float(change[-2]), float(change[-1])


def _leak_of(sections: Sequence[Element], u_rest: float, conductance: float) -> tuple[Leak, float]:
    """(leak, shift): sum of sections + conductance u = leak(u - u_rest) + shift, least squares.

    Where the fast elements have a follower, sections cannot be elements: these would read U_fast.
    """
    u = np.linspace(-_RANGE, _RANGE, 121)
    drawn = conductance * (u + u_rest) + sum(
        element_current(u + u_rest, s.alpha, s.delta, s.kappa) for s in sections
    )

    # 1 / range is nearly 0 for a linear leak, where the range itself has no bound
    def error(p: np.ndarray) -> np.ndarray:
        return np.asarray(leak_current(u, Leak(p[0], 1.0 / p[1])) + p[2] - drawn)

    slope = float(drawn[-1] - drawn[0]) / (2 * _RANGE)
    bounds = ([0.0, 1e-4, -np.inf], [np.inf, 5.0, np.inf])
    fit = least_squares(error, [slope, 0.05, 0.0], bounds=bounds)
    return Leak(float(fit.x[0]), float(1.0 / fit.x[1])), float(fit.x[2])


def _weighted_lag(amplifiers: list[OtaDesign], macromodel: Macromodel) -> float:
    """Mean lag in seconds, weighted by bias current."""
    total = sum(a.bias_current for a in amplifiers)
    if total == 0:
        return 0.0
    lags = (macromodel.at(a).delay * a.bias_current for a in amplifiers)
    return sum(lags) / total
