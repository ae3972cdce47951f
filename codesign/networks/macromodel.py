"""The macromodel of a network's circuit, from its designs and the measured cells."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from mapping.design import NeuronDesign
from mapping.macromodel import Macromodel
from mapping.network_design import INPUT, OUTPUT, ProjectionDesign
from mapping.network_neurons import LineDriver
from netlists.network_benches import RAMP
from neuron_model.model.parameters import NeuronParameters
from neuron_model.network.circuit_network import (
    Circuit,
    CircuitNetwork,
    ColumnModel,
    LineModel,
    MirrorModel,
    OutputModel,
)
from neuron_model.network.variation import Variation

if TYPE_CHECKING:
    from codesign.networks.built_network import BuiltNetwork
    from codesign.networks.correction import Correction

STEP = 0.1
"""Of the macromodel, in the neurons' unit of time: a fifth of what a network is trained with."""


def circuit_model(network: BuiltNetwork) -> Circuit:
    """What the circuit of ``network`` makes of it under nominal conditions."""
    trained = network.task.network
    columns = (*trained.projections, trained.readout)
    names = [f"layer{index}" for index in range(len(network.layers))]
    sources = [INPUT, *(f"s{index}" for index in range(len(network.layers)))]
    means = network.task.training.activity
    return Circuit(
        tuple(
            Variation(
                1,
                _neurons(network, index),
                neurons.parameters_now(),
                always=True,
            )
            for index, neurons in enumerate(trained.neuron_layers)
        ),
        tuple(
            _column(network, column.weight, column.bias, name, means)
            for column, name in zip(columns, (*names, OUTPUT), strict=True)
        ),
        tuple(_line(network, index - 1, name) for index, name in enumerate(sources)),
        RAMP,
        _outputs(network),
    )


def circuit_network(network: BuiltNetwork, step: float = STEP) -> CircuitNetwork:
    """The macromodel of ``network`` under nominal conditions, in float64.

    Args:
        network: as mapped; its layers do not feed themselves.
        step: largest time step, in the neurons' unit of time.

    Raises:
        InputError: a layer feeds itself.
    """
    made = CircuitNetwork(network.task.network, step, torch.float64)
    made.circuit = circuit_model(network)
    return made


def macromodel_prediction(network: BuiltNetwork, signals: np.ndarray) -> np.ndarray | None:
    """What the macromodel says of series, each heard from rest, (series, samples, outputs).

    signals: (series, samples, inputs).

    None where there is none: of layers that feed themselves, and under other than the nominal
    conditions.
    """
    recurrent = network.task.network.configuration.recurrent
    if recurrent or network.conditions != network.cells.conditions:
        return None
    with torch.no_grad():
        heard = torch.as_tensor(np.array(signals), dtype=torch.float64)
        y: np.ndarray = circuit_network(network)(heard)[0].numpy()
    return y


def _neurons(network: BuiltNetwork, index: int) -> NeuronParameters:
    """Of a layer, corrected where its circuit was recorded on this technology."""
    layer = network.layers[index]
    neurons = NeuronParameters.stack([_neuron(network, one, f"s{index}") for one in layer])
    correction = _correction(network)
    return neurons if correction is None else correction.of(index, neurons)


def _neuron(network: BuiltNetwork, design: NeuronDesign, line: str) -> NeuronParameters:
    """With the output stage that it has on its line."""
    output = design.output
    driver = LineDriver(network.design.line(line), network.cells, network.synapses)
    stage = driver.stage(output.bias_current, output.threshold_voltage)
    span = stage.slope_voltage / design.unit_voltage
    compact = Macromodel(design, network.cells).compact
    return replace(compact, u_saturation=design.u_threshold + span)


def _correction(network: BuiltNetwork) -> Correction | None:
    """Where its circuit was recorded on this technology."""
    found = network.task.correction
    return None if found is None or found.technology != network.technology.name else found


def _line(network: BuiltNetwork, layer: int, source: str) -> LineModel:
    """A step from no current takes the measured delay to half of it: tau ln(1 / floor - 1).

    layer: whose lines they are, -1 of the inputs.
    """
    line, synapses = network.design.line(source), network.synapses
    floor = max(synapses.silent_current / line.unit_current, 1e-9)
    charge = synapses.charge(line.unit_current) / math.log(1.0 / floor - 1.0)
    tau = charge * (line.fan_out + line.units) / line.full_scale
    made, correction = LineModel(tau / network.design.time_unit, floor), _correction(network)
    return made if correction is None or layer < 0 else correction.line(layer, made)


def _column(
    network: BuiltNetwork,
    weights: torch.Tensor,
    bias: torch.Tensor,
    target: str,
    means: dict[str, np.ndarray],
) -> ColumnModel:
    """Currents in I0, those into the outputs in units of y, as the built weights are."""
    design, synapses = network.design, network.synapses
    wanted, unit = design.target(target), design.weight_unit(target)
    (projection,) = design.into(target)
    # the compensation of a neuron is part of its own bias
    constant = wanted.bias / design.scale if target == OUTPUT else np.zeros(len(wanted.bias))
    keep = synapses.gain(-1, design.keep_current / design.keep_units) * design.keep_current / unit
    factor, falling = synapses.mirror_law
    mirror = MirrorModel(
        torch.tensor(np.where(wanted.keeps, keep, 0.0)),
        synapses.drawn(design.line(projection.source).unit_current),
        factor * unit**-falling,
        falling,
        synapses.column_charge / unit / design.time_unit,
    )
    return ColumnModel(
        weights.detach().double(),
        bias.detach().double(),
        _steps(projection),
        torch.tensor(means[projection.source]),
        torch.tensor(design.line(projection.source).offset),
        torch.tensor(constant),
        mirror,
    )


def _outputs(network: BuiltNetwork) -> OutputModel:
    correction, count = _correction(network), len(network.readouts)
    found = {} if correction is None else correction.outputs
    return OutputModel(
        torch.tensor(found.get("gain", np.ones(count))),
        torch.tensor(found.get("offset", np.zeros(count))),
        torch.tensor(found.get("lag", np.zeros(count))),
    )


def _steps(projection: ProjectionDesign) -> tuple[float, float]:
    """What a unit of a negative and of a positive weight weighs, one for both where one is none."""
    found = []
    for sign in (-1, 1):
        there = np.sign(projection.units) == sign
        if there.any():
            found.append(float((projection.built[there] / projection.units[there]).mean()))
    return (found[0], found[-1]) if found else (0.0, 0.0)
