"""The filter behind a network's readout: four poles in a row, exactly or as they were published."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from neuron_model.errors import InputError
from neuron_model.network.cascade import STAGES, cascade
from neuron_model.network.full_precision import FullPrecision, widened, without_autocast

FILTERS = ("exact", "paper")
"""exact: four poles of the same tau, fed step by step. paper: arXiv 2605.11835's, whose stages
take the stage before at its new value, fed with the mean over each sample."""

CHUNK = 256
"""Inputs that are filtered at once; the cost of each grows with it."""


class LowPass(FullPrecision):
    """Four one-pole stages in a row, each tau dy_k/dt = y_(k-1) - y_k, y_0 the input.

    exact: the input is held for a step, of which ``steps`` make a sample; what the stages then are
    is :mod:`neuron_model.network.cascade`'s. There is an output at the end of each sample.

    paper: the input is held for a sample, over which each stage decays exactly, but the second to
    the fourth take the stage before at its new value, so that each but the first delays by less
    than tau: y_k += (1 - exp(-1 / tau)) (y_(k-1) - y_k).

    Args:
        channels: how many signals, each with a time constant of its own.
        tau: the first time constant of each stage, in samples.
        learn: whether tau is learned; it stays positive.
        kind: one of ``FILTERS``.
        steps: of a sample; inputs of ``exact`` are steps, those of ``paper`` samples.

    Raises:
        InputError: there is no such filter.
    """

    log_tau: Tensor

    def __init__(
        self, channels: int, tau: float, learn: bool = True, kind: str = "exact", steps: int = 1
    ) -> None:
        super().__init__()
        if kind not in FILTERS:
            raise InputError(
                f"network: readout_filter = {kind!r} is not allowed; it must be one of "
                f"{', '.join(FILTERS)}."
            )
        self.kind = kind
        self.steps = steps if kind == "exact" else 1
        log_tau = torch.full((channels,), float(tau)).log()
        if learn:
            self.log_tau = nn.Parameter(log_tau)
        else:
            self.register_buffer("log_tau", log_tau)

    def forward(self, signal: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(batch, samples * steps, channels) -> (batch, samples, channels), and the stages.

        The state is (stages, batch, channels), 0 at first.
        """
        with without_autocast(signal.device):
            out, end = self._run(
                widened(signal), None if state is None else widened(state), self.log_tau
            )
        return out.to(signal.dtype), end

    def initial_state(self, batch: int, like: Tensor) -> Tensor:
        """All stages at 0, (stages, batch, channels), of the type and device of ``like``;
        float32 where that is half."""
        return widened(like[:0]).new_zeros(STAGES, batch, len(self.log_tau))

    def channel(self, index: int, signals: Tensor) -> Tensor:
        """Any number of signals (batch, samples * steps, signals), each filtered as channel
        ``index``; (batch, samples, signals)."""
        return self._run(signals, None, self.log_tau[index])[0]

    def read(self, s: Tensor, steps: int) -> Tensor:
        """What of s, (batch, samples * steps, neurons), this filter is fed with."""
        return s if self.kind == "exact" else s.unflatten(1, (-1, steps)).mean(2)

    def _run(self, signal: Tensor, state: Tensor | None, log_tau: Tensor) -> tuple[Tensor, Tensor]:
        if state is None:
            state = signal.new_zeros(STAGES, signal.shape[0], signal.shape[2])
        filtered = []
        for part in signal.split(max(1, CHUNK // self.steps) * self.steps, dim=1):
            if part.shape[1]:
                if self.kind == "exact":
                    rate = torch.exp(-log_tau) / self.steps
                    out, state = cascade(part, state, rate, self.steps)
                else:
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
