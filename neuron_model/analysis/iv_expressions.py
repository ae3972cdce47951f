"""I-V curves by timescale as closed forms, see :mod:`neuron_model.analysis.iv_curves`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy

from neuron_model.analysis.iv_curves import checked_operating_point, single
from neuron_model.analysis.settling import settled_offset
from neuron_model.model.dynamics import shaped
from neuron_model.model.parameters import Element, NeuronParameters, Timescale, follows

VOLTAGE = sympy.Symbol("U", real=True)
"""The membrane voltage in the closed forms."""


def iv_expression(
    parameters: NeuronParameters, timescale: Timescale, operating_point: float | None = None
) -> sympy.Expr:
    """The curve at ``timescale`` as a closed form in :data:`VOLTAGE`.

    Raises:
        InputError: as :func:`iv_curves`.
    """
    one = single(parameters)
    held = sympy.Float(checked_operating_point(one, operating_point))
    u, leak = VOLTAGE - one.u_rest, one.leak
    linear = bool(one.leak.is_linear)
    terms = [leak.conductance * (u if linear else leak.range * sympy.tanh(u / leak.range))]
    for element in one.elements:
        u_x = VOLTAGE if follows(one, element.timescale, timescale) else held
        u_x = u_x + settled_offset(one, element.timescale, u_x, sympy.atanh)
        t = sympy.tanh(element.kappa * (u_x - element.delta))
        terms.append(element.alpha * _amplified(element, u_x, t))
    return sympy.Add(*terms)  # at once: a sum that grows is looked through at each step


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
    return np.broadcast_to(compiled(expression)(u), u.shape).astype(float)


def compiled(expression: sympy.Expr) -> Callable[[Any], Any]:
    """The closed form as a function of voltages, arrays or floats."""
    function: Callable[[Any], Any] = sympy.lambdify(VOLTAGE, expression, "numpy")
    return function
