"""The leaky integrate-and-fire neuron, by snnTorch, with the arctan surrogate.

    z[t] = 1 if u[t] > threshold else 0
    u[t] = beta u[t-1] + I[t] - z[t-1] threshold

Source: snnTorch's ``Leaky`` (Eshraghian et al., Proc. IEEE 2023, arXiv 2109.12894), reset by
subtraction; the surrogate is that of Fang et al., ICCV 2021, in
:func:`neuron_model.baselines.surrogates.atan_slope`. The reset is held constant backwards, the
threshold in it is not. The time step is 1.

The neuron is snnTorch's own. Called once a step it takes some 20 operations there and back; to
train by the thousand steps the loop is written out, and tested against it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from neuron_model.baselines.shapes import check_current
from neuron_model.baselines.surrogates import atan_slope
from neuron_model.errors import InputError, MissingDependencyError

SMALLEST_THRESHOLD = 0.05
"""Below it a neuron would fire at every step."""


class LeakyState(NamedTuple):
    """Membrane voltage u, (batch, neurons)."""

    u: Tensor


def require_snntorch() -> Any:
    """The package snntorch.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        import snntorch
        import snntorch.surrogate
    except ImportError as error:
        raise MissingDependencyError(
            "The LIF baseline needs snnTorch, which is not installed; "
            "run `pip install 'mtc-codesign[baselines]'`, or `pip install snntorch`."
        ) from error
    return snntorch


def run_stepwise(
    current: Tensor, u: Tensor, leaky: nn.Module, alpha: float
) -> tuple[Tensor, Tensor, Tensor]:
    """The reference: snnTorch's neuron step by step, with autograd's own gradient.

    Args:
        current: (time, batch, neurons). u: (batch, neurons). leaky: snnTorch's neuron, which
        brings its surrogate. alpha: not needed here.

    Returns:
        z and u, of the shape of ``current``, and u at the end.
    """
    spikes, voltages = [], []
    for held in current.unbind(0):
        z, u = leaky(held, u)
        spikes.append(z)
        voltages.append(u)
    # What the module keeps would keep the graph; the state is handed on instead.
    leaky.mem = u.detach()
    return torch.stack(spikes).to(current), torch.stack(voltages), u


def run(current: Tensor, u: Tensor, leaky: Any, alpha: float) -> tuple[Tensor, Tensor, Tensor]:
    """As :func:`run_stepwise`, several times as fast; alpha is that of the arctan surrogate."""
    spikes, voltages = _Run.apply(current, u, leaky.beta.clamp(0.0, 1.0), leaky.threshold, alpha)
    return spikes, voltages, voltages[-1]


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, current: Tensor, u: Tensor, beta: Tensor, threshold: Tensor, alpha: float
    ) -> tuple[Tensor, Tensor]:
        voltages = current.clone(memory_format=torch.contiguous_format)
        # Row t is the spike before step t: the one that resets.
        fired = torch.empty(len(current) + 1, *current.shape[1:]).to(current)
        torch.gt(u, threshold, out=fired[0])
        before = u
        for v, reset, z in zip(
            voltages.unbind(0), fired.unbind(0), fired[1:].unbind(0), strict=False
        ):
            v.addcmul_(beta, before).addcmul_(reset, threshold, value=-1.0)
            torch.gt(v, threshold, out=z)
            before = v
        context.save_for_backward(voltages, fired, u, beta, threshold)
        context.alpha = alpha
        return fired[1:].clone(), voltages

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Any:
        voltages, fired, u, beta, threshold = context.saved_tensors
        to_z = gradients[0] * atan_slope(voltages - threshold, context.alpha)
        to_u = to_z + gradients[1]
        rows = list(reversed(to_u.unbind(0)))
        for after, before in zip(rows, rows[1:], strict=False):
            before.addcmul_(beta, after)
        sum_over = tuple(range(voltages.ndim - 1))
        to_beta = to_u[0] * u
        to_beta = (to_u[1:] * voltages[:-1]).sum(0) + to_beta
        to_threshold = -(to_u * fired[:-1] + to_z)
        return to_u, beta * to_u[0], to_beta.sum(sum_over[:-1]), to_threshold.sum(sum_over), None


class LeakyLIF(nn.Module):
    """N leaky neurons, each with a decay and a threshold of its own, both learned.

    Args:
        neurons: how many.
        tau: least and greatest first time constant, in time steps; drawn evenly in the
            logarithm, beta = exp(-1 / tau).
        threshold: the first one.
        slope: alpha of the arctan surrogate.
        generator: of the first decays.
        dtype: torch's default if not given.

    Raises:
        InputError: a value is not usable.
        MissingDependencyError: snnTorch is not installed.
    """

    def __init__(
        self,
        neurons: int,
        *,
        tau: tuple[float, float] = (2.0, 50.0),
        threshold: float = 1.0,
        slope: float = 2.0,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        snntorch = require_snntorch()
        if not 0.0 < tau[0] <= tau[1]:
            raise InputError(
                f"tau = {tau!r} is not allowed; it must be two rising, positive time constants."
            )
        if not threshold >= SMALLEST_THRESHOLD:
            raise InputError(
                f"threshold = {threshold!r} is not allowed; it must be at least "
                f"{SMALLEST_THRESHOLD}."
            )
        self.neurons = neurons
        self.slope = float(slope)
        kind = dtype or torch.get_default_dtype()
        low, high = torch.tensor(tau, dtype=torch.float64).log()
        share = torch.rand(neurons, generator=generator, dtype=torch.float64)
        beta = torch.exp(-1.0 / torch.exp(low + share * (high - low)))
        self.leaky = snntorch.Leaky(
            beta=beta.to(kind),
            threshold=torch.full((neurons,), float(threshold), dtype=kind),
            spike_grad=snntorch.surrogate.atan(alpha=slope),
            learn_beta=True,
            learn_threshold=True,
        )

    def forward(
        self, current: Tensor, state: LeakyState | None = None, return_voltage: bool = False
    ) -> tuple[Tensor, LeakyState] | tuple[Tensor, Tensor, LeakyState]:
        """Run the neurons: see :class:`neuron_model.network.network.Layer`.

        Raises:
            InputError: the current has another shape or holds NaN or infinity.
        """
        check_current(current, self.neurons)
        u = (self.initial_state(len(current), current) if state is None else state).u
        z, voltages, u = run(current.transpose(0, 1), u, self.leaky, self.slope)
        s = z.transpose(0, 1)
        return (
            (s, voltages.transpose(0, 1), LeakyState(u)) if return_voltage else (s, LeakyState(u))
        )

    def initial_state(self, batch: int, like: Tensor) -> LeakyState:
        """Voltage 0, of the type and device of ``like``."""
        return LeakyState(like.new_zeros(batch, self.neurons))

    @torch.no_grad()
    def constrain(self) -> None:
        """Keep decays and thresholds where they mean something, after each step of training."""
        self.leaky.beta.clamp_(0.0, 1.0)
        self.leaky.threshold.clamp_(SMALLEST_THRESHOLD)
