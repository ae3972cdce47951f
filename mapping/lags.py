"""Lags of an OTA's branches, found in its answers to ramps of either input.

    sum over points of (gain transfer(mirror, fold, bend) + shift - measured)^2  ->  least

by Levenberg and Marquardt's method (SIAM J. Appl. Math. 11, 1963). All OTAs are solved for side by
side, each with its own damping: what takes time is to follow the branches through a ramp, and that
takes as long for fifty as for one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mapping.characteristics import Orientation, OtaPoint
from neuron_model.model.dynamics import Branches, amplified, moved_branches, settled
from neuron_model.model.parameters import Amplifier

# Of a ramp up and down.
_POINTS = 801
# Of mirror and fold in units of the scale, and of bend.
_START, _LOW, _HIGH = (1.0, 1.0, 0.05), (0.02, 0.02, 0.0), (20.0, 20.0, 0.5)
_STEP = 1e-4
_ENOUGH = 1e-7
_MOST_DAMPING = 1e6
_MOST_STEPS = 60


@dataclass(frozen=True)
class Ramp:
    """An OTA's answer to a ramp of the input that ``orientation`` names.

    time: seconds, (points,), growing. voltage: swept minus fixed input, volt, (points,). current:
    output current over bias current, (points,). at: what is known of the OTA at rest.
    """

    orientation: Orientation
    time: np.ndarray
    voltage: np.ndarray
    current: np.ndarray
    at: OtaPoint


@dataclass(frozen=True)
class _Grid:
    """One ramp of each OTA at even times: input over the slope voltage and current over bias, both
    (points, OTAs); time step, gain and drift over a slope voltage, each (OTAs,)."""

    straight: bool
    u: np.ndarray
    wanted: np.ndarray
    step: np.ndarray
    gain: np.ndarray
    drift: np.ndarray


def fit_lags(otas: Sequence[Sequence[Ramp]], scales: Sequence[float]) -> np.ndarray:
    """(mirror, fold, bend) of each OTA, (3, OTAs), by least squares of ramps of both inputs.

    The equations are those of :class:`neuron_model.model.parameters.Amplifier`: mirror and fold, in
    seconds, are the lags of a branch's first mirror and of the second one that the negative
    input's branch has.

    Args:
        otas: ramps of each OTA at its bias current, of the same inputs in the same order.
        scales: seconds, of the order of both lags, of each OTA.
    """
    grids = [_grid(ramps) for ramps in zip(*otas, strict=True)]
    shifts = np.array([[ramp.at.offset_current for ramp in ramps] for ramps in otas])
    # where junctions leak more than the bias, so may the offset current be
    reach = 1.0 + np.abs(shifts).max(axis=1, keepdims=True) * np.ones_like(shifts)
    count = len(otas)
    start = np.hstack((np.tile(_START, (count, 1)), shifts))
    low = np.hstack((np.tile(_LOW, (count, 1)), -reach))
    high = np.hstack((np.tile(_HIGH, (count, 1)), reach))
    scale = np.asarray(scales, dtype=float)
    found = _least_squares(lambda p: _linearized(p, grids, scale), start, low, high)
    return np.array([found[:, 0] * scale, found[:, 1] * scale, found[:, 2]])


def lagging_transfer(u: np.ndarray, step: float | np.ndarray, amplifier: Amplifier) -> np.ndarray:
    """What an ideal amplifier's tanh(u) becomes behind its mirrors, of the shape of u.

    Args:
        u: input, in units of the slope, at even times, (points,) or (points, amplifiers).
        step: time between them.
        amplifier: of one neuron; lags and bend may have the shape (amplifiers,).
    """
    t = np.tanh(u)
    several = u.ndim > 1
    held = settled(t[0] if several else float(t[0]))
    branches = [held]
    # half-way between two samples, so that the lag is none of the sampling's
    middles = 0.5 * (t[1:] + t[:-1])
    for middle in middles if several else middles.tolist():
        held = moved_branches(held, middle, amplifier, step)  # type: ignore[arg-type]
        branches.append(held)
    moved = Branches(*(np.array(x) for x in zip(*branches, strict=True)))
    return np.asarray(amplified(t, u, 0.0, amplifier, moved))


def _grid(ramps: Sequence[Ramp]) -> _Grid:
    """``ramps``: of one input, one of each OTA."""
    times = [np.linspace(ramp.time[0], ramp.time[-1], _POINTS) for ramp in ramps]
    volts = [np.interp(t, r.time, r.voltage) for t, r in zip(times, ramps, strict=True)]
    u = [(v - r.at.offset) / r.at.slope_voltage for v, r in zip(volts, ramps, strict=True)]
    wanted = [np.interp(t, r.time, r.current) for t, r in zip(times, ramps, strict=True)]
    straight = ramps[0].orientation != Orientation.INVERTING
    gain = np.array([ramp.at.gain for ramp in ramps])
    return _Grid(
        straight=straight,
        u=np.array(u).T,
        wanted=np.array(wanted).T,
        step=np.array([t[1] - t[0] for t in times]),
        gain=gain if straight else -gain,
        drift=np.array([ramp.at.drift * ramp.at.slope_voltage for ramp in ramps]),
    )


def _linearized(
    p: np.ndarray, grids: Sequence[_Grid], scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Errors (OTAs, points of all ramps) at ``p`` (OTAs, 3 + ramps), and their slopes by p."""
    count = len(p)
    # each OTA at its point, and with one of its lags moved
    moves = _STEP * np.maximum(p[:, :3], 0.01)
    moves = np.where(p[:, :3] + moves > _HIGH, -moves, moves)
    lags = np.repeat(p[None, :, :3], 4, axis=0)
    for k in range(3):
        lags[k + 1, :, k] += moves[:, k]
    mirror, fold, bend = lags.reshape(-1, 3).T
    unit = np.tile(scale, 4)
    errors, slopes = [], []
    for index, grid in enumerate(grids):
        rise, fall = (0.0, fold * unit) if grid.straight else (fold * unit, 0.0)
        amplifier = Amplifier(mirror * unit, rise, fall, bend, drift=np.tile(grid.drift, 4))
        moved = lagging_transfer(np.tile(grid.u, 4), np.tile(grid.step, 4), amplifier)
        current = grid.gain * moved.reshape(-1, 4, count)
        errors.append(current[:, 0] + p[:, 3 + index] - grid.wanted)
        by = np.zeros((*current[:, 0].shape, p.shape[1]))
        for k in range(3):
            by[..., k] = (current[:, k + 1] - current[:, 0]) / moves[:, k]
        by[..., 3 + index] = 1.0
        slopes.append(by)
    return np.concatenate(errors).T, np.concatenate(slopes).transpose(1, 0, 2)


def _least_squares(
    linearized: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    start: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
) -> np.ndarray:
    """Independent problems side by side; all arrays (problems, parameters)."""
    p = np.clip(start, low, high)
    errors, slopes = linearized(p)
    damping = np.full(len(p), 1e-3)
    running = np.ones(len(p), dtype=bool)
    for _ in range(_MOST_STEPS):
        gradient = np.einsum("ijk,ij->ik", slopes, errors)
        # what a bound holds stays there
        held = ((p <= low) & (gradient > 0)) | ((p >= high) & (gradient < 0))
        normal = np.einsum("ijk,ijl->ikl", slopes, slopes)
        diagonal = np.einsum("ikk->ik", normal)
        normal = normal + damping[:, None, None] * diagonal[:, :, None] * np.eye(p.shape[1])
        free = ~held
        normal = np.where(free[:, :, None] & free[:, None, :], normal, np.eye(p.shape[1]))
        step = np.linalg.solve(normal, np.where(free, -gradient, 0.0)[..., None])[..., 0]
        tried = np.clip(p + np.where(running[:, None], step, 0.0), low, high)
        new_errors, new_slopes = linearized(tried)
        better = np.sum(new_errors**2, axis=1) <= np.sum(errors**2, axis=1)
        moved = np.max(np.abs(tried - p) / (np.abs(p) + 1e-3), axis=1)
        p = np.where(better[:, None], tried, p)
        errors = np.where(better[:, None], new_errors, errors)
        slopes = np.where(better[:, None, None], new_slopes, slopes)
        damping = np.where(better, damping / 10, damping * 10)
        running &= (moved > _ENOUGH) & (damping < _MOST_DAMPING)
        if not running.any():
            break
    return p
