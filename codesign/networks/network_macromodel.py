"""The macromodel of a network's circuit, from its designs and the measured cells."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from mapping.macromodel import Macromodel
from mapping.network_mapper import INPUT, OUTPUT
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters
from neuron_model.network.circuit_network import CircuitNetwork, ColumnModel, LineModel

if TYPE_CHECKING:
    from codesign.networks.built_network import BuiltNetwork

STEP = 0.1
"""Of the macromodel, in the neurons' unit of time: a fifth of what a network is trained with."""


def circuit_network(network: BuiltNetwork, step: float = STEP) -> CircuitNetwork:
    """The macromodel of ``network`` under nominal conditions, from rest.

    Args:
        network: as mapped; its layers do not feed themselves.
        step: largest time step, in the neurons' unit of time.

    Raises:
        InputError: a layer feeds itself.
    """
    if network.task.network.configuration.recurrent:
        raise InputError("network: there is no macromodel of layers that feed themselves.")
    steps = max(1, math.ceil(network.sample_interval / step - 1e-9))
    layers = [
        NeuronParameters.stack([Macromodel(one, network.cells).compact for one in layer])
        for layer in network.layers
    ]
    names = [f"layer{index}" for index in range(len(layers))]
    sources = [INPUT, *(f"s{index}" for index in range(len(layers)))]
    interval = network.sample_interval * network.design.time_unit
    taus = np.array([readout.time_constant / interval for readout in network.readouts])
    return CircuitNetwork(
        layers,
        [_column(network, name) for name in (*names, OUTPUT)],
        [_line(network, name) for name in sources],
        (torch.tensor(network.design.line(INPUT).offset), torch.tensor(taus)),
        steps,
        network.sample_interval / steps,
    )


def macromodel_prediction(network: BuiltNetwork, signal: np.ndarray) -> np.ndarray | None:
    """What the macromodel says of a series heard from rest, (samples, outputs).

    None where there is none: of layers that feed themselves, and under other than the nominal
    conditions.
    """
    recurrent = network.task.network.configuration.recurrent
    if recurrent or network.conditions != network.cells.conditions:
        return None
    with torch.no_grad():
        heard = torch.as_tensor(np.array(signal), dtype=torch.float64)
        y: np.ndarray = circuit_network(network)(heard[None])[0].numpy()
    return y


def _line(network: BuiltNetwork, name: str) -> LineModel:
    """A step from no current takes the measured delay to half of it: tau ln(1 / floor - 1)."""
    line, synapses = network.design.line(name), network.synapses
    floor = max(synapses.silent_current / line.unit_current, 1e-9)
    charge = synapses.charge(line.unit_current) / math.log(1.0 / floor - 1.0)
    tau = charge * (line.fan_out + line.units) / line.full_scale
    return LineModel(tau / network.design.time_unit, floor)


def _column(network: BuiltNetwork, target: str) -> ColumnModel:
    """Currents in I0, those into the outputs in units of y, as the built weights are."""
    design, synapses = network.design, network.synapses
    wanted, unit = design.target(target), design.unit_current
    weights = np.concatenate([p.built for p in design.into(target)], axis=1)
    bias: np.ndarray = np.zeros(len(wanted.bias))
    if target == OUTPUT:
        unit = design.readout_current * design.scale
        bias = wanted.bias / design.scale
    # the compensation takes it out again: of neurons it is part of their own bias
    keep = synapses.gain(1, design.keep_current / design.keep_units) * design.keep_current / unit
    kept = np.where(wanted.keeps, keep, 0.0)
    return ColumnModel(
        torch.tensor(weights),
        torch.tensor(bias + kept),
        torch.tensor(kept),
        synapses.column_charge / unit / design.time_unit,
    )
