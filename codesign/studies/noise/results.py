"""The outcome of a noise study: jitter of intervals, and how likely each regime is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import stats

from mapping.conditions import Conditions
from mapping.noise import NodeNoise
from mapping.yields import CONFIDENCE, Share
from neuron_model.analysis.regimes import Regime
from neuron_model.analysis.spikes import split_at_gaps
from neuron_model.shown import Shown

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


@dataclass(frozen=True)
class BoundaryPoint:
    """How many of the runs at one current (in I0) show each regime."""

    current: float
    counts: Mapping[Regime, int]

    def share(self, regime: Regime) -> Share:
        """Of the runs, with Wilson's interval."""
        return Share(self.counts.get(regime, 0), sum(self.counts.values()))


@dataclass(frozen=True)
class Boundary:
    """Regimes around the current at which a neuron without noise changes from one to another.

    current: that one, in I0. below, above: the two regimes. points: by current, rising.
    """

    current: float
    below: Regime
    above: Regime
    points: tuple[BoundaryPoint, ...]

    @property
    def width(self) -> float:
        """Current, in I0, over which the share of ``above`` goes from 16 to 84 %.

        Two standard deviations of a normal distribution; 0 where noise shows nowhere.
        """
        currents = np.array([p.current for p in self.points])
        shares = np.maximum.accumulate([p.share(self.above).value for p in self.points])
        if shares[0] > 0.16 or shares[-1] < 0.84:
            return float("nan")
        # strictly rising, so that it can be turned round
        rising = shares + 1e-9 * np.arange(shares.size)
        low, high = np.interp([0.16, 0.84], rising, currents)
        return float(high - low)


@dataclass(frozen=True)
class CellRow:
    """White noise of one balanced cell at one bias, in 2 q I of the bias line: measured, and what
    2 q I of each transistor's own current gives; flicker corner in Hz."""

    cell: str
    bias: float
    white: float
    shot: float
    corner: float


@dataclass(frozen=True, repr=False)
class NoiseResults(Shown):
    """One neuron with noise at one corner and temperature (degree Celsius).

    time_unit: seconds; unit_current: ampere; unit_voltage: volt. wanted: the regime of the
    macromodel without noise. burst_gap: what separates bursts. nodes: mean noise currents.
    rms: volt, of the membrane by white noise alone if it were a capacitor and a leak. trains: of
    the macromodel; circuits: of ngspice. notes: what the reader should know.
    """

    name: str
    technology: str
    conditions: Conditions
    seed: int
    current: str
    duration: float
    time_unit: float
    unit_current: float
    unit_voltage: float
    wanted: Regime
    burst_gap: float | None
    cells: tuple[CellRow, ...]
    nodes: tuple[NodeNoise, ...]
    rms: float
    trains: tuple[Train, ...]
    circuits: tuple[Train, ...] = ()
    boundary: Boundary | None = None
    notes: tuple[str, ...] = ()

    def _brief(self) -> str:
        return f"{self.name} on {self.technology}, {self.conditions}: {self.wanted} without noise"

    @cached_property
    def jitter(self) -> dict[str, Jitter | None]:
        """Of the macromodel with noise."""
        return measured_jitter(self.trains, self.burst_gap)

    @cached_property
    def circuit_jitter(self) -> dict[str, Jitter | None]:
        """Of the circuit in ngspice with noise; all None where it was not run."""
        return measured_jitter(self.circuits, self.burst_gap)

    def agreement(self, name: str) -> Ratio | None:
        """The macromodel's jitter over ngspice's; None where one of them is not known."""
        one, other = self.jitter[name], self.circuit_jitter[name]
        if one is None or other is None or other.deviation == 0 or one.deviation == 0:
            return None
        return ratio(one, other)

    def regimes(self, trains: Sequence[Train]) -> dict[Regime, Share]:
        """Share of runs that show each regime that any shows."""
        counts = Counter(train.regime for train in trains)
        return {x: Share(counts[x], len(trains)) for x in Regime if counts[x]}


def results_to_json(study: NoiseResults) -> dict[str, Any]:
    """A JSON document: densities, jitter with intervals, shares of regimes."""

    def of(trains: Sequence[Train], values: Mapping[str, Jitter | None]) -> dict[str, Any] | None:
        if not trains:
            return None
        return {
            "runs": len(trains),
            "spikes": sum(len(train.spikes) for train in trains),
            "regimes": {x.value: _share(s) for x, s in study.regimes(trains).items()},
            "jitter": {name: _jitter(value, study.time_unit) for name, value in values.items()},
        }

    boundary = study.boundary
    return {
        "name": study.name,
        "technology": study.technology,
        "corner": study.conditions.corner,
        "temperature": study.conditions.temperature,
        "seed": study.seed,
        "current": study.current,
        "duration": study.duration,
        "units": {
            "time": study.time_unit,
            "current": study.unit_current,
            "voltage": study.unit_voltage,
        },
        "wanted": study.wanted.value,
        "confidence": CONFIDENCE,
        "cells": [vars(row) for row in study.cells],
        "nodes": [
            {
                "node": "membrane" if n.node is None else n.node.value,
                "white": n.white,
                "flicker_at_1_hz": n.flicker,
                "exponent": n.exponent,
                "corner": n.corner,
                "shot_equivalent_current": n.shot_equivalent,
                "capacitance": n.capacitance,
            }
            for n in study.nodes
        ],
        "membrane_rms": study.rms,
        "macromodel": of(study.trains, study.jitter),
        "ngspice": of(study.circuits, study.circuit_jitter),
        "macromodel_over_ngspice": {
            name: None if found is None else vars(found)
            for name, found in ((name, study.agreement(name)) for name in QUANTITIES)
        },
        "boundary": None
        if boundary is None
        else {
            "current": boundary.current,
            "below": boundary.below.value,
            "above": boundary.above.value,
            "width": boundary.width,
            "points": [
                {
                    "current": p.current,
                    "regimes": {x.value: _share(p.share(x)) for x in p.counts},
                }
                for p in boundary.points
            ],
        },
        "notes": list(study.notes),
    }


def _share(share: Share) -> dict[str, Any]:
    low, high = share.interval
    return {"count": share.count, "of": share.total, "share": share.value, "interval": [low, high]}


def _jitter(value: Jitter | None, time_unit: float) -> dict[str, Any] | None:
    if value is None:
        return None
    return {
        "count": value.count,
        "mean": value.mean,
        "deviation": value.deviation,
        "deviation_interval": [value.low, value.high],
        "variation": value.variation,
        "mean_seconds": value.mean * time_unit,
        "deviation_seconds": value.deviation * time_unit,
    }
