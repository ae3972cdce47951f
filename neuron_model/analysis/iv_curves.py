"""I-V curves by timescale, as numbers.

At timescale x a neuron has had time to follow with all elements as fast as x or faster, while the
slower ones still stand at the operating point:

    I_x(U) = leak(U - U_rest) + sum_{k: tau_k <= tau_x} I_k(U) + sum_{k: tau_k > tau_x} I_k(U_op)

It is the current that the neuron draws, in units of leak conductance times voltage scale; bias and
input are not part of it. Where its slope is negative the neuron amplifies. Source: Ribar and
Sepulchre, arXiv 1805.05696, section III.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neuron_model.analysis.settling import settled_offset
from neuron_model.errors import InputError
from neuron_model.model.dynamics import State, ionic_current
from neuron_model.model.parameters import TIMESCALES, NeuronParameters, Timescale, follows
from neuron_model.shown import Shown, in_short
from neuron_model.small_picture import TIMESCALE_COLORS, small_picture


@dataclass(frozen=True, repr=False)
class IVCurves(Shown):
    """Current over voltage, each (points,), in model units."""

    voltage: np.ndarray
    fast: np.ndarray
    slow: np.ndarray
    ultraslow: np.ndarray

    def _brief(self) -> str:
        curves = (f"{x} {in_short(self.at(x))}" for x in TIMESCALES)
        voltage = f"{self.voltage.size} points, U {in_short(self.voltage)}"
        return f"{voltage}; I: {', '.join(curves)}"

    def _rows(self) -> list[tuple[str, str]]:
        return [(f"I {x}", in_short(self.at(x))) for x in TIMESCALES]

    def _drawing(self) -> str:
        curves = [self.at(x) for x in TIMESCALES]
        colors = [TIMESCALE_COLORS[x] for x in TIMESCALES]
        return small_picture(self.voltage, curves, colors, "I over U by timescale")

    def at(self, timescale: Timescale) -> np.ndarray:
        """The curve of ``timescale``."""
        return np.asarray(getattr(self, Timescale(timescale)))


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
    held = checked_operating_point(one, operating_point)

    def curve(timescale: Timescale) -> np.ndarray:
        voltages = {}
        for x in TIMESCALES:
            followed = u if follows(one, x, timescale) else np.full_like(u, held)
            voltages[x] = followed + settled_offset(one, x, followed)
        return np.asarray(ionic_current(State(u, *voltages.values()), one))

    return IVCurves(u, *(curve(x) for x in TIMESCALES))


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


def checked_operating_point(
    parameters: NeuronParameters, operating_point: float | None = None
) -> float:
    """U at which slower elements stand: ``operating_point``, or U_rest where it is None.

    Raises:
        InputError: it is not finite.
    """
    value = float(parameters.u_rest if operating_point is None else operating_point)
    if not math.isfinite(value):
        raise InputError(f"operating point = {value} is not allowed; it must be finite.")
    return value
