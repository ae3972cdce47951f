"""The equations of the multi-timescale conductance neuron: the only place where they stand.

Every function is pure and works alike on floats, numpy arrays and torch tensors that broadcast
to (..., neurons), so that an adaptive solver, a training loop and an I-V curve share them.

What does not change from step to step is worked out once: :func:`euler` and
:func:`exponential_euler` take the parameters and give the step of a run. A parameter that is a
plain float and leaves its term as it is (an offset of 0, a factor of 1) costs no operation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import torch

from neuron_model.parameters import (
    TIMESCALES,
    Element,
    Filter,
    Leak,
    Mask,
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


Step = Callable[[State, Value], State]
"""(state, input current) -> state one time step later."""


def tanh(x: Value) -> Value:
    """tanh of a float, array or tensor, each by its own library."""
    if isinstance(x, torch.Tensor):
        return torch.tanh(x)
    if isinstance(x, float):
        return math.tanh(x)
    return np.tanh(x)


def leak_current(u: Value, leak: Leak) -> Value:
    """leak(u) = g range tanh(u / range), or g u where the range is infinite."""

    def saturating() -> Value:
        reach = _unless(leak.is_linear, leak.range)
        return reach * tanh(u / reach)

    return _times(leak.conductance, _choose(leak.is_linear, lambda: u, saturating))


def element_current(u_x: Value, alpha: Value, delta: Value, kappa: Value) -> Value:
    """I_k = alpha tanh(kappa (U_x - delta)): the current that the element draws."""
    return alpha * tanh(_times(kappa, _minus(u_x, delta)))


def filter_rate(u: Value, shape: Filter) -> Value:
    """filter(u) = tanh(kappa u) / kappa + offset, or u + offset where kappa is 0."""

    def saturating() -> Value:
        kappa = _unless(shape.is_linear, shape.kappa)
        return _over(tanh(_times(kappa, u)), kappa)

    return _plus(_choose(shape.is_linear, lambda: u, saturating), shape.offset)


def ionic_current(state: State, parameters: NeuronParameters) -> Value:
    """leak(U_m - U_rest) + sum_k I_k: what the neuron draws at ``state``."""
    total = leak_current(_minus(state.membrane, parameters.u_rest), parameters.leak)
    for element in parameters.elements:
        u_x = state.voltage(element.timescale)
        total = total + element_current(u_x, element.alpha, element.delta, element.kappa)
    return total


def membrane_rate(state: State, current: Value, parameters: NeuronParameters) -> Value:
    """dU_m/dt = (-leak(U_m - U_rest) + I_in + I_bias - sum_k I_k) / tau_m."""
    drive = _plus(current, parameters.i_bias)
    return _over(drive - ionic_current(state, parameters), parameters.tau_m)


def output(u_m: Value, parameters: NeuronParameters) -> Value:
    """s = clip((U_m - U_threshold) / (U_saturation - U_threshold), 0, 1)."""
    span = parameters.u_saturation - parameters.u_threshold
    s = _over(_minus(u_m, parameters.u_threshold), span)
    return s.clamp(0.0, 1.0) if isinstance(s, torch.Tensor) else np.clip(s, 0.0, 1.0)


def membrane_conductance(state: State, parameters: NeuronParameters) -> Value:
    """d(ionic_current)/dU_m at held copies: leak'(U_m - U_rest) + sum_k dI_k/dU_m.

    leak'(u) = g (1 - tanh^2(u / range)),   dI_k/dU_m = alpha kappa (1 - tanh^2(kappa (U_x -
    delta))) for the elements whose U_x is U_m, 0 for the others
    """
    leak = parameters.leak
    u = _minus(state.membrane, parameters.u_rest)

    def saturating() -> Value:
        return _times(leak.conductance, _slope(u / _unless(leak.is_linear, leak.range)))

    total = _choose(leak.is_linear, lambda: leak.conductance, saturating)
    for element in parameters.elements:
        instant = parameters.is_instant(element.timescale)
        if instant is not False:
            total = total + _choose(instant, partial(_element_slope, state, element), lambda: 0.0)
    return total


def _element_slope(state: State, element: Element) -> Value:
    """alpha kappa (1 - tanh^2(kappa (U_x - delta)))."""
    u_x = state.voltage(element.timescale)
    slope = _slope(_times(element.kappa, _minus(u_x, element.delta)))
    return _times(element.kappa, element.alpha) * slope


def euler(parameters: NeuronParameters, dt: float) -> Step:
    """U(t + dt) = U(t) + dt dU/dt(t): explicit Euler, as arXiv 2605.11835 trains it.

    A copy with time constant 0 follows the new membrane voltage at once.
    """

    def filter_step(timescale: Timescale) -> CopyStep:
        gain = dt / _unless(parameters.is_instant(timescale), parameters.tau(timescale))
        shape = parameters.filter(timescale)
        return lambda u_m, u_x: u_x + gain * filter_rate(u_m - u_x, shape)

    follow = _copies(parameters, filter_step)

    def step(state: State, current: Value) -> State:
        membrane = state.membrane + dt * membrane_rate(state, current, parameters)
        return follow(state, state.membrane, membrane)

    return step


def exponential_euler(parameters: NeuronParameters, dt: float) -> Step:
    """The membrane first, linearised around where it is; then the exact flow of each filter.

        U_m(t + dt) = U_m + dt phi(dt G / tau_m) dU_m/dt     G: membrane_conductance
        phi(x)      = (1 - exp(-x)) / x
        u = U_m(t + dt) - U_x:  du/dt = -u / tau_x           ->  u exp(-dt / tau_x)
                                du/dt = -tanh(kappa u) / (kappa tau_x)
                                    ->  asinh(exp(-dt / tau_x) sinh(kappa u)) / kappa

    The copies are held while the membrane moves, and the membrane while they do. Each of the two
    is of second order (the exponential Rosenbrock-Euler method, Hochbruck and Ostermann, Acta
    Numerica 19 (2010) 209), and one after the other they are the symmetric splitting seen half a
    step of the filters later. So U_x is right to first order, about U_x(t + dt / 2), while spikes
    and oscillations neither grow nor drift to that order, as they do where the filters follow the
    voltage before the step. Stable however small the time constants are.

    phi is taken as 1 / (1 + x/2 + x^2/12), which is right to x^4 / 720, smooth where x is 0 and
    keeps x phi(x) below 1 for every x > 0. An offset of a filter, for which no closed form is
    known, is added as dt offset / tau_x, half before and half after the flow.
    """

    def filter_step(timescale: Timescale) -> CopyStep:
        duration = dt / _unless(parameters.is_instant(timescale), parameters.tau(timescale))
        flow = _filter_flow(parameters.filter(timescale), duration)
        half = 0.5 * duration * parameters.filter(timescale).offset

        def step(u_m: Value, u_x: Value) -> Value:
            return _plus(u_m - flow(_minus(u_m - u_x, half)), half)

        return step

    follow = _copies(parameters, filter_step)
    duration = _over(dt, parameters.tau_m)

    def step(state: State, current: Value) -> State:
        rate = membrane_rate(state, current, parameters)
        x = _times(duration, membrane_conductance(state, parameters))
        membrane = state.membrane + dt * rate / (1.0 + x * (0.5 + x * (1.0 / 12.0)))
        return follow(state, membrane, membrane)

    return step


Integrator = Callable[[NeuronParameters, float], Step]
"""(parameters, dt) -> the step of a run."""

INTEGRATORS: dict[str, Integrator] = {
    "exponential": exponential_euler,
    "euler": euler,
}


def euler_step(state: State, current: Value, parameters: NeuronParameters, dt: float) -> State:
    """One step of :func:`euler`."""
    return euler(parameters, dt)(state, current)


def exponential_euler_step(
    state: State, current: Value, parameters: NeuronParameters, dt: float
) -> State:
    """One step of :func:`exponential_euler`."""
    return exponential_euler(parameters, dt)(state, current)


CopyStep = Callable[[Value, Value], Value]
"""(U_m, U_x before) -> U_x after."""


def _copies(
    parameters: NeuronParameters, filter_step: Callable[[Timescale], CopyStep]
) -> Callable[[State, Value, Value], State]:
    """(state before, U_m that the filters follow, U_m after) -> state after.

    A copy that nothing reads still follows: it is part of the state that is handed on.
    """

    def copy(timescale: Timescale) -> Callable[[Value, Value, Value], Value]:
        instant = parameters.is_instant(timescale)
        if instant is True:
            return lambda u_x, followed, after: after
        step = filter_step(timescale)
        return lambda u_x, followed, after: _choose(
            instant, lambda: after, lambda: step(followed, u_x)
        )

    copies = [copy(x) for x in TIMESCALES]

    def follow(state: State, followed: Value, after: Value) -> State:
        moved = (one(u_x, followed, after) for one, u_x in zip(copies, state[1:], strict=True))
        return State(after, *moved)

    return follow


# Beyond this many units tanh is 1 and sinh half an exponential, in float64 too; and the square
# of its sinh, which is in the gradient, is still finite in float32.
_SATURATED = 40.0
# So long a step still ends where that is so.
_LONG = 20.0


def _filter_flow(shape: Filter, duration: Value) -> Callable[[Value], Value]:
    """u(0) -> u(duration) of du/dt = -tanh(kappa u) / kappa, or of du/dt = -u; exact.

    duration: in units of the filter's time constant.
    """
    decay = _exp(-duration)
    kappa = _unless(shape.is_linear, shape.kappa)
    # sinh would overflow. Where it would, the flow is a plain slewing, y - duration, and adding
    # what lies beyond the bound afterwards is right as long as the slewing stays that far out.
    # In a step longer than that, the part beyond the bound is slewed first.
    is_long = bool(_greatest(duration) > _LONG)

    def saturating(u: Value) -> Value:
        y = _times(kappa, u)
        inner = _clip(y, -_SATURATED, _SATURATED)
        beyond = y - inner
        if not is_long:
            return _over(_asinh(decay * _sinh(inner)) + beyond, kappa)
        slewed = _clip(beyond, -duration, duration)
        left = _exp(abs(slewed) - duration)
        return _over(_asinh(left * _sinh(inner)) + (beyond - slewed), kappa)

    return lambda u: _choose(shape.is_linear, lambda: decay * u, lambda: saturating(u))


def _slope(x: Value) -> Value:
    """tanh'(x) = 1 - tanh^2(x)."""
    t = tanh(x)
    return 1.0 - t * t


def _choose(mask: Mask, yes: Callable[[], Value], no: Callable[[], Value]) -> Value:
    """``yes`` where the mask says so, ``no`` elsewhere; a plain mask evaluates only one."""
    if mask is True:
        return yes()
    if mask is False:
        return no()
    if isinstance(mask, torch.Tensor):
        return torch.where(mask, yes(), no())
    return np.where(mask, yes(), no())


def _unless(mask: Mask, value: Value) -> Value:
    """``value``, and 1 where the mask says that it must not be used.

    The formula that divides by it is then finite where it is not chosen, and so is its gradient.
    """
    if isinstance(mask, bool):
        return 1.0 if mask else value
    if isinstance(value, torch.Tensor):
        return value.masked_fill(mask, 1.0)
    return np.where(mask, 1.0, value)


def _plus(x: Value, y: Value) -> Value:
    return x if isinstance(y, float) and y == 0.0 else x + y


def _minus(x: Value, y: Value) -> Value:
    return x if isinstance(y, float) and y == 0.0 else x - y


def _times(factor: Value, x: Value) -> Value:
    return x if isinstance(factor, float) and factor == 1.0 else factor * x


def _over(x: Value, divisor: Value) -> Value:
    return x if isinstance(divisor, float) and divisor == 1.0 else x / divisor


def _exp(x: Value) -> Value:
    return torch.exp(x) if isinstance(x, torch.Tensor) else _as_float(np.exp(x))


def _sinh(x: Value) -> Value:
    return torch.sinh(x) if isinstance(x, torch.Tensor) else np.sinh(x)


def _asinh(x: Value) -> Value:
    return torch.asinh(x) if isinstance(x, torch.Tensor) else np.arcsinh(x)


def _clip(x: Value, low: Value, high: Value) -> Value:
    return torch.clamp(x, low, high) if isinstance(x, torch.Tensor) else np.clip(x, low, high)


def _greatest(x: Value) -> float:
    return float(x.detach().max()) if isinstance(x, torch.Tensor) else float(np.max(x))


def _as_float(x: Value) -> Value:
    """A float where numpy made a scalar of one, so that a tensor keeps its own type."""
    return float(x) if np.ndim(x) == 0 else x
