"""Rates of a neuron's states as a function of plain floats, with their Jacobian."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neuron_model.analysis.native import native
from neuron_model.analysis.traced import Jacobian, Program, Rates, compiled
from neuron_model.model.dynamics import (
    State,
    amplifier_inputs,
    at_work,
    branch_logarithms,
    branch_rates,
    branch_states,
    branches_of,
    copy_drive,
    membrane_rate,
)
from neuron_model.model.parameters import TIMESCALES, NeuronParameters, Timescale


def moving_timescales(parameters: NeuronParameters) -> tuple[Timescale, ...]:
    """The copies with a state of their own: those whose time constant is not 0."""
    return tuple(x for x in TIMESCALES if not parameters.is_instant(x))


def state_vector(parameters: NeuronParameters, state: State) -> np.ndarray:
    """U_m, the copies that move and the logarithms of branches that lag, (states,).

    Branches that the state does not have are settled.
    """
    branches = at_work(state, parameters).branches
    logs = branch_logarithms(branches, lagging_states(parameters))
    copies = (state.voltage(x) for x in moving_timescales(parameters))
    return np.array([state.membrane, *copies, *logs], dtype=float)


def traced_rates(parameters: NeuronParameters) -> Callable[[float], tuple[Rates, Jacobian]]:
    """I_in -> rates of the states that :func:`state_vector` lists, and their Jacobian.

    They are the equations of :mod:`neuron_model.model.dynamics`, run once.
    """
    moving = moving_timescales(parameters)
    program = Program()
    listed = lagging_states(parameters)
    count = 1 + len(moving)
    names = [f"u{k}" for k in range(count + sum(map(len, listed)))]
    variables = [program.variable(name) for name in names]
    copies = [variables[1 + moving.index(x)] if x in moving else variables[0] for x in TIMESCALES]
    # of a branch, the logarithm is the state: it cannot become negative
    shares = (variable.exp() for variable in variables[count:])
    branches = tuple(branches_of({name: next(shares) for name in states}) for states in listed)
    state = State(variables[0], *copies).with_branches(branches)
    rates = [membrane_rate(state, program.constant("current"), parameters)]
    rates += [copy_drive(state, x, parameters) / parameters.tau(x) for x in moving]
    inputs = amplifier_inputs(state, parameters)
    for owner, held, t in zip(parameters.lagging, branches, inputs, strict=True):
        amplifier = parameters.amplifier(owner)
        assert amplifier is not None
        rates += branch_rates(held, t, amplifier).values()
    # tens of states: a solver spends its time in them
    in_c = native(program, "current", names, rates) if parameters.lagging else None
    return in_c or compiled(program, "current", names, rates)


def lagging_states(parameters: NeuronParameters) -> list[tuple[str, ...]]:
    """Of each amplifier that lags, its branches that have a state."""
    amplifiers = [parameters.amplifier(owner) for owner in parameters.lagging]
    return [branch_states(amplifier) for amplifier in amplifiers if amplifier is not None]
