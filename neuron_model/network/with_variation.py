"""Neurons that differ from sequence to sequence: each is run with the parameters of its sample."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from neuron_model.backends.problem import Backend, Problem, Solution
from neuron_model.errors import InputError
from neuron_model.model.dynamics import joined
from neuron_model.model.parameters import NeuronParameters, Value
from neuron_model.network.variation import Variation


def run_with_variation(
    run: Backend, problem: Problem, variation: Variation, index: Tensor
) -> Solution:
    """Run each sequence's neurons with their own sample's parameters.

    Args:
        run: how a problem is run.
        problem: with the parameters as they are trained.
        variation: what the samples make of them.
        index: which sample each sequence is on, (batch,).

    Raises:
        InputError: ``index`` is not of this batch.
    """
    if len(index) != len(problem.current):
        raise InputError(
            f"there are {len(index)} samples for {len(problem.current)} sequences; there must "
            "be one for each."
        )
    if problem.weights is None:
        return _side_by_side(run, problem, variation.follow(problem.parameters, index))
    return _sample_by_sample(run, problem, variation, index)


def _sample_by_sample(
    run: Backend, problem: Problem, variation: Variation, index: Tensor
) -> Solution:
    """Neurons that feed each other: the sequences of a sample in one run, with its parameters."""
    runs, order = [], []
    for sample in index.unique():
        mine = torch.nonzero(index == sample).flatten()
        order.append(mine)
        one = replace(
            problem,
            current=problem.current[mine],
            state=problem.state.changed(partial(_rows, mine)),
            parameters=variation.follow(problem.parameters, sample[None]),
        )
        runs.append(run(one))
    if not runs:
        return run(problem)
    back = torch.cat(order).argsort()

    def together(parts: Iterable[Tensor]) -> Tensor:
        return torch.cat(list(parts))[back]

    voltages = [one.voltage for one in runs if one.voltage is not None]
    return Solution(
        together(one.output for one in runs),
        together(voltages) if voltages else None,
        joined([one.state for one in runs], together),
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
