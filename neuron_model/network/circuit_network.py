"""The macromodel of a network's circuit: neurons, gate lines, columns and readout as one module.

    x_j  = line(x + offset)                     input lines, gates as :mod:`translinear` has them
    u    = tanh((U_m - U_threshold) / span)     of a neuron's output stage, signed
    s    = line(u)                              what flows in the synapses on its line
    I    = W- s + column(W+ s + keep) + bias    column: the PMOS mirror, a line as well
    y    = four poles of (W s + b)

Weights are those of whole unit transistors, biases what is left with all offsets; both are
parameters, so that the network trains through its circuit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from neuron_model.model.parameters import NeuronParameters
from neuron_model.network.low_pass import LowPass
from neuron_model.network.neuron import MTCNeuron
from neuron_model.network.translinear import translinear


@dataclass(frozen=True)
class LineModel:
    """tau: C n U_T over the full current, floor: the current that is left at s = 0, over it."""

    tau: float
    floor: float


@dataclass(frozen=True, eq=False)
class ColumnModel:
    """All synapses into a layer, or into the outputs, currents in I0 (of the outputs: in y).

    weights: (targets, sources). bias: (targets,).
    keep: current in the PMOS mirror beside the weights', (targets,), 0 where there is none.
    tau: C n U_T of the mirror's gates over a current of 1.
    """

    weights: Tensor
    bias: Tensor
    keep: Tensor
    tau: float


class Column(nn.Module):
    """Currents into the neurons of a layer, or into the outputs, of :class:`ColumnModel`."""

    keep: Tensor

    def __init__(self, model: ColumnModel) -> None:
        super().__init__()
        self.weight = nn.Parameter(model.weights.clone())
        self.bias = nn.Parameter(model.bias.clone())
        self.register_buffer("keep", model.keep.clone())
        self.tau = model.tau

    def forward(self, s: Tensor, dt: float) -> Tensor:
        """(batch, time, sources) -> (batch, time, targets)."""
        direct = s @ self.weight.clamp(max=0.0).t()
        folded = s @ self.weight.clamp(min=0.0).t()
        has = self.keep > 0
        if not bool(has.any()):
            return direct + folded + self.bias
        keep = torch.where(has, self.keep, torch.ones_like(self.keep))
        at_rest = torch.log(keep).expand(len(s), -1)
        tau = torch.full_like(keep, self.tau)
        floor = torch.full_like(keep, 1e-9)
        mirrored, _ = translinear(folded + keep, tau, floor, dt, at_rest)
        return direct + torch.where(has, mirrored - keep, folded) + self.bias


class CircuitNetwork(nn.Module):
    """The macromodel of a network without recurrent layers.

    Args:
        layers: macromodels of the neurons of each layer; their thresholds and spans make u.
        columns: into each layer, then into the outputs.
        lines: of the inputs, then of each layer.
        ends: what is added to the inputs, (inputs,), and the time constant of each output's four
            poles, in samples, (outputs,).
        steps: of which a sample is made. dt: of one, in the neurons' unit of time.
    """

    offset: Tensor

    def __init__(
        self,
        layers: Sequence[NeuronParameters],
        columns: Sequence[ColumnModel],
        lines: Sequence[LineModel],
        ends: tuple[Tensor, Tensor],
        steps: int,
        dt: float,
    ) -> None:
        super().__init__()
        self.neurons = nn.ModuleList(
            MTCNeuron(layer, dt=dt, learn=(), dtype=torch.float64) for layer in layers
        )
        self.columns = nn.ModuleList(Column(model) for model in columns)
        self.lines = tuple(lines)
        offset, tau = ends
        self.register_buffer("offset", offset.clone())
        self.steps, self.dt = steps, dt
        self.low_pass = LowPass(len(tau), 1.0, False, "exact", steps).double()
        self.low_pass.log_tau = tau.log()

    def activity(self, signal: Tensor) -> tuple[Tensor, ...]:
        """s on the lines of each layer, (batch, samples * steps, neurons), from rest."""
        raised = (signal + self.offset).repeat_interleave(self.steps, dim=1)
        s = self._line(0, raised, raised[:, 0].clamp(min=1e-9).log())
        found = []
        for index, (neurons, column) in enumerate(
            zip(self.neurons, self.columns[:-1], strict=True), 1
        ):
            module = cast(MTCNeuron, neurons)
            _, voltage, _ = module(column(s, self.dt), return_voltage=True)
            values = module.live_parameters()
            span = torch.as_tensor(values.u_saturation - values.u_threshold)
            u = torch.tanh((voltage - torch.as_tensor(values.u_threshold)) / span)
            s = self._line(index, u, None)
            found.append(s)
        return tuple(found)

    def forward(self, signal: Tensor) -> Tensor:
        """(batch, samples, inputs) -> (batch, samples, outputs), from rest."""
        return self.read(self.activity(signal)[-1])

    def read(self, s: Tensor) -> Tensor:
        """s of the last layer -> (batch, samples, outputs)."""
        y, _ = self.low_pass(self.columns[-1](s, self.dt))
        return cast(Tensor, y)

    def _line(self, index: int, drive: Tensor, state: Tensor | None) -> Tensor:
        line = self.lines[index]
        tau = drive.new_full((drive.shape[2],), line.tau)
        floor = drive.new_full((drive.shape[2],), line.floor)
        return translinear(drive, tau, floor, self.dt, state)[0]
