"""I-V curves by timescale, as numbers and as closed forms, and what their shape says.

At timescale x a neuron has had time to follow with all elements as fast as x or faster, while the
slower ones still stand at the operating point:

    I_x(U) = leak(U - U_rest) + sum_{k: tau_k <= tau_x} I_k(U) + sum_{k: tau_k > tau_x} I_k(U_op)

It is the current that the neuron draws, in units of leak conductance times voltage scale; bias and
input are not part of it. Where its slope is negative the neuron amplifies. Source: Ribar and
Sepulchre, arXiv 1805.05696, section III.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from scipy.optimize import brentq

from neuron_model.errors import InputError
from neuron_model.model.dynamics import State, ionic_current, shaped
from neuron_model.model.parameters import TIMESCALES, Element, NeuronParameters, Timescale, follows

VOLTAGE = sympy.Symbol("U", real=True)
"""The membrane voltage in the closed forms."""

ROOT_TOLERANCE = 1e-13

# Beyond so many widths of its tanh an element is flat to 1e-15 of its height.
_REACH = 18.0
_GRID = 721


@dataclass(frozen=True)
class IVCurves:
    """Current over voltage, each (points,), in model units."""

    voltage: np.ndarray
    fast: np.ndarray
    slow: np.ndarray
    ultraslow: np.ndarray

    def at(self, timescale: Timescale) -> np.ndarray:
        """The curve of ``timescale``."""
        return np.asarray(getattr(self, Timescale(timescale)))


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


def iv_curves(
    parameters: NeuronParameters, voltage: np.ndarray, operating_point: float | None = None
) -> IVCurves:
    """The curves of one neuron, from the equations that are simulated.

    Args:
        parameters: one neuron.
        voltage: (points,) or a float; U at which the current is wanted.
        operating_point: U at which slower elements stand; U_rest by default. It shifts the fast
            and the slow curve up or down and leaves the ultraslow one as it is.

    Raises:
        InputError: several neurons; a value that is not finite; a filter whose offset is so large
            that it never settles.
    """
    one = single(parameters)
    u = np.atleast_1d(np.asarray(voltage, dtype=float))
    if not np.all(np.isfinite(u)):
        raise InputError("voltage: a value is not finite; give the range to look at as numbers.")
    held = _operating_point(one, operating_point)

    def curve(timescale: Timescale) -> np.ndarray:
        voltages = {}
        for x in TIMESCALES:
            followed = u if follows(one, x, timescale) else np.full_like(u, held)
            voltages[x] = followed + settled_offset(one, x, followed)
        return np.asarray(ionic_current(State(u, *voltages.values()), one))

    return IVCurves(u, *(curve(x) for x in TIMESCALES))


def iv_expression(
    parameters: NeuronParameters, timescale: Timescale, operating_point: float | None = None
) -> sympy.Expr:
    """The curve at ``timescale`` as a closed form in :data:`VOLTAGE`.

    Raises:
        InputError: as :func:`iv_curves`.
    """
    one = single(parameters)
    held = sympy.Float(_operating_point(one, operating_point))
    u, leak = VOLTAGE - one.u_rest, one.leak
    linear = bool(one.leak.is_linear)
    total = leak.conductance * (u if linear else leak.range * sympy.tanh(u / leak.range))
    for element in one.elements:
        u_x = VOLTAGE if follows(one, element.timescale, timescale) else held
        u_x = u_x + settled_offset(one, element.timescale, u_x)
        t = sympy.tanh(element.kappa * (u_x - element.delta))
        total += element.alpha * _amplified(element, u_x, t)
    return total


def _amplified(element: Element, u_x: sympy.Expr, t: sympy.Expr) -> sympy.Expr:
    """What an amplifier makes of the tanh ``t``; the formula is that of :class:`Amplifier`."""
    amplifier = element.amplifier
    if amplifier is None:
        return t
    t = shaped(t, amplifier)
    growth = 1 + amplifier.skew * VOLTAGE + amplifier.drift * (u_x - element.delta) * (1 + t) / 2
    growth += amplifier.ease * t * VOLTAGE
    return t * growth - amplifier.conductance * VOLTAGE


def slope_expression(parameters: NeuronParameters, timescale: Timescale) -> sympy.Expr:
    """dI_x/dU as a closed form in :data:`VOLTAGE`; the operating point has no part in it.

    Raises:
        InputError: as :func:`iv_curves`.
    """
    return sympy.diff(iv_expression(parameters, timescale), VOLTAGE)


def evaluate(expression: sympy.Expr, voltage: Any) -> np.ndarray:
    """A closed form at ``voltage``, of the same shape."""
    u = np.asarray(voltage, dtype=float)
    return np.broadcast_to(_compiled(expression)(u), u.shape).astype(float)


def negative_conductance(parameters: NeuronParameters, timescale: Timescale) -> tuple[Region, ...]:
    """Where the curve falls, from low to high voltages; the ends to 1e-12.

    The ends are roots of the closed slope. They are looked for between the extremes of the slope,
    so that a region however narrow is found.

    Raises:
        InputError: as :func:`iv_curves`.
    """
    one = single(parameters)
    slope_form = slope_expression(one, timescale)
    slope = _compiled(slope_form)
    grid = _grid(one)
    extremes = _roots(_compiled(sympy.diff(slope_form, VOLTAGE)), grid)
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


def settled_offset(parameters: NeuronParameters, timescale: Timescale, u: Any = 0.0) -> Any:
    """U_x - U_m of a filter that has come to rest: 0 unless it has an offset or an amplifier.

        0 = tanh(kappa (U_m - U_x)) / kappa + offset - conductance U_m / kappa

    An amplifier's output stands at U_x, a few hundredths from U_m; that, its skew and its drift
    change the offset by some per cent of itself, and have no part in it.

    Args:
        parameters: one neuron.
        timescale: of the filter.
        u: U_m; a float, an array or an expression of sympy. Without an amplifier it is not needed.

    Raises:
        InputError: |kappa offset| is 1 or more: the filter slews for ever.
    """
    shape = parameters.filter(timescale)
    conductance = shape.amplifier.conductance if shape.amplifier else 0.0
    if (shape.offset == 0.0 and conductance == 0.0) or parameters.is_instant(timescale):
        return 0.0
    if shape.is_linear:
        return float(shape.offset)
    reach = float(shape.kappa * shape.offset)
    if not abs(reach) < 1.0:
        raise InputError(
            f"neuron '{parameters.name}': filter_{timescale}.offset = {shape.offset:g} is not "
            f"allowed here; it must be less than 1 / kappa = {1 / shape.kappa:g} in size, or the "
            "filter never settles."
        )
    if conductance == 0.0:
        return math.atanh(reach) / float(shape.kappa)
    atanh = sympy.atanh if isinstance(u, sympy.Basic) else np.arctanh
    return atanh(reach - conductance * u) / float(shape.kappa)


def single(parameters: NeuronParameters) -> NeuronParameters:
    """``parameters`` of one neuron as plain floats.

    Raises:
        InputError: several neurons.
    """
    if parameters.neurons != 1:
        raise InputError(
            f"'{parameters.name}' is {parameters.neurons} neurons; take one at a time: "
            "parameters[0] and so on."
        )
    return parameters[0]


def _operating_point(parameters: NeuronParameters, operating_point: float | None) -> float:
    value = float(parameters.u_rest if operating_point is None else operating_point)
    if not math.isfinite(value):
        raise InputError(f"operating point = {value} is not allowed; it must be finite.")
    return value


def _compiled(expression: sympy.Expr) -> Callable[[Any], Any]:
    function: Callable[[Any], Any] = sympy.lambdify(VOLTAGE, expression, "numpy")
    return function


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
    return np.unique(np.concatenate(parts))


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
