"""Parameters as the rows of numbers that a fused kernel reads.

    RATE      dt / tau_m              DECAY     exp(-dt / tau_x), or dt / tau_x for explicit Euler
    GAIN      1 / (U_sat - U_thr)     OFFSET    dt offset_x / (2 tau_x), or offset_x for Euler
    DURATION  dt / tau_x, read only where steps are long

and the rest as they stand in :class:`~neuron_model.model.parameters.NeuronParameters`. A row that
does not apply (the range of a linear leak, the kappa of a linear filter) is 1, the decay of an
instant copy 0. All of it is differentiable: the gradient of a row becomes that of the parameters
through torch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum, IntFlag, auto
from functools import lru_cache

import torch
from torch import Tensor

from neuron_model.backends.exponential import exp
from neuron_model.model.parameters import (
    TIMESCALES,
    Mask,
    NeuronParameters,
    OutputShape,
    Timescale,
    Value,
)

# Steps of more time constants than this take the slewing of a saturated filter apart.
_LONG = 20.0
# Single precision can take the series of a saturating filter's flow for steps up to this: the first
# term that is left out is 1e-8 (kernel.c's SHORT).
_SHORT = 0.125


class Row(IntEnum):
    """The first rows of coefficients, in the kernel's order."""

    RATE = 0
    BIAS = auto()
    REST = auto()
    CONDUCTANCE = auto()
    RANGE = auto()
    LEAK_IS_LINEAR = auto()
    THRESHOLD = auto()
    GAIN = auto()


class FilterRow(IntEnum):
    """The rows of a timescale's filter; those of fast, slow and ultraslow follow upon ``Row``."""

    DECAY = 0
    KAPPA = auto()
    OFFSET = auto()
    IS_LINEAR = auto()
    IS_INSTANT = auto()
    DURATION = auto()


class ElementRow(IntEnum):
    """The rows of an element; one element's after the other's come last."""

    ALPHA = 0
    DELTA = auto()
    KAPPA = auto()


class Needs(IntFlag):
    """Which coefficients' gradients are asked for; the kernel leaves the others out."""

    ELEMENTS = 1
    FILTERS = 2
    MEMBRANE = 4
    OUTPUT = 8
    SHAPES = 16


NONE, ALL, MIXED = range(3)
SHORT, MIDDLE, LONG = range(3)


@dataclass(frozen=True)
class Structure:
    """What of the neurons is no number: it decides which formulas are run.

    timescales: of each element, as an index. saturating, instant: of each timescale's filter, for
    how many of the neurons it is so: NONE, ALL or MIXED; saturating_leak likewise. steps: SHORT,
    MIDDLE or LONG, beside the time constants of the saturating filters. ota_output: whether s is
    max(0, tanh), else clip.
    """

    exponential: bool
    timescales: tuple[int, ...]
    saturating_leak: int
    saturating: tuple[int, ...]
    instant: tuple[int, ...]
    steps: int
    ota_output: bool = False

    @property
    def moving(self) -> int:
        """How many copies have a state of their own."""
        return sum(kind != ALL for kind in self.instant)

    def to_list(self) -> list[int]:
        """As whole numbers, for an operator of torch."""
        head = [self.exponential, self.saturating_leak, *self.saturating, *self.instant]
        return [int(v) for v in (*head, self.steps, self.ota_output, *self.timescales)]

    @staticmethod
    def from_list(numbers: list[int]) -> Structure:
        """The inverse of :meth:`to_list`."""
        exponential, leak, f0, f1, f2, i0, i1, i2, steps, ota, *timescales = numbers
        return Structure(
            bool(exponential), tuple(timescales), leak, (f0, f1, f2), (i0, i1, i2), steps, bool(ota)
        )


@dataclass(frozen=True)
class Coefficients:
    """The rows (rows, 1, neurons), how they are to be read, and whose gradient is needed."""

    structure: Structure
    rows: Tensor
    needs: Needs


def coefficients(
    parameters: NeuronParameters, dt: float, exponential: bool, neurons: int, like: Tensor
) -> Coefficients:
    """Pack the parameters of ``neurons`` neurons, in the type and on the device of ``like``."""
    p = parameters
    durations = {x: dt / _unless(p.is_instant(x), p.tau(x)) for x in TIMESCALES}
    saturating = tuple(_count(_not(p.filter(x).is_linear)) for x in TIMESCALES)
    moving = [
        x
        for kind, x in zip(saturating, TIMESCALES, strict=True)
        if kind != NONE and p.is_instant(x) is not True
    ]
    structure = Structure(
        exponential=exponential,
        timescales=tuple(TIMESCALES.index(e.timescale) for e in p.elements),
        saturating_leak=_count(_not(p.leak.is_linear)),
        saturating=saturating,
        instant=tuple(_count(p.is_instant(x)) for x in TIMESCALES),
        steps=_steps([durations[x] for x in moving], like) if exponential else MIDDLE,
        ota_output=p.output is OutputShape.OTA,
    )
    membrane = [dt / p.tau_m, p.i_bias, p.u_rest, p.leak.conductance]
    membrane += [_unless(p.leak.is_linear, p.leak.range), _number(p.leak.is_linear)]
    out = [p.u_threshold, 1.0 / (p.u_saturation - p.u_threshold)]
    rates: list[Value] = []
    shapes: list[Value] = []
    filters: list[Value] = []
    for x in TIMESCALES:
        rate, shape = _filter(p, x, durations[x], exponential)
        linear, instant = _number(p.filter(x).is_linear), _number(p.is_instant(x))
        rates += [rate, durations[x]]
        shapes += shape
        filters += [rate, *shape, linear, instant, durations[x]]
    elements = [v for e in p.elements for v in (e.alpha, e.delta, e.kappa)]
    needs = Needs(0)
    for values, need in (
        (elements, Needs.ELEMENTS),
        (rates, Needs.FILTERS),
        (membrane, Needs.MEMBRANE),
        (out, Needs.OUTPUT),
        (shapes, Needs.SHAPES),
    ):
        if any(isinstance(v, Tensor) and v.requires_grad for v in values):
            needs |= need
    rows = _rows([*membrane, *out, *filters, *elements], neurons, like)
    return Coefficients(structure, rows, needs)


def _steps(durations: list[Value], like: Tensor) -> int:
    """How long steps are, in time constants of the filters that saturate.

    A trace stands for any values: LONG is right for all of them.
    """
    if durations and torch.compiler.is_compiling():
        return LONG
    return steps_of(max(map(_greatest, durations), default=1.0), like.dtype)


def steps_of(longest: float, dtype: torch.dtype) -> int:
    """SHORT, MIDDLE or LONG, of steps of up to ``longest`` time constants."""
    if longest > _LONG:
        return LONG
    return SHORT if longest <= _SHORT and dtype == torch.float32 else MIDDLE


def _filter(
    p: NeuronParameters, x: Timescale, duration: Value, exponential: bool
) -> tuple[Value, list[Value]]:
    """DECAY, and KAPPA and OFFSET."""
    instant, shape = p.is_instant(x), p.filter(x)
    kappa, offset = _unless(shape.is_linear, shape.kappa), shape.offset
    if not exponential:
        return _where(instant, 1.0, duration), [kappa, offset]
    decay = exp(-duration) if isinstance(duration, Tensor) else math.exp(-duration)
    if not (isinstance(offset, float) and offset == 0.0):
        offset = _where(instant, 0.0, 0.5 * duration * offset)
    return _where(instant, 0.0, decay), [kappa, offset]


def _rows(values: list[Value], neurons: int, like: Tensor) -> Tensor:
    """(rows, 1, neurons). One operation of torch for all of them: each costs more than the
    arithmetic."""
    numbers = tuple(0.0 if isinstance(value, Tensor) else float(value) for value in values)
    rows = list(_constants(numbers, neurons, like).unbind(0))
    for i, value in enumerate(values):
        if isinstance(value, Tensor):
            row = value if value.dtype == like.dtype else value.to(like)
            rows[i] = row if row.shape == (neurons,) else row.reshape(-1).expand(neurons)
    return torch.stack(rows)[:, None]


def _constants(numbers: tuple[float, ...], neurons: int, like: Tensor) -> Tensor:
    """(numbers, neurons)"""
    make = _new_constants if torch.compiler.is_compiling() else _kept_constants
    return make(numbers, like.dtype, like.device)[:, None].expand(-1, neurons)


def _new_constants(numbers: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.tensor(numbers, dtype=dtype, device=device)


_kept_constants = lru_cache(maxsize=64)(_new_constants)


def _count(mask: Mask) -> int:
    return {True: ALL, False: NONE}[mask] if isinstance(mask, bool) else MIXED


def _not(mask: Mask) -> Mask:
    return not mask if isinstance(mask, bool) else ~mask


def _number(mask: Mask) -> Value:
    return float(mask) if isinstance(mask, bool) else mask.float()


def _where(mask: Mask, yes: float, no: Value) -> Value:
    if isinstance(mask, bool):
        return yes if mask else no
    return no.masked_fill(mask, yes) if isinstance(no, Tensor) else torch.where(mask, yes, no)


def _unless(mask: Mask, value: Value) -> Value:
    """``value``, and 1 where it is not to be read."""
    return _where(mask, 1.0, value)


def _greatest(value: Value) -> float:
    return float(value.detach().max()) if isinstance(value, Tensor) else value
