"""The macromodel of a network's neurons and lines, corrected by a short run of each in ngspice.

    recorded   s of every line and U_m of every neuron, while a stretch of the series is played
    drive      the macromodel's column current from the recorded lines of the layer before, so that
               errors of layers do not add up
    lines      sum over time of (s from U_recorded - s_recorded)^2 -> least
    neurons    sum over time of (s(U) - s(U_recorded))^2 + share tanh(U - U_recorded)^2
                   + prior (sum of the changes)^2 -> least
    outputs    sum over time of (gain y - lag dy/dt + offset - y_recorded)^2 -> least

Of a layer's lines gain and tau change by a factor each, and of all its output stages the threshold,
the span and the lag by what is added: the stage's offset, its full scale and the onset of its line
are off by a per cent or a few. alpha, kappa and tau of each neuron change by a factor, delta and
i_bias by what is added. A compact macromodel has one lag for all fast amplifiers and a plain tanh
for each: its neurons differ from ngspice by a few hundredths of a unit, one that is about to fire
or to fall silent by more. The changes are a few per cent, and they go on with the weights while
these are trained. What is left of it, a few hundredths of a unit of time in each stage, adds up to
the lag of y.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from scipy.optimize import least_squares
from torch import Tensor

from circuits.network_parts import INPUTS, NetworkPart, network_parts
from codesign.networks.correction import DIGITS, Correction, is_added
from codesign.networks.macromodel import STEP, circuit_network
from netlists.engine import Engine
from netlists.gate_waves import GateWave
from netlists.network_part_benches import NetworkPartBenches
from neuron_model.model.dynamics import State
from neuron_model.network.circuit_network import CircuitNetwork, CircuitState
from neuron_model.network.neuron import MTCNeuron

if TYPE_CHECKING:
    from codesign.networks.built_network import BuiltNetwork

# Of a fit: steps, learning rate, what U counts beside s, what a change costs, and how much of the
# stretch is heard before it counts, in units of time.
_STEPS, _RATE, _SHARE, _PRIOR, _SETTLED = 120, 3e-3, 0.1, 3e-3, 10.0

# Samples of an output by which its gain and offset are found.
_LEAST = 8

# Offset of a layer's output stages in units of U, factors of their span, of gain and tau of their
# lines, and the stages' lag: where their fit begins, and how far it may go.
_UNCHANGED = (0.0, 1.0, 1.0, 1.0, 0.0)
_WITHIN = ((-0.3, 0.7, 0.7, 0.1, -0.05), (0.3, 1.4, 1.4, 4.0, 0.4))


@dataclass(frozen=True, eq=False)
class Recorded:
    """What a circuit did in ngspice at the steps of its macromodel.

    lines: mean s of each layer's lines over each step, (steps, neurons), 0 where nobody hears one.
    membranes: U_m at the end of each step, the same. outputs: y at the end of each sample,
    (samples, outputs).
    """

    lines: tuple[np.ndarray, ...]
    membranes: tuple[np.ndarray, ...]
    outputs: np.ndarray


def corrected(
    network: BuiltNetwork, series: np.ndarray, engine: Engine, step: float = STEP
) -> Correction:
    """Simulate every neuron of ``network`` while ``series`` is played, and correct its macromodel.

    Args:
        network: as mapped, not corrected; its layers do not feed themselves.
        series: (samples, inputs), heard from rest.
        engine: of ngspice.
        step: of the macromodel, in the neurons' unit of time.

    Raises:
        InputError: a layer feeds itself.
        SimulatorError: ngspice failed.
    """
    made = circuit_network(network, step)
    recorded = record(network, series, engine, made.configuration.dt)
    return corrected_by(recorded, made, series, network.technology.name)


def corrected_by(
    recorded: Recorded, made: CircuitNetwork, series: np.ndarray, technology: str
) -> Correction:
    """What makes the macromodel ``made`` of a circuit on ``technology``, not corrected, do what was
    recorded while ``series`` was played."""
    layers, lines = [], []
    for index in range(len(made.neuron_layers)):
        drive = _drive(made, series, index, recorded)
        membranes, heard = (
            torch.tensor(one[index]) for one in (recorded.membranes, recorded.lines)
        )
        stages, line = fitted_line(made, index, membranes, heard)
        layers.append({**fitted(made, index, drive, membranes), **stages})
        lines.append(line)
    found = Correction(technology, tuple(layers), tuple(lines))
    said = _said(made, found, series)
    interval = made.steps_per_sample * made.configuration.dt
    return replace(found, outputs=fitted_outputs(said, recorded.outputs, interval))


@torch.no_grad()
def _said(made: CircuitNetwork, correction: Correction, series: np.ndarray) -> np.ndarray:
    """y of the macromodel with neurons and lines corrected, (samples, outputs)."""
    plain = made.circuit
    assert plain is not None
    layers = tuple(
        replace(layer, built=correction.of(index, layer.built))
        for index, layer in enumerate(plain.layers)
    )
    fed, *own = plain.lines
    lines = (fed, *(correction.line(index, line) for index, line in enumerate(own)))
    try:
        made.circuit = replace(plain, layers=layers, lines=lines)
        y, _ = made(torch.tensor(np.array(series))[None])
    finally:
        made.circuit = plain
    found: np.ndarray = y[0].numpy()
    return found


def fitted_outputs(
    said: np.ndarray, recorded: np.ndarray, interval: float
) -> dict[str, np.ndarray]:
    """Gain, lag and offset of each output, by which what the macromodel ``said`` becomes what was
    ``recorded``.

    Args:
        said, recorded: (samples, outputs); the first quarter, near rest, is left out.
        interval: of a sample, in units of time.
    """
    count, outputs = said.shape
    begin = count // 4
    fits = np.tile([1.0, 0.0, 0.0], (outputs, 1))
    if count - begin >= _LEAST:
        slopes = np.gradient(said, interval, axis=0)
        for index in range(outputs):
            columns = said[:, index], -slopes[:, index], np.ones(count)
            basis = np.stack(columns, axis=1)[begin:]
            fits[index], *_ = np.linalg.lstsq(basis, recorded[begin:, index])
    gain, lag, offset = np.round(fits.T, DIGITS)
    return {"gain": gain, "lag": np.clip(lag / gain, 0.0, interval / 2), "offset": offset}


def record(network: BuiltNetwork, series: np.ndarray, engine: Engine, dt: float) -> Recorded:
    """Every neuron in ngspice, layer by layer; dt: of a step, in the neurons' unit of time."""
    benches = NetworkPartBenches(network.benches, network.technology)
    end = len(series) * network.sample_interval
    edges = np.arange(round(end / dt) + 1) * dt
    heard: dict[str, GateWave] = {}
    stages: dict[int, list[NetworkPart]] = {}
    for part in network_parts(network.design, network.layers, network.readouts, network.technology):
        stages.setdefault(part.stage, []).append(part)
    lines, membranes = [], []
    moments = network.sample_interval * np.arange(1, len(series) + 1)
    outputs = np.zeros((len(series), 0))
    for number in sorted(stages):
        parts = stages[number]
        made = [
            benches.stream(part, series if part.name == INPUTS else heard, end) for part in parts
        ]
        nodes = [benches.membrane(part) for part in parts]
        watched = [
            replace(bench, save=(*bench.save, f"v({node})")) if node else bench
            for bench, node in zip(made, nodes, strict=True)
        ]
        results = engine.map(watched)
        responses = [
            benches.response(part, result, moments)
            for part, result in zip(parts, results, strict=True)
        ]
        heard = {name: wave for response in responses for name, wave in response.lines.items()}
        if number == 0:
            continue
        if number == max(stages):
            outputs = np.stack([response.output for response in responses], axis=1)
            continue
        own, voltages = [], []
        for part, result, node in zip(parts, results, nodes, strict=True):
            time = result[0].axis / network.design.time_unit
            neuron = network.layers[part.place[0]][part.place[1]]
            voltages.append(np.interp(edges[1:], time, neuron.units(result[0][f"v({node})"])))
            own.append(_means(time, benches.activity(part, result, network.synapses), edges))
        lines.append(np.stack(own, axis=1))
        membranes.append(np.stack(voltages, axis=1))
    return Recorded(tuple(lines), tuple(membranes), outputs)


def _means(time: np.ndarray, values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Of a recorded waveform between ``edges``."""
    area = np.concatenate([[0.0], np.cumsum(np.diff(time) * (values[1:] + values[:-1]) / 2)])
    return np.diff(np.interp(edges, time, area)) / np.diff(edges)


@torch.no_grad()
def _drive(made: CircuitNetwork, series: np.ndarray, index: int, recorded: Recorded) -> Tensor:
    """Current of the columns into a layer, (1, steps, neurons)."""
    if index == 0:
        heard = made.input_lines(torch.tensor(np.array(series))[None])
    else:
        heard = torch.tensor(recorded.lines[index - 1])[None]
    return made.column_current(index, heard)


@torch.no_grad()
def fitted_line(
    made: CircuitNetwork, index: int, membranes: Tensor, heard: Tensor
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """What a layer's output stages and lines change by, so that they do what was recorded.

    Args:
        made: with its circuit.
        index: of the layer.
        membranes: recorded U_m at the end of each step, (steps, neurons).
        heard: recorded s, the mean of each step, the same.

    Returns:
        Of its neurons and of its lines, as :class:`Correction` has them.
    """
    circuit = made.circuit
    assert circuit is not None
    begun = cast(CircuitState, made.initial_state(1).layers[index])
    built, line = circuit.layers[index].built, circuit.lines[index + 1]
    low, high = (np.asarray(v, dtype=float) for v in (built.u_threshold, built.u_saturation))
    # of lines that nobody hears nothing was recorded
    spoken = heard.abs().amax(0) > 0
    settled = round(_SETTLED / made.configuration.dt)
    names = ("u_threshold", "u_saturation")

    def moved(changes: np.ndarray) -> tuple[float, np.ndarray, dict[str, float]]:
        offset, span, gain, tau, lag = changes
        top = offset + (span - 1.0) * (high - low)
        return offset, top, {"gain": gain, "tau": tau, "lag": lag}

    def error(changes: np.ndarray) -> np.ndarray:
        offset, top, factors = moved(changes)
        shifted = built.with_values(dict(zip(names, (low + offset, high + top), strict=True)))
        layers, lines = list(circuit.layers), list(circuit.lines)
        layers[index] = replace(layers[index], built=shifted)
        lines[index + 1] = Correction("", ({},), (factors,)).line(0, line)
        made.circuit = replace(circuit, layers=tuple(layers), lines=tuple(lines))
        s, _ = made.line(index, membranes[None], begun.membrane, begun.line)
        return np.asarray((s[0] - heard)[settled:, spoken].flatten().numpy())

    changes = np.array(_UNCHANGED)
    if bool(spoken.any()):
        try:
            changes = least_squares(error, changes, bounds=_WITHIN, diff_step=1e-3).x
        finally:
            made.circuit = circuit
    offset, top, factors = moved(changes)
    alike = np.ones(membranes.shape[1])
    stages = dict(zip(names, (offset * alike, top * alike), strict=True))
    return (
        {key: np.round(values, DIGITS) for key, values in stages.items()},
        {key: round(float(value), DIGITS) for key, value in factors.items()},
    )


def fitted(
    made: CircuitNetwork, index: int, drive: Tensor, membranes: Tensor
) -> dict[str, np.ndarray]:
    """What the neurons of a layer change by, so that they do what was recorded.

    Args:
        made: with its circuit.
        index: of the layer.
        drive: current of its columns, (1, steps, neurons).
        membranes: recorded U_m at the end of each step, (steps, neurons).

    Returns:
        Factors and what is added, as :class:`Correction` has them.
    """
    assert made.circuit is not None
    built = made.circuit.layers[index].built
    begun = cast(CircuitState, made.initial_state(1).layers[index])
    neurons = MTCNeuron(
        built,
        dt=made.configuration.dt,
        learn=("alpha", "delta", "tau", "kappa"),
        neurons=membranes.shape[1],
        dtype=torch.float64,
    )
    before = neurons.parameters_now()
    bias = torch.zeros(membranes.shape[1], dtype=torch.float64, requires_grad=True)
    learned = [*neurons.parameters(), bias]
    started = [one.detach().clone() for one in learned]
    low, high = (torch.as_tensor(v) for v in (built.u_threshold, built.u_saturation))
    settled = round(_SETTLED / made.configuration.dt)

    def output(u: Tensor) -> Tensor:
        return torch.tanh((u - low) / (high - low)).clamp(min=0.0)

    optimizer = torch.optim.Adam(learned, lr=_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, _STEPS)
    wanted = output(membranes)
    for _ in range(_STEPS):
        _, found, _ = neurons(drive + bias, State(*begun[:4]), return_voltage=True)
        u = found[0]
        error = (output(u) - wanted) ** 2 + _SHARE * torch.tanh(u - membranes) ** 2
        moved = [(a - b).square().sum() for a, b in zip(learned, started, strict=True)]
        loss = error[settled:].mean(0).sum() + _PRIOR * torch.stack(moved).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    now, was = dict(neurons.parameters_now().named_values()), dict(before.named_values())
    change = {
        key: np.atleast_1d(now[key] - was[key] if is_added(key) else now[key] / was[key])
        for key in now
        if np.any(np.not_equal(now[key], was[key]))
    }
    found = {**change, "i_bias": bias.detach().numpy()}
    # as they are written, so that a training that resumes has the same
    return {key: np.round(values, DIGITS) for key, values in found.items()}
