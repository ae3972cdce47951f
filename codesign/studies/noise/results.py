"""The outcome of a noise study: jitter of intervals, and how likely each regime is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mapping.conditions import Conditions
from mapping.jitter import QUANTITIES, Jitter, Ratio, Train, measured_jitter, ratio
from mapping.noise import NodeNoise
from mapping.yields import CONFIDENCE, Share
from neuron_model.analysis.regimes import Regime
from neuron_model.shown import Shown


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
