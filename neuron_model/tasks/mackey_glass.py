"""The Mackey-Glass series: a delay equation whose solution is weakly chaotic.

    dx/dt = beta x(t - tau) / (1 + x(t - tau)^n) - gamma x(t)

Source: Mackey and Glass, Science 197 (1977) 287; beta 0.2, gamma 0.1, n 10 and tau 17 are the
values with which it became a benchmark (largest Lyapunov exponent about 0.006 per unit of time).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from neuron_model.shown import ShownSettings
from neuron_model.tasks.series import Series, check_cuts, cut_series, wrong


@dataclass(frozen=True, repr=False)
class MackeyGlass(ShownSettings):
    """Predict the series some way ahead from what has been heard of it.

    samples: how many samples the series has, ``interval`` units of time apart, after
    ``transient`` units are thrown away. horizon: how many samples ahead to predict. window:
    samples of a training sequence, of which the first ``washout`` are heard but not scored.
    training_fraction: how much of the series, from its start, is trained on;
    validation_fraction: how much after it is kept to choose by; the rest is tested on. beta,
    gamma, n, tau, start: of the equation, x(t) being start before t = 0.

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
    validation_fraction: float = 0.0

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            whole = f.name in ("samples", "horizon", "window", "washout")
            kinds = int if whole else int | float
            ok = isinstance(value, kinds) and not isinstance(value, bool)
            zero = ("washout", "transient", "validation_fraction")
            least = 0 if f.name in zero else (1 if whole else 1e-6)
            if not ok or not least <= value <= 1e7:
                kind = "whole number" if whole else "number"
                raise wrong("mackey_glass", f.name, value, f"a {kind} from {least:g} to 10000000")
        fractions = (self.training_fraction, self.validation_fraction)
        check_cuts("mackey_glass", self.samples, self, self.horizon, fractions)

    def series(self) -> Series:
        """The series, scaled and cut; it is heard and is to be said ``horizon`` samples early."""
        return _cut(self)


PREDICTABILITY_LIMIT = MackeyGlass(
    samples=50_000,
    interval=0.2,
    horizon=675,
    window=2000,
    washout=1000,
    validation_fraction=0.1,
)
"""135 units of time ahead, near the Lyapunov time: the setting of the MTC paper (arXiv 2605.11835),
675 samples of 0.2."""


@lru_cache(maxsize=4)
def _cut(task: MackeyGlass) -> Series:
    values = mackey_glass(task)[:, None]
    return cut_series(
        values, values, task.horizon, task.training_fraction, task.validation_fraction
    )


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
