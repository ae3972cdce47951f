"""Bias and reference lines of a network's samples, each set by what its own block is off by.

    ib_a  / (A' / A)                        amplifiers, followers (tau), output stage with its diode
    vr_a  - (do + do_follower - settled)    centers of the elements, threshold of s
    ib_comp                                 offset currents, and what the column's mean is off by;
                                            what it cannot take, all vr of the leak together

This is what a calibration without error and without steps reaches: every line of a neuron and of a
readout is adjustable, and gain and offset of its block are known to first order in the devices
(:mod:`mapping.sensitivity`). Single synapses are as they are; only the mean current of a column, at
the mean activity of its lines, is taken out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from circuits.network_mismatch import NetworkDraw, Path
from circuits.network_parts import INPUTS, NetworkPart
from mapping.characteristics import CellCharacteristics
from mapping.design import NeuronDesign
from mapping.macromodel import Macromodel
from mapping.mismatch import COMPENSATION, OUTPUT, Draw, follower_block
from mapping.network_design import NetworkDesign
from mapping.network_mapper import INPUT
from mapping.readout import FOLLOWERS, ReadoutDesign
from mapping.samples import Change, change_of
from mapping.sensitivity import CellSensitivities
from neuron_model.model.parameters import Timescale

# Of the compensation's bias: it cannot turn its sign.
_LEAST = 0.01


@dataclass(frozen=True, eq=False)
class LineCalibration:
    """What lines of each sample are set to.

    design, layers, outputs: of the network. cells, sensitivities: measured. drawn: the samples.
    activity: mean of each source's lines, by its name.
    """

    design: NetworkDesign
    layers: tuple[tuple[NeuronDesign, ...], ...]
    outputs: tuple[ReadoutDesign, ...]
    cells: CellCharacteristics
    sensitivities: CellSensitivities
    drawn: NetworkDraw
    activity: Mapping[str, np.ndarray]

    def lines(self, part: NetworkPart) -> dict[str, np.ndarray]:
        """Ampere or volt by the part's ports, (samples,) each; nothing for the inputs."""
        if part.name == INPUTS:
            return {}
        layer, index = part.place
        if layer < 0:
            return self._readout(index)
        design = self.layers[layer][index]
        block = (f"layer{layer}_i", f"neuron{index}")
        column = self._column(f"layer{layer}", index, (f"layer{layer}_i", f"column{index}"))
        macromodel = Macromodel(design, self.cells)
        draw = self.drawn.within(block)
        lines = self._node(macromodel, draw, column, np.zeros(draw.samples))
        for follower in design.followers:
            change = self._follower(macromodel, follower.timescale, draw)
            port = f"ib_{follower.timescale}"
            lines[port] = follower.bias_current * change.slope / change.gain
        output = design.output
        at = self.cells.noninverting.at(output.bias_current, output.threshold_voltage)
        stage = change_of(
            OUTPUT,
            self.sensitivities.noninverting,
            output.bias_current,
            output.threshold_voltage,
            at,
            draw,
        )
        sourced = (stage.gain * at.gain + stage.current) / at.gain
        # what a unit of another column passes on goes with the diode of this line
        diode = self._ratio(draw.of(OUTPUT, ("diode",)), output.unit_current)
        lines["ib_s"] = output.bias_current / (sourced * diode)
        lines["vr_s"] = output.threshold_voltage - stage.offset
        return lines

    def _readout(self, index: int) -> dict[str, np.ndarray]:
        one = self.outputs[index]
        inside = (f"output{index}_i", "readout")
        column = self._column("y", index, (f"output{index}_i", "column"))
        draw = self.drawn.within(inside)
        macromodel = Macromodel(one.node, self.cells)
        at = macromodel.at_follower(one.follower)
        table = self.sensitivities.follower_table(one.follower.divided)
        where = one.follower.bias_current, self.cells.reference
        changes = [
            change_of(f"follow{k}", table, *where, at, draw) for k in range(1, FOLLOWERS + 1)
        ]
        off = sum(
            (_settled(change, at.slope_voltage) for change in changes), np.zeros(draw.samples)
        )
        lines = self._node(macromodel, draw, column, off)
        for k, change in enumerate(changes, 1):
            lines[f"ib_follow{k}"] = one.follower.bias_current * change.slope / change.gain
        return lines

    def _node(
        self, macromodel: Macromodel, draw: Draw, column: np.ndarray, lowered: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Lines of amplifiers and compensation; lowered: volt that the node is to lie below."""
        design = macromodel.design
        lines: dict[str, np.ndarray] = {}
        offsets = np.zeros(draw.samples)
        for amplifier in design.amplifiers:
            table = self.sensitivities.ota(amplifier.orientation)
            where = amplifier.bias_current, amplifier.reference_voltage
            change = change_of(amplifier.name, table, *where, macromodel.at(amplifier), draw)
            bias = amplifier.bias_current / change.gain
            lines[f"ib_{amplifier.name}"] = bias
            nominal = macromodel.at(amplifier).offset_current
            offsets += (change.current + nominal) * bias - nominal * amplifier.bias_current
            shift = np.zeros(draw.samples)
            follower = design.follower(amplifier.timescale)
            if follower is not None and amplifier not in design.leak:
                moved = self._follower(macromodel, amplifier.timescale, draw)
                shift = _settled(moved, macromodel.at_follower(follower).slope_voltage)
            lines[f"vr_{amplifier.name}"] = (
                amplifier.reference_voltage - change.offset + shift - lowered
            )
        left = offsets + column
        if design.compensation_bias > 0:
            positive = design.compensation_current > 0
            mirror = self.sensitivities.source if positive else self.sensitivities.sink
            shifts = draw.of(COMPENSATION, mirror.devices)
            gain = np.exp(mirror.shift(design.compensation_bias, *shifts))
            wanted = np.maximum(1.0 - left / design.compensation_current, _LEAST)
            lines["ib_comp"] = design.compensation_bias * wanted / gain
            left = left + design.compensation_current * (wanted - 1.0)
        # what it cannot take, for it cannot turn its sign, the leak's references do
        for amplifier in design.leak:
            port = f"vr_{amplifier.name}"
            lines[port] = lines[port] - left / _conductance(macromodel)
        return lines

    def _follower(self, macromodel: Macromodel, timescale: Timescale, draw: Draw) -> Change:
        follower = macromodel.design.follower(timescale)
        assert follower is not None
        return change_of(
            follower_block(timescale),
            self.sensitivities.follower_table(follower.divided),
            follower.bias_current,
            self.cells.reference,
            macromodel.at_follower(follower),
            draw,
        )

    def _column(self, target: str, index: int, inside: Path) -> np.ndarray:
        """What the mean current of a column is off by, ampere into the membrane, (samples,)."""
        draw = self.drawn.within(inside)
        keeps = bool(self.design.target(target).keeps[index])
        folded = np.zeros(draw.samples)
        nominal = sunk = 0.0
        out = np.zeros(draw.samples)
        for projection in self.design.into(target):
            line = self.design.line(projection.source)
            signal = self.activity[projection.source] + line.offset
            for source in np.flatnonzero(projection.units[index]):
                units = int(projection.units[index, source])
                mean = abs(units) * line.unit_current * float(signal[source])
                name = f"from_{line.name}_{source}"
                own = mean * self._passed(draw.of("", (name,)), line.unit_current)
                # neurons take the diode of their line out themselves
                if projection.source == INPUT:
                    entry = self._paths((f"input{source}", "diode"))
                    own = own * self._ratio(entry, line.full_scale)
                if units > 0:
                    folded, nominal = folded + own, nominal + mean
                else:
                    out, sunk = out - own, sunk + mean
        if not keeps and nominal == 0.0:
            return out + sunk
        if keeps:
            keeper = self._ratio(self._paths(("keeper", "diode")), self.design.keep_current)
            alive = self._passed(draw.of("", ("keep_alive",)), self.design.keep_current)
            folded = folded + self.design.keep_current * keeper * alive
            nominal += self.design.keep_current
        mirror = self.sensitivities.source
        shifts = [np.zeros((draw.samples, len(mirror.devices))) for _ in range(2)]
        moved = draw.of("", ("mirror_in", "mirror_out"))
        for part, own in zip(shifts, moved, strict=True):
            for name, column in zip(("fold_in", "fold_out"), own.T, strict=True):
                part[:, mirror.devices.index(name)] = column
        gain = np.exp(mirror.shift(nominal, *shifts))
        return folded * gain - nominal + out + sunk

    def _paths(self, path: Path) -> tuple[np.ndarray, np.ndarray]:
        """Shifts of one transistor, as :meth:`Draw.of` gives them."""
        place = self.drawn.places[path]
        draw = self.drawn.draw
        return draw.threshold[:, [place]], draw.current_factor[:, [place]]

    def _passed(self, shifts: tuple[np.ndarray, np.ndarray], current: float) -> np.ndarray:
        """Current of a mirror's output transistor over the drawn one's, (samples,)."""
        return self._mirrored("out", shifts, current)

    def _ratio(self, shifts: tuple[np.ndarray, np.ndarray], current: float) -> np.ndarray:
        """What a mirror passes on over the drawn, by the shifts of its diode, (samples,)."""
        return self._mirrored("in", shifts, current)

    def _mirrored(
        self, device: str, shifts: tuple[np.ndarray, np.ndarray], current: float
    ) -> np.ndarray:
        mirror = self.sensitivities.sink
        whole = [np.zeros((len(shifts[0]), len(mirror.devices))) for _ in range(2)]
        for part, own in zip(whole, shifts, strict=True):
            part[:, mirror.devices.index(device)] = own[:, 0]
        return np.asarray(np.exp(mirror.shift(current, *whole)))


def _conductance(macromodel: Macromodel) -> float:
    """Of the leak at rest, ampere a volt."""
    design = macromodel.design
    rest = float(design.volts(design.u_rest))
    total = 0.0
    for amplifier in design.leak:
        at = macromodel.at(amplifier)
        apart = (rest - amplifier.reference_voltage - at.offset) / at.slope_voltage
        slope = at.gain * amplifier.bias_current / at.slope_voltage
        total += slope / math.cosh(apart) ** 2
    return total


def _settled(change: Change, slope_voltage: float) -> np.ndarray:
    """Volt that a follower's output lies higher by, once it has settled."""
    return change.relative * slope_voltage - change.offset
