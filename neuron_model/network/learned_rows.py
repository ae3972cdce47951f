"""A layer's coefficients for the compiled kernel, straight from the tensors that it learns.

As :mod:`neuron_model.fused.coefficients` makes them of a layer's parameters, and with the same
numbers, but in some twenty operations of torch in place of a hundred and fifty with their
gradients: in a step of few neurons those take longer than the neurons. A row of coefficients hangs
on one row of what is learned, neuron by neuron, so that its gradient is one product. With g a
learned growth:

    alpha, kappa = start exp(g)      d/dg = alpha, kappa
    r = dt / (start exp(g))          d/dg = -r                   DURATION, and DECAY of Euler
    d = exp(-r)                      d/dg = d r                  DECAY of the exponential integrator
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from neuron_model.backends.exponential import exp
from neuron_model.fused.coefficients import (
    ALL,
    NONE,
    Coefficients,
    ElementRow,
    FilterRow,
    Needs,
    Row,
    Structure,
    coefficients,
    steps_of,
)
from neuron_model.model.parameters import TIMESCALES

if TYPE_CHECKING:
    from neuron_model.network.neuron import MTCNeuron

GROWN = ("alpha", "kappa", "tau")
"""What is a first value times exp(growth); delta is learned as it is."""


@dataclass(frozen=True, eq=False)
class LearnedRows:
    """What of a layer's coefficients stays while it learns.

    template: (rows, neurons), with any numbers in the rows that are learned. structure: but for its
    ``steps``, which hang on the time constants. grown: those of ``GROWN`` that are learned; places:
    the rows of their alphas and kappas, DURATION and DECAY of each learned time constant, and the
    deltas, in this order. taus: how many time constants are learned. saturating: which of those
    have a filter that saturates. longest: dt over the shortest time constant of the other filters
    that do; None where no filter does.
    """

    template: Tensor
    structure: Structure
    grown: tuple[str, ...]
    places: Tensor
    taus: int
    saturating: Tensor
    longest: float | None
    dt: float

    @classmethod
    def of(cls, layer: MTCNeuron, like: Tensor) -> LearnedRows | None:
        """Those of a layer, in the type of ``like``; None where its coefficients follow from what
        it learns in another way than they usually do."""
        taus = [TIMESCALES.index(x) for x in layer.learned_taus]
        with torch.no_grad():
            live = layer.live_parameters()
            exponential = layer.integrator == "exponential"
            if live.amplified:
                return None
            for x in layer.learned_taus:
                drifts = exponential and torch.as_tensor(live.filter(x).offset).any()
                if live.is_instant(x) is not False or drifts:
                    return None
            made = coefficients(live, layer.dt, exponential, layer.neurons, like)
        template, structure = made.rows[:, 0], made.structure
        moving = [
            i
            for i in range(len(TIMESCALES))
            if structure.saturating[i] != NONE and structure.instant[i] != ALL
        ]
        others = [
            float(template[_place(i, FilterRow.DURATION)].max()) for i in set(moving) - {*taus}
        ]
        grown = tuple(name for name in GROWN if hasattr(layer, f"{name}_start"))
        places = [_in_elements(n, len(live.elements)) for n in grown if n != "tau"]
        places += [[_place(i, row) for i in taus] for row in (FilterRow.DURATION, FilterRow.DECAY)]
        if "delta" in layer.learn:
            places.append(_in_elements("delta", len(live.elements)))
        return cls(
            template,
            structure,
            grown,
            torch.tensor([row for some in places for row in some], dtype=torch.int64),
            len(taus),
            torch.tensor([i in moving for i in taus], dtype=torch.bool),
            max(others, default=0.0) if moving and exponential else None,
            layer.dt,
        )

    def now(self, layer: MTCNeuron) -> Coefficients:
        """The coefficients as the layer has learned them, through which gradients flow to it."""
        delta: Tensor | None = getattr(layer, "delta", None)
        given = [getattr(layer, f"{n}_{what}") for n in self.grown for what in ("start", "growth")]
        learned = dict(zip(self.grown, given[1::2], strict=True))
        tau = learned.pop("tau", None)
        needs = Needs(0)
        if any(p is not None and p.requires_grad for p in (delta, *learned.values())):
            needs |= Needs.ELEMENTS
        if tau is not None and tau.requires_grad:
            needs |= Needs.FILTERS
        rows: Any = _Rows.apply(self, delta, *given)
        structure = self.structure
        if self.longest is not None:
            first = len(self.places) - 2 * self.taus - (0 if delta is None else len(delta))
            durations = rows.detach()[self.places[first:][: self.taus][self.saturating], 0]
            longest = max(self.longest, float(durations.max()) if durations.numel() else 0.0)
            structure = replace(structure, steps=steps_of(longest, rows.dtype))
        return Coefficients(structure, rows, needs)


class _Rows(torch.autograd.Function):
    """(rows, 1, neurons), from delta and from start and growth of each of ``LearnedRows.grown``.

    All of them are one tensor while they are computed: of few neurons an operation takes as long as
    of many.
    """

    @staticmethod
    def forward(ctx: Any, plan: LearnedRows, delta: Tensor | None, *given: Tensor) -> Tensor:
        parts, factor = [], None
        if given:
            values = torch.cat(given[::2]) * exp(torch.cat(given[1::2]))
            parts, factor = [values], values
            if plan.taus:
                elements = values[: -plan.taus]
                durations = plan.dt / values[-plan.taus :]
                exponential = plan.structure.exponential
                decays = exp(-durations) if exponential else durations
                by_decay = decays * durations if exponential else -durations
                parts = [elements, durations, decays]
                factor = torch.cat([elements, -durations, by_decay])
        if delta is not None:
            parts.append(delta)
        rows = plan.template.clone()
        if parts:
            rows.index_copy_(0, plan.places, torch.cat(parts))
        ctx.plan, ctx.has_delta = plan, delta is not None
        ctx.sizes = [len(growth) for growth in given[1::2]]
        ctx.save_for_backward(factor)
        return rows[:, None]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        (factor,) = ctx.saved_tensors
        mine = grad[:, 0].index_select(0, ctx.plan.places)
        if factor is None:
            return None, mine
        by_delta = mine[len(factor) :] if ctx.has_delta else None
        grown = mine[: len(factor)] * factor
        found: list[Tensor | None] = []
        first = 0
        for size in ctx.sizes:
            found += [None, grown[first : first + size]]
            first += size
        if ctx.plan.taus:
            found[-1] = grown[first - size : first] + grown[first:]
        return None, by_delta, *found


def _place(timescale: int, row: FilterRow) -> int:
    return len(Row) + timescale * len(FilterRow) + row


def _in_elements(name: str, count: int) -> list[int]:
    first = _place(len(TIMESCALES), FilterRow(0)) + ElementRow[name.upper()]
    return [first + len(ElementRow) * k for k in range(count)]
