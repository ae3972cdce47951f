"""The filter behind a network's readout."""

from __future__ import annotations

import torch
from torch import Tensor, nn

STAGES = 4


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

    def channel(self, index: int, signals: Tensor) -> Tensor:
        """Any number of signals (batch, time, signals), each filtered as channel ``index``."""
        return self._run(signals, None, self.log_tau[index])[0]

    @staticmethod
    def _run(signal: Tensor, state: Tensor | None, log_tau: Tensor) -> tuple[Tensor, Tensor]:
        gain = -torch.expm1(-torch.exp(-log_tau))
        if state is None:
            state = signal.new_zeros(STAGES, signal.shape[0], signal.shape[2])
        stages = list(state.unbind(0))
        filtered = []
        for value in signal.unbind(1):
            for index, stage in enumerate(stages):
                value = torch.lerp(stage, value, gain)
                stages[index] = value
            filtered.append(value)
        out = torch.stack(filtered, dim=1) if filtered else signal
        return out, torch.stack(stages)
