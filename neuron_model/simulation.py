"""The neuron in continuous time: what circuits and training steps are compared with.

The equations are those of :mod:`neuron_model.dynamics`; here they are integrated by LSODA with
tolerances far below what any comparison resolves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.integrate import odeint

from neuron_model.dynamics import (
    State,
    amplifier_inputs,
    branch_logarithms,
    branch_rates,
    branch_states,
    branches_of,
    copy_drive,
    membrane_rate,
    output,
    settled,
)
from neuron_model.errors import InputError, SimulatorError
from neuron_model.parameters import TIMESCALES, NeuronParameters, Timescale
from neuron_model.stimulus import Stimulus

DISPLACEMENT = 1e-6
"""How far above U_rest a neuron starts where U_rest is an equilibrium. It may be an unstable one,
as that of the published neurons at U = 0 and I = 0, on which a neuron would stay for ever unless it
has the least noise."""

MOST_SAMPLES = 20_000_000
"""More would not fit into the memory of a small machine."""

_TOLERANCE = 1e-10
# Of neurons with amplifiers, which have tens of states: still a hundred times below what shows.
_AMPLIFIED_TOLERANCE = 1e-8
_MOST_STEPS = 10_000_000  # between two samples: no limit for any neuron that can be described


@dataclass(frozen=True)
class Trajectory:
    """A neuron's run: ``time``, ``current`` I_in and ``output`` s, each (samples,), and its state.

    state: U_m, U_fast, U_slow and U_ultraslow, each (samples,); all in the model's units.
    """

    time: np.ndarray
    state: State
    current: np.ndarray
    output: np.ndarray

    @property
    def voltage(self) -> np.ndarray:
        """U_m, (samples,)."""
        return np.asarray(self.state.membrane)


def default_sampling(parameters: NeuronParameters) -> float:
    """Time between samples that shows every spike: a tenth of its shortest time constant.

    A filter faster than a tenth of tau_m follows the membrane and asks for no finer samples.
    """
    taus = [float(parameters.tau(x)) for x in TIMESCALES]
    shortest = min([t for t in taus if t > 0] + [float(parameters.tau_m)])
    return 0.1 * max(shortest, 0.1 * float(parameters.tau_m))


def default_duration(parameters: NeuronParameters, stimulus: Stimulus) -> float:
    """Time enough after the last step for transients to end and the slowest rhythm to repeat."""
    slowest = max(
        1000.0 * float(parameters.tau_m),
        50.0 * float(parameters.tau_fast),
        50.0 * float(parameters.tau_slow),
        10.0 * float(parameters.tau_ultraslow),
    )
    return stimulus.onset + slowest


def rest(parameters: NeuronParameters, current: float) -> State:
    """Where a run that begins with I_in = ``current`` starts: U_m at U_rest, copies settled there.

    U_m is displaced by DISPLACEMENT if nothing would move otherwise. A filter that never settles
    starts at U_rest.
    """
    u_rest = float(parameters.u_rest)
    copies = [u_rest + _settled_offset(parameters, x) for x in TIMESCALES]
    still = abs(membrane_rate(State(u_rest, *copies), current, parameters)) < 1e-12
    return State(u_rest + DISPLACEMENT if still else u_rest, *copies)


def _settled_offset(parameters: NeuronParameters, timescale: Timescale) -> float:
    shape = parameters.filter(timescale)
    if shape.offset == 0.0 and shape.amplifier is None:
        return 0.0
    # which brings sympy along
    from neuron_model.iv_curves import settled_offset

    try:
        return float(settled_offset(parameters, timescale, float(parameters.u_rest)))
    except InputError:
        return 0.0


def simulate(
    parameters: NeuronParameters,
    stimulus: Stimulus,
    duration: float,
    initial: State | None = None,
    sampling: float | None = None,
) -> Trajectory:
    """Integrate one neuron from time 0 to ``duration``.

    The equations are those of :class:`neuron_model.parameters.NeuronParameters`. LSODA (relative
    and absolute tolerance 1e-10, with amplifiers that lag 1e-8) is started anew at every step of
    the stimulus, so that none is smoothed over; samples are its own interpolation, so that their
    spacing changes no spike.

    Args:
        parameters: one neuron.
        stimulus: I_in.
        duration: end of the run, later than the last step of the stimulus.
        initial: state at time 0; :func:`rest` by default. A copy with time constant 0 is U_m.
        sampling: time between samples; :func:`default_sampling` by default. The end of the run is
            always the last sample.

    Raises:
        InputError: several neurons; a duration or sampling that is not positive; a step of the
            stimulus at or after the end; more than MOST_SAMPLES samples.
        SimulatorError: LSODA gave up.
    """
    if parameters.neurons != 1:
        raise InputError(
            f"'{parameters.name}' is {parameters.neurons} neurons; simulate one at a time: "
            "parameters[0] and so on, or simulate_many."
        )
    one = parameters[0]
    grid = _sample_times(one, stimulus, duration, sampling)
    moving = tuple(x for x in TIMESCALES if not one.is_instant(x))
    start = rest(one, stimulus(0.0)) if initial is None else initial
    branches = start.branches or tuple(settled(t) for t in amplifier_inputs(start, one))
    logs = branch_logarithms(branches, _states(one))
    y = np.array([start.membrane, *(start.voltage(x) for x in moving), *logs], dtype=float)
    if not np.all(np.isfinite(y)):
        raise InputError(f"initial state {start} is not allowed; it must be finite.")

    rates = _compile_rates(one, moving)
    tolerance = _AMPLIFIED_TOLERANCE if one.lagging else _TOLERANCE
    samples = np.empty((grid.size, y.size))
    for begin, end, current in stimulus.segments(duration):
        first, last = np.searchsorted(grid, (begin, end))
        stops = np.concatenate(([begin], grid[first:last], [end]))
        solution = _integrate(rates(current), y, stops, tolerance)
        samples[first:last] = solution[1:-1]
        y = solution[-1]
    samples[-1] = y

    membrane = samples[:, 0]
    copies = [samples[:, 1 + moving.index(x)] if x in moving else membrane for x in TIMESCALES]
    return Trajectory(
        time=grid,
        state=State(membrane, *copies),
        current=stimulus(grid),
        output=np.asarray(output(membrane, one)),
    )


def simulate_many(
    parameters: NeuronParameters,
    stimuli: Sequence[Stimulus],
    duration: float,
    sampling: float | None = None,
) -> tuple[Trajectory, ...]:
    """Run of each of N neurons, driven by a stimulus of its own; see :func:`simulate`.

    Raises:
        InputError: as :func:`simulate`, or not one stimulus for each neuron.
    """
    if len(stimuli) != parameters.neurons:
        raise InputError(
            f"{len(stimuli)} currents for {parameters.neurons} neurons; give one for each."
        )
    pairs = zip(parameters, stimuli, strict=True)
    return tuple(simulate(one, stimulus, duration, sampling=sampling) for one, stimulus in pairs)


def _sample_times(
    parameters: NeuronParameters, stimulus: Stimulus, duration: float, sampling: float | None
) -> np.ndarray:
    step = default_sampling(parameters) if sampling is None else float(sampling)
    for name, value in (("duration", duration), ("sampling", step)):
        if not (math.isfinite(value) and value > 0):
            raise InputError(f"{name} = {value} is not allowed; it must be positive.")
    if stimulus.onset >= duration:
        raise InputError(
            f"duration = {duration:g} is not allowed; it must be later than the last step of the "
            f"current, at {stimulus.onset:g}."
        )
    if duration / step > MOST_SAMPLES:
        raise InputError(
            f"duration = {duration:g} is not allowed; at one sample every {step:g} it must be at "
            f"most {MOST_SAMPLES * step:g}: shorten it, or sample less often."
        )
    inner = step * np.arange(math.ceil(duration / step * (1 - 1e-12)))
    return np.append(inner, duration)


Rates = Callable[[np.ndarray, float], list[float]]


class _Traced:
    """A number that remembers how it was worked out, as an expression of Python.

    known: the names of each tanh that was taken so far, by its argument, in their order.
    """

    def __init__(self, text: str, known: dict[str, str]) -> None:
        self.text = text
        self.known = known

    def _make(self, text: str) -> _Traced:
        return _Traced(text, self.known)

    def __add__(self, other: object) -> _Traced:
        return self._make(f"({self.text} + {_text(other)})")

    def __radd__(self, other: object) -> _Traced:
        return self._make(f"({_text(other)} + {self.text})")

    def __sub__(self, other: object) -> _Traced:
        return self._make(f"({self.text} - {_text(other)})")

    def __rsub__(self, other: object) -> _Traced:
        return self._make(f"({_text(other)} - {self.text})")

    def __mul__(self, other: object) -> _Traced:
        return self._make(f"({self.text} * {_text(other)})")

    def __rmul__(self, other: object) -> _Traced:
        return self._make(f"({_text(other)} * {self.text})")

    def __truediv__(self, other: object) -> _Traced:
        return self._make(f"({self.text} / {_text(other)})")

    def __pow__(self, other: object) -> _Traced:
        return self._make(f"({self.text} ** {_text(other)})")

    def tanh(self) -> _Traced:
        """What numpy calls for the tanh of an object."""
        name = self.known.setdefault(self.text, f"t{len(self.known)}")
        return self._make(name)


def _text(number: object) -> str:
    return number.text if isinstance(number, _Traced) else f"({float(number)!r})"  # type: ignore[arg-type]


def _compile_rates(
    parameters: NeuronParameters, moving: tuple[Timescale, ...]
) -> Callable[[float], Rates]:
    """I_in -> ((U_m and the copies that move, time) -> their rates, in plain floats).

    The equations of :mod:`neuron_model.dynamics` are run once on numbers that keep track, and what
    they did becomes a function of its own: the solver asks a hundred thousand times, and nearly
    all of the time would go into choosing the same formulas again.
    """
    known: dict[str, str] = {}
    listed = _states(parameters)
    count = 1 + len(moving)
    names = [f"u{k}" for k in range(count + sum(map(len, listed)))]
    # of a branch, the logarithm is the state: it cannot become negative
    exponentials = "".join(f"        s{k} = exp(u{k})\n" for k in range(count, len(names)))
    u = [_Traced(name, known) for name in names[:count]]
    copies = [u[1 + moving.index(x)] if x in moving else u[0] for x in TIMESCALES]
    shares = (_Traced(f"s{k}", known) for k in range(count, len(names)))
    branches = tuple(branches_of({name: next(shares) for name in states}) for states in listed)
    state = State(u[0], *copies).with_branches(branches)
    rates = [membrane_rate(state, _Traced("current", known), parameters)]
    rates += [copy_drive(state, x, parameters) / parameters.tau(x) for x in moving]
    inputs = amplifier_inputs(state, parameters)
    for owner, held, t in zip(parameters.lagging, branches, inputs, strict=True):
        amplifier = parameters.amplifier(owner)
        assert amplifier is not None
        rates += branch_rates(held, t, amplifier).values()
    tanhs = "".join(f"        {name} = tanh({argument})\n" for argument, name in known.items())
    source = (
        "def at(current):\n"
        "    def rates(y, time):\n"
        f"        {', '.join(names)}, = y.tolist()\n"
        f"{exponentials}{tanhs}"
        f"        return [{', '.join(rate.text for rate in rates)}]\n"
        "    return rates\n"
    )
    namespace: dict[str, Any] = {"tanh": math.tanh, "exp": math.exp}
    exec(compile(source, "<rates of a neuron>", "exec"), namespace)
    at: Callable[[float], Rates] = namespace["at"]
    return at


def _states(parameters: NeuronParameters) -> list[tuple[str, ...]]:
    """Of each amplifier that lags, its branches that have a state."""
    amplifiers = [parameters.amplifier(owner) for owner in parameters.lagging]
    return [branch_states(amplifier) for amplifier in amplifiers if amplifier is not None]


def _integrate(rates: Rates, y: np.ndarray, times: np.ndarray, tolerance: float) -> np.ndarray:
    """State at each of ``times``, (times, states); ``y`` is the one at the first."""
    solution, info = odeint(
        rates,
        y,
        times,
        rtol=tolerance,
        atol=tolerance,
        mxstep=_MOST_STEPS,
        full_output=True,
    )
    if info["message"] != "Integration successful." or not np.all(np.isfinite(solution[-1])):
        raise SimulatorError(
            f"The model could not be integrated from {times[0]:g} to {times[-1]:g}: "
            f"{info['message']} Check its time constants for values that are far apart."
        )
    return np.asarray(solution)
