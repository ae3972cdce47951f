"""The neuron as a torch module: a thin wrapper around dynamics, integration and parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from neuron_model.backends.backends import find_backend, kernel_is_built
from neuron_model.backends.carried import bounded
from neuron_model.backends.exponential import exp
from neuron_model.backends.problem import TAPES, TYPES, Problem, Solution, is_plain, transformed
from neuron_model.errors import InputError
from neuron_model.model.dynamics import State, find_integrator
from neuron_model.model.parameters import TIMESCALES, Mask, NeuronParameters, Timescale, Value
from neuron_model.network.current import as_tensor, check_finite, check_shape
from neuron_model.network.full_precision import HALVES, FullPrecision, widened, without_autocast
from neuron_model.network.limits import ParameterLimits
from neuron_model.network.neuron_record import PREFIX, Record, buffer_name, without_record
from neuron_model.network.serialized import known_to_export
from neuron_model.network.variation import Variation
from neuron_model.network.with_variation import run_with_variation

if TYPE_CHECKING:
    from neuron_model.network.learned_rows import LearnedRows

LEARNABLE = ("alpha", "delta", "tau", "kappa")
"""What can be learned; tau is tau_fast, tau_slow and tau_ultraslow. tau_m is the unit of time."""

_IN_ELEMENTS = ("alpha", "delta", "kappa")

known_to_export(State)


class MTCNeuron(FullPrecision):
    """N multi-timescale conductance neurons, each with an input current of its own.

        tau_m dU_m/dt = -leak(U_m - U_rest) + I_in + I_bias - sum_k I_k

    and the rest of the equations in :mod:`neuron_model.model.dynamics`. A learned alpha, tau or
    kappa is its first value times exp(growth), so it keeps its sign, is never 0 unless it began
    there, and is exactly what was given before the first training step.

    Of torch's ways: the state dict holds all that decides what the neurons do, learned or not
    (:mod:`neuron_model.network.neuron_record`). They compute in float32 or float64, also where
    currents, or the modules around them, are half (:mod:`neuron_model.network.full_precision`). In
    ``nn.Sequential`` take :class:`~neuron_model.network.layer.MTCLayer`. ``torch.export``
    (``strict=False``) takes them through the kernel's operator. Second derivatives and
    ``torch.func`` are those of the backend ``eager``, which ``auto`` takes under ``torch.func``.

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
    # What they were made for, and the rows; see _learned_rows.
    _kept_rows: tuple[NeuronParameters, torch.dtype, LearnedRows | None] | None = None

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
        kind = dtype or torch.get_default_dtype()
        if kind not in TYPES:
            raise InputError(f"dtype = {kind} is not allowed; it must be float32 or float64.")
        self._fixed = parameters.map(_plain)
        self._register(kind)
        # Set by variation.varied: whose parameters each sequence is run with.
        self.samples: tuple[Variation, Tensor] | None = None
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
        self._buffered: list[str] = []
        self._keep(fixed, dtype)

    def _keep(self, fixed: NeuronParameters, dtype: torch.dtype) -> None:
        """Take ``fixed`` for what is not learned: buffers where neurons differ, else floats."""
        for key in self._buffered:
            delattr(self, buffer_name(key))
        self._buffered = []
        for key, value in fixed.named_values():
            if not isinstance(value, float) and not self._is_learned(key):
                self.register_buffer(buffer_name(key), self._row(value, dtype))
                self._buffered.append(key)
        self._fixed = fixed
        # which formulas are run hangs on what no training changes: which numbers are 0, or infinite
        self._masks = fixed.masks()

    def _row(self, value: Value, dtype: torch.dtype) -> Tensor:
        return torch.tensor(np.broadcast_to(value, (self.neurons,)).copy(), dtype=dtype)

    def _is_learned(self, key: str) -> bool:
        if key.startswith("elements"):
            return key.rsplit(".", 1)[-1] in self.learn
        return key in {f"tau_{x}" for x in self._learned_taus}

    def _record(self) -> Record:
        keys = [key for key, _ in self._fixed.named_values() if not self._is_learned(key)]
        named = {buffer_name(key): key for key in keys}
        return Record(self._fixed, named, self.dt, self.integrator)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        for name, value in self._record().tensors().items():
            destination[prefix + name] = value

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *rest: Any) -> None:
        errors = rest[-1]
        mine = {k.removeprefix(prefix): v for k, v in state_dict.items() if k.startswith(prefix)}
        try:
            fixed = self._record().loaded({k: v for k, v in mine.items() if k.startswith(PREFIX)})
        except InputError as error:
            errors.append(f"{prefix.removesuffix('.') or type(self).__name__}: {error}")
            return
        if fixed is not self._fixed:
            like = self._like()
            self._keep(fixed, torch.get_default_dtype() if like is None else like.dtype)
            if like is not None:
                self.to(like.device)
        own = {prefix + k: v for k, v in without_record(mine).items()}
        super()._load_from_state_dict(own, prefix, *rest)

    def _like(self) -> Tensor | None:
        """One of its own numbers, for type and device; None where all are floats."""
        return next(iter(self._own()), None)

    def _own(self) -> list[Tensor]:
        """Parameters, then buffers."""
        if self._modules:  # a parametrization holds some of them
            return [*self.parameters(), *self.buffers()]
        # a walk through modules takes as long as a step of few neurons
        both = chain(self._parameters.values(), self._buffers.values())
        return [tensor for tensor in both if tensor is not None]

    @property
    def learned_taus(self) -> tuple[Timescale, ...]:
        """The timescales whose time constants are learned."""
        return self._learned_taus

    @property
    def first_parameters(self) -> NeuronParameters:
        """The parameters before training: of what is learned the first values; numbers where all
        neurons share one, else arrays (neurons,)."""
        return self._fixed

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
        learned |= {key: getattr(self, buffer_name(key)) for key in self._buffered}
        live = self._fixed.with_values(learned)
        device = next((value.device for value in learned.values()), None)
        live.keep_masks([_mask(mask, device) for mask in self._masks])
        return live

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
        """All voltages at U_rest, (batch, neurons), of the type and device of ``like``; float32
        where that is half."""
        like = torch.empty(0) if like is None else widened(like[:0])
        return self._at_rest(self.live_parameters(), batch, like)

    def _at_rest(self, parameters: NeuronParameters, batch: int, like: Tensor) -> State:
        voltage = like.new_zeros(batch, self.neurons) + parameters.u_rest
        return State(voltage, voltage, voltage, voltage)

    # What is compiled around it calls it as it is: it looks at numbers to choose its formulas, and
    # has compiled ones already. The operator behind it can be compiled into a graph.
    @torch.compiler.disable
    def forward(
        self,
        current: Tensor | np.ndarray | Sequence[Any],
        state: State | None = None,
        return_voltage: bool = False,
    ) -> tuple[Tensor, State] | tuple[Tensor, Tensor, State]:
        """Run the neurons.

        Args:
            current: (batch, time, neurons), each held for one time step; a tensor, an array of
                numpy or nested lists.
            state: what an earlier call returned, to go on from there; at rest if not given. After
                a backward pass hand on ``state.detach()``.
            return_voltage: also return U_m.

        Returns:
            s, of the shape and type of ``current``; U_m, the same, where asked for; the state at
            the end, in float32 or float64.

        Raises:
            InputError: the current has another shape or holds NaN or infinity, or the state is
                not of this batch.
        """
        given = as_tensor(current, self._like(), "current")
        check_shape(given, self.neurons)
        current = widened(given)
        expected = (current.shape[0], self.neurons)
        if state is not None and any(tuple(u.shape) != expected for u in state):
            shapes = [tuple(u.shape) for u in state]
            raise InputError(f"state has shapes {shapes}; each must be {expected}.")
        if state is not None:
            state = state.changed(widened)
        with without_autocast(current.device):
            solved = self._solved(current, state, return_voltage)
        check_finite(current, solved.state)
        return self._results(given.dtype, solved)

    def _solved(self, current: Tensor, state: State | None, voltage: bool) -> Solution:
        weights = None if self.weights is None else self.weights.t()
        rows = self._learned_rows(current, state)
        if rows is not None:
            from neuron_model.fused.run import run_rows

            begin = self._fixed.u_rest if state is None else state
            return run_rows(current, begin, rows.now(self), weights, voltage, self.tape)
        parameters = self.live_parameters()
        if state is None:
            state = self._at_rest(parameters, current.shape[0], current)
        problem = Problem(
            current,
            state,
            parameters,
            self.dt,
            self.integrator,
            weights=weights,
            voltage=voltage,
            tape=self.tape,
        )
        s, u_m, end = (
            self._run(problem)
            if self.samples is None
            else run_with_variation(self._run, problem, *self.samples)
        )
        s, *seen, membrane, fast, slow, ultraslow = bounded(
            (s, *(() if u_m is None else (u_m,)), *end)
        )
        state = State(membrane, fast, slow, ultraslow).with_branches(end.branches)
        return Solution(s, seen[0] if seen else None, state)

    def _learned_rows(self, current: Tensor, state: State | None) -> LearnedRows | None:
        """The short way to the compiled kernel's coefficients; None where there is none."""
        own = self._own()
        like = own[0] if own else None
        tensors = [current, *(state or ()), *own]
        if (
            self.backend not in ("fused", "auto")
            or self.samples is not None
            or self._buffered
            or like is None
            or any(t.dtype != like.dtype or not t.is_cpu for t in tensors)
            or any(t.requires_grad for t in own if not isinstance(t, nn.Parameter))
            or transformed()
            or not is_plain(*tensors)
            or not kernel_is_built()
        ):
            return None
        kept = self._kept_rows
        if kept is None or kept[0] is not self._fixed or kept[1] != like.dtype:
            from neuron_model.network.learned_rows import LearnedRows

            kept = self._fixed, like.dtype, LearnedRows.of(self, like.detach()[:0].reshape(-1))
            self._kept_rows = kept
        return kept[2]

    @staticmethod
    def _results(kind: torch.dtype, solution: Solution) -> Any:
        """s, U_m where it is there, and the state; ``kind`` is the current's type."""
        s, voltage, end = solution
        seen = [v for v in (s, voltage) if v is not None]
        return (*(v.to(kind) if kind in HALVES else v for v in seen), end)

    def _run(self, problem: Problem) -> Solution:
        return find_backend(self.backend, problem)(problem)

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


def _plain(value: Value) -> Value:
    """One float where all neurons have the same, else a float64 array."""
    if isinstance(value, Tensor):
        value = value.detach().cpu().double().numpy()
    array = np.asarray(value, dtype=float).reshape(-1)
    return float(array[0]) if np.all(array == array[0]) else array


def _mask(mask: Mask, device: torch.device | None) -> Mask:
    return mask if isinstance(mask, bool) else torch.as_tensor(mask, device=device)


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
