"""The equations of the multi-timescale conductance neuron: the only place where they stand.

Every function is pure and works alike on floats, numpy arrays and torch tensors that broadcast
to (..., neurons), so that an adaptive solver, a training loop and an I-V curve share them.

What does not change from step to step is worked out once: :func:`euler` and
:func:`exponential_euler` take the parameters and give the step of a run. A parameter that is a
plain float and leaves its term as it is (an offset of 0, a factor of 1) costs no operation.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

import numpy as np

from neuron_model.errors import InputError
from neuron_model.model.parameters import (
    TIMESCALES,
    Amplifier,
    Element,
    Filter,
    Leak,
    Mask,
    NeuronParameters,
    OutputShape,
    Timescale,
    Value,
)

if TYPE_CHECKING:
    from torch import Tensor


class Branches(NamedTuple):
    """Currents of an amplifier's two branches, each a share of its bias current, (..., neurons).

    up, down: at the output. first_up, first_down: behind the mirror that each meets first.
    """

    up: Value
    down: Value
    first_up: Value
    first_down: Value


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

    @property
    def branches(self) -> tuple[Branches, ...]:
        """Of the amplifiers that ``NeuronParameters.lagging`` lists, in that order; none stands
        for branches that have settled."""
        return ()

    def with_branches(self, branches: tuple[Branches, ...]) -> State:
        """The same voltages, and branches that are on their way."""
        if not branches:
            return State(*self)
        state = AmplifiedState(*self)
        state.branches = branches
        return state

    def changed(self, change: Callable[[Value], Value]) -> State:
        """The same with every voltage and every branch changed."""
        branches = tuple(Branches(*(change(share) for share in one)) for one in self.branches)
        return State(*(change(u) for u in self)).with_branches(branches)

    def detach(self) -> State:
        """The same numbers, through which no gradient flows: to go on after a backward pass."""
        return self.changed(lambda u: u.detach() if _is_tensor(u) else u)


class AmplifiedState(State):
    """Voltages, and beside them the branches of amplifiers."""

    branches: tuple[Branches, ...] = ()


def joined(states: Sequence[State], join: Callable[[Sequence[Value]], Value]) -> State:
    """One state of several that are made alike, each voltage and each branch by ``join``."""
    branches = tuple(
        Branches(*(join(shares) for shares in zip(*same, strict=True)))
        for same in zip(*(state.branches for state in states), strict=True)
    )
    voltages = (join(same) for same in zip(*states, strict=True))
    return State(*voltages).with_branches(branches)


Step = Callable[[State, Value], State]
"""(state, input current) -> state one time step later."""


def tanh(x: Value) -> Value:
    """tanh of a float, array or tensor, each by its own library."""
    if _is_tensor(x):
        return x.tanh()
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


def amplified(t: Value, u: Value, out: Value, amplifier: Amplifier, branches: Branches) -> Value:
    """What becomes of t, :func:`shaped`; the formula is that of :class:`Amplifier`."""
    growth: Value = 1.0
    if _is_there(amplifier.skew):
        growth = growth + amplifier.skew * out
    if _is_there(amplifier.drift):
        growth = growth + amplifier.drift * u * (0.5 + 0.5 * t)
    if _is_there(amplifier.ease):
        growth = growth + amplifier.ease * out * (branches.up - branches.down)
    current = _times(growth, branches.up - branches.down)
    if _is_there(amplifier.conductance):
        current = current - amplifier.conductance * out
    return current


def shaped(th: Value, amplifier: Amplifier) -> Value:
    """t = th + (1 - th^2) (shape th + shoulder th^3): th is the tanh of an amplifier's input."""
    if not (_is_there(amplifier.shape) or _is_there(amplifier.shoulder)):
        return th
    square = th * th
    return th + (1.0 - square) * th * (amplifier.shape + amplifier.shoulder * square)


def settled(t: Value) -> Branches:
    """up = (1 + t) / 2, down = (1 - t) / 2: branches that have had the time to follow."""
    up, down = 0.5 + 0.5 * t, 0.5 - 0.5 * t
    return Branches(up, down, up, down)


def branch_states(amplifier: Amplifier) -> tuple[str, ...]:
    """Which of the branches of one neuron's amplifier have a state of their own."""
    second = [("up", amplifier.rises_at_once), ("down", amplifier.falls_at_once)]
    return ("first_up", "first_down", *(name for name, at_once in second if at_once is False))


def branches_of(states: Mapping[str, Value]) -> Branches:
    """Branches from those that :func:`branch_states` lists; the others are what they follow."""
    first = {"up": states["first_up"], "down": states["first_down"]}
    return Branches(**{**first, **states})


def branch_logarithms(
    branches: Sequence[Branches], states: Sequence[tuple[str, ...]]
) -> np.ndarray:
    """The states of each amplifier's branches: the logarithms of those that ``states`` lists."""
    shares = [
        getattr(one, name) for one, names in zip(branches, states, strict=True) for name in names
    ]
    return np.log(np.maximum(np.array(shares, dtype=float), _LEAST_SHARE))


# What a transistor that is off still carries, beyond the reach of any tanh.
_LEAST_SHARE = 1e-12


def branch_rates(branches: Branches, t: Value, amplifier: Amplifier) -> dict[str, Value]:
    """d(ln x)/dt = (target - x) / (lag x^bend) of each branch that :func:`branch_states` lists."""
    to = settled(t)
    targets = {
        "first_up": (to.up, amplifier.lag),
        "first_down": (to.down, amplifier.lag),
        "up": (branches.first_up, amplifier.rise),
        "down": (branches.first_down, amplifier.fall),
    }

    def rate(name: str) -> Value:
        share: Value = getattr(branches, name)
        target, lag = targets[name]
        return (target - share) / _bent(lag, share, amplifier)

    return {name: rate(name) for name in branch_states(amplifier)}


def _bent(lag: Value, share: Value, amplifier: Amplifier) -> Value:
    """lag share^bend."""
    return lag * share**amplifier.bend if _is_there(amplifier.bend) else lag


def branch_flow(share: Value, target: Value, duration: Value) -> Value:
    """y(0) -> y(duration) of dy/dt = y (target - y), the logistic equation; exact.

        y(duration) = share / (e + share (1 - e) / target),   e = exp(-target duration)

    duration: in units of the branch's time constant. A tanh that float32 has rounded to 1 leaves a
    target of 0, and in the end a share of 0: neither is less than what a transistor carries.
    """
    share, target = _at_least(share, _LEAST_SHARE), _at_least(target, _LEAST_SHARE)
    lost = _expm1(-(target * duration))
    return share / (1.0 + lost - share * lost / target)


def amplifier_inputs(state: State, parameters: NeuronParameters) -> tuple[Value, ...]:
    """t of each amplifier that ``parameters.lagging`` lists, see :func:`shaped`."""
    return tuple(_amplifier_input(state, parameters, owner)[1] for owner in parameters.lagging)


def at_work(state: State, parameters: NeuronParameters) -> State:
    """The same state, with settled branches where it has none."""
    if state.branches or not parameters.lagging:
        return state
    inputs = amplifier_inputs(state, parameters)
    return state.with_branches(tuple(settled(t) for t in inputs))


def _amplifier_input(
    state: State, parameters: NeuronParameters, owner: int | Timescale
) -> tuple[Value, Value]:
    """(u, t): U_x - delta of an element, U_m - U_x of a filter, and tanh(kappa u), shaped."""
    if isinstance(owner, Timescale):
        u, kappa = state.membrane - state.voltage(owner), parameters.filter(owner).kappa
    else:
        element = parameters.elements[owner]
        u, kappa = _minus(state.voltage(element.timescale), element.delta), element.kappa
    th, amplifier = tanh(_times(kappa, u)), parameters.amplifier(owner)
    return u, th if amplifier is None else shaped(th, amplifier)


def _branches(state: State, parameters: NeuronParameters, owner: int | Timescale) -> Branches:
    if state.branches and owner in parameters.lagging:
        return state.branches[parameters.lagging.index(owner)]
    return settled(_amplifier_input(state, parameters, owner)[1])


def ionic_current(state: State, parameters: NeuronParameters) -> Value:
    """leak(U_m - U_rest) + sum_k I_k: what the neuron draws at ``state``."""
    total = leak_current(_minus(state.membrane, parameters.u_rest), parameters.leak)
    for index, element in enumerate(parameters.elements):
        if element.amplifier is None:
            u_x = state.voltage(element.timescale)
            drawn = element_current(u_x, element.alpha, element.delta, element.kappa)
        else:
            u, t = _amplifier_input(state, parameters, index)
            held = _branches(state, parameters, index)
            drawn = element.alpha * amplified(t, u, state.membrane, element.amplifier, held)
        total = total + drawn
    return total


def copy_drive(state: State, timescale: Timescale, parameters: NeuronParameters) -> Value:
    """filter(U_m - U_x), which is tau_x dU_x/dt."""
    shape = parameters.filter(timescale)
    if shape.amplifier is None:
        return filter_rate(state.membrane - state.voltage(timescale), shape)
    u, t = _amplifier_input(state, parameters, timescale)
    held = _branches(state, parameters, timescale)
    moved = amplified(t, u, state.voltage(timescale), shape.amplifier, held)
    return _plus(_over(moved, shape.kappa), shape.offset)


def membrane_rate(state: State, current: Value, parameters: NeuronParameters) -> Value:
    """dU_m/dt = (-leak(U_m - U_rest) + I_in + I_bias - sum_k I_k) / tau_m."""
    drive = _plus(current, parameters.i_bias)
    return _over(drive - ionic_current(state, parameters), parameters.tau_m)


def output(u_m: Value, parameters: NeuronParameters) -> Value:
    """s = clip(v, 0, 1), or max(0, tanh(v)) with the output shape ``ota``.

    v = (U_m - U_threshold) / (U_saturation - U_threshold)
    """
    span = parameters.u_saturation - parameters.u_threshold
    v = _over(_minus(u_m, parameters.u_threshold), span)
    if parameters.output is OutputShape.OTA:
        return _at_least(tanh(v), 0.0)
    return _clip(v, 0.0, 1.0)


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
        if element.amplifier is not None and element.amplifier.lags:
            continue
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

    A copy with time constant 0 follows the new membrane voltage at once; amplifiers' branches
    follow by their exact flow (with the charge that their mirrors have before the step), which is
    stable however short their lags are.
    """

    def filter_step(timescale: Timescale) -> CopyStep:
        gain = dt / _unless(parameters.is_instant(timescale), parameters.tau(timescale))
        shape = parameters.filter(timescale)
        return lambda u_m, u_x: u_x + gain * filter_rate(u_m - u_x, shape)

    follow = _copies(parameters, filter_step, dt)

    def step(state: State, current: Value) -> State:
        membrane = state.membrane + dt * membrane_rate(state, current, parameters)
        return follow(state, state.membrane, membrane)

    return step


def exponential_euler(parameters: NeuronParameters, dt: float) -> Step:
    """The membrane first, linearized around where it is; then the exact flow of each filter.

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

    Where there are amplifiers, their filters take an explicit step, which is as good at time
    constants of many steps; their branches, exactly, what they do while the voltages are held.

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

    follow = _copies(parameters, filter_step, dt)
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


def find_integrator(name: str) -> Integrator:
    """The maker of steps of that name.

    Raises:
        InputError: there is none.
    """
    if name not in INTEGRATORS:
        raise InputError(
            f"integrator = {name!r} is not allowed; it must be one of {', '.join(INTEGRATORS)}."
        )
    return INTEGRATORS[name]


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
    parameters: NeuronParameters, filter_step: Callable[[Timescale], CopyStep], dt: float
) -> Callable[[State, Value, Value], State]:
    """(state before, U_m that the filters follow, U_m after) -> state after.

    A copy that nothing reads still follows: it is part of the state that is handed on. Branches
    of amplifiers follow the voltages after the step.
    """

    def copy(timescale: Timescale) -> Callable[[State, Value, Value], Value]:
        instant = parameters.is_instant(timescale)
        if instant is True:
            return lambda before, followed, after: after
        if parameters.filter(timescale).amplifier is not None:
            gain = dt / _unless(instant, parameters.tau(timescale))

            def move(before: State, followed: Value) -> Value:
                held = before._replace(membrane=followed).with_branches(before.branches)
                return before.voltage(timescale) + gain * copy_drive(held, timescale, parameters)
        else:
            step = filter_step(timescale)

            def move(before: State, followed: Value) -> Value:
                return step(followed, before.voltage(timescale))

        return lambda before, followed, after: _choose(
            instant, lambda: after, lambda: move(before, followed)
        )

    copies = [copy(x) for x in TIMESCALES]

    def follow(before: State, followed: Value, after: Value) -> State:
        moved = State(after, *(one(before, followed, after) for one in copies))
        if not parameters.lagging:
            return moved
        return moved.with_branches(_branch_step(before, moved, parameters, dt))

    return follow


def _branch_step(
    before: State, after: State, parameters: NeuronParameters, dt: float
) -> tuple[Branches, ...]:
    inputs = amplifier_inputs(after, parameters)
    held = before.branches or tuple(settled(t) for t in amplifier_inputs(before, parameters))
    amplifiers = [a for a in map(parameters.amplifier, parameters.lagging) if a is not None]
    return tuple(
        moved_branches(branches, t, amplifier, dt)
        for branches, t, amplifier in zip(held, inputs, amplifiers, strict=True)
    )


def moved_branches(branches: Branches, t: Value, amplifier: Amplifier, dt: float) -> Branches:
    """Branches ``dt`` later, t being held; ``amplifier`` lags."""
    to = settled(t)
    first_up, first_down = (
        branch_flow(share, target, dt / _bent(amplifier.lag, share, amplifier))
        for share, target in ((branches.first_up, to.up), (branches.first_down, to.down))
    )

    def second(share: Value, before: Value, after: Value, lag: Value, at_once: Mask) -> Value:
        def flow() -> Value:
            duration = dt / _bent(_unless(at_once, lag), share, amplifier)
            return branch_flow(share, 0.5 * (before + after), duration)

        return _choose(at_once, lambda: after, flow)

    return Branches(
        second(branches.up, branches.first_up, first_up, amplifier.rise, amplifier.rises_at_once),
        second(
            branches.down, branches.first_down, first_down, amplifier.fall, amplifier.falls_at_once
        ),
        first_up,
        first_down,
    )


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
    # A trace stands for any values: it takes the longer way, which is right for both.
    is_long = _is_traced(duration) or bool(_greatest(duration) > _LONG)

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
    if _is_tensor(mask):
        return _torch().where(mask, yes(), no())
    return np.where(mask, yes(), no())


def _unless(mask: Mask, value: Value) -> Value:
    """``value``, and 1 where the mask says that it must not be used.

    The formula that divides by it is then finite where it is not chosen, and so is its gradient.
    """
    if isinstance(mask, bool):
        return 1.0 if mask else value
    if _is_tensor(value):
        return value.masked_fill(mask, 1.0)
    return np.where(mask, 1.0, value)


def _is_there(value: Value) -> bool:
    return not (isinstance(value, float) and value == 0.0)


def _plus(x: Value, y: Value) -> Value:
    return x if isinstance(y, float) and y == 0.0 else x + y


def _minus(x: Value, y: Value) -> Value:
    return x if isinstance(y, float) and y == 0.0 else x - y


def _times(factor: Value, x: Value) -> Value:
    return x if isinstance(factor, float) and factor == 1.0 else factor * x


def _over(x: Value, divisor: Value) -> Value:
    return x if isinstance(divisor, float) and divisor == 1.0 else x / divisor


def _at_least(x: Value, least: float) -> Value:
    return x.clamp(min=least) if _is_tensor(x) else _as_float(np.maximum(x, least))


def _expm1(x: Value) -> Value:
    return x.expm1() if _is_tensor(x) else _as_float(np.expm1(x))


def _exp(x: Value) -> Value:
    return x.exp() if _is_tensor(x) else _as_float(np.exp(x))


def _sinh(x: Value) -> Value:
    return x.sinh() if _is_tensor(x) else np.sinh(x)


def _asinh(x: Value) -> Value:
    return x.asinh() if _is_tensor(x) else np.arcsinh(x)


def _clip(x: Value, low: Value, high: Value) -> Value:
    return x.clamp(low, high) if _is_tensor(x) else np.clip(x, low, high)


def _torch() -> Any:
    """torch where someone has imported it; a neuron of plain numbers can do without that second."""
    return sys.modules.get("torch")


def _is_tensor(x: object) -> TypeGuard[Tensor]:
    torch = _torch()
    return torch is not None and isinstance(x, torch.Tensor)


def _is_traced(x: Value) -> bool:
    if not _is_tensor(x):
        return False
    from torch.fx.experimental.proxy_tensor import get_proxy_mode

    return get_proxy_mode() is not None


def _greatest(x: Value) -> float:
    return float(x.detach().max()) if _is_tensor(x) else float(np.max(x))


def _as_float(x: Value) -> Value:
    """A float where numpy made a scalar of one, so that a tensor keeps its own type."""
    return float(x) if np.ndim(x) == 0 else x
