"""What the shapes of a neuron's I-V curves say: where they fall, and so what it can do.

Where the slope of a curve is negative the neuron amplifies. Source: Ribar and Sepulchre, arXiv
1805.05696, section III.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from scipy.optimize import brentq

from neuron_model.analysis.iv_curves import single
from neuron_model.analysis.iv_expressions import VOLTAGE, compiled, slope_expression
from neuron_model.analysis.settling import settled_offset
from neuron_model.model.parameters import TIMESCALES, Element, NeuronParameters, Timescale

ROOT_TOLERANCE = 1e-13

# Beyond so many widths of its tanh an element is flat to 1e-15 of its height.
_REACH = 18.0
_GRID = 721
_MANY = 50 * _GRID


@dataclass(frozen=True)
class Region:
    """Voltages between which a curve falls; infinite where it falls for ever."""

    low: float
    high: float


@dataclass(frozen=True)
class Excitability:
    """What the shapes of the curves say of a neuron.

    excitable: the fast curve is N-shaped: there are spikes to be fired. slow_excitable: the slow
    curve is too, and the ultraslow one is monotone: bursts. bistable: the ultraslow curve, which
    is the steady state, is N-shaped: two states at rest.
    """

    excitable: bool
    slow_excitable: bool
    bistable: bool


def negative_conductance(parameters: NeuronParameters, timescale: Timescale) -> tuple[Region, ...]:
    """Where the curve falls, from low to high voltages; the ends to 1e-12.

    The ends are roots of the closed slope. They are looked for between the extremes of the slope,
    so that a region however narrow is found.

    Raises:
        InputError: as :func:`iv_curves`.
    """
    one = single(parameters)
    slope_form = slope_expression(one, timescale)
    slope = compiled(slope_form)
    grid = _grid(one)
    extremes = _roots(compiled(sympy.diff(slope_form, VOLTAGE)), grid)
    points = np.unique(np.concatenate((grid, extremes)))
    ends = np.concatenate(([-math.inf], _roots(slope, points), [math.inf]))
    regions = []
    for low, high in zip(ends, ends[1:], strict=False):
        # Between two roots the slope keeps its sign; look where it is largest.
        inner = points[(points > low) & (points < high)]
        values = np.broadcast_to(slope(inner), inner.shape)
        if inner.size and values[np.argmax(np.abs(values))] < 0:
            regions.append(Region(float(low), float(high)))
    return tuple(regions)


def is_n_shaped(parameters: NeuronParameters, timescale: Timescale) -> bool:
    """Whether the curve rises, falls and rises again.

    Raises:
        InputError: as :func:`iv_curves`.
    """
    return any(
        math.isfinite(region.low) and math.isfinite(region.high)
        for region in negative_conductance(parameters, timescale)
    )


def excitability(parameters: NeuronParameters) -> Excitability:
    """What the curves' shapes say of one neuron.

    Raises:
        InputError: as :func:`iv_curves`.
    """
    fast, slow, ultraslow = (is_n_shaped(parameters, x) for x in TIMESCALES)
    return Excitability(
        excitable=fast, slow_excitable=fast and slow and not ultraslow, bistable=ultraslow
    )


def _grid(parameters: NeuronParameters) -> np.ndarray:
    """Voltages fine enough for each tanh that a curve is made of, growing."""

    def around(center: float, width: float) -> np.ndarray:
        return center + width * np.linspace(-_REACH, _REACH, _GRID)

    def of(element: Element) -> np.ndarray:
        center = element.delta - settled_offset(parameters, element.timescale)
        return around(center, 1.0 / element.kappa)

    parts = [of(element) for element in parameters.elements]
    width = 1.0 if parameters.leak.is_linear else float(parameters.leak.range)
    parts.append(around(parameters.u_rest, width))
    points = np.unique(np.concatenate(parts))
    if points.size <= _MANY:
        return points
    # of very many elements: a quarter of the finest of their steps is fine enough for all
    steepest = max(float(element.kappa) for element in parameters.elements)
    step = 2.0 * _REACH / (_GRID - 1) / max(steepest, 1.0 / width) / 4.0
    _, first = np.unique(np.floor(points / step), return_index=True)
    return np.asarray(points[first])


def _roots(function: Callable[[Any], Any], points: np.ndarray) -> np.ndarray:
    """Roots between neighbouring ``points`` of different sign, and those that are roots."""
    values = np.broadcast_to(function(points), points.shape)
    signs = np.sign(values)
    brackets = np.flatnonzero(signs[:-1] * signs[1:] < 0)
    found = [
        brentq(function, points[i], points[i + 1], xtol=ROOT_TOLERANCE, rtol=8.9e-16)
        for i in brackets
    ]
    # A zero among values that are not is a root; a stretch of zeros is a flat curve.
    zero = np.flatnonzero((signs[1:-1] == 0) & (signs[:-2] * signs[2:] < 0)) + 1
    return np.sort(np.concatenate((found, points[zero])))
