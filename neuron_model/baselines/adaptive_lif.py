"""The adaptive leaky integrate-and-fire neuron in its symplectic-Euler discretization.

    u^   = a_u u[t-1] + (1 - a_u) (I[t] - w[t-1])               a_u = exp(-dt / tau_u)
    z[t] = 1 if u^ >= threshold else 0
    u[t] = u^ (1 - z[t])
    w[t] = a_w w[t-1] + (1 - a_w) q (a u[t] + b z[t])            a_w = exp(-dt / tau_w)

that is, tau_u du/dt = -u + I - w and tau_w dw/dt = -w + q (a u + b z), where the adaptation sees
the voltage of the same step. Backwards, z has the slope of SLAYER's surrogate and the reset is
held constant.

Source: Baronig, Ferrand, Sabathiel, Legenstein, "Advancing Spatio-Temporal Processing in Spiking
Neural Networks through Adaptation" (arXiv 2408.07517; Nature Communications 2025). Its
reparametrisation is kept: tau = tau_min + m (tau_max - tau_min), and m, a and b are learned,
clipped after each step of training to 0..1, 0..1 and 0..2. The time step is 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from neuron_model.baselines.shapes import check_current
from neuron_model.baselines.surrogates import slayer_slope, slayer_spike
from neuron_model.errors import InputError

Range = tuple[float, float]


class AdaptiveState(NamedTuple):
    """Membrane voltage u and adaptation w, each (batch, neurons)."""

    u: Tensor
    w: Tensor


class Coefficients(NamedTuple):
    """What a step multiplies with, each (neurons,): a_u, a_w, (1 - a_w) q a, (1 - a_w) q b."""

    u_decay: Tensor
    w_decay: Tensor
    voltage_gain: Tensor
    spike_gain: Tensor


class Surrogate(NamedTuple):
    """threshold, and alpha and c of ``surrogates.slayer_slope``."""

    threshold: float = 1.0
    alpha: float = 5.0
    c: float = 0.4


def adaptive_lif_step(
    state: AdaptiveState, current: Tensor, k: Coefficients, surrogate: Surrogate
) -> tuple[Tensor, Tensor, AdaptiveState]:
    """The equations above: the spike z, the voltage u^ before the reset, and the new state."""
    reached = k.u_decay * state.u + (1.0 - k.u_decay) * (current - state.w)
    z = slayer_spike(reached - surrogate.threshold, surrogate.alpha, surrogate.c)
    u = reached * (1.0 - z.detach())
    w = k.w_decay * state.w + k.voltage_gain * u + k.spike_gain * z
    return z, reached, AdaptiveState(u, w)


def run_stepwise(
    current: Tensor, state: AdaptiveState, k: Coefficients, surrogate: Surrogate
) -> tuple[Tensor, Tensor, AdaptiveState]:
    """The reference: :func:`adaptive_lif_step` over time, with autograd's own gradient.

    current: (time, batch, neurons). Gives z and u^, of the same shape, and the state at the end.
    """
    spikes, voltages = [], []
    for held in current.unbind(0):
        z, reached, state = adaptive_lif_step(state, held, k, surrogate)
        spikes.append(z)
        voltages.append(reached)
    return torch.stack(spikes), torch.stack(voltages), state


def run(
    current: Tensor, state: AdaptiveState, k: Coefficients, surrogate: Surrogate
) -> tuple[Tensor, Tensor, AdaptiveState]:
    """As :func:`run_stepwise`, several times as fast: the loop back through time is written out."""
    z, reached, u, w = _Run.apply(current, *state, *k, surrogate)
    return z, reached, AdaptiveState(u, w)


class _Run(torch.autograd.Function):
    """Time in place; what does not depend on the step before is done for all steps at once."""

    @staticmethod
    def forward(context: Any, current: Tensor, u: Tensor, w: Tensor, *rest: Any) -> Any:
        k, surrogate = Coefficients(*rest[:4]), rest[4]
        # Row t is before step t; the last one is the end.
        us = current.new_empty(len(current) + 1, *current.shape[1:])
        ws = torch.empty_like(us)
        us[0], ws[0] = u, w
        into = 1.0 - k.u_decay
        reached = current * into
        z = torch.empty_like(current)
        rows = zip(us.unbind(0), us[1:].unbind(0), ws.unbind(0), ws[1:].unbind(0), strict=False)
        for (u, u_next, w, w_next), v, fired in zip(
            rows, reached.unbind(0), z.unbind(0), strict=True
        ):
            v.addcmul_(k.u_decay, u).addcmul_(into, w, value=-1.0)
            torch.ge(v, surrogate.threshold, out=fired)
            torch.addcmul(v, v, fired, value=-1.0, out=u_next)
            torch.mul(k.w_decay, w, out=w_next)
            w_next.addcmul_(k.voltage_gain, u_next).addcmul_(k.spike_gain, fired)
        context.save_for_backward(current, reached, z, us, ws, *k)
        context.surrogate = surrogate
        return z, reached, us[-1].clone(), ws[-1].clone()

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Any:
        current, reached, z, us, ws, *coefficients = context.saved_tensors
        k, surrogate = Coefficients(*coefficients), context.surrogate
        to_z, to_reached, to_u, to_w = gradients
        slope = slayer_slope(reached - surrogate.threshold, surrogate.alpha, surrogate.c)
        alive = 1.0 - z
        # d loss / d u^ and d loss / d w after each step.
        to_v = torch.addcmul(to_reached, to_z, slope)
        to_ws = torch.empty_like(current)
        into = 1.0 - k.u_decay
        u_bar, w_bar = to_u.clone(), to_w.clone()
        # w[t] reaches u^[t] through the voltage and through the spike.
        through = k.voltage_gain * alive + k.spike_gain * slope
        steps = zip(
            reversed(to_v.unbind(0)),
            reversed(to_ws.unbind(0)),
            reversed(alive.unbind(0)),
            reversed(through.unbind(0)),
            strict=True,
        )
        for v_bar, w_row, lives, by_w in steps:
            w_row.copy_(w_bar)
            v_bar.addcmul_(u_bar, lives).addcmul_(w_bar, by_w)
            torch.mul(k.u_decay, v_bar, out=u_bar)
            w_bar.mul_(k.w_decay).addcmul_(into, v_bar, value=-1.0)
        sum_over = tuple(range(current.ndim - 1))
        u_decay = (to_v * (us[:-1] - current + ws[:-1])).sum(sum_over)
        w_decay = (to_ws * ws[:-1]).sum(sum_over)
        voltage_gain = (to_ws * us[1:]).sum(sum_over)
        spike_gain = (to_ws * z).sum(sum_over)
        return (
            *(into * to_v, u_bar, w_bar, u_decay, w_decay, voltage_gain, spike_gain),
            None,
        )


class AdaptiveLIF(nn.Module):
    """N adaptive neurons, each with tau_u, tau_w, a and b of its own, all learned.

    Args:
        neurons: how many.
        tau_u, tau_w: least and greatest, in time steps.
        q: what a and b are multiplied with.
        threshold, alpha, c: as in :class:`Surrogate`.
        generator: of the first values, even over their ranges.
        dtype: torch's default if not given.

    Raises:
        InputError: a range is not one.
    """

    def __init__(
        self,
        neurons: int,
        *,
        tau_u: Range = (5.0, 25.0),
        tau_w: Range = (60.0, 300.0),
        q: float = 120.0,
        threshold: float = 1.0,
        alpha: float = 5.0,
        c: float = 0.4,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        for name, ends in (("tau_u", tau_u), ("tau_w", tau_w)):
            if not 0.0 < ends[0] < ends[1]:
                raise InputError(
                    f"{name} = {ends!r} is not allowed; it must be a least and a greater time "
                    "constant, both positive."
                )
        self.neurons = neurons
        self.tau_u_range = tau_u
        self.tau_w_range = tau_w
        self.q = q
        self.surrogate = Surrogate(threshold, alpha, c)

        def evenly(greatest: float) -> nn.Parameter:
            share = torch.rand(neurons, generator=generator, dtype=torch.float64)
            return nn.Parameter((greatest * share).to(dtype or torch.get_default_dtype()))

        self.tau_u_share = evenly(1.0)
        self.tau_w_share = evenly(1.0)
        self.a = evenly(1.0)
        self.b = evenly(2.0)

    def coefficients(self) -> Coefficients:
        """What a step multiplies with, as it is now, differentiable."""
        u_decay = _decay(self.tau_u_share, self.tau_u_range)
        w_decay = _decay(self.tau_w_share, self.tau_w_range)
        into = (1.0 - w_decay) * self.q
        return Coefficients(u_decay, w_decay, into * self.a, into * self.b)

    def forward(
        self, current: Tensor, state: AdaptiveState | None = None, return_voltage: bool = False
    ) -> tuple[Tensor, AdaptiveState] | tuple[Tensor, Tensor, AdaptiveState]:
        """Run the neurons: see :class:`neuron_model.network.network.Layer`; the voltage is u^.

        Raises:
            InputError: the current has another shape or holds NaN or infinity.
        """
        check_current(current, self.neurons)
        if state is None:
            state = self.initial_state(len(current), current)
        z, voltages, end = run(current.transpose(0, 1), state, self.coefficients(), self.surrogate)
        s = z.transpose(0, 1)
        return (s, voltages.transpose(0, 1), end) if return_voltage else (s, end)

    def initial_state(self, batch: int, like: Tensor) -> AdaptiveState:
        """Voltage and adaptation 0, of the type and device of ``like``."""
        rest = like.new_zeros(batch, self.neurons)
        return AdaptiveState(rest, rest)

    @torch.no_grad()
    def constrain(self) -> None:
        """Clip what is learned to its range; training does it after each step."""
        for value, greatest in (
            (self.tau_u_share, 1.0),
            (self.tau_w_share, 1.0),
            (self.a, 1.0),
            (self.b, 2.0),
        ):
            value.clamp_(0.0, greatest)


def _decay(share: Tensor, ends: Range) -> Tensor:
    """exp(-1 / tau), tau that share of the way through its range."""
    return torch.exp(-1.0 / (ends[0] + share * (ends[1] - ends[0])))
