"""The neuron as a torch module: a thin wrapper around dynamics, integration and parameters."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from neuron_model.backends.backends import find_backend
from neuron_model.backends.exponential import exp
from neuron_model.backends.problem import TAPES, Backend, Problem, Solution
from neuron_model.errors import InputError
from neuron_model.model.dynamics import State, find_integrator, joined
from neuron_model.model.parameters import TIMESCALES, NeuronParameters, Value
from neuron_model.network.limits import ParameterLimits
from neuron_model.network.variation import Variation

LEARNABLE = ("alpha", "delta", "tau", "kappa")
"""What can be learned; tau is tau_fast, tau_slow and tau_ultraslow. tau_m is the unit of time."""

_IN_ELEMENTS = ("alpha", "delta", "kappa")


class MTCNeuron(nn.Module):
    """N multi-timescale conductance neurons, each with an input current of its own.

        tau_m dU_m/dt = -leak(U_m - U_rest) + I_in + I_bias - sum_k I_k

    and the rest of the equations in :mod:`neuron_model.model.dynamics`. A learned alpha, tau or
    kappa is its first value times exp(growth), so it keeps its sign, is never 0 unless it began
    there, and is exactly what was given before the first training step.

    Args:
        parameters: one neuron, or as many as there are.
        dt: the time step, in the neuron's units of time.
        learn: some of ``LEARNABLE``, for every neuron and element separately.
        integrator: a key of ``dynamics.INTEGRATORS``.
        backend: a key of ``backends.BACKENDS``, or ``auto``.
        neurons: how many copies to make of one neuron's parameters.
        recurrent: whether the neurons feed each other, through learned ``weights`` (to, from),
            which begin evenly drawn within +-1 / sqrt(neurons), as torch's recurrent layers do.
        tape: a key of ``backends.TAPES``: what is kept for the gradient.
        dtype: of what is learned; torch's default if not given. ``.double()`` afterwards does
            not bring back what float32 has rounded.

    Raises:
        InputError: an argument is not usable; the text names it.
    """

    delta: Tensor
    tau_start: Tensor
    tau_growth: Tensor
    weights: Tensor | None

    def __init__(
        self,
        parameters: NeuronParameters,
        *,
        dt: float,
        learn: Iterable[str] = (),
        integrator: str = "exponential",
        backend: str = "auto",
        neurons: int | None = None,
        recurrent: bool = False,
        tape: str = "segments",
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if not (isinstance(dt, float | int) and 0.0 < dt < float("inf")):
            raise InputError(f"dt = {dt!r} is not allowed; it must be a positive, finite number.")
        self.learn = (learn,) if isinstance(learn, str) else tuple(learn)
        for name in self.learn:
            if name not in LEARNABLE:
                raise InputError(
                    f"learn = {name!r} is not allowed; it must be some of {', '.join(LEARNABLE)}."
                )
        if neurons is not None and parameters.neurons not in (1, neurons):
            raise InputError(
                f"neurons = {neurons} is not allowed; the parameters are those of "
                f"{parameters.neurons} neurons."
            )
        self.neurons = neurons or parameters.neurons
        self.dt = float(dt)
        self.integrator = integrator
        self.backend = backend
        self.tape = tape
        find_integrator(integrator)
        find_backend(backend)
        if tape not in TAPES:
            raise InputError(
                f"tape = {tape!r} is not allowed; it must be one of {', '.join(TAPES)}."
            )
        self._fixed = parameters.map(_plain)
        self._register(dtype or torch.get_default_dtype())
        # Set by variation.varied: whose parameters each sequence is run with.
        self.chips: tuple[Variation, Tensor] | None = None
        self.weights = None
        if recurrent:
            size = (self.neurons, self.neurons)
            start = torch.empty(size, dtype=dtype).uniform_(-1.0, 1.0) / self.neurons**0.5
            self.weights = nn.Parameter(start)

    def _register(self, dtype: torch.dtype) -> None:
        """Make learned rows parameters, and what differs between neurons buffers."""
        fixed, elements = self._fixed, self._fixed.elements
        self._learned_taus = tuple(
            x for x in TIMESCALES if "tau" in self.learn and np.any(np.asarray(fixed.tau(x)) > 0)
        )
        rows: dict[str, list[Value]] = {
            name: [getattr(e, name) for e in elements] for name in _IN_ELEMENTS
        }
        rows["tau"] = [fixed.tau(x) for x in self._learned_taus]
        for name in self.learn:
            if not rows[name]:
                continue
            start = torch.stack([self._row(value, dtype) for value in rows[name]])
            if name == "delta":
                self.delta = nn.Parameter(start)
            else:
                self.register_buffer(f"{name}_start", start)
                self.register_parameter(f"{name}_growth", nn.Parameter(torch.zeros_like(start)))
        self._buffered = []
        for key, value in fixed.named_values():
            if not isinstance(value, float) and not self._is_learned(key):
                self.register_buffer(_buffer_name(key), self._row(value, dtype))
                self._buffered.append(key)

    def _row(self, value: Value, dtype: torch.dtype) -> Tensor:
        return torch.tensor(np.broadcast_to(value, (self.neurons,)).copy(), dtype=dtype)

    def _is_learned(self, key: str) -> bool:
        if key.startswith("elements"):
            return key.rsplit(".", 1)[-1] in self.learn
        return key in {f"tau_{x}" for x in self._learned_taus}

    def live_parameters(self) -> NeuronParameters:
        """The parameters as they are, as tensors through which gradients flow.

        What is the same for all neurons and not learned stays a plain float.
        """
        learned: dict[str, Tensor] = {}
        for name in self.learn:
            if name == "delta":
                rows: Tensor = self.delta
            elif hasattr(self, f"{name}_start"):
                growth = exp(getattr(self, f"{name}_growth"))
                rows = getattr(self, f"{name}_start") * growth
            else:
                continue
            keys = (
                [f"tau_{x}" for x in self._learned_taus]
                if name == "tau"
                else [f"elements[{i}].{name}" for i in range(len(self._fixed.elements))]
            )
            learned |= dict(zip(keys, rows.unbind(0), strict=True))
        learned |= {key: getattr(self, _buffer_name(key)) for key in self._buffered}
        return self._fixed.with_values(learned)

    def parameters_now(self) -> NeuronParameters:
        """The parameters as they are, in float64 and without torch, to export or to save.

        For one neuron they are floats, else arrays (neurons,).
        """

        def plain(value: Value) -> Value:
            if isinstance(value, Tensor):
                value = value.detach().cpu().double().numpy()
            if self.neurons == 1:
                return float(np.reshape(value, ()))
            return np.broadcast_to(value, (self.neurons,)).astype(float)

        return self.live_parameters().map(plain)

    def initial_state(self, batch: int, like: Tensor | None = None) -> State:
        """All voltages at U_rest, (batch, neurons), of the type and device of ``like``."""
        return self._at_rest(
            self.live_parameters(), batch, torch.empty(0) if like is None else like
        )

    def _at_rest(self, parameters: NeuronParameters, batch: int, like: Tensor) -> State:
        voltage = like.new_zeros(batch, self.neurons) + parameters.u_rest
        return State(voltage, voltage, voltage, voltage)

    # What is compiled around it calls it as it is: it looks at numbers to choose its formulas, and
    # has compiled ones already. The operator behind it can be compiled into a graph.
    @torch.compiler.disable
    def forward(
        self, current: Tensor, state: State | None = None, return_voltage: bool = False
    ) -> tuple[Tensor, State] | tuple[Tensor, Tensor, State]:
        """Run the neurons.

        Args:
            current: (batch, time, neurons), each held for one time step.
            state: what an earlier call returned, to go on from there; at rest if not given.
            return_voltage: also return U_m.

        Returns:
            s, of the shape of ``current``; U_m, the same, where asked for; the state at the end.

        Raises:
            InputError: the current has another shape or holds NaN or infinity, or the state is
                not of this batch.
        """
        self._check(current)
        parameters = self.live_parameters()
        if state is None:
            state = self._at_rest(parameters, len(current), current)
        expected = (len(current), self.neurons)
        if any(tuple(u.shape) != expected for u in state):
            shapes = [tuple(u.shape) for u in state]
            raise InputError(f"state has shapes {shapes}; each must be {expected}.")
        weights = None if self.weights is None else self.weights.t()
        problem = Problem(
            current,
            state,
            parameters,
            self.dt,
            self.integrator,
            weights=weights,
            voltage=return_voltage,
            tape=self.tape,
        )
        s, voltage, end = self._run(problem) if self.chips is None else self._on_chips(problem)
        self._check_finite(current, end)
        if return_voltage:
            assert voltage is not None
            return s, voltage, end
        return s, end

    def _run(self, problem: Problem) -> Solution:
        return find_backend(self.backend, problem)(problem)

    def _on_chips(self, problem: Problem) -> Solution:
        """Run each sequence's neurons with their own chip's parameters."""
        assert self.chips is not None
        variation, index = self.chips
        if len(index) != len(problem.current):
            raise InputError(
                f"there are {len(index)} chips for {len(problem.current)} sequences; there must "
                "be one for each."
            )
        if problem.weights is None:
            return _side_by_side(self._run, problem, variation.follow(problem.parameters, index))
        return self._chip_by_chip(problem, variation, index)

    def _chip_by_chip(self, problem: Problem, variation: Variation, index: Tensor) -> Solution:
        """Neurons that feed each other: the sequences of a chip in one run, with its parameters."""
        runs, order = [], []
        for chip in index.unique():
            mine = torch.nonzero(index == chip).flatten()
            order.append(mine)
            one = replace(
                problem,
                current=problem.current[mine],
                state=problem.state.changed(partial(_rows, mine)),
                parameters=variation.follow(problem.parameters, chip[None]),
            )
            runs.append(self._run(one))
        if not runs:
            return self._run(problem)
        back = torch.cat(order).argsort()

        def together(parts: Iterable[Tensor]) -> Tensor:
            return torch.cat(list(parts))[back]

        voltages = [one.voltage for one in runs if one.voltage is not None]
        return Solution(
            together(one.output for one in runs),
            together(voltages) if voltages else None,
            joined([one.state for one in runs], together),
        )

    def _check(self, current: Tensor) -> None:
        if current.ndim != 3 or current.shape[-1] != self.neurons:
            raise InputError(
                f"current has shape {tuple(current.shape)}; it must be (batch, time, "
                f"{self.neurons}), the last being the neurons."
            )
        if not torch.is_floating_point(current):
            raise InputError(f"current is of {current.dtype}; it must be of floating point.")

    @staticmethod
    def _check_finite(current: Tensor, end: State) -> None:
        """Refuse a current that is not finite, once the run is over.

        What is not finite stays in the membrane voltage: there is only that at the end to look at.
        """
        if math.isfinite(end.membrane.detach().sum()):
            return
        bad = torch.nonzero(~torch.isfinite(current.detach()))
        if len(bad):
            batch, time, neuron = bad[0].tolist()
            raise InputError(
                f"current[{batch}, {time}, {neuron}] = {current[batch, time, neuron].item()} "
                f"(batch, time, neuron) is not allowed; {len(bad)} of the current's numbers "
                "are not finite."
            )

    @torch.no_grad()
    def keep_within(self, limits: ParameterLimits) -> None:
        """Move learned values that are outside of ``limits`` to the nearest inside."""
        if "delta" in self.learn:
            self.delta.clamp_(*limits.delta)
        for name in ("alpha", "kappa"):
            if name in self.learn:
                low, high = getattr(limits, name)
                _clamp_growth(
                    getattr(self, f"{name}_start"), getattr(self, f"{name}_growth"), low, high
                )
        for index, x in enumerate(self._learned_taus):
            low, high = getattr(limits, f"tau_{x}")
            _clamp_growth(self.tau_start[index], self.tau_growth[index], low, high)

    def extra_repr(self) -> str:
        """What ``print`` shows."""
        elements = ", ".join(
            f"{e.timescale}{'-' if np.all(np.less(e.alpha, 0)) else '+'}"
            for e in self._fixed.elements
        )
        return (
            f"{self.neurons} neurons ({elements}), dt={self.dt}, learn={self.learn}, "
            f"integrator={self.integrator}, backend={self.backend}"
        )


def _rows(index: Tensor, values: Value) -> Value:
    assert isinstance(values, Tensor)
    return values[index]


def _side_by_side(run: Backend, problem: Problem, parameters: NeuronParameters) -> Solution:
    """The neurons of all sequences as those of one, each with its ``parameters``, (batch *
    neurons,)."""
    batch, time, neurons = problem.current.shape
    s, voltage, end = run(
        replace(
            problem,
            current=problem.current.transpose(0, 1).reshape(1, time, batch * neurons),
            state=problem.state.changed(lambda u: u.reshape(1, batch * neurons)),
            parameters=parameters,
        )
    )

    def apart(values: Tensor) -> Tensor:
        return values.reshape(time, batch, neurons).transpose(0, 1)

    return Solution(
        apart(s),
        None if voltage is None else apart(voltage),
        end.changed(lambda u: u.reshape(batch, neurons)),
    )


def _plain(value: Value) -> Value:
    """One float where all neurons have the same, else a float64 array."""
    if isinstance(value, Tensor):
        value = value.detach().cpu().double().numpy()
    array = np.asarray(value, dtype=float).reshape(-1)
    return float(array[0]) if np.all(array == array[0]) else array


def _buffer_name(key: str) -> str:
    return "fixed_" + re.sub(r"\W+", "_", key)


def _clamp_growth(start: Tensor, growth: Tensor, low: float, high: float) -> None:
    """Clamp growth in place so that |start| exp(growth) lies from low to high; 0 stays 0.

    A little inside, so that rounding does not carry the value out again.
    """
    size = start.abs()
    alive = size > 0
    size = torch.where(alive, size, torch.ones_like(size))
    margin = 4 * torch.finfo(start.dtype).eps
    bounded = growth.clamp((low / size).log() + margin, (high / size).log() - margin)
    growth.copy_(torch.where(alive, bounded, growth))
