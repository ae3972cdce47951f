"""From a trained network's weights to whole units of transistors and the currents of its lines.

    I_u = max |w / A| I0 / units             units: of the largest weight on a source's lines
    k   = round(w I0 / (A I_u))              A: measured gain of the weight's sign
    m   = q F / (I_u t - q)                  so that q (F + m) / (m I_u) is the delay t allowed

q is the charge of a unit's gate, F the fan-out of the busiest line in units. A line's own diode
loads it as well: near I_u = q / t no diode of a sensible size is quick enough, and the largest
weight gets fewer units so that each carries more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mapping.limits import Limits, check_within
from mapping.network_design import (
    INPUT,
    OUTPUT,
    LineDesign,
    NetworkDesign,
    ProjectionDesign,
    TargetDesign,
)
from mapping.network_weights import NetworkWeights
from mapping.readout import SCALE
from mapping.synapse_characteristics import KEEP_SHARE, KEEP_UNITS, SynapseCharacteristics
from neuron_model.errors import InputError

_DELAYS = ("largest_delay", "readout_delay")
_ROUNDS = 4
# Units of a line's own diode over its fan-out: beyond, the diode mostly drives its own gates.
_LARGEST_DIODE, _SMALLEST_FAN_OUT = 4, 16
# A projection whose largest weight has fewer units than this is noted.
_COARSE = 8


@dataclass(frozen=True)
class NetworkChoices:
    """What a user fixes of a network.

    unit_current: I0, ampere. time_unit: T, seconds for a unit of the neurons' time.
    readout_current: I_r, ampere. scale: one unit of y, in V0. most_units, least_units: of the
    largest weight from a source, as many as its lines are quick enough for. weight_step: one unit
    of a negative weight in I0, where it was trained so; None chooses it for each source.
    largest_delay: of a line, in tau_m of those it feeds; readout_delay: of one that feeds outputs
    alone, in tau_m of its own layer, since there it only cuts a spike's onset. input_margin: by
    which an input's current stays above 0, of the input's range.
    """

    unit_current: float
    time_unit: float
    readout_current: float
    scale: float = SCALE
    most_units: int = 31
    least_units: int = 3
    weight_step: float | None = None
    largest_delay: float = 0.25
    readout_delay: float = 0.5
    input_margin: float = 0.125

    def __post_init__(self) -> None:
        for name in ("unit_current", "time_unit", "readout_current", "scale", *_DELAYS):
            if not 0 < getattr(self, name) < math.inf:
                raise InputError(f"network: {name} = {getattr(self, name)} must be positive.")
        if not 1 <= self.least_units <= self.most_units:
            raise InputError(
                f"network: least_units = {self.least_units} must be from 1 to most_units, "
                f"{self.most_units}."
            )
        if self.weight_step is not None and not 0 < self.weight_step < math.inf:
            raise InputError(f"network: weight_step = {self.weight_step} must be positive.")
        if not 0 <= self.input_margin < math.inf:
            raise InputError(f"network: input_margin = {self.input_margin} must not be negative.")


@dataclass(frozen=True, eq=False)
class _Source:
    """Lines of one kind, and all that hangs on them.

    weights: by target, (targets, lines), in I0. allowed: delay, seconds. offset: (lines,). middle,
    peak: of the signal, with its offset: at which it is judged, and its largest.
    """

    name: str
    weights: dict[str, np.ndarray]
    allowed: float
    offset: np.ndarray
    middle: float = 1.0
    peak: float = 1.0

    @property
    def all(self) -> np.ndarray:
        return np.concatenate(list(self.weights.values()))


def map_network(
    weights: NetworkWeights,
    synapses: SynapseCharacteristics,
    limits: Limits,
    choices: NetworkChoices,
) -> NetworkDesign:
    """Units of all weights, diodes of all lines, and what is left to the compensation currents.

    Raises:
        InputError: a weight, a line or a bias does not fit; it is named, with its value, the limit
            and a remedy.
    """
    lines, projections = [], []
    notes: list[str] = []
    for source in _sources(weights, choices):
        line = _line(source, synapses, limits, choices)
        lines.append(line)
        for target, trained in source.weights.items():
            projection = _projection(source, line, target, trained, synapses, choices)
            projections.append(projection)
            notes += _notes(projection)
    made = tuple(projections)
    keep = KEEP_SHARE * choices.unit_current
    return NetworkDesign(
        technology=synapses.technology,
        conditions=synapses.conditions,
        unit_current=choices.unit_current,
        time_unit=choices.time_unit,
        keep_units=KEEP_UNITS,
        keep_current=keep,
        readout_current=choices.readout_current,
        scale=choices.scale,
        lines=tuple(lines),
        projections=made,
        targets=tuple(_targets(weights, lines, made, synapses, limits, choices)),
        synapses=synapses.fingerprint,
        notes=tuple(notes),
    )


def _sources(weights: NetworkWeights, choices: NetworkChoices) -> Iterator[_Source]:
    """The inputs, then each hidden layer."""
    allowed = choices.largest_delay * choices.time_unit
    reading = choices.readout_delay * choices.time_unit
    low, high = weights.inputs.T
    offset = choices.input_margin * (high - low) - low
    first = weights.layers[0]
    yield _Source(
        INPUT,
        {"layer0": first.weights},
        allowed * first.tau_m,
        offset,
        middle=float(((low + high) / 2 + offset).min()),
        peak=float((high + offset).max()),
    )
    last = len(weights.layers) - 1
    for index, layer in enumerate(weights.layers):
        fed: dict[str, np.ndarray] = {}
        delays: list[float] = []
        if layer.recurrent is not None:
            fed[f"layer{index}"] = layer.recurrent
            delays.append(allowed * layer.tau_m)
        if index < last:
            after = weights.layers[index + 1]
            fed[f"layer{index + 1}"] = after.weights
            delays.append(allowed * after.tau_m)
        else:
            fed[OUTPUT] = weights.readout * _readout_share(choices)
            delays.append(reading * layer.tau_m)
        yield _Source(f"s{index}", fed, min(delays), np.zeros(len(layer.weights)))


def _readout_share(choices: NetworkChoices) -> float:
    """Current of one unit of y into the node, in I0."""
    return choices.scale * choices.readout_current / choices.unit_current


def _line(
    source: _Source, synapses: SynapseCharacteristics, limits: Limits, choices: NetworkChoices
) -> LineDesign:
    """The most units that the delay and the largest current leave to the largest weight."""
    refusal = ""
    for units in range(choices.most_units, choices.least_units - 1, -1):
        unit_current = _unit_current(source, units, synapses, choices)
        counts = _units(source, source.all, unit_current, synapses, choices)
        if choices.weight_step is not None:
            _check_counts(source, counts, choices)
        fan_out = int(np.abs(counts).sum(axis=0).max())
        current = unit_current * source.middle
        charge = synapses.charge(current)
        room = current * source.allowed - charge
        largest = _LARGEST_DIODE * max(fan_out, _SMALLEST_FAN_OUT)
        if room * largest > charge * fan_out:
            diode = max(1, math.ceil(charge * fan_out / room * (1 - 1e-9)))
            peak = diode * unit_current * source.peak
            if peak <= limits.bias_current[1]:
                return LineDesign(
                    name=source.name,
                    count=len(source.offset),
                    units=diode,
                    unit_current=unit_current,
                    fan_out=fan_out,
                    delay=charge * (fan_out + diode) / (diode * current),
                    offset=source.offset,
                )
            refusal = _too_large(source, fan_out, peak, limits)
        else:
            refusal = _too_slow(source, current, charge, choices)
        if choices.weight_step is not None:
            break
    raise InputError(refusal)


def _unit_current(
    source: _Source, units: int, synapses: SynapseCharacteristics, choices: NetworkChoices
) -> float:
    """I_u, ampere, such that the largest weight has ``units`` units; or that of the given step."""
    values = source.all
    largest = {sign: float(np.max(sign * values, initial=0.0)) for sign in (-1, 1)}
    current = choices.unit_current / units
    for _ in range(_ROUNDS):
        at = current * source.middle
        if choices.weight_step is not None:
            current = choices.weight_step * choices.unit_current / synapses.gain(-1, at)
            continue
        widest = max(value / synapses.gain(sign, at) for sign, value in largest.items())
        current = (widest or 1.0) * choices.unit_current / units
    return current


def _step(
    source: _Source, unit_current: float, synapses: SynapseCharacteristics, choices: NetworkChoices
) -> dict[int, float]:
    """What one unit weighs, in I0, by sign."""
    return {
        sign: synapses.gain(sign, unit_current * source.middle)
        * unit_current
        / choices.unit_current
        for sign in (-1, 1)
    }


def _units(
    source: _Source,
    trained: np.ndarray,
    unit_current: float,
    synapses: SynapseCharacteristics,
    choices: NetworkChoices,
) -> np.ndarray:
    step = _step(source, unit_current, synapses, choices)
    return np.rint(trained / np.where(trained > 0, step[1], step[-1])).astype(int)


def _projection(
    source: _Source,
    line: LineDesign,
    target: str,
    trained: np.ndarray,
    synapses: SynapseCharacteristics,
    choices: NetworkChoices,
) -> ProjectionDesign:
    step = _step(source, line.unit_current, synapses, choices)
    units = _units(source, trained, line.unit_current, synapses, choices)
    built = units * np.where(units > 0, step[1], step[-1])
    share = _readout_share(choices) if target == OUTPUT else 1.0
    return ProjectionDesign(source.name, target, units, trained / share, built / share)


def _targets(
    weights: NetworkWeights,
    lines: Sequence[LineDesign],
    projections: Sequence[ProjectionDesign],
    synapses: SynapseCharacteristics,
    limits: Limits,
    choices: NetworkChoices,
) -> Iterator[TargetDesign]:
    """b - W offset - keep-alive, target by target."""
    keep = KEEP_SHARE * synapses.gain(1, KEEP_SHARE * choices.unit_current / KEEP_UNITS)
    offsets = {line.name: line.offset for line in lines}
    wanted = {f"layer{index}": layer.bias for index, layer in enumerate(weights.layers)}
    # the readout's bias in I_r
    wanted[OUTPUT] = weights.readout_bias * choices.scale
    for name, bias in wanted.items():
        into = [p for p in projections if p.target == name]
        keeps = np.any([(p.units > 0).any(axis=1) for p in into], axis=0)
        unit = choices.readout_current if name == OUTPUT else choices.unit_current
        constant = sum((p.built @ offsets[p.source] for p in into), np.zeros(len(bias)))
        left = bias - constant - np.where(keeps, keep * choices.unit_current / unit, 0.0)
        largest = int(np.argmax(np.abs(left)))
        check_within(
            f"network: {name}, number {largest}: bias {bias[largest]:.4g}, less "
            f"{bias[largest] - left[largest]:.4g} of offsets and keep-alive: the compensation",
            float(abs(left[largest])) * unit,
            (0.0, limits.bias_current[1]),
            "A",
            "train with a smaller bias, use a smaller I0, or narrow the inputs' range",
        )
        yield TargetDesign(name, left, keeps)


def _notes(projection: ProjectionDesign) -> list[str]:
    largest = int(np.abs(projection.units).max())
    if largest >= _COARSE or not projection.trained.any():
        return []
    return [
        f"the largest weight from {projection.source} to {projection.target} has {largest} units "
        f"only: rms error {float(np.sqrt(np.mean(projection.error**2))):.3g}"
    ]


def _check_counts(source: _Source, counts: np.ndarray, choices: NetworkChoices) -> None:
    """Refuse a weight of more units than allowed."""
    place = np.unravel_index(int(np.argmax(np.abs(counts))), counts.shape)
    if abs(int(counts[place])) <= choices.most_units:
        return
    row = int(place[0])
    for target, trained in source.weights.items():
        if row < len(trained):
            raise InputError(
                f"network: weight [{row}, {int(place[1])}] from {source.name} to {target} = "
                f"{trained[row, place[1]]:.4g} I0 needs {abs(int(counts[place]))} unit "
                f"transistors, but the largest allowed is {choices.most_units}: train with smaller "
                f"weights, or a larger weight_step than {choices.weight_step:g}."
            )
        row -= len(trained)


def _too_large(source: _Source, fan_out: int, peak: float, limits: Limits) -> str:
    return (
        f"network: line {source.name} with a fan-out of {fan_out} units needs {peak:.4g} A to be "
        f"within {source.allowed:.3g} s, but the largest allowed is {limits.bias_current[1]:.4g} A "
        "(limits.bias_current): use fewer neurons or weights on a line, a longer time unit, a "
        "smaller I0, or allow a larger delay."
    )


def _too_slow(source: _Source, current: float, charge: float, choices: NetworkChoices) -> str:
    least = charge / current * (1 + 1 / _LARGEST_DIODE)
    return (
        f"network: line {source.name}: a unit of {current:.3g} A needs {least:.3g} s to charge "
        f"gates of its own and of others, but the largest allowed is {source.allowed:.3g} s "
        f"(largest_delay, readout_delay): use a larger I0 than {choices.unit_current:.3g} A, a "
        "longer time unit, fewer units (least_units), or a smaller unit in [cells.synapse]."
    )
