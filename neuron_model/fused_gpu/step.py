"""One step of the neurons, under the names of :mod:`neuron_model.model.dynamics`.

A state is a tile (4, lanes): the fast, slow and ultraslow copies, then U_m, which is treated as
one more copy that follows U_m at once. What belongs to the elements is a tile (elements, lanes),
with as many elements as the next power of 2; those that are none have an alpha of 0. The switches
EXPONENTIAL, LEAK and FILTERS (does any saturate?), LONG and OTA (of the output) are those of
:class:`~neuron_model.fused.coefficients.Structure`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import triton
import triton.language as tl

from neuron_model.fused.coefficients import ElementRow, FilterRow, Row
from neuron_model.fused_gpu.functions import expm1, log1p, tanh

_RATE = tl.constexpr(int(Row.RATE))
_BIAS = tl.constexpr(int(Row.BIAS))
_REST = tl.constexpr(int(Row.REST))
_CONDUCTANCE = tl.constexpr(int(Row.CONDUCTANCE))
_RANGE = tl.constexpr(int(Row.RANGE))
_LEAK_IS_LINEAR = tl.constexpr(int(Row.LEAK_IS_LINEAR))
_THRESHOLD = tl.constexpr(int(Row.THRESHOLD))
_GAIN = tl.constexpr(int(Row.GAIN))
_DECAY = tl.constexpr(int(FilterRow.DECAY))
_FILTER_KAPPA = tl.constexpr(int(FilterRow.KAPPA))
_OFFSET = tl.constexpr(int(FilterRow.OFFSET))
_IS_LINEAR = tl.constexpr(int(FilterRow.IS_LINEAR))
_IS_INSTANT = tl.constexpr(int(FilterRow.IS_INSTANT))
_DURATION = tl.constexpr(int(FilterRow.DURATION))
_ALPHA = tl.constexpr(int(ElementRow.ALPHA))
_DELTA = tl.constexpr(int(ElementRow.DELTA))
_KAPPA = tl.constexpr(int(ElementRow.KAPPA))

_FILTER_ROWS = tl.constexpr(len(FilterRow))
_FIRST_FILTER = tl.constexpr(len(Row))
_ELEMENT_ROWS = tl.constexpr(len(ElementRow))
_FIRST_ELEMENT = tl.constexpr(len(Row) + 3 * len(FilterRow))

_SATURATED = tl.constexpr(40.0)  # beyond it sinh is half an exponential, see dynamics.py


class Membrane(NamedTuple):
    """Coefficients of the membrane's equation and of s, each (lanes,)."""

    rate: Any
    bias: Any
    rest: Any
    conductance: Any
    range: Any
    is_linear: Any
    threshold: Any
    gain: Any


class Filters(NamedTuple):
    """Coefficients of the filters, each (4, lanes)."""

    decay: Any
    kappa: Any
    offset: Any
    is_linear: Any
    is_instant: Any
    duration: Any


class Elements(NamedTuple):
    """Coefficients of the elements, each (elements, lanes); their timescales, (elements, 1)."""

    alpha: Any
    delta: Any
    kappa: Any
    is_instant: Any
    timescale: Any


class Ionic(NamedTuple):
    """ionic_current and membrane_conductance at a state, and the tanh that they are made of."""

    total: Any
    slope: Any
    leak: Any
    elements: Any


class Flow(NamedTuple):
    """A filter's flow F(u): F, dF/du, and dF/d(decay), or dF/d(duration) where steps are long."""

    moved: Any
    slope: Any
    by: Any


@triton.jit
def rows_of_filters(row):
    """Row ``row`` of the filters: where the tile (4, 1) lies among the coefficients."""
    return _FIRST_FILTER + tl.arange(0, 4)[:, None] * _FILTER_ROWS + row


@triton.jit
def rows_of_elements(row, ELEMENTS: tl.constexpr):
    """Row ``row`` of the elements: where the tile (elements, 1) lies among the coefficients."""
    return _FIRST_ELEMENT + tl.arange(0, ELEMENTS)[:, None] * _ELEMENT_ROWS + row


@triton.jit
def load_membrane(rows, stride, valid):
    """rows: (lanes,) pointers to the first coefficient, the next one ``stride`` away."""
    return Membrane(
        tl.load(rows + _RATE * stride, valid, 1.0),
        tl.load(rows + _BIAS * stride, valid, 0.0),
        tl.load(rows + _REST * stride, valid, 0.0),
        tl.load(rows + _CONDUCTANCE * stride, valid, 1.0),
        tl.load(rows + _RANGE * stride, valid, 1.0),
        tl.load(rows + _LEAK_IS_LINEAR * stride, valid, 1.0) != 0.0,
        tl.load(rows + _THRESHOLD * stride, valid, 0.0),
        tl.load(rows + _GAIN * stride, valid, 1.0),
    )


@triton.jit
def load_filters(rows, stride, valid):
    """As :func:`load_membrane`; the row of U_m is an instant copy."""
    there = valid[None, :] & (tl.arange(0, 4)[:, None] < 3)
    at = rows[None, :]
    return Filters(
        tl.load(at + rows_of_filters(_DECAY) * stride, there, 0.0),
        tl.load(at + rows_of_filters(_FILTER_KAPPA) * stride, there, 1.0),
        tl.load(at + rows_of_filters(_OFFSET) * stride, there, 0.0),
        tl.load(at + rows_of_filters(_IS_LINEAR) * stride, there, 1.0) != 0.0,
        tl.load(at + rows_of_filters(_IS_INSTANT) * stride, there, 1.0) != 0.0,
        tl.load(at + rows_of_filters(_DURATION) * stride, there, 1.0),
    )


@triton.jit
def load_elements(rows, stride, valid, filters, TIMESCALES: tl.constexpr, ELEMENTS: tl.constexpr):
    """As :func:`load_membrane`."""
    index = tl.arange(0, ELEMENTS)[:, None]
    timescale = tl.zeros([ELEMENTS, 1], tl.int32)
    for k in tl.static_range(len(TIMESCALES)):
        timescale = tl.where(index == k, TIMESCALES[k], timescale)
    there = valid[None, :] & (index < len(TIMESCALES))
    at = rows[None, :]
    instant = tl.where(filters.is_instant, 1.0, 0.0)
    return Elements(
        tl.load(at + rows_of_elements(_ALPHA, ELEMENTS) * stride, there, 0.0),
        tl.load(at + rows_of_elements(_DELTA, ELEMENTS) * stride, there, 0.0),
        tl.load(at + rows_of_elements(_KAPPA, ELEMENTS) * stride, there, 1.0),
        by_element(instant, timescale) != 0.0,
        timescale,
    )


@triton.jit
def row_of(tile, row: tl.constexpr):
    """One row (lanes,) of a tile (4, lanes)."""
    return tl.sum(tl.where(tl.arange(0, 4)[:, None] == row, tile, 0.0), 0)


@triton.jit
def by_element(tile, timescale):
    """(4, lanes) -> (elements, lanes): to each element what is its timescale's."""
    fast, slow, ultraslow = row_of(tile, 0), row_of(tile, 1), row_of(tile, 2)
    slower = tl.where(timescale == 1, slow[None, :], ultraslow[None, :])
    return tl.where(timescale == 0, fast[None, :], slower)


@triton.jit
def by_timescale(values, timescale):
    """(elements, lanes) -> (4, lanes): the sum of each timescale's; the adjoint of the above."""
    fast = tl.sum(tl.where(timescale == 0, values, 0.0), 0)[None, :]
    slow = tl.sum(tl.where(timescale == 1, values, 0.0), 0)[None, :]
    ultraslow = tl.sum(tl.where(timescale == 2, values, 0.0), 0)[None, :]
    row = tl.arange(0, 4)[:, None]
    slower = tl.where(row == 1, slow, tl.where(row == 2, ultraslow, 0.0))
    return tl.where(row == 0, fast, slower)


@triton.jit
def ionic(u_m, source, membrane, elements, LEAK: tl.constexpr):
    """ionic_current and membrane_conductance; ``source``: what each element reads."""
    m, e = membrane, elements
    u = u_m - m.rest
    t_leak = tl.zeros_like(u)
    if LEAK:
        t_leak = tl.where(m.is_linear, 0.0, tanh(u / m.range))
        total = m.conductance * tl.where(m.is_linear, u, m.range * t_leak)
    else:
        total = m.conductance * u
    t = tanh(e.kappa * (source - e.delta))
    total += tl.sum(e.alpha * t, 0)
    slopes = tl.where(e.is_instant, e.alpha * e.kappa * (1.0 - t * t), 0.0)
    slope = m.conductance * (1.0 - t_leak * t_leak) + tl.sum(slopes, 0)
    return Ionic(total, slope, t_leak, t)


@triton.jit
def membrane_after(u_m, drive, currents, membrane, EXPONENTIAL: tl.constexpr):
    """U_m one step later."""
    moved = membrane.rate * (drive + membrane.bias - currents.total)
    if EXPONENTIAL:
        x = membrane.rate * currents.slope
        moved = moved / (1.0 + x * (0.5 + x * (1.0 / 12.0)))
    return u_m + moved


@triton.jit
def flow(u, filters, FILTERS: tl.constexpr, LONG: tl.constexpr):
    """The filters' exact flow: asinh(decay sinh(kappa u)) / kappa, or decay u; 0 if instant."""
    f = filters
    moved = f.decay * u
    slope = f.decay + tl.zeros_like(u)
    by = -moved if LONG else u
    if FILTERS:
        y = tl.abs(f.kappa * u)
        inner = tl.where(y > _SATURATED, _SATURATED, y)
        beyond = y - inner
        left = f.decay
        if LONG:
            slewed = tl.where(beyond < f.duration, beyond, f.duration)
            left = tl.exp(slewed - f.duration)
            still = beyond - slewed
        else:
            still = beyond
        e = expm1(inner)
        q = e / (e + 1.0)
        sinh, cosh = 0.5 * (e + q), 1.0 + 0.5 * e * q
        z = left * sinh
        root = tl.sqrt(1.0 + z * z)
        size = (log1p(z + z * z / (1.0 + root)) + still) / f.kappa
        if LONG:
            inside = tl.where(beyond > 0.0, z / root, left * cosh / root)
            d_u = tl.where(beyond > f.duration, 1.0, inside)
            d_left = tl.where(beyond > f.duration, -1.0, -z / root) / f.kappa
        else:
            d_u = tl.where(beyond > 0.0, 1.0, left * cosh / root)
            d_left = sinh / root / f.kappa
        moved = tl.where(f.is_linear, moved, tl.where(u < 0.0, -size, size))
        slope = tl.where(f.is_linear, slope, d_u)
        by = tl.where(f.is_linear, by, tl.where(u < 0.0, -d_left, d_left))
    return Flow(
        tl.where(f.is_instant, 0.0, moved),
        tl.where(f.is_instant, 0.0, slope),
        tl.where(f.is_instant, 0.0, by),
    )


@triton.jit
def filter_rate(u, filters, FILTERS: tl.constexpr):
    """tanh(kappa u) / kappa or u, without the offset, and its derivative; ``by`` is the rate."""
    f = filters
    rate, slope = u, tl.zeros_like(u) + 1.0
    if FILTERS:
        t = tanh(f.kappa * u)
        rate = tl.where(f.is_linear, u, t / f.kappa)
        slope = tl.where(f.is_linear, 1.0, 1.0 - t * t)
    return Flow(rate, slope, rate)


@triton.jit
def step(
    state,
    drive,
    membrane,
    filters,
    elements,
    EXPONENTIAL: tl.constexpr,
    LEAK: tl.constexpr,
    FILTERS: tl.constexpr,
    LONG: tl.constexpr,
):
    """The state (4, lanes) one step later."""
    u_m, f = row_of(state, 3), filters
    currents = ionic(u_m, by_element(state, elements.timescale), membrane, elements, LEAK)
    after = membrane_after(u_m, drive, currents, membrane, EXPONENTIAL)[None, :]
    if EXPONENTIAL:
        moved = flow(after - state - f.offset, f, FILTERS, LONG).moved
        return tl.where(f.is_instant, after, after - moved + f.offset)
    rate = filter_rate(u_m[None, :] - state, f, FILTERS).moved
    return tl.where(f.is_instant, after, state + f.decay * (rate + f.offset))


@triton.jit
def output(u_m, membrane, OTA: tl.constexpr):
    """s = clip(v, 0, 1), or max(0, tanh(v)); v = (U_m - U_threshold) GAIN."""
    v = (u_m - membrane.threshold) * membrane.gain
    if OTA:
        v = tanh(v)
    v = tl.where(v < 0.0, 0.0, v)
    return tl.where(v > 1.0, 1.0, v)
