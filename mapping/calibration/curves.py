"""I-V curves of many samples at once, by timescale, and what calibrating a line does to them.

    I_x(U) = leak(U - U_rest) + sum_{k: tau_k <= tau_x} I_k(U) - I_bias
    dI/d(ln I_bias,k) = I_k - c_k
    dI/d(V_delta,k / V0) = -alpha_k kappa_k sech^2(kappa_k (U - delta_k))

without what is slower. A neuron fires by the shape of these curves
(:mod:`neuron_model.analysis.iv_curves`); here they are arrays over samples. delta_k is as a steady
state shows it, with the offset of the follower before it. c_k is the offset current that a block
brings along, in I0, into the membrane.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mapping.design import NeuronDesign
from neuron_model.model.dynamics import element_current, leak_current
from neuron_model.model.parameters import TIMESCALES, Leak, NeuronParameters, Timescale

POINTS = 41
VOLTAGE = np.linspace(-2.5, 2.5, POINTS)
"""U at which curves are compared: where a neuron's voltage is."""

_WIDTH = 1.2
# The fast curve alone matters for the shape of a spike only.
_WEIGHTS = {Timescale.FAST: 0.2, Timescale.SLOW: 1.0, Timescale.ULTRASLOW: 1.0}


def some(parameters: NeuronParameters, rows: np.ndarray) -> NeuronParameters:
    """The samples at ``rows``, (any,); one may be taken several times."""
    if parameters.neurons == 1:
        return parameters.map(lambda v: np.broadcast_to(v, rows.shape).copy())
    return parameters.map(lambda v: np.asarray(v)[rows] if np.size(v) > 1 else v)


def weighted(curves: np.ndarray, center: float) -> np.ndarray:
    """(samples, timescales, points) -> (samples, all of them), so that squares add up by weight.

    Weights fall off as exp(-(U - center)^2 / _WIDTH^2): further out, curves are straight.
    """
    shares = np.exp(-(((VOLTAGE - center) / _WIDTH) ** 2))
    roots = np.sqrt(np.outer([_WEIGHTS[x] for x in TIMESCALES], shares / shares.sum()))
    return np.asarray((curves * roots).reshape(len(curves), -1))


def center_of(parameters: NeuronParameters, count: int) -> float:
    """U in the middle of the first ``count`` elements, where the curves bend."""
    return float(np.mean([np.mean(e.delta) for e in parameters.elements[:count]]))


def settled_shift(parameters: NeuronParameters, timescale: Timescale) -> np.ndarray:
    """U_x - U_m in a steady state, of a filter with an offset; () or (samples,)."""
    shape = parameters.filter(timescale)
    if bool(np.all(parameters.is_instant(timescale))):
        return np.zeros(())
    offset, kappa = np.asarray(shape.offset, dtype=float), np.asarray(shape.kappa, dtype=float)
    reach = np.clip(kappa * offset, -0.99, 0.99)
    return np.where(kappa > 0, np.arctanh(reach) / np.where(kappa > 0, kappa, 1.0), offset)


def _column(value: object) -> np.ndarray:
    return np.reshape(np.asarray(value, dtype=float), (-1, 1))


def _leak(parameters: NeuronParameters) -> Leak:
    return Leak(_column(parameters.leak.conductance), _column(parameters.leak.range))


def steady_current(parameters: NeuronParameters, voltage: np.ndarray) -> np.ndarray:
    """What the membrane draws from a clamp at ``voltage``, bias taken off, (samples, points)."""
    u_rest = _column(parameters.u_rest)
    leak = _leak(parameters)
    total = leak_current(voltage - u_rest, leak) - _column(parameters.i_bias)
    for element in parameters.elements:
        shift = _column(settled_shift(parameters, element.timescale))
        parts = (_column(v) for v in (element.alpha, element.delta, element.kappa))
        total = total + element_current(voltage + shift, *parts)
    return np.asarray(total)


def total_curves(parameters: NeuronParameters) -> np.ndarray:
    """Curves of all timescales, bias taken off, (samples, timescales, points)."""
    samples = parameters.neurons
    curves = np.zeros((samples, len(TIMESCALES), POINTS))
    leak = _leak(parameters)
    curves += leak_current(VOLTAGE - _column(parameters.u_rest), leak)[:, None]
    curves -= _column(parameters.i_bias)[:, None]
    for element in parameters.elements:
        shift = _column(settled_shift(parameters, element.timescale))
        parts = (_column(v) for v in (element.alpha, element.delta, element.kappa))
        drawn = element_current(VOLTAGE + shift, *parts)
        curves[:, TIMESCALES.index(element.timescale) :] += drawn[:, None]
    return curves


@dataclass(frozen=True, eq=False)
class Blocks:
    """The trained elements of samples, as a steady state shows them.

    alpha, delta, kappa, constant (c_k, in I0): (samples, elements). timescales: by element.
    """

    alpha: np.ndarray
    delta: np.ndarray
    kappa: np.ndarray
    constant: np.ndarray
    timescales: tuple[Timescale, ...]

    @staticmethod
    def of(parameters: NeuronParameters, count: int) -> Blocks:
        """The first ``count`` elements; their offset currents are in I_bias and not known."""
        samples = parameters.neurons
        elements = parameters.elements[:count]

        def stacked(values: list[np.ndarray]) -> np.ndarray:
            return np.stack([np.broadcast_to(v, samples) for v in values], axis=1)

        shifts = [settled_shift(parameters, e.timescale) for e in elements]
        alpha = stacked([np.asarray(e.alpha) for e in elements])
        return Blocks(
            alpha=alpha,
            delta=stacked([e.delta - s for e, s in zip(elements, shifts, strict=True)]),
            kappa=stacked([np.asarray(e.kappa) for e in elements]),
            constant=np.zeros_like(alpha),
            timescales=tuple(e.timescale for e in elements),
        )

    def current(self, index: int, voltage: np.ndarray) -> np.ndarray:
        """What element ``index`` draws, with its offset current, (samples, points)."""
        a, d, k, c = (
            v[:, index, None] for v in (self.alpha, self.delta, self.kappa, self.constant)
        )
        return np.asarray(element_current(voltage, a, d, k) - c)

    def column(self, port: str, design: NeuronDesign) -> np.ndarray:
        """d(curves) per unit of a line: relative for ib_, in V0 for vr_; (samples, timescales,
        points)."""
        kind, _, name = port.partition("_")
        index = [a.name for a in design.elements].index(name)
        curves = np.zeros((len(self.alpha), len(TIMESCALES), POINTS))
        level = TIMESCALES.index(self.timescales[index])
        if kind == "ib":
            a, d, k = (v[:, index, None] for v in (self.alpha, self.delta, self.kappa))
            curves[:, level:] += element_current(VOLTAGE, a, d, k)[:, None]
            curves -= self.constant[:, index, None, None]
            return curves
        a, d, k = (v[:, index, None] for v in (self.alpha, self.delta, self.kappa))
        slope = -a * k / np.cosh(k * (VOLTAGE - d)) ** 2
        curves[:, level:] += slope[:, None]
        return curves
