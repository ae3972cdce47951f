"""The gradient of one step, from the state before it: the step is worked out once more.

The adjoint of each function of :mod:`~neuron_model.fused_gpu.step`. What a coefficient's gradient
sums up over time is kept in :class:`Sums`; NEEDS says which of them are asked for.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import triton
import triton.language as tl

from neuron_model.fused.coefficients import Needs
from neuron_model.fused_gpu.functions import tanh
from neuron_model.fused_gpu.step import (
    by_element,
    by_timescale,
    filter_rate,
    flow,
    ionic,
    membrane_after,
    row_of,
)

_ELEMENTS = tl.constexpr(int(Needs.ELEMENTS))
_FILTERS = tl.constexpr(int(Needs.FILTERS))
_MEMBRANE = tl.constexpr(int(Needs.MEMBRANE))
_OUTPUT = tl.constexpr(int(Needs.OUTPUT))
_SHAPES = tl.constexpr(int(Needs.SHAPES))


class Sums(NamedTuple):
    """Over time: the gradients of the coefficients, or what :func:`finish` makes them of.

    rate to gain: (lanes,), the rate's being rate times its gradient. filter_rate, that of DECAY,
    or of DURATION where steps are long; filter_kappa, offset: (4, lanes). The others: (elements,
    lanes); steepness is of alpha kappa, kappa that of kappa at a held steepness and delta.
    """

    rate: Any
    bias: Any
    rest: Any
    conductance: Any
    range: Any
    threshold: Any
    gain: Any
    filter_rate: Any
    filter_kappa: Any
    offset: Any
    alpha: Any
    delta: Any
    kappa: Any
    steepness: Any


@triton.jit
def no_sums(like, elements):
    """Nothing yet; ``like``: a state (4, lanes)."""
    zero = row_of(like, 0) * 0.0
    tile = tl.zeros_like(like)
    each = tl.zeros_like(elements.alpha)
    return Sums(
        tl.zeros_like(zero), tl.zeros_like(zero), tl.zeros_like(zero), tl.zeros_like(zero),
        tl.zeros_like(zero), tl.zeros_like(zero), tl.zeros_like(zero),
        tile, tile, tile, each, each, each, each,
    )  # fmt: skip


@triton.jit
def output_gradient(g_output, u_m, membrane, OTA: tl.constexpr):
    """What the gradient of s is to U_m, to U_threshold (negated) and to GAIN."""
    v = (u_m - membrane.threshold) * membrane.gain
    if OTA:
        t = tanh(v)
        inside = tl.where(v < 0.0, 0.0, g_output * (1.0 - t * t))
    else:
        inside = tl.where((v < 0.0) | (v > 1.0), 0.0, g_output)
    return inside * membrane.gain, inside * (u_m - membrane.threshold)


@triton.jit
def step_gradient(
    state,
    drive,
    grad,
    g_output,
    membrane,
    filters,
    elements,
    sums,
    NEEDS: tl.constexpr,
    EXPONENTIAL: tl.constexpr,
    LEAK: tl.constexpr,
    FILTERS: tl.constexpr,
    LONG: tl.constexpr,
    OTA: tl.constexpr,
):
    """One step back.

    state: before the step, (4, lanes). grad: of the state after it. g_output: of its s, (lanes,).

    Returns:
        The gradients of the state before it and of the drive, and the sums.
    """
    m, f, e = membrane, filters, elements
    u_m, source = row_of(state, 3), by_element(state, e.timescale)
    currents = ionic(u_m, source, m, e, LEAK)
    after = membrane_after(u_m, drive, currents, m, EXPONENTIAL)
    to_voltage, to_gain = output_gradient(g_output, after, m, OTA)

    # The copies, U_m after the step among them.
    if EXPONENTIAL:
        # U_x' = U_m' - F(u) + offset,  u = U_m' - U_x - offset
        u = after[None, :] - state - f.offset
        moved = flow(u, f, FILTERS, LONG)
        kept = grad * moved.slope
        g_m = tl.sum(grad - kept, 0) + to_voltage
        d_rate, d_offset = -grad * moved.by, tl.where(f.is_instant, 0.0, grad + kept)
        d_kappa = (moved.moved * grad - kept * u) / f.kappa
        later = tl.zeros_like(g_m)
    else:
        # U_x' = U_x + gain (f(u) + offset),  u = U_m - U_x;  an instant copy is U_m'
        u = u_m[None, :] - state
        rate = filter_rate(u, f, FILTERS)
        g_x = tl.where(f.is_instant, 0.0, grad)
        passed = g_x * f.decay * rate.slope
        kept = g_x - passed
        g_m = tl.sum(tl.where(f.is_instant, grad, 0.0), 0) + to_voltage
        d_rate, d_offset = g_x * (rate.moved + f.offset), g_x * f.decay
        d_kappa = (u * passed - g_x * f.decay * rate.moved) / f.kappa
        later = tl.sum(passed, 0)
    d_kappa = tl.where(f.is_linear | f.is_instant, 0.0, d_kappa)

    # U_m' = U_m + rate (drive + bias - total) / D,   D = 1 + x / 2 + x^2 / 12,   x = rate slope
    d_membrane = g_m * (after - u_m)
    if EXPONENTIAL:
        x = m.rate * currents.slope
        inverse = 1.0 / (1.0 + x * (0.5 + x * (1.0 / 12.0)))
        g_drive = g_m * m.rate * inverse
        g_slope = -d_membrane * inverse * (0.5 + x * (1.0 / 6.0)) * m.rate
        d_membrane += g_slope * currents.slope
    else:
        g_drive = g_m * m.rate
        g_slope = tl.zeros_like(g_m)

    # leak(u) = g range tanh(u / range), and its slope; a linear one's tanh is 0
    u_leak, t = u_m - m.rest, currents.leak
    flat = 1.0 - t * t
    curve = -2.0 * t * flat / m.range
    g_leak = m.conductance * (g_slope * curve - g_drive * flat)

    # I_k = alpha tanh(kappa (U_x - delta)); in the slope alpha kappa (1 - tanh^2) where instant
    bent = 1.0 - currents.elements * currents.elements
    in_slope = tl.where(e.is_instant, g_slope[None, :], 0.0)
    pull = g_drive[None, :] + 2.0 * in_slope * e.kappa * currents.elements
    q = e.alpha * e.kappa * bent * pull
    before = g_m + later + g_leak
    row = tl.arange(0, 4)[:, None]
    back = kept - by_timescale(q, e.timescale) + tl.where(row == 3, before[None, :], 0.0)

    s = sums
    rate, bias, rest, conductance, reach = s.rate, s.bias, s.rest, s.conductance, s.range
    threshold, gain, filter_rates = s.threshold, s.gain, s.filter_rate
    filter_kappa, offset = s.filter_kappa, s.offset
    alpha, delta, kappa, steepness = s.alpha, s.delta, s.kappa, s.steepness
    if _MEMBRANE & NEEDS:
        current = tl.where(m.is_linear, u_leak, m.range * t)
        to_range = tl.where(m.is_linear, 0.0, t - u_leak / m.range * flat)
        to_range = g_drive * to_range + g_slope * curve * u_leak / m.range
        rate += d_membrane
        bias += g_drive
        rest -= g_leak
        conductance += g_slope * flat - g_drive * current
        reach -= m.conductance * to_range
    if _OUTPUT & NEEDS:
        threshold -= to_voltage
        gain += to_gain
    if _FILTERS & NEEDS:
        filter_rates += d_rate
    if _SHAPES & NEEDS:
        filter_kappa += d_kappa
        offset += d_offset
    if _ELEMENTS & NEEDS:
        alpha -= g_drive[None, :] * currents.elements
        delta += q
        kappa -= q * (source - e.delta)
        steepness += in_slope * bent
    sums = Sums(
        rate, bias, rest, conductance, reach, threshold, gain,
        filter_rates, filter_kappa, offset, alpha, delta, kappa, steepness,
    )  # fmt: skip
    return back, g_drive, sums
