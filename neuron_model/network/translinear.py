"""A diode's gate line: a capacitor that a current charges and a subthreshold transistor empties.

    C n U_T dv/dt = I (u - e^v),   x = e^v        v: gate voltage over n U_T, x: current over I
    y = 1 / x:  tau dy/dt = 1 - u y,              tau = C n U_T / I

so that over a step in which u is held y is exact, and the mean current is the charge's balance:

    mean x = u - tau (v_after - v_before) / dt

u may be negative (an output stage pulls the gates down); the rail stops them where x = floor. Rises
from the floor are late by tau ln(1 / floor), falls are not: spikes are cut at their onset. Frey,
IEE Proc. G 140 (1993) 406, has the same equation as the log-domain filter.
"""

from __future__ import annotations

import torch
from torch import Tensor

_LEAST = 1e-6
"""Below this, |u| dt / tau is small enough for the limit of no current."""


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
    lowest = floor.log()
    v = lowest.expand(len(drive), -1) if state is None else state
    # e^(-u h) and (1 - e^(-u h)) / u at once for all steps: h = dt / tau
    h = dt / tau
    turned = (drive * h).clamp(-60.0, 60.0)
    kept = torch.exp(-turned)
    near = turned.abs() < _LEAST
    safe = torch.where(near, torch.ones_like(turned), turned)
    grown = h * torch.where(near, 1.0 - 0.5 * turned, -torch.expm1(-safe) / safe)
    means = []
    for u, keep, grow in zip(drive.unbind(1), kept.unbind(1), grown.unbind(1), strict=True):
        after = torch.maximum(-torch.log(keep * torch.exp(-v) + grow), lowest)
        means.append((u - (after - v) / h).clamp(min=0.0))
        v = after
    return (torch.stack(means, 1) if means else drive), v
