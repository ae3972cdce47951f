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

IN_ELEMENTS = ("alpha", "delta", "kappa")


@dataclass(frozen=True, eq=False)
class LearnedRows:
    """What of a layer's coefficients stays while it learns.

    template: (rows, neurons), with any numbers in the rows that are learned. structure: but for its
    ``steps``, which hang on the time constants. elements: the rows of alpha, delta and kappa, by
    name. decays, durations: the rows DECAY and DURATION of each learned time constant. saturating:
    which of those have a filter that saturates. longest: dt over the shortest time constant of the
    other filters that do; None where no filter does.
    """

    template: Tensor
    structure: Structure
    elements: dict[str, Tensor]
    decays: Tensor
    durations: Tensor
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
        return cls(
            template,
            structure,
            {name: _in_elements(name, len(live.elements)) for name in IN_ELEMENTS},
            torch.tensor([_place(i, FilterRow.DECAY) for i in taus], dtype=torch.int64),
            torch.tensor([_place(i, FilterRow.DURATION) for i in taus], dtype=torch.int64),
            torch.tensor([i in moving for i in taus], dtype=torch.bool),
            max(others, default=0.0) if moving and exponential else None,
            layer.dt,
        )

    def now(self, layer: MTCNeuron) -> Coefficients:
        """The coefficients as the layer has learned them, through which gradients flow to it."""
        given = [_learned(layer, name) for name in (*IN_ELEMENTS, "tau")]
        needs = Needs(0)
        for (_, learned), need in zip(given, (*[Needs.ELEMENTS] * 3, Needs.FILTERS), strict=True):
            if learned is not None and learned.requires_grad:
                needs |= need
        rows: Any = _Rows.apply(self, *(tensor for pair in given for tensor in pair))
        structure = self.structure
        if self.longest is not None:
            durations = rows.detach()[self.durations[self.saturating], 0]
            longest = max(self.longest, float(durations.max()) if durations.numel() else 0.0)
            structure = replace(structure, steps=steps_of(longest, rows.dtype))
        return Coefficients(structure, rows, needs)


class _Rows(torch.autograd.Function):
    """(rows, 1, neurons), from start and growth (of delta: None and itself) of what is learned."""

    @staticmethod
    def forward(ctx: Any, plan: LearnedRows, *given: Tensor | None) -> Tensor:
        rows = plan.template.clone()
        kept: list[Tensor] = []
        for number, name in enumerate(IN_ELEMENTS):
            start, learned = given[2 * number : 2 * number + 2]
            if learned is None:
                continue
            value = learned if start is None else start * exp(learned)
            rows.index_copy_(0, plan.elements[name], value)
            kept += [] if start is None else [value]
        start, growth = given[-2:]
        if start is not None and growth is not None:
            durations = plan.dt / (start * exp(growth))
            rows.index_copy_(0, plan.durations, durations)
            exponential = plan.structure.exponential
            decays = exp(-durations) if exponential else durations
            rows.index_copy_(0, plan.decays, decays)
            kept += [durations, decays * durations if exponential else -durations]
        ctx.plan, ctx.learned = plan, [tensor is not None for tensor in given]
        ctx.save_for_backward(*kept)
        return rows[:, None]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        plan, by_row = ctx.plan, grad[:, 0]
        kept = iter(ctx.saved_tensors)
        found: list[Tensor | None] = []
        for number, name in enumerate(IN_ELEMENTS):
            has_start, is_learned = ctx.learned[2 * number : 2 * number + 2]
            mine = by_row.index_select(0, plan.elements[name]) if is_learned else None
            if mine is not None and has_start:
                mine = mine * next(kept)
            found += [None, mine]
        of_tau = None
        if ctx.learned[-1]:
            durations, by_decay = kept
            of_tau = by_row.index_select(0, plan.decays) * by_decay
            of_tau -= by_row.index_select(0, plan.durations) * durations
        return None, *found, None, of_tau


def _learned(layer: MTCNeuron, name: str) -> tuple[Tensor | None, Tensor | None]:
    if name == "delta":
        return None, getattr(layer, "delta", None)
    return getattr(layer, f"{name}_start", None), getattr(layer, f"{name}_growth", None)


def _place(timescale: int, row: FilterRow) -> int:
    return len(Row) + timescale * len(FilterRow) + row


def _in_elements(name: str, count: int) -> Tensor:
    first = _place(len(TIMESCALES), FilterRow(0)) + ElementRow[name.upper()]
    return first + len(ElementRow) * torch.arange(count)
