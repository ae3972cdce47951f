"""The filter behind a network's readout."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

STAGES = 4

CHUNK = 256
"""Samples that are filtered at once; the cost of each grows with it."""


class LowPass(nn.Module):
    """Four one-pole stages in a row, each tau dy_k/dt = y_(k-1) - y_k, y_0 the input.

    The input is held for a unit of time (a sample), over which each stage decays exactly:
    y_k += (1 - exp(-1 / tau)) (y_(k-1) - y_k).

    Args:
        channels: how many signals, each with a time constant of its own.
        tau: the first time constant of each stage, in samples.
        learn: whether tau is learned; it stays positive.
    """

    log_tau: Tensor

    def __init__(self, channels: int, tau: float, learn: bool = True) -> None:
        super().__init__()
        log_tau = torch.full((channels,), float(tau)).log()
        if learn:
            self.log_tau = nn.Parameter(log_tau)
        else:
            self.register_buffer("log_tau", log_tau)

    def forward(self, signal: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Filter (batch, time, channels); the state is (stages, batch, channels), 0 at first."""
        return self._run(signal, state, self.log_tau)

    def initial_state(self, batch: int, like: Tensor) -> Tensor:
        """All stages at 0, (stages, batch, channels), of the type and device of ``like``."""
        return like.new_zeros(STAGES, batch, len(self.log_tau))

    def channel(self, index: int, signals: Tensor) -> Tensor:
        """Any number of signals (batch, time, signals), each filtered as channel ``index``."""
        return self._run(signals, None, self.log_tau[index])[0]

    @staticmethod
    def _run(signal: Tensor, state: Tensor | None, log_tau: Tensor) -> tuple[Tensor, Tensor]:
        if state is None:
            state = signal.new_zeros(STAGES, signal.shape[0], signal.shape[2])
        filtered = []
        for part in signal.split(CHUNK, dim=1):
            if part.shape[1]:
                out, state = _filter(part, state, log_tau)
                filtered.append(out)
        return (torch.cat(filtered, dim=1) if filtered else signal), state


def _filter(signal: Tensor, state: Tensor, log_tau: Tensor) -> tuple[Tensor, Tensor]:
    """The last stage's output, all times at once, and where each stage ends.

    With a = exp(-1 / tau) and g = 1 - a, an input of 1 at time 0 makes stage k (from 1) put out
    g^k C(n + k - 1, k - 1) a^n at time n, and stage j having been at 1 makes stage k put out
    g^(k-j) C(n + k - j, k - j) a^(n+1). All are sums of positive terms, so no digits are lost.
    """
    length = signal.shape[1]
    time = torch.arange(length, device=signal.device)
    rate = torch.exp(-log_tau)
    gain = -torch.expm1(-rate)
    # (stages, time, channels), or one column for all channels: of d + 1 stages in a row to a 1 at
    # time 0, but for a factor of the gain.
    response = torch.stack([_ways(time, d).to(signal)[:, None] * gain**d for d in range(STAGES)])
    response = response * torch.exp(-rate * time.to(signal)[:, None])
    # Backwards in time, from the longest lag to lag 0, with zeros behind: row n of the kernel is a
    # window of it.
    backwards = torch.cat([response[-1].flip(0), torch.zeros_like(response[-1, 1:])])
    kernel = gain * backwards.unfold(0, length, 1).flip(0).transpose(1, 2)
    if kernel.shape[2] == 1:
        driven = kernel[..., 0] @ signal
    else:
        driven = torch.einsum("nmc,bmc->bnc", kernel, signal)
    left = torch.exp(-rate) * response
    out = driven + sum(state[j][:, None] * left[STAGES - 1 - j] for j in range(STAGES))
    ends = (gain * response.flip(1) * signal[:, None]).sum(2).transpose(0, 1)
    carried = [
        torch.stack([state[j] * left[k - j, -1] for j in range(k + 1)]).sum(0)
        for k in range(STAGES)
    ]
    return out, ends + torch.stack(carried)


def _ways(time: Tensor, d: int) -> Tensor:
    """C(n + d, d)."""
    ways = torch.ones_like(time)
    for i in range(1, d + 1):
        ways = ways * (time + i)
    return ways // math.factorial(d)
