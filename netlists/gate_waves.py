"""Recorded gate voltages of lines, thinned by the error of the current that they stand for.

    |V_thin(t) - V(t)| <= e n V_T I_full / max(I(t), e I_full)        dI / I = dV / (n V_T)

In weak inversion a current goes exponentially with its gate voltage, so that a millivolt is much
where the line is active and nothing where it is silent. Each corner costs the simulator a few
steps: 2,000 of them make a deck five times slower than 400.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from netlists.bench import PiecewiseLinear

TOLERANCE = 0.005
"""e: error of a line's current that thinning may make, of its full scale."""

# n: weak inversion's slope of an NMOS transistor; it only says how much is thinned.
_SLOPE = 1.4
_BOLTZMANN_OVER_CHARGE = 8.617e-5
_ZERO_CELSIUS = 273.15
# A share of the current below which a line is silent, for its logarithm.
_LEAST = 1e-9
# Digits of what is kept: the files of long series stay small, and 0.1 uV is no error of a current.
_TIME_DIGITS, _VOLT_DIGITS = 9, 7


@dataclass(frozen=True, eq=False)
class GateWave:
    """Gate voltage of a line over time.

    times: (corners,), in the neurons' units. volts: (corners,). full: gate voltage at which the
    line's current is its full scale.
    """

    times: np.ndarray
    volts: np.ndarray
    full: float

    def source(self, unit: float) -> PiecewiseLinear:
        """As a bench plays it; unit: of time, seconds."""
        return PiecewiseLinear(self.times * unit, self.volts)

    def activity(self, times: np.ndarray, temperature: float) -> np.ndarray:
        """About s, the current over its full scale, at ``times``; temperature: degree Celsius."""
        volts = np.interp(times, self.times, self.volts)
        return np.exp(np.minimum((volts - self.full) / slope_voltage(temperature), 1.0))

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "times": np.round(self.times, _TIME_DIGITS).tolist(),
            "volts": np.round(self.volts, _VOLT_DIGITS).tolist(),
            "full": self.full,
        }

    @staticmethod
    def of_document(content: Mapping[str, Any]) -> GateWave:
        """The inverse of :meth:`document`."""
        times, volts = (np.array(content[name], dtype=float) for name in ("times", "volts"))
        return GateWave(times, volts, float(content["full"]))


def slope_voltage(temperature: float) -> float:
    """n V_T, volt; temperature: degree Celsius."""
    return _SLOPE * _BOLTZMANN_OVER_CHARGE * (temperature + _ZERO_CELSIUS)


def gate_wave(
    times: np.ndarray,
    volts: np.ndarray,
    share: np.ndarray,
    temperature: float,
    tolerance: float = TOLERANCE,
) -> GateWave:
    """A recorded line, thinned.

    Args:
        times: of the record, in the neurons' units, (points,).
        volts: gate voltage, (points,).
        share: current of the line over its full scale, (points,).
        temperature: degree Celsius.
        tolerance: error of the current, of full scale.
    """
    slope = slope_voltage(temperature)
    allowed = tolerance * slope / np.maximum(share, tolerance)
    # the same digits whether it is played at once or read from a record
    times, volts = np.round(times, _TIME_DIGITS), np.round(volts, _VOLT_DIGITS)
    distinct = np.r_[True, np.diff(times) > 0]
    times, volts, allowed = times[distinct], volts[distinct], allowed[distinct]
    kept = thinned(times, volts, allowed)
    loudest = max(float(share.max()), _LEAST)
    full = float(volts.max()) - slope * float(np.log(loudest))
    return GateWave(times[kept], volts[kept], full)


def thinned(times: np.ndarray, values: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Places of the points that a piecewise linear waveform needs (Douglas and Peucker).

    Args:
        times, values: the waveform, (points,).
        allowed: how far it may be off at each point, (points,).
    """
    keep = np.zeros(times.size, dtype=bool)
    keep[[0, -1]] = True
    spans = [(0, times.size - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        inside = slice(first + 1, last)
        line = np.interp(times[inside], times[[first, last]], values[[first, last]])
        excess = np.abs(values[inside] - line) / allowed[inside]
        worst = int(np.argmax(excess))
        if excess[worst] > 1.0:
            place = first + 1 + worst
            keep[place] = True
            spans += [(first, place), (place, last)]
    return np.flatnonzero(keep)
