"""A diode's gate line: a capacitor that a current charges and a subthreshold transistor empties.

    C n U_T dv/dt = I (u - e^v),   x = e^v        v: gate voltage over n U_T, x: current over I
    y = 1 / x:  tau dy/dt = 1 - u y,              tau = C n U_T / I

so that over a step in which u is held y is exact, and the mean current is the charge's balance:

    mean x = u - tau (v_after - v_before) / dt

u may be negative (an output stage pulls the gates down); the rail stops them where x = floor. Rises
from the floor are late by tau ln(1 / floor), falls are not: spikes are cut at their onset. Frey,
IEE Proc. G 140 (1993) 406, has the same equation as the log-domain filter.

In y a step is f(y) = min(k y + g, 1 / floor), and f2(f1(y)) is of the same form. So the time is cut
into about as many stretches as each has steps: the f of the first 1, 2, ... steps of all stretches
at once, then from stretch to stretch.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_LEAST = 1e-6
"""Below this, |u| dt / tau is small enough for the limit of no current."""

_MOST = 1e100
"""Beyond this the rail holds the gates whatever y was before."""


def translinear(
    drive: Tensor, tau: Tensor, floor: Tensor, dt: float, state: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The mean current of each step, and the gates' voltage at the end.

    Args:
        drive: u, (batch, time, lines), each held for one step.
        tau: C n U_T / I, (lines,), in the unit of ``dt``.
        floor: the smallest x, (lines,), above 0: where the rail stops the gates.
        dt: of a step.
        state: v, (batch, lines), as an earlier call returned it; at the floor if not given.

    Returns:
        x, the shape of ``drive``, and a state.
    """
    u = drive.double()
    top = 1.0 / floor.double()
    v = -top.log().expand(len(drive), -1) if state is None else state.double()
    if not drive.shape[1]:
        return drive, v.to(drive.dtype)
    # e^(-u h) and (1 - e^(-u h)) / u at once for all steps: h = dt / tau
    h = dt / tau.double()
    turned = (u * h).clamp(-60.0, 60.0)
    near = turned.abs() < _LEAST
    safe = torch.where(near, torch.ones_like(turned), turned)
    grown = h * torch.where(near, 1.0 - 0.5 * turned, -torch.expm1(-safe) / safe)
    after = -_walked(torch.exp(-turned), grown, top, torch.exp(-v)).log()
    before = torch.cat([v[:, None], after[:, :-1]], 1)
    mean = (u - (after - before) / h).clamp(min=0.0)
    return mean.to(drive.dtype), after[:, -1].to(drive.dtype)


def _walked(keep: Tensor, grow: Tensor, top: Tensor, first: Tensor) -> Tensor:
    """y after each step of y <- min(keep y + grow, top), (batch, time, lines), from ``first``."""
    batch, time, lines = keep.shape
    length = math.isqrt(time - 1) + 1
    stretches = -(-time // length)
    missing = stretches * length - time
    pad = (0, 0, 0, missing)
    shape = (batch, stretches, length, lines)
    factors = nn.functional.pad(keep, pad, value=1.0).reshape(shape).unbind(2)
    added = nn.functional.pad(grow, pad).reshape(shape).unbind(2)
    # y after i steps of a stretch is min(factor y + constant, most), y that before it
    factor, constant, most = factors[0], added[0], top.expand_as(added[0])
    parts = [(factor, constant, most)]
    for k, g in zip(factors[1:], added[1:], strict=True):
        factor = (k * factor).clamp(max=_MOST)
        constant = (k * constant + g).clamp(max=_MOST)
        most = torch.minimum(k * most + g, top)
        parts.append((factor, constant, most))
    y, starts = first, []
    for k, g, least in zip(*(one.unbind(1) for one in parts[-1]), strict=True):
        starts.append(y)
        y = torch.minimum(k * y + g, least)
    begin = torch.stack(starts, 1)
    found = [torch.minimum(k * begin + g, m) for k, g, m in parts]
    return torch.stack(found, 2).reshape(batch, -1, lines)[:, :time]
