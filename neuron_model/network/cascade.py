"""The exact response of four equal poles in a row to an input that is held from step to step.

    tau dy_k/dt = y_(k-1) - y_k,  k = 1 to 4,  y_0 = u held over a step of r = dt / tau

Over n steps stage k keeps p(k - j, n r) of what stage j was, and gets K_k(d) of an input that was
held d steps before the last one:

    p(i, x) = exp(-x) x^i / i!                      the matrix exponential of a 4x4 Jordan block
    P(k, r) = 1 - p(0, r) - ... - p(k - 1, r)       the Gamma(k) distribution's function
    K_k(d)  = P(k, (d + 1) r) - P(k, d r) = sum_(j <= k) p(k - j, d r) P(j, r)

All that is computed is a sum of positive terms, so no digits are lost however short a step is.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

STAGES = 4

_FAR = 80.0
"""So many time constants leave nothing that single or double precision would show beside 1."""

_NEAR = 2.0
"""Up to here P(4, r) is a series, beyond it 1 less the others."""

_TERMS = 24
"""Of the series: the first that is left out is below 1e-18 of the sum."""


def poisson(x: Tensor) -> Tensor:
    """p(i, x) for i from 0 to 3, stacked in front of the shape of ``x``, which is at least 0."""
    x = x.clamp(max=_FAR)
    rows = [torch.exp(-x)]
    for i in range(1, STAGES):
        rows.append(rows[-1] * x / i)
    return torch.stack(rows)


def gamma(r: Tensor) -> Tensor:
    """P(k, r) for k from 1 to 4, stacked in front of the shape of ``r``, which is at least 0."""
    r = r.clamp(max=_FAR)
    p = poisson(r)
    near = r.clamp(max=_NEAR)
    series = torch.ones_like(r)
    for i in range(_TERMS, 0, -1):
        series = 1.0 + series * near / (STAGES + i)
    last = torch.where(r <= _NEAR, p[-1] * near / STAGES * series, 1.0 - p.sum(0))
    rows = [last]
    for k in range(STAGES - 1, 0, -1):
        rows.append(rows[-1] + p[k])
    return torch.stack(rows[::-1])


def cascade(signal: Tensor, state: Tensor, rate: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """The last stage at the end of each sample, and where every stage ends.

    Args:
        signal: (batch, samples * steps, channels), each held for one step.
        state: the stages before, (stages, batch, channels).
        rate: dt / tau, (channels,), or one for all channels, ().
        steps: of which a sample is made; the output has one value a sample.

    Returns:
        (batch, samples, channels), and a state.
    """
    length = signal.shape[1]
    since = torch.arange(length + 1, device=signal.device).to(rate)[:, None] * rate.reshape(1, -1)
    kept, held = poisson(since), gamma(rate.reshape(-1))
    # (stages, time, channels), or one column for all channels.
    response = torch.stack(
        [sum_of(kept[k - j, :-1] * held[j] for j in range(k + 1)) for k in range(STAGES)]
    )
    # Backwards in time, from the longest lag to lag 0, with zeros behind: what reaches the end of a
    # sample is a window of it.
    backwards = torch.cat([response[-1].flip(0), torch.zeros_like(response[-1, 1:])])
    kernel = backwards.unfold(0, length, steps).flip(0).transpose(1, 2)
    if kernel.shape[2] == 1:
        out = kernel[..., 0] @ signal
    else:
        out = torch.einsum("nmc,bmc->bnc", kernel, signal)
    at_samples = kept[:, steps::steps]
    out = out + sum_of(state[j][:, None] * at_samples[STAGES - 1 - j] for j in range(STAGES))
    ends = (response.flip(1)[:, None] * signal).sum(2)
    carried = torch.stack(
        [sum_of(state[j] * kept[k - j, -1] for j in range(k + 1)) for k in range(STAGES)]
    )
    return out, ends + carried


def sum_of(parts: Iterable[Tensor]) -> Tensor:
    """The sum of at least one tensor."""
    return torch.stack(list(parts)).sum(0)
