"""Where a neuron can rest at a constant current, and whether it stays there.

At rest every copy follows the membrane, so that the equilibria are where the ultraslow I-V curve
carries the current: I_ultraslow(U) = I_in + I_bias. Stability is told by the eigenvalues of the
Jacobian of the full equations.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.optimize import brentq

from neuron_model.analysis.excitability import ROOT_TOLERANCE, negative_conductance
from neuron_model.analysis.iv_curves import single
from neuron_model.analysis.rates import state_vector, traced_rates
from neuron_model.analysis.settling import settled_offset
from neuron_model.errors import InputError
from neuron_model.model.dynamics import State, membrane_rate
from neuron_model.model.parameters import TIMESCALES, NeuronParameters, Timescale
from neuron_model.shown import Shown


class EquilibriumKind(StrEnum):
    """Node: real eigenvalues. Focus: a complex pair among them. Saddle: signs of both kinds."""

    STABLE_NODE = "stable_node"
    STABLE_FOCUS = "stable_focus"
    UNSTABLE_NODE = "unstable_node"
    UNSTABLE_FOCUS = "unstable_focus"
    SADDLE = "saddle"
    SADDLE_FOCUS = "saddle_focus"


@dataclass(frozen=True, repr=False)
class Equilibrium(Shown):
    """A point of rest at one current.

    state: floats. eigenvalues: complex, (states,), in units of 1 / time, the most unstable first;
    one for the membrane and one for each copy whose time constant is not 0.
    """

    state: State
    eigenvalues: np.ndarray
    kind: EquilibriumKind

    def _brief(self) -> str:
        return f"{self.kind} at U_m {float(self.state.membrane):.4g}"

    @property
    def voltage(self) -> float:
        """U_m."""
        return float(self.state.membrane)

    @property
    def is_stable(self) -> bool:
        """Whether small displacements die out."""
        return bool(np.all(self.eigenvalues.real < 0))


def equilibria(parameters: NeuronParameters, current: float) -> tuple[Equilibrium, ...]:
    """All points of rest of one neuron at I_in = ``current``, from low to high voltages.

    The steady-state curve is monotone between the ends of its negative-conductance regions, so
    that each stretch holds at most one of them.

    Raises:
        InputError: several neurons; a current that is not finite; a filter that never settles.
    """
    one = single(parameters)
    if not np.isfinite(current):
        raise InputError(f"current = {current} is not allowed; it must be finite.")

    def rate(u: float) -> float:
        return float(membrane_rate(_at_rest(one, u), float(current), one))

    ends = [
        end
        for region in negative_conductance(one, Timescale.ULTRASLOW)
        for end in (region.low, region.high)
        if np.isfinite(end)
    ]
    reach = _reach(one, current)
    points = [one.u_rest - reach, *(u for u in sorted(ends)), one.u_rest + reach]
    found: list[float] = []
    for low, high in zip(points, points[1:], strict=False):
        at_low, at_high = rate(low), rate(high)
        if at_low == 0.0:
            found.append(low)
        elif at_low * at_high < 0:
            found.append(float(brentq(rate, low, high, xtol=ROOT_TOLERANCE, rtol=8.9e-16)))
    return tuple(_equilibrium(one, u) for u in found)


def jacobian(parameters: NeuronParameters, state: State) -> np.ndarray:
    """d(dy/dt)/dy at ``state``, (states, states); y as in :func:`.rates.state_vector`.

    The membrane, then each copy that moves, then the logarithms of branches that lag.

    Raises:
        InputError: several neurons.
    """
    one = single(parameters)
    _, slopes = traced_rates(one)(0.0)
    return slopes(state_vector(one, state), 0.0).copy()


def _at_rest(parameters: NeuronParameters, u: float) -> State:
    return State(u, *(u + settled_offset(parameters, x, u) for x in TIMESCALES))


def _reach(parameters: NeuronParameters, current: float) -> float:
    """Distance from U_rest beyond which no equilibrium can lie."""
    leak = parameters.leak
    if not leak.is_linear:
        # There the leak is as large as floats can tell, and so is every element.
        widths = [abs(e.delta - parameters.u_rest) + 20.0 / e.kappa for e in parameters.elements]
        return max([20.0 * float(leak.range), *widths]) + 10.0
    drive = abs(current + parameters.i_bias) + sum(abs(e.alpha) for e in parameters.elements)
    if leak.conductance == 0.0:
        widths = [abs(e.delta - parameters.u_rest) + 20.0 / e.kappa for e in parameters.elements]
        return max([1.0, *widths]) + 10.0
    return 1.0 + 2.0 * drive / float(leak.conductance)


def _equilibrium(parameters: NeuronParameters, u: float) -> Equilibrium:
    state = _at_rest(parameters, u)
    eigenvalues = np.linalg.eigvals(jacobian(parameters, state)).astype(complex)
    eigenvalues = eigenvalues[np.argsort(-eigenvalues.real, kind="stable")]
    return Equilibrium(state, eigenvalues, _kind(eigenvalues))


def _kind(eigenvalues: np.ndarray) -> EquilibriumKind:
    grows, turns = eigenvalues.real >= 0, bool(np.any(eigenvalues.imag != 0))
    if not grows.any():
        return EquilibriumKind.STABLE_FOCUS if turns else EquilibriumKind.STABLE_NODE
    if grows.all():
        return EquilibriumKind.UNSTABLE_FOCUS if turns else EquilibriumKind.UNSTABLE_NODE
    return EquilibriumKind.SADDLE_FOCUS if turns else EquilibriumKind.SADDLE
