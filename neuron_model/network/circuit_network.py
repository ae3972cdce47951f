"""The macromodel of a network's circuit: the trained network, heard through its circuit.

    x_j  = line(x + offset)                     input lines, gates as :mod:`translinear` has them;
                                                a sample comes in a line from the one before
    I    = W- s + column(W+ s + keep) + bias    column: the PMOS mirror, a line whose gain falls
    u    = tanh((U_m - U_threshold) / span)     of a neuron's output stage, signed; U_m amid a
                                                step, less what it moves by in the stage's lag
    s    = gain line(u)                         what flows in the synapses on its line
    y    = gain (four poles of (W s + b)) + offset

A :class:`Circuit` was found for the weights as they stood when they were mapped. While training
goes on it follows them: neurons as a :class:`~neuron_model.network.variation.Variation` of one
sample does, weights as whole units of the size that they had, through which the gradient goes
straight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from neuron_model.errors import InputError
from neuron_model.model.dynamics import State
from neuron_model.model.parameters import TIMESCALES, NeuronParameters, Value
from neuron_model.network.current import as_tensor
from neuron_model.network.network import Hidden, MTCNetwork, NetworkState
from neuron_model.network.neuron_record import only_record, without_record
from neuron_model.network.translinear import translinear
from neuron_model.network.variation import Variation, varied


@dataclass(frozen=True)
class LineModel:
    """tau: C n U_T over the full current, floor: the current that is left at s = 0, over it. gain:
    what flows at u = 1 over what it was mapped for. lag: of the output stage that drives it."""

    tau: float
    floor: float
    gain: float = 1.0
    lag: float = 0.0


@dataclass(frozen=True, eq=False)
class MirrorModel:
    """The PMOS mirror of a column's positive weights, currents in its column's unit.

    keep: keep-alive current that it gets, (targets,), 0 where there is no mirror. drawn: what the
    weights' unit transistors draw over what they weigh. gain, falling: it delivers
    gain I^(1 - falling). tau: C n U_T of its gates over a current of 1.
    """

    keep: Tensor
    drawn: float
    gain: float
    falling: float
    tau: float

    def __call__(self, folded: Tensor, dt: float, state: Tensor) -> tuple[Tensor, Tensor]:
        """What it delivers for weights of ``folded``, (batch, time, targets), and its gates."""
        has = self.keep > 0
        if not bool(has.any()):
            return folded, state
        keep = torch.where(has, self.keep, torch.ones_like(self.keep))
        tau, floor = torch.full_like(keep, self.tau), torch.full_like(keep, 1e-9)
        drawn, end = translinear(folded * self.drawn + keep, tau, floor, dt, state)
        delivered = self.gain * drawn.clamp(min=1e-9) ** (1.0 - self.falling)
        return torch.where(has, delivered, folded), end

    def at_rest(self, batch: int) -> Tensor:
        """Gates where no weight draws anything, (batch, targets)."""
        one = torch.ones_like(self.keep)
        return torch.where(self.keep > 0, self.keep, one).log().expand(batch, -1)


@dataclass(frozen=True, eq=False)
class ColumnModel:
    """All synapses into a layer, or into the outputs, currents in I0 (of the outputs: in y).

    weights, bias: trained, as they were mapped, (targets, sources) and (targets,).
    steps: what one unit of a negative and of a positive weight weighs; 0: weights are free.
    mean: of each line, (sources,), at which the bias takes out what whole units leave.
    offset: (sources,), of each line, which the bias takes out.
    constant: (targets,), that flows beside the weights and what the neurons have of their own.
    mirror: of the positive weights.
    """

    weights: Tensor
    bias: Tensor
    steps: tuple[float, float]
    mean: Tensor
    offset: Tensor
    constant: Tensor
    mirror: MirrorModel

    def built(self, weights: Tensor) -> Tensor:
        """``weights`` as whole units; the gradient goes straight through."""
        negative, positive = self.steps
        if not negative or not positive:
            return weights
        step = torch.where(weights > 0, positive, negative)
        return weights + ((weights / step).round() * step - weights).detach()

    def current(
        self, s: Tensor, weights: Tensor, bias: Tensor, dt: float, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Of lines (batch, time, sources) into (batch, time, targets), and the mirrors' gates.

        Args:
            s: on the lines, offsets included. weights, bias: trained, as they are now.
            dt: of a step. state: of the gates, (batch, targets).
        """
        built = self.built(weights)
        direct = s @ built.clamp(max=0.0).t()
        folded = s @ built.clamp(min=0.0).t()
        left = self._left(weights, built) - self._left(self.weights, self.built(self.weights))
        constant = self.constant + bias - self.bias + left
        mirrored, end = self.mirror(folded, dt, state)
        return direct + mirrored + constant, end

    def _left(self, weights: Tensor, built: Tensor) -> Tensor:
        """What the bias adds: the mean of the rounding errors, less the lines' offsets."""
        return (weights - built) @ self.mean - built @ self.offset

    def like(self, weights: Tensor) -> ColumnModel:
        """The same with numbers of the type and device of ``weights``."""
        names = ("weights", "bias", "mean", "offset", "constant")
        mirror = replace(self.mirror, keep=self.mirror.keep.to(weights))
        return replace(self, mirror=mirror, **{n: getattr(self, n).to(weights) for n in names})


@dataclass(frozen=True, eq=False)
class OutputModel:
    """What an output's voltage says of the y that its filter gives: gain y + offset, ``lag`` units
    of time later; (outputs,) each."""

    gain: Tensor
    offset: Tensor
    lag: Tensor


@dataclass(frozen=True, eq=False)
class Circuit:
    """What the circuit of a network makes of it.

    layers: macromodels of the neurons of each hidden layer, of one sample each. columns: into each
    layer, then into the outputs. lines: of the inputs, then of each layer. ramp: the time that an
    input takes to its next value, in the neurons' unit of time. outputs: None: they say y.
    """

    layers: tuple[Variation, ...]
    columns: tuple[ColumnModel, ...]
    lines: tuple[LineModel, ...]
    ramp: float = 0.0
    outputs: OutputModel | None = None


class CircuitState(NamedTuple):
    """A layer's neurons, the gates that they are fed through and those that they drive.

    fed, held: of the first layer the gates of the inputs' lines, and the inputs' currents.
    """

    membrane: Tensor
    fast: Tensor
    slow: Tensor
    ultraslow: Tensor
    line: Tensor
    column: Tensor
    fed: Tensor
    held: Tensor


class CircuitNetwork(MTCNetwork):
    """A network without recurrent layers, heard through its ``circuit``; plain where that is None.

    What it learns is what ``network`` learns, whose values it begins with.

    Args:
        network: trained.
        step: largest time step, in the neurons' unit of time.
        dtype: of what is learned; the network's if not given.

    Raises:
        InputError: a layer feeds itself.
    """

    def __init__(self, network: MTCNetwork, step: float, dtype: torch.dtype | None = None) -> None:
        configuration = network.configuration
        if configuration.recurrent:
            raise InputError("network: there is no macromodel of layers that feed themselves.")
        finer = max(1, math.ceil(configuration.dt / step - 1e-9))
        super().__init__(
            replace(
                configuration,
                dt=configuration.dt / finer,
                steps_per_sample=configuration.steps_per_sample * finer,
            ),
            network.neuron_layers[0].backend,
            dtype or network.readout.weight.dtype,
        )
        self.circuit: Circuit | None = None
        self.hear(network)

    def hear(self, network: MTCNetwork) -> None:
        """Take over all that ``network`` has learned."""
        take_over(network, self)

    def hidden(self, signal: Tensor, state: NetworkState | None = None) -> Hidden:
        """See :meth:`SpikingNetwork.hidden`; outputs are what flows in the synapses."""
        if self.circuit is None:
            return super().hidden(signal, state)
        signal = as_tensor(signal, self.readout.weight, "signal")
        self._check(signal)
        index = torch.zeros(len(signal), dtype=torch.int64, device=signal.device)
        with varied(self, self.circuit.layers, index):
            return self._through(self.circuit, signal, state)

    def _through(self, circuit: Circuit, signal: Tensor, state: NetworkState | None) -> Hidden:
        dt = self.configuration.dt
        begun = self.initial_state(len(signal)).layers if state is None else state.layers
        raised = signal + self._offset(circuit)
        s = self._stepped(circuit, raised, None if state is None else begun[0].held)
        ends, outputs, voltages = [], [], []
        for index, neurons in enumerate(self.neuron_layers):
            before = cast(CircuitState, begun[index])
            fed, held = before.fed, before.held
            if index == 0:
                s, fed = self._fed(circuit, s, None if state is None else fed)
                held = raised[:, -1] if signal.shape[1] else held
            model = circuit.columns[index].like(s)
            projection = self.projections[index]
            weight, bias = cast(Tensor, projection.weight), cast(Tensor, projection.bias)
            current, column = model.current(s, weight, bias, dt, before.column)
            _, voltage, end = neurons(current, State(*before[:4]), return_voltage=True)
            s, line = self.line(index, voltage, before.membrane, before.line)
            membrane, fast, slow, ultraslow = end
            ends.append(CircuitState(membrane, fast, slow, ultraslow, line, column, fed, held))
            outputs.append(s)
            voltages.append(voltage)
        return Hidden(s, tuple(outputs), tuple(voltages), tuple(ends))

    def input_lines(self, signal: Tensor) -> Tensor:
        """What the inputs' lines pass on from rest, offsets included, (batch, time, inputs)."""
        circuit = self._wanted()
        raised = signal + self._offset(circuit)
        return self._fed(circuit, self._stepped(circuit, raised, None), None)[0]

    def column_current(self, index: int, lines: Tensor) -> Tensor:
        """Into a layer, (batch, time, neurons), from its lines; from rest."""
        model, projection = self._wanted().columns[index].like(lines), self.projections[index]
        weight, bias = cast(Tensor, projection.weight), cast(Tensor, projection.bias)
        rest = model.mirror.at_rest(len(lines))
        return model.current(lines, weight, bias, self.configuration.dt, rest)[0]

    def line(
        self, index: int, voltages: Tensor, before: Tensor, gates: Tensor
    ) -> tuple[Tensor, Tensor]:
        """s of a layer's lines, the mean of each step, and their gates at the end.

        Args:
            index: of the layer.
            voltages: U_m at the end of each step, (batch, time, neurons).
            before: U_m before the first one, (batch, neurons).
            gates: likewise.
        """
        circuit = self._wanted()
        model, dt = circuit.lines[index + 1], self.configuration.dt
        moved = voltages - torch.cat([before[:, None], voltages[:, :-1]], 1)
        u = _signed_output(voltages - (0.5 + model.lag / dt) * moved, circuit.layers[index])
        return _line(model, u, dt, gates)

    def _wanted(self) -> Circuit:
        if self.circuit is None:
            raise InputError("network: it has no circuit.")
        return self.circuit

    def _stepped(self, circuit: Circuit, raised: Tensor, held: Tensor | None) -> Tensor:
        """Currents of the inputs, the mean of each step.

        raised: at each sample, (batch, samples, inputs). held: before the first one, (batch,
        inputs); None: it is there from the beginning.
        """
        steps, dt = self.steps_per_sample, self.configuration.dt
        if not circuit.ramp or not raised.shape[1]:
            return raised.repeat_interleave(steps, dim=1)
        first = raised[:, 0] if held is None else held
        before = torch.cat([first[:, None], raised[:, :-1]], 1)
        ramp = min(circuit.ramp, 0.5 * steps * dt)
        # t^2 / 2 up to the end of the ramp, then its middle is over
        ends = dt * torch.arange(steps + 1).to(raised)
        area = torch.where(ends < ramp, ends.square() / (2.0 * ramp), ends - 0.5 * ramp)
        share = area.diff() / dt
        stepped = before[:, :, None] + share[:, None] * (raised - before)[:, :, None]
        return stepped.flatten(1, 2)

    def _fed(self, circuit: Circuit, s: Tensor, gates: Tensor | None) -> tuple[Tensor, Tensor]:
        """The inputs' lines; ``gates``: None where they begin at the first current."""
        begun = s[:, 0].clamp(min=1e-9).log() if gates is None else gates
        return _line(circuit.lines[0], s, self.configuration.dt, begun)

    def read(self, activity: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """See :meth:`SpikingNetwork.read`; the mirrors of the outputs begin at rest."""
        if self.circuit is None:
            return super().read(activity, state)
        model = self.circuit.columns[-1].like(activity)
        readout, rest = self.readout, model.mirror.at_rest(len(activity))
        wanted, _ = model.current(
            activity, readout.weight, readout.bias, self.configuration.dt, rest
        )
        said = self.circuit.outputs
        if said is None:
            return self.low_pass(wanted, state)
        y, end = self.low_pass(self._later(wanted, said.lag.to(wanted)), state)
        return said.gain.to(y) * y + said.offset.to(y), end

    def filtered(self, output: int, signals: Tensor) -> Tensor:
        """See :meth:`SpikingNetwork.filtered`; later and with the gain that the output has."""
        said = None if self.circuit is None else self.circuit.outputs
        if said is None:
            return super().filtered(output, signals)
        later = self._later(signals, said.lag[output].to(signals))
        return said.gain[output].to(signals) * super().filtered(output, later)

    def _later(self, signals: Tensor, lag: Tensor) -> Tensor:
        """To first order; the filter behind is linear, so that what it is fed with may come later
        in the place of what it gives."""
        moved = torch.cat([torch.zeros_like(signals[:, :1]), signals.diff(dim=1)], 1)
        return signals - lag / self.configuration.dt * moved

    def initial_state(self, batch: int) -> NetworkState:
        """At rest, the lines of inputs at 0."""
        plain = super().initial_state(batch)
        circuit = self.circuit
        if circuit is None:
            return plain
        layers = []
        for index, neurons in enumerate(self.neuron_layers):
            like = self.readout.weight
            rest, fast, slow, ultraslow = (
                torch.as_tensor(voltage).to(like).expand(batch, neurons.neurons)
                for voltage in _at_rest(circuit.layers[index].built)
            )
            floor = torch.tensor(circuit.lines[index + 1].floor).to(like).log()
            held = self._offset(circuit) if index == 0 else like.new_zeros(0)
            layers.append(
                CircuitState(
                    rest,
                    fast,
                    slow,
                    ultraslow,
                    floor.expand(batch, neurons.neurons),
                    circuit.columns[index].like(like).mirror.at_rest(batch),
                    held.clamp(min=1e-9).log().expand(batch, -1),
                    held.expand(batch, -1),
                )
            )
        return NetworkState(tuple(layers), plain.readout)

    def _offset(self, circuit: Circuit) -> Tensor:
        return circuit.columns[0].offset.to(self.readout.weight)


def take_over(source: MTCNetwork, target: MTCNetwork) -> None:
    """All that ``source`` has learned, into a network that differs in how it is computed."""
    learned = without_record(source.state_dict())
    target.load_state_dict({**only_record(target.state_dict()), **learned})


def _line(model: LineModel, drive: Tensor, dt: float, state: Tensor) -> tuple[Tensor, Tensor]:
    tau = drive.new_full((drive.shape[2],), model.tau)
    floor = drive.new_full((drive.shape[2],), model.floor)
    flowing, end = translinear(drive, tau, floor, dt, state)
    return model.gain * flowing, end


def _at_rest(neurons: NeuronParameters) -> tuple[Value, ...]:
    """U_m and its filtered copies: followers settle where their slope makes up for their offset."""
    rest = np.asarray(neurons.u_rest)
    copies = []
    for timescale in TIMESCALES:
        shape = neurons.filter(timescale)
        slope = np.where(np.equal(shape.kappa, 0.0), 1.0, shape.kappa)
        settled = np.where(
            np.equal(shape.kappa, 0.0), shape.offset, np.arctanh(slope * shape.offset) / slope
        )
        copies.append(rest + np.where(np.greater(neurons.tau(timescale), 0.0), settled, 0.0))
    return rest, *copies


def _signed_output(voltage: Tensor, layer: Variation) -> Tensor:
    low, high = (
        torch.as_tensor(value).to(voltage)
        for value in (layer.built.u_threshold, layer.built.u_saturation)
    )
    return torch.tanh((voltage - low) / (high - low))
