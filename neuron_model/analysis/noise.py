"""The neuron with noise currents: stochastic differential equations in the sense of Ito.

    tau_m dU_m = (...) dt + sqrt(S_m / 2) dW_m + f_m dt
    tau_x dU_x = (...) dt + sqrt(S_x / 2) dW_x + f_x dt

(...) are the rates of :mod:`neuron_model.model.dynamics`. S is the one-sided density of the white
noise of everything that drives a node, f its flicker noise. Both hang on how each amplifier's bias
current is split between its two branches: with t the tanh of its input, up = (1 + t) / 2 and down =
(1 - t) / 2,

    S_k = white_k(t), a parabola through its values at t = -1, 0 and 1
    f_k = pair_k (1 - t^2) n_1 + tail_k t n_2 + up_k up n_3 + down_k down n_4

where n_1 to n_4 are independent, of one-sided density 1 / f^exponent. A differential pair that is
steered to one side passes the noise of its tail, a balanced one its own; each branch has that of
its mirrors. In weak inversion with shot noise alone, 2 q I of every transistor, an OTA with four
mirrors and a bias mirror has S = 2 q I (4 - t + t^2).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from neuron_model.analysis.flicker import FlickerProcess, flicker_poles
from neuron_model.analysis.simulation import MOST_SAMPLES, Trajectory, rest
from neuron_model.analysis.spikes import HYSTERESIS
from neuron_model.errors import InputError
from neuron_model.model.dynamics import State, exponential_euler, output
from neuron_model.model.parameters import TIMESCALES, NeuronParameters, Timescale
from neuron_model.model.stimulus import Stimulus

TimeProgress = Callable[[float, float], None]
"""(model time that is done, of how much)."""

STEP = 0.1
"""Of tau_m: the time step."""

# Of tau_m: for how long flicker noise and the densities are held. White noise is stronger than
# flicker at the frequencies that this leaves out, and a split of currents changes by little.
_HOLD = 0.5
# The band of flicker noise ends at this over the run's duration, and this over the holding time.
_LOWEST, _HIGHEST = 0.1, 0.2
_SAMPLING = 0.5
_BLOCK = 64


@dataclass(frozen=True)
class NoiseSource:
    """Noise current of one amplifier, in model units.

    node: what it drives: the membrane (None) or a filtered voltage. reads: which voltage decides
    its split, the membrane (None) or a filtered one, and minus which one or ``delta``: t = tanh(
    kappa (U_reads - U_minus - delta)); a kappa of 0 is a source that does not hang on the state.
    white: densities at t = -1, 0 and 1. flicker: amplitudes (pair, tail, up, down), squared they
    are densities at the frequency 1.
    """

    node: Timescale | None
    white: tuple[float, float, float]
    flicker: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    reads: Timescale | None = None
    minus: Timescale | None = None
    delta: float = 0.0
    kappa: float = 0.0

    def __post_init__(self) -> None:
        numbers = (*self.white, *self.flicker, self.delta, self.kappa)
        if not all(map(math.isfinite, numbers)) or min(*self.white, *self.flicker) < 0:
            raise InputError(
                f"noise: densities {self.white} and amplitudes {self.flicker} must be finite and "
                "not negative."
            )

    def difference(self, state: State) -> np.ndarray:
        """U_reads - U_minus, (runs,)."""
        read = _voltage(state, self.reads)
        return read if self.minus is None else read - _voltage(state, self.minus)


@dataclass(frozen=True)
class Noise:
    """All noise of one neuron. exponent: of the flicker noise, 1 / f^exponent."""

    sources: tuple[NoiseSource, ...]
    exponent: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "sources", tuple(self.sources))
        if not 0.0 < self.exponent < 2.0:
            raise InputError(f"noise: exponent = {self.exponent:g} must be between 0 and 2.")

    def splits(self, state: State) -> np.ndarray:
        """t of each source at ``state``, (sources, runs)."""
        inputs = [np.atleast_1d(s.kappa * (s.difference(state) - s.delta)) for s in self.sources]
        return np.tanh(np.stack(inputs))

    def white(self, splits: np.ndarray) -> np.ndarray:
        """One-sided density of each source's white noise, (sources, runs)."""
        low, middle, high = np.array([s.white for s in self.sources]).T[..., None]
        density = middle + 0.5 * (high - low) * splits
        density = density + (0.5 * (high + low) - middle) * splits**2
        return np.asarray(np.maximum(density, 0.0))

    def flicker(self, splits: np.ndarray) -> np.ndarray:
        """Amplitude of each of the four processes of each source, (4, sources, runs)."""
        pair, tail, up, down = np.array([s.flicker for s in self.sources]).T[..., None]
        return np.stack(
            [
                pair * (1.0 - splits**2),
                tail * splits,
                up * (0.5 + 0.5 * splits),
                down * (0.5 - 0.5 * splits),
            ]
        )

    def averaged(self, states: State) -> Noise:
        """One source a node that does not hang on the state: the mean over ``states`` (points,)."""
        splits = self.splits(states)
        white = self.white(splits).mean(axis=1)
        slow = (self.flicker(splits) ** 2).sum(axis=0).mean(axis=1)
        sources = []
        for node in dict.fromkeys(s.node for s in self.sources):
            of = [i for i, s in enumerate(self.sources) if s.node == node]
            density, amplitude = float(white[of].sum()), float(math.sqrt(slow[of].sum()))
            sources.append(NoiseSource(node, (density,) * 3, (amplitude, 0.0, 0.0, 0.0)))
        return Noise(tuple(sources), self.exponent)

    def scaled(self, white: float = 1.0, flicker: float = 1.0) -> Noise:
        """The same with other densities, by these factors."""
        root = math.sqrt(flicker)
        return replace(
            self,
            sources=tuple(
                replace(
                    s,
                    white=tuple(white * v for v in s.white),  # type: ignore[arg-type]
                    flicker=tuple(root * v for v in s.flicker),  # type: ignore[arg-type]
                )
                for s in self.sources
            ),
        )


def _voltage(state: State, timescale: Timescale | None) -> np.ndarray:
    return np.asarray(state.membrane if timescale is None else state.voltage(timescale))


@dataclass(frozen=True, eq=False)
class NoisyRuns:
    """Many runs of one neuron, side by side, each with noise of its own.

    spikes: times of each run. time: of the samples, (samples,). voltage: U_m, (runs, samples).
    step: the time step that was taken. copies: U_fast, U_slow and U_ultraslow, (3, runs, samples);
    None where they were not asked for.
    """

    spikes: tuple[np.ndarray, ...]
    time: np.ndarray
    voltage: np.ndarray
    step: float
    copies: np.ndarray | None = None

    def trajectory(self, run: int, parameters: NeuronParameters, stimulus: Stimulus) -> Trajectory:
        """One run with its copies, as a run without noise is given.

        Args:
            run: which one.
            parameters: of the neuron.
            stimulus: that of the run.
        """
        assert self.copies is not None
        membrane = self.voltage[run]
        state = State(membrane, *self.copies[:, run])
        shown = np.asarray(output(membrane, parameters))
        return Trajectory(self.time, state, stimulus(self.time), shown)


@dataclass(frozen=True)
class Sampling:
    """How runs are integrated, and what is kept of them.

    step: time step; STEP tau_m where it is None. interval: between samples of the voltage; half a
    tau_m where it is None. copies: whether the filtered voltages of the samples are kept as well.
    """

    step: float | None = None
    interval: float | None = None
    copies: bool = False


_USUAL = Sampling()


def noisy_runs(
    parameters: NeuronParameters,
    noise: Noise,
    stimuli: Sequence[Stimulus],
    duration: float,
    seed: int | Sequence[int] = 0,
    sampling: Sampling = _USUAL,
    progress: TimeProgress | None = None,
) -> NoisyRuns:
    """Integrate one neuron with noise, once for each of ``stimuli``.

    The step is that of :func:`neuron_model.model.dynamics.exponential_euler` under a current that
    holds the mean of the white noise over the step. Densities and flicker noise are those at the
    beginning of each half of a tau_m (Ito); flicker reaches down to a tenth of 1 / ``duration``.
    The same seed, stimuli, duration and step give the same runs.

    Args:
        parameters: one neuron.
        noise: its currents, in the units of the parameters.
        stimuli: one a run; their steps are at the same times, rounded to the time step.
        duration: end of the runs.
        seed: of all random numbers.
        sampling: steps and samples.
        progress: called now and then.

    Raises:
        InputError: no run, several neurons, stimuli with steps at different times, a duration or
            step that is not positive, or more samples than fit into memory.
    """
    one, times, currents = _checked(parameters, stimuli, duration)
    tau = float(one.tau_m)
    dt = STEP * tau if sampling.step is None else float(sampling.step)
    apart = _SAMPLING * tau if sampling.interval is None else float(sampling.interval)
    if not (math.isfinite(dt) and 0.0 < dt < duration):
        raise InputError(f"step = {dt:g} must be positive and less than the duration.")
    if not (math.isfinite(apart) and apart > 0.0):
        raise InputError(f"sampling = {apart:g} is not allowed; it must be positive.")
    every = max(1, round(apart / dt))
    steps = math.ceil(duration / dt - 1e-9)
    runs = len(stimuli)
    if runs * (4 if sampling.copies else 1) * (steps // every + 2) > MOST_SAMPLES:
        raise InputError(
            f"{runs} runs of {duration:g} need more samples than fit into memory; take fewer runs, "
            "a shorter duration or a coarser sampling."
        )
    starts = np.searchsorted(np.round(times / dt), np.arange(steps), side="right") - 1

    generator = np.random.default_rng(seed)
    injector = _Injector(one, noise, dt, duration, runs, generator)
    advance = exponential_euler(one, dt)
    start = rest(one, float(currents[0, 0]))
    state = State(*(np.full(runs, float(u)) for u in start))
    trains = _Trains(runs, float(one.u_threshold), np.asarray(state.membrane))
    kept = 4 if sampling.copies else 1
    samples = np.empty((steps // every + 1, kept, runs))
    samples[0] = state[:kept]
    for k in range(steps):
        at_membrane, at_copies = injector(k, state)
        moved = advance(state, currents[starts[k]] + at_membrane)
        state = _kicked(moved, at_copies)
        trains.follow(k * dt, dt, np.asarray(state.membrane))
        if (k + 1) % every == 0:
            samples[(k + 1) // every] = state[:kept]
            if progress is not None and (k + 1) % (200 * every) == 0:
                progress((k + 1) * dt, duration)
    time = dt * every * np.arange(samples.shape[0])
    voltage = np.ascontiguousarray(samples[:, 0].T)
    copies = np.moveaxis(samples[:, 1:], 0, 2) if sampling.copies else None
    return NoisyRuns(trains.times(), time, voltage, dt, copies)


def _checked(
    parameters: NeuronParameters, stimuli: Sequence[Stimulus], duration: float
) -> tuple[NeuronParameters, np.ndarray, np.ndarray]:
    """(one neuron, times of the steps, currents by step and run)."""
    if parameters.neurons != 1:
        raise InputError(f"'{parameters.name}' is {parameters.neurons} neurons; take one of them.")
    if not stimuli:
        raise InputError("noise: there must be at least one run.")
    times = stimuli[0].times
    if any(stimulus.times != times for stimulus in stimuli):
        raise InputError("noise: the currents of all runs must change at the same times.")
    if not (math.isfinite(duration) and duration > times[-1]):
        raise InputError(
            f"duration = {duration:g} is not allowed; it must be later than the last step of the "
            f"current, at {times[-1]:g}."
        )
    return parameters[0], np.array(times), np.array([s.values for s in stimuli]).T


class _Injector:
    """Draws the noise currents of each step."""

    def __init__(
        self,
        parameters: NeuronParameters,
        noise: Noise,
        dt: float,
        duration: float,
        runs: int,
        generator: np.random.Generator,
    ) -> None:
        self._noise, self._generator, self._runs = noise, generator, runs
        moving = [x for x in TIMESCALES if parameters.is_instant(x) is not True]
        self._nodes: list[Timescale | None] = [None, *moving]
        self._gains = [dt / float(parameters.tau(x)) for x in moving]
        self._moving = moving
        self._white = math.sqrt(0.5 / dt)
        # a source at a copy without a state of its own drives the membrane
        of = [s.node if s.node in moving else None for s in noise.sources]
        self._onto = np.array([[float(n == node) for n in of] for node in self._nodes])
        self._every = max(1, round(_HOLD * float(parameters.tau_m) / dt))
        hold = self._every * dt
        self._flicker: FlickerProcess | None = None
        if any(any(s.flicker) for s in noise.sources):
            low, high = _LOWEST / duration, _HIGHEST / hold
            poles = flicker_poles(low, max(high, 10.0 * low), noise.exponent)
            shape = (4, len(noise.sources), runs)
            self._flicker = FlickerProcess(poles, shape, hold, generator)
        self._slow: np.ndarray | float = 0.0
        self._spread = np.zeros((len(self._nodes), runs))
        self._drawn = np.empty((0, len(self._nodes), runs))

    def __call__(
        self, index: int, state: State
    ) -> tuple[np.ndarray | float, dict[Timescale, np.ndarray]]:
        """(current into the membrane, displacement of each copy) of step ``index``."""
        if not self._noise.sources:
            return 0.0, {}
        if index % self._every == 0:
            self._refresh(index, state)
        if index % _BLOCK == 0:
            shape = (_BLOCK, len(self._nodes), self._runs)
            self._drawn = self._generator.standard_normal(shape)
        current = self._spread * self._drawn[index % _BLOCK] + self._slow
        kicks = zip(self._moving, self._gains, current[1:], strict=True)
        return current[0], {x: gain * row for x, gain, row in kicks}

    def _refresh(self, index: int, state: State) -> None:
        splits = self._noise.splits(state)
        self._spread = self._white * np.sqrt(self._onto @ self._noise.white(splits))
        if self._flicker is not None:
            values = self._flicker.advance() if index else self._flicker.value
            self._slow = self._onto @ (self._noise.flicker(splits) * values).sum(axis=0)


def _kicked(state: State, kicks: dict[Timescale, np.ndarray]) -> State:
    if not kicks:
        return state
    copies = {str(x): state.voltage(x) + kick for x, kick in kicks.items()}
    return state._replace(**copies).with_branches(state.branches)


class _Trains:
    """Spikes of all runs, found while they run (:mod:`neuron_model.analysis.spikes`)."""

    def __init__(self, runs: int, threshold: float, membrane: np.ndarray) -> None:
        self._threshold = threshold
        self._armed = membrane < threshold
        self._before = membrane
        self._found: list[list[float]] = [[] for _ in range(runs)]

    def follow(self, time: float, dt: float, membrane: np.ndarray) -> None:
        over = membrane > self._threshold
        fired = over & self._armed
        if fired.any():
            for run in np.flatnonzero(fired).tolist():
                before, after = float(self._before[run]), float(membrane[run])
                part = (self._threshold - before) / (after - before)
                self._found[run].append(time + dt * part)
            self._armed = self._armed & ~fired
        self._armed = self._armed | (membrane < self._threshold - HYSTERESIS)
        self._before = membrane

    def times(self) -> tuple[np.ndarray, ...]:
        return tuple(np.array(found) for found in self._found)
