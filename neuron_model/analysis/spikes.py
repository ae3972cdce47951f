"""Spikes of a waveform, whatever made it: the model, a training step or a circuit simulator."""

from __future__ import annotations

import numpy as np

from neuron_model.errors import InputError

HYSTERESIS = 0.1
"""How far below the threshold, in model units, the voltage must fall before the next spike."""


def spike_times(
    time: np.ndarray,
    voltage: np.ndarray,
    threshold: float = 0.0,
    hysteresis: float = HYSTERESIS,
) -> np.ndarray:
    """Times at which the voltage rises through the threshold, (spikes,).

    After a spike the voltage must fall below threshold - hysteresis before the next one counts,
    so that ripple on the threshold is no train of spikes. A waveform that begins at or above the
    threshold must fall first as well. Times are interpolated linearly between samples.

    Args:
        time: (samples,), growing; the spacing may vary.
        voltage: (samples,), in model units.
        threshold: in model units.
        hysteresis: in model units, not negative.

    Raises:
        InputError: shapes that differ, no sample, a value that is not finite, or time that falls.
    """
    time, voltage = checked_waveform(time, voltage)
    crossings = spike_samples(voltage, threshold, hysteresis)
    before, after = voltage[crossings - 1], voltage[crossings]
    fraction = (threshold - before) / (after - before)
    return time[crossings - 1] + fraction * (time[crossings] - time[crossings - 1])


def spike_samples(
    voltage: np.ndarray, threshold: float = 0.0, hysteresis: float = HYSTERESIS
) -> np.ndarray:
    """Index of the first sample above the threshold of each spike, (spikes,)."""
    # 1 above the threshold, -1 where the voltage has re-armed, else what it was before.
    known = np.where(voltage > threshold, 1, np.where(voltage < threshold - hysteresis, -1, 0))
    known[0] = -1 if voltage[0] < threshold else 1
    latest = np.maximum.accumulate(np.where(known != 0, np.arange(known.size), 0))
    side = known[latest]
    return np.flatnonzero((side[1:] == 1) & (side[:-1] == -1)) + 1


def split_at_gaps(times: np.ndarray, longest_interval: float) -> list[np.ndarray]:
    """Groups of spikes in which no interval is longer than ``longest_interval``."""
    if times.size == 0:
        return []
    return np.split(times, np.flatnonzero(np.diff(times) > longest_interval) + 1)


def checked_waveform(time: np.ndarray, voltage: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as float arrays.

    Raises:
        InputError: as :func:`spike_times`.
    """
    time, voltage = np.asarray(time, dtype=float), np.asarray(voltage, dtype=float)
    if time.ndim != 1 or time.shape != voltage.shape or time.size == 0:
        raise InputError(
            f"waveform: time of shape {time.shape} and voltage of shape {voltage.shape} do not go "
            "together; both must be (samples,), at least one."
        )
    if not (np.all(np.isfinite(time)) and np.all(np.isfinite(voltage))):
        raise InputError("waveform: a sample is not finite; run the simulation again.")
    if np.any(np.diff(time) < 0):
        raise InputError("waveform: time falls from one sample to the next; it must grow.")
    return time, voltage
