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
from typing import NamedTuple

import numpy as np
import torch

from neuron_model.parameters import (
    TIMESCALES,
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


def euler(parameters: NeuronParameters, dt: float) -> Step:
    """U(t + dt) = U(t) + dt dU/dt(t): explicit Euler, as arXiv 2605.11835 trains it.

    A copy with time constant 0 follows the new membrane voltage at once.
    """

    def filter_step(timescale: Timescale) -> Callable[[Value, Value], Value]:
        gain = dt / _unless(parameters.is_instant(timescale), parameters.tau(timescale))
        shape = parameters.filter(timescale)
        return lambda u_m, u_x: u_x + gain * filter_rate(u_m - u_x, shape)

    return _step(parameters, dt, filter_step)


def exponential_euler(parameters: NeuronParameters, dt: float) -> Step:
    """Exact flow of each filter, and of the linear part of the leak, over a held rest.

        U_m(t + dt) = U_m + (1 - exp(-g dt / tau_m)) tau_m / g dU_m/dt
        u = U_m - U_x:  du/dt = -u / tau_x              ->  u exp(-dt / tau_x)
                        du/dt = -tanh(kappa u)/(kappa tau_x)
                            ->  asinh(exp(-dt / tau_x) sinh(kappa u)) / kappa

    The membrane voltage is held while the filters move. First order, and stable however small
    the time constants of the filters are. An offset of a filter, for which no closed form is
    known, is added as dt offset / tau_x, half before and half after the flow.
    """
    decay = _times(parameters.leak.conductance, _over(dt, parameters.tau_m))

    def filter_step(timescale: Timescale) -> Callable[[Value, Value], Value]:
        duration = dt / _unless(parameters.is_instant(timescale), parameters.tau(timescale))
        flow = _filter_flow(parameters.filter(timescale), duration)
        half = 0.5 * duration * parameters.filter(timescale).offset

        def step(u_m: Value, u_x: Value) -> Value:
            return _plus(u_m - flow(_minus(u_m - u_x, half)), half)

        return step

    return _step(parameters, dt * _mean_decay(decay), filter_step)


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


def _step(
    parameters: NeuronParameters,
    membrane_gain: Value,
    filter_step: Callable[[Timescale], Callable[[Value, Value], Value]],
) -> Step:
    """U_m += gain dU_m/dt, and each U_x by its own step from the voltages before."""
    # A copy that nothing reads still follows: it is part of the state that is handed on.
    copies = [_copy_step(parameters.is_instant(x), filter_step, x) for x in TIMESCALES]

    def step(state: State, current: Value) -> State:
        before = state.membrane
        membrane = before + membrane_gain * membrane_rate(state, current, parameters)
        return State(
            membrane,
            *(copy(before, u_x, membrane) for copy, u_x in zip(copies, state[1:], strict=True)),
        )

    return step


def _copy_step(
    instant: Mask,
    filter_step: Callable[[Timescale], Callable[[Value, Value], Value]],
    timescale: Timescale,
) -> Callable[[Value, Value, Value], Value]:
    """(U_m before, U_x before, U_m after) -> U_x after, which is U_m where tau is 0."""
    if instant is True:
        return lambda before, u_x, after: after
    step = filter_step(timescale)
    return lambda before, u_x, after: _choose(instant, lambda: after, lambda: step(before, u_x))


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


def _mean_decay(x: Value) -> Value:
    """(1 - exp(-x)) / x, which is 1 at x = 0: the mean of exp(-t) over t from 0 to x."""
    if isinstance(x, torch.Tensor):
        zero = x == 0
        safe = torch.where(zero, torch.ones_like(x), x)
        # The first terms of the series where x is 0: their slope is right there too.
        return torch.where(zero, 1.0 - 0.5 * x, -torch.expm1(-safe) / safe)
    if isinstance(x, float):
        return -math.expm1(-x) / x if x else 1.0
    known = np.where(x == 0, 1.0, x)
    return np.where(x == 0, 1.0, -np.expm1(-known) / known)


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
