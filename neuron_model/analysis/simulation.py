"""The neuron in continuous time: what circuits and training steps are compared with.

The equations are those of :mod:`neuron_model.model.dynamics`; here they are integrated by LSODA
with tolerances far below what any comparison resolves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.integrate import odeint

from neuron_model.analysis.rates import moving_timescales, state_vector, traced_rates
from neuron_model.analysis.settling import settled_offset
from neuron_model.analysis.traced import Jacobian, Rates
from neuron_model.errors import InputError, SimulatorError
from neuron_model.model.dynamics import State, membrane_rate, output
from neuron_model.model.parameters import TIMESCALES, NeuronParameters, Timescale
from neuron_model.model.stimulus import Stimulus
from neuron_model.shown import Shown, in_short
from neuron_model.small_picture import MEMBRANE_COLOR, small_picture

DISPLACEMENT = 1e-6
"""How far above U_rest a neuron starts where U_rest is an equilibrium. It may be an unstable one,
as that of the published neurons at U = 0 and I = 0, on which a neuron would stay for ever unless it
has the least noise."""

MOST_SAMPLES = 20_000_000
"""More would not fit into the memory of a small machine."""

_TOLERANCE = 1e-10
# With amplifiers there are tens of states: still a hundred times below what shows, unless a neuron
# passes an unstable point of rest slowly, which the least noise of a solver ends early. Under a
# current that keeps changing nothing hangs on that, and each of its steps starts the solver anew.
_AMPLIFIED_TOLERANCE = 1e-8
_UNDISTURBED_TOLERANCE = 1e-12
_FEW_STEPS = 10
_MOST_STEPS = 10_000_000  # between two samples: no limit for any neuron that can be described


@dataclass(frozen=True, repr=False)
class Trajectory(Shown):
    """A neuron's run: ``time``, ``current`` I_in and ``output`` s, each (samples,), and its state.

    state: U_m, U_fast, U_slow and U_ultraslow, each (samples,); all in the model's units.
    """

    time: np.ndarray
    state: State
    current: np.ndarray
    output: np.ndarray

    def _brief(self) -> str:
        return (
            f"{self.time.size} samples, time {in_short(self.time)}, U_m {in_short(self.voltage)}, "
            f"I_in {in_short(self.current)}"
        )

    def _rows(self) -> list[tuple[str, str]]:
        copies = zip(TIMESCALES, self.state[1:], strict=True)
        return [
            ("U_m", in_short(self.voltage)),
            *((f"U_{x}", in_short(np.asarray(copy))) for x, copy in copies),
            ("I_in", in_short(self.current)),
            ("s", in_short(self.output)),
        ]

    def _drawing(self) -> str:
        return small_picture(self.time, [self.voltage], [MEMBRANE_COLOR], "U_m over time")

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
    tolerance: float | None = None,
) -> Trajectory:
    """Integrate one neuron from time 0 to ``duration``.

    The equations are those of :class:`neuron_model.model.parameters.NeuronParameters`. LSODA
    (relative and absolute tolerance 1e-10; with amplifiers that lag 1e-12, or 1e-8 under a current
    of many steps) is started anew at every step of the stimulus, so that none is smoothed over;
    samples are its own interpolation, so that their spacing changes no spike.

    Args:
        parameters: one neuron.
        stimulus: I_in.
        duration: end of the run, later than the last step of the stimulus.
        initial: state at time 0; :func:`rest` by default. A copy with time constant 0 is U_m.
        sampling: time between samples; :func:`default_sampling` by default. The end of the run is
            always the last sample.
        tolerance: of the solver, instead of the above.

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
    moving = moving_timescales(one)
    start = rest(one, stimulus(0.0)) if initial is None else initial
    y = state_vector(one, start)
    if not np.all(np.isfinite(y)):
        raise InputError(f"initial state {start} is not allowed; it must be finite.")

    rates = traced_rates(one)
    tolerance = _tolerance(one, stimulus) if tolerance is None else tolerance
    samples = np.empty((grid.size, y.size))
    for begin, end, current in stimulus.segments(duration):
        first, last = np.searchsorted(grid, (begin, end))
        stops = np.concatenate(([begin], grid[first:last], [end]))
        solution = _integrate(*rates(current), y, stops, tolerance)
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


def _tolerance(parameters: NeuronParameters, stimulus: Stimulus) -> float:
    if not parameters.lagging:
        return _TOLERANCE
    calm = len(stimulus.times) <= _FEW_STEPS
    return _UNDISTURBED_TOLERANCE if calm else _AMPLIFIED_TOLERANCE


def _integrate(
    rates: Rates, jacobian: Jacobian, y: np.ndarray, times: np.ndarray, tolerance: float
) -> np.ndarray:
    """State at each of ``times``, (times, states); ``y`` is the one at the first."""
    solution, info = odeint(
        rates,
        y,
        times,
        Dfun=jacobian,
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
