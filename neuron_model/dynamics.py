"""The equations of the multi-timescale conductance neuron: the only place where they stand.

Every function is pure and works alike on floats, numpy arrays and torch tensors that broadcast
to (..., neurons), so that an adaptive solver, a training loop and an I-V curve share them.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import torch

from neuron_model.parameters import (
    TIMESCALES,
    Filter,
    Leak,
    NeuronParameters,
    Timescale,
    Value,
)


class State(NamedTuple):
    """Membrane voltage and its filtered copies, each (..., neurons), in model units.

    A copy whose time constant is 0 equals the membrane voltage.
    """

    membrane: Value
    fast: Value
    slow: Value
    ultraslow: Value

    def voltage(self, timescale: Timescale) -> Value:
        """U_x of ``timescale``."""
        return self[1 + TIMESCALES.index(timescale)]


def tanh(x: Value) -> Value:
    """tanh of a float, array or tensor, each by its own library."""
    if isinstance(x, torch.Tensor):
        return torch.tanh(x)
    if isinstance(x, float):
        return math.tanh(x)
    return np.tanh(x)


def leak_current(u: Value, leak: Leak) -> Value:
    """leak(u) = g range tanh(u / range), or g u where the range is infinite."""
    if _is_all(leak.range, math.inf):
        return leak.conductance * u
    return leak.conductance * leak.range * tanh(u / leak.range)


def element_current(u_x: Value, alpha: Value, delta: Value, kappa: Value) -> Value:
    """I_k = alpha tanh(kappa (U_x - delta)): the current that the element draws."""
    return alpha * tanh(kappa * (u_x - delta))


def filter_rate(u: Value, shape: Filter) -> Value:
    """filter(u) = tanh(kappa u) / kappa + offset, or u + offset where kappa is 0."""
    if _is_all(shape.kappa, 0.0):
        return u + shape.offset
    return tanh(shape.kappa * u) / shape.kappa + shape.offset


def ionic_current(state: State, parameters: NeuronParameters) -> Value:
    """leak(U_m - U_rest) + sum_k I_k: what the neuron draws at ``state``."""
    total = leak_current(state.membrane - parameters.u_rest, parameters.leak)
    for element in parameters.elements:
        u_x = state.voltage(element.timescale)
        total = total + element_current(u_x, element.alpha, element.delta, element.kappa)
    return total


def membrane_rate(state: State, current: Value, parameters: NeuronParameters) -> Value:
    """dU_m/dt = (-leak(U_m - U_rest) + I_in + I_bias - sum_k I_k) / tau_m."""
    drive = current + parameters.i_bias
    return (drive - ionic_current(state, parameters)) / parameters.tau_m


def output(u_m: Value, parameters: NeuronParameters) -> Value:
    """s = clip((U_m - U_threshold) / (U_saturation - U_threshold), 0, 1)."""
    span = parameters.u_saturation - parameters.u_threshold
    s = (u_m - parameters.u_threshold) / span
    return s.clamp(0.0, 1.0) if isinstance(s, torch.Tensor) else np.clip(s, 0.0, 1.0)


def euler_step(state: State, current: Value, parameters: NeuronParameters, dt: float) -> State:
    """U(t + dt) = U(t) + dt dU/dt(t): explicit Euler, as arXiv 2605.11835 trains it.

    A copy with time constant 0 follows the new membrane voltage at once.
    """
    membrane = state.membrane + dt * membrane_rate(state, current, parameters)

    def follow(timescale: Timescale, u_x: Value) -> Value:
        tau = parameters.tau(timescale)
        if _is_all(tau, 0.0):
            return membrane
        return u_x + dt / tau * filter_rate(state.membrane - u_x, parameters.filter(timescale))

    return State(membrane, *map(follow, TIMESCALES, state[1:]))


def exponential_euler_step(
    state: State, current: Value, parameters: NeuronParameters, dt: float
) -> State:
    """Exact flow of each filter, and of the linear part of the leak, over a held rest.

        U_m(t + dt) = U_m + (1 - exp(-g dt / tau_m)) tau_m / g dU_m/dt
        u = U_m - U_x:  du/dt = -u / tau_x              ->  u exp(-dt / tau_x)
                        du/dt = -tanh(kappa u)/(kappa tau_x)
                            ->  asinh(exp(-dt / tau_x) sinh(kappa u)) / kappa

    The membrane voltage is held while the filters move. First order, and stable however small
    the time constants are; an offset of a filter is added as dt offset / tau_x.
    """
    g = parameters.leak.conductance
    held = _relative_step(g * dt / parameters.tau_m)
    membrane = state.membrane + dt * held * membrane_rate(state, current, parameters)

    def follow(timescale: Timescale, u_x: Value) -> Value:
        tau, shape = parameters.tau(timescale), parameters.filter(timescale)
        if _is_all(tau, 0.0):
            return membrane
        remaining = _remaining(state.membrane - u_x, _exp(-dt / tau), shape)
        return state.membrane - remaining + dt / tau * shape.offset

    return State(membrane, *map(follow, TIMESCALES, state[1:]))


def _remaining(u: Value, decay: Value, shape: Filter) -> Value:
    """What is left of the difference ``u`` once a filter has run for -log(decay) tau_x."""
    if _is_all(shape.kappa, 0.0):
        return decay * u
    y = shape.kappa * u
    # asinh(d sinh y) overflows for large y, where it is y + log d; the identity
    # d sinh y = e^|y| (d - d e^(-2|y|)) / 2 keeps the exponential out of the result.
    size = _abs(y)
    scale = _exp(-size)
    half = 0.5 * decay * (1.0 - scale * scale)
    # asinh(e^a h) = a + log(h + sqrt(h^2 + e^(-2a)))
    grown = size + _log(half + (half * half + scale * scale) ** 0.5)
    return _sign(y) * grown / shape.kappa


def _relative_step(x: Value) -> Value:
    """(1 - exp(-x)) / x, which is 1 at x = 0."""
    if isinstance(x, torch.Tensor):
        safe = torch.where(x == 0, torch.ones_like(x), x)
        return torch.where(x == 0, torch.ones_like(x), -torch.expm1(-safe) / safe)
    safe = np.where(np.asarray(x) == 0, 1.0, x)
    return np.where(np.asarray(x) == 0, 1.0, -np.expm1(-safe) / safe)


def _exp(x: Value) -> Value:
    return torch.exp(x) if isinstance(x, torch.Tensor) else np.exp(x)


def _log(x: Value) -> Value:
    return torch.log(x) if isinstance(x, torch.Tensor) else np.log(x)


def _abs(x: Value) -> Value:
    return torch.abs(x) if isinstance(x, torch.Tensor) else np.abs(x)


def _sign(x: Value) -> Value:
    return torch.sign(x) if isinstance(x, torch.Tensor) else np.sign(x)


def _is_all(value: Any, constant: float) -> bool:
    """Whether ``value`` is ``constant`` everywhere, which picks a formula for all neurons."""
    if isinstance(value, torch.Tensor):
        return bool((value.detach() == constant).all())
    if isinstance(value, float | int):
        return value == constant
    return bool(np.all(np.asarray(value) == constant))
