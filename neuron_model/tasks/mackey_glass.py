"""The Mackey-Glass series: a delay equation whose solution is weakly chaotic.

    dx/dt = beta x(t - tau) / (1 + x(t - tau)^n) - gamma x(t)

Source: Mackey and Glass, Science 197 (1977) 287; beta 0.2, gamma 0.1, n 10 and tau 17 are the
values with which it became a benchmark (largest Lyapunov exponent about 0.006 per unit of time).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from neuron_model.errors import InputError


@dataclass(frozen=True)
class MackeyGlass:
    """Predict the series some way ahead from what has been heard of it.

    samples: how many samples the series has, ``interval`` units of time apart, after
    ``transient`` units are thrown away. horizon: how many samples ahead to predict. window:
    samples of a training sequence, of which the first ``washout`` are heard but not scored.
    training_fraction: how much of the series, from its start, is trained on; the rest is tested
    on. beta, gamma, n, tau, start: of the equation, x(t) being start before t = 0.

    Raises:
        InputError: a value is not usable; the text names it.
    """

    samples: int = 5000
    interval: float = 1.0
    horizon: int = 10
    window: int = 90
    washout: int = 40
    training_fraction: float = 0.6
    transient: float = 300.0
    beta: float = 0.2
    gamma: float = 0.1
    n: float = 10.0
    tau: float = 17.0
    start: float = 1.2

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            whole = f.name in ("samples", "horizon", "window", "washout")
            kinds = int if whole else int | float
            ok = isinstance(value, kinds) and not isinstance(value, bool)
            least = 0 if f.name in ("washout", "transient") else (1 if whole else 1e-6)
            if not ok or not least <= value <= 1e7:
                kind = "whole number" if whole else "number"
                raise _wrong(f.name, value, f"a {kind} from {least:g} to 10000000")
        if not self.training_fraction < 1:
            raise _wrong("training_fraction", self.training_fraction, "less than 1")
        if self.washout >= self.window:
            raise _wrong("washout", self.washout, f"less than window = {self.window}")
        shortest = min(self.cut, self.samples - self.cut)
        if shortest < self.window + self.horizon:
            raise _wrong(
                "samples",
                self.samples,
                f"enough for window + horizon = {self.window + self.horizon} samples on both "
                f"sides of training_fraction = {self.training_fraction}",
            )

    @property
    def cut(self) -> int:
        """The first sample that is not trained on."""
        return int(self.samples * self.training_fraction)


@dataclass(frozen=True)
class Series:
    """A scaled series in two parts, of which the second has no sample of the first.

    training, test: (samples,), float64, scaled by the mean and the deviation of the training
    part alone: x = mean + deviation * scaled.
    """

    training: np.ndarray
    test: np.ndarray
    mean: float
    deviation: float


def make_series(task: MackeyGlass) -> Series:
    """The task's series, scaled and cut; the same for the same task."""
    values = mackey_glass(task)
    training = values[: task.cut]
    mean, deviation = float(training.mean()), float(training.std())
    scaled = (values - mean) / deviation
    return Series(scaled[: task.cut], scaled[task.cut :], mean, deviation)


def training_batch(
    task: MackeyGlass, series: Series, batch: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Windows that begin anywhere in the training part: input and target, (batch, window, 1)."""
    last = len(series.training) - task.window - task.horizon
    starts = torch.randint(0, last + 1, (batch,), generator=generator)
    return _windows(task, series.training, starts)


def scored_windows(task: MackeyGlass, series: Series) -> tuple[Tensor, Tensor]:
    """Windows whose scored parts lie end to end in the test part: (windows, window, 1) each."""
    last = len(series.test) - task.window - task.horizon
    starts = torch.arange(0, last + 1, task.window - task.washout)
    return _windows(task, series.test, starts)


def _windows(task: MackeyGlass, values: np.ndarray, starts: Tensor) -> tuple[Tensor, Tensor]:
    signal = torch.as_tensor(values, dtype=torch.get_default_dtype())
    index = starts[:, None] + torch.arange(task.window)
    return signal[index][..., None], signal[index + task.horizon][..., None]


def nrmse(prediction: Tensor, target: Tensor) -> float:
    """Root mean square error over the standard deviation of the target; 1: as good as its mean."""
    error = (prediction - target).double().pow(2).mean().sqrt()
    return float(error / target.double().std(correction=0))


def trivial_nrmse(task: MackeyGlass, series: Series) -> dict[str, float]:
    """What it costs on the test part to predict the last value heard, or the mean."""
    heard, target = (x[:, task.washout :] for x in scored_windows(task, series))
    return {
        "last value": nrmse(heard, target),
        "mean": nrmse(torch.zeros_like(target), target),
    }


def mackey_glass(task: MackeyGlass, steps_per_delay: int | None = None) -> np.ndarray:
    """The series itself, (samples,), not scaled.

    Classical Runge-Kutta with a step that divides the delay; the delayed value at half a step
    is the cubic Hermite interpolant of the stored solution, which keeps the fourth order.

    Args:
        task: whose equation, interval, transient and samples are used.
        steps_per_delay: steps in one delay; 0.1 units of time each if not given.
    """
    steps = steps_per_delay or max(1, math.ceil(task.tau / 0.1))
    h = task.tau / steps
    end = task.transient + (task.samples - 1) * task.interval
    count = math.ceil(end / h) + 1
    beta, gamma, n, start = task.beta, task.gamma, task.n, task.start

    def feed(delayed: float) -> float:
        return float(beta * delayed / (1.0 + delayed**n))

    # The history before 0 is constant: its slope is 0. Index k is the time k h.
    x = [start]
    slope = [feed(start) - gamma * start]
    for k in range(count):
        past, next_past = k - steps, k + 1 - steps
        before = x[past] if past >= 0 else start
        after = x[next_past] if next_past >= 0 else start
        if past >= 0:
            middle = 0.5 * (before + after) + h * (slope[past] - slope[next_past]) / 8.0
        else:
            middle = start
        f0, fm, f1 = feed(before), feed(middle), feed(after)
        now = x[-1]
        k1 = f0 - gamma * now
        k2 = fm - gamma * (now + 0.5 * h * k1)
        k3 = fm - gamma * (now + 0.5 * h * k2)
        k4 = f1 - gamma * (now + h * k3)
        x.append(now + h * (k1 + 2.0 * k2 + 2.0 * k3 + k4) / 6.0)
        slope.append(f1 - gamma * x[-1])
    times = task.transient + task.interval * np.arange(task.samples)
    return _hermite(np.asarray(x), np.asarray(slope), h, times)


def _hermite(x: np.ndarray, slope: np.ndarray, h: float, times: np.ndarray) -> np.ndarray:
    """The cubic through values and slopes at multiples of ``h``, at ``times``."""
    k = np.minimum((times / h).astype(int), len(x) - 2)
    u = times / h - k
    return (
        (1 + 2 * u) * (1 - u) ** 2 * x[k]
        + u * (1 - u) ** 2 * h * slope[k]
        + u**2 * (3 - 2 * u) * x[k + 1]
        - u**2 * (1 - u) * h * slope[k + 1]
    )


def _wrong(name: str, value: object, allowed: str) -> InputError:
    return InputError(f"mackey_glass: {name} = {value!r} is not allowed; it must be {allowed}.")
