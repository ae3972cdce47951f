"""How much the intervals of many runs with noise vary, and by how much that is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from mapping.yields import CONFIDENCE
from neuron_model.analysis.regimes import Regime
from neuron_model.analysis.spikes import split_at_gaps

QUANTITIES: Mapping[str, str] = {
    "interspike_interval": "ISI",
    "interburst_interval": "IBI",
    "first_spike": "first spike after the onset",
}
"""Whose jitter is reported, in words."""

_TRANSIENT = 2
_LEAST = 3
_RESAMPLED = 500
# With fewer runs there is little to resample.
_ENOUGH_RUNS = 8


@dataclass(frozen=True)
class Train:
    """One run: its spikes after the onset, counted from there, and the regime it shows."""

    spikes: tuple[float, ...]
    regime: Regime


@dataclass(frozen=True)
class Jitter:
    """How much a quantity varies. In model time.

    count: of values. deviation: standard deviation; low, high: its interval at CONFIDENCE.
    """

    count: int
    mean: float
    deviation: float
    low: float
    high: float

    @property
    def variation(self) -> float:
        """Coefficient of variation: the deviation over the mean."""
        return self.deviation / self.mean


@dataclass(frozen=True)
class Ratio:
    """One jitter over another, with its interval at CONFIDENCE."""

    value: float
    low: float
    high: float


def ratio(one: Jitter, other: Jitter) -> Ratio:
    """Deviations over each other; the interval is that of the F distribution of variances."""
    value = one.deviation / other.deviation
    degrees = one.count - 1, other.count - 1
    tails = stats.f.ppf([0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2], *degrees)
    return Ratio(value, float(value / np.sqrt(tails[1])), float(value / np.sqrt(tails[0])))


def jitter(groups: Sequence[np.ndarray]) -> Jitter | None:
    """Jitter of values that come in one group a run; None where there are fewer than three.

    The interval: of the chi-squared distribution, as for independent normal values; with eight
    runs or more by resampling whole runs, which asks for neither.
    """
    groups = [g for g in groups if g.size]
    values = np.concatenate(groups) if groups else np.empty(0)
    if values.size < _LEAST:
        return None
    mean, deviation = float(values.mean()), float(values.std(ddof=1))
    tails = 0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2
    if len(groups) >= _ENOUGH_RUNS:
        low, high = np.quantile(_resampled(groups), tails)
    else:
        degrees = values.size - 1
        chi = stats.chi2.ppf(tails, degrees)
        high, low = deviation * np.sqrt(degrees / chi)
    return Jitter(values.size, mean, deviation, float(low), float(high))


def _resampled(groups: Sequence[np.ndarray]) -> np.ndarray:
    """Deviations of as many runs drawn with replacement, (_RESAMPLED,)."""
    sizes = np.array([g.size for g in groups], dtype=float)
    sums = np.array([g.sum() for g in groups])
    squares = np.array([np.sum(g**2) for g in groups])
    drawn = np.random.default_rng(0).integers(len(groups), size=(_RESAMPLED, len(groups)))
    count = sizes[drawn].sum(axis=1)
    mean = sums[drawn].sum(axis=1) / count
    variance = (squares[drawn].sum(axis=1) - count * mean**2) / np.maximum(count - 1, 1)
    return np.sqrt(np.maximum(variance, 0.0))


def measured_jitter(trains: Sequence[Train], burst_gap: float | None) -> dict[str, Jitter | None]:
    """Jitter of each of QUANTITIES.

    Args:
        trains: of all runs.
        burst_gap: intervals longer than this are inter-burst intervals; None where there are none.
    """
    every = [np.array(train.spikes) for train in trains]
    found: dict[str, Jitter | None] = {
        "first_spike": jitter([spikes[:1] for spikes in every]),
        "interburst_interval": None,
    }
    if burst_gap is None:
        # the first intervals are the transient's
        found["interspike_interval"] = jitter([np.diff(s)[_TRANSIENT:] for s in every])
        return {name: found[name] for name in QUANTITIES}
    gaps = [np.diff(spikes) for spikes in every]
    found["interburst_interval"] = jitter([g[g > burst_gap][1:] for g in gaps])
    found["interspike_interval"] = _within_bursts(every, burst_gap)
    return {name: found[name] for name in QUANTITIES}


def _within_bursts(every: Sequence[np.ndarray], burst_gap: float) -> Jitter | None:
    """Of intervals within bursts, which grow along a burst: each from the mean of its place."""
    bursts = [[np.diff(b) for b in split_at_gaps(spikes, burst_gap)[1:-1]] for spikes in every]
    places = max((b.size for run in bursts for b in run), default=0)
    means = [
        float(np.mean([b[k] for run in bursts for b in run if b.size > k])) for k in range(places)
    ]
    if not means:
        return None
    overall = float(np.mean([v for run in bursts for b in run for v in b]))
    return jitter(
        [np.array([overall + v - means[k] for b in run for k, v in enumerate(b)]) for run in bursts]
    )
