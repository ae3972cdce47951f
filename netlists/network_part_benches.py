"""Test benches of a network's parts: each plays what others were recorded to do into one part.

Whole network and part hear the same: the inputs' currents, or gate voltages of lines. Loads have
their drains at a supply of their own, whose current tells what a unit on the line passes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from circuits.network import KEEP_PORT
from circuits.network_parts import INPUTS, LOAD_PREFIX, NetworkPart, path_in_network
from circuits.neuron import MEMBRANE
from circuits.technology import Technology
from mapping.synapse_characteristics import SynapseCharacteristics
from netlists.bench import (
    Alteration,
    Bench,
    BenchInstance,
    CurrentSource,
    Subject,
    Transient,
    VoltageSource,
)
from netlists.device_names import CURRENT_FACTOR, THRESHOLD, device_names
from netlists.engine import Result
from netlists.gate_waves import GateWave, gate_wave
from netlists.network_benches import MAX_STEP, SUPPLY_SOURCE, NetworkBenches
from netlists.writer import cell_text
from neuron_model.errors import InputError

_INSTANCE = "xpart"
_LOAD_SOURCE = "vload"
_KEEP_SOURCE = "vkeep_supply"
# Units of time: an output alone has no neuron beside it that asks for short steps.
_OUTPUT_STEP = 0.2

Drawn = Mapping[tuple[str, ...], tuple[float, float]]
"""(volt added to the threshold, relative change of the current factor) of each transistor of the
network's cell, by its path."""


@dataclass(frozen=True)
class PartResponse:
    """What one part did.

    lines: what it drives, by name; of lines that nobody hears nothing. output: y at ``moments``,
    (moments,), of an output; else empty. charge: coulomb from the supply, without the keep-alive
    line's.
    """

    lines: dict[str, GateWave]
    output: np.ndarray
    charge: float


@dataclass(frozen=True)
class NetworkPartBenches:
    """Makes the benches of a network's parts.

    whole: benches of the same network. technology: whose devices are drawn.
    """

    whole: NetworkBenches
    technology: Technology

    def stream(
        self,
        part: NetworkPart,
        heard: np.ndarray | Mapping[str, GateWave],
        end: float,
        drawn: Drawn | None = None,
        lines: Mapping[str, float] | None = None,
    ) -> Bench:
        """A part's response, from rest.

        Args:
            part: of the network.
            heard: of the inputs their currents' series as :meth:`NetworkBenches.stream` takes it,
                (samples, inputs); else the lines that it reads.
            end: units of time.
            drawn: mismatch of the network's transistors; None: as drawn.
            lines: other values of bias and reference lines, ampere or volt, by port.

        Raises:
            InputError: a line that it reads is missing, or a series that does not fit.
        """
        unit, whole = self.whole.design.time_unit, self.whole
        longest = _OUTPUT_STEP if self._is_output(part) else MAX_STEP
        step = Transient(end * unit, longest * unit, 0.0, self._initial(part, lines or {}))
        loads = [line for line, count in zip(part.drives, part.loads, strict=True) if count]
        values = dict(lines or {})
        return Bench(
            title=f"{whole.circuit.cell.name} on {whole.design.technology}: {part.name}",
            models=whole.models,
            cells=cell_text(part.cell, self.technology),
            instances=(
                BenchInstance(
                    _INSTANCE,
                    part.cell.name,
                    tuple("0" if port.name == "vss" else port.name for port in part.cell.ports),
                ),
            ),
            sources=(
                VoltageSource(SUPPLY_SOURCE, "vdd", "0", whole.supply),
                VoltageSource(_KEEP_SOURCE, "keep_supply", "0", whole.supply),
                *self._heard(part, heard, end),
                *(
                    CurrentSource(
                        f"i{line.port}",
                        "keep_supply" if line.port == KEEP_PORT else "vdd",
                        line.port,
                        values.get(line.port, line.value),
                    )
                    for line in part.bias_lines
                ),
                *(
                    VoltageSource(f"v{r.port}", r.port, "0", values.get(r.port, r.value))
                    for r in part.reference_lines
                ),
                *(
                    VoltageSource(
                        f"{_LOAD_SOURCE}_{line}", f"{LOAD_PREFIX}{line}", "0", self._drain
                    )
                    for line in loads
                ),
            ),
            analyses=(*self._alterations(part, drawn or {}), step),
            save=(
                *(f"v({line})" for line in loads),
                *(f"i({_LOAD_SOURCE}_{line})" for line in loads),
                *((f"v({part.drives[0]})",) if self._is_output(part) else ()),
                f"i({SUPPLY_SOURCE})",
            ),
            temperature=whole.temperature,
            options=whole.options,
            subject=Subject(part.name, unit),
        )

    def membrane(self, part: NetworkPart) -> str | None:
        """The node of a neuron's membrane, None where the part is none."""
        layer, index = part.place
        if layer < 0:
            return None
        driven = self.whole.design.is_driven(f"layer{layer}", index)
        return f"{_INSTANCE}.vm" if driven else f"{_INSTANCE}.xneuron.{MEMBRANE}"

    def activity(
        self, part: NetworkPart, result: Result, synapses: SynapseCharacteristics
    ) -> np.ndarray:
        """s of the line that a neuron drives, at the moments of its bench: the current of a unit
        over what it weighs; 0 where nobody hears it."""
        (line,), (count,), wave = part.drives, part.loads, result[0]
        if not count:
            return np.zeros_like(wave.axis)
        current = self.whole.design.line(line.rsplit("_", 1)[0]).unit_current
        drawn = -wave[f"i({_LOAD_SOURCE}_{line})"] / count
        return np.asarray(drawn / (current * synapses.gain(-1, current)))

    def response(self, part: NetworkPart, result: Result, moments: np.ndarray) -> PartResponse:
        """What the bench of a part gave; moments: at which an output is read, units of time."""
        wave, whole = result[0], self.whole
        times = wave.axis / whole.design.time_unit
        lines = {}
        for line, count in zip(part.drives, part.loads, strict=True):
            if count:
                source = whole.design.line(line.rsplit("_", 1)[0])
                current = -wave[f"i({_LOAD_SOURCE}_{line})"] / count
                share = np.clip(current / source.unit_current, 0.0, None)
                lines[line] = gate_wave(times, wave[f"v({line})"], share, whole.temperature)
        output = np.zeros(0)
        if self._is_output(part):
            readout = whole.outputs[part.place[1]]
            output = np.interp(moments, times, readout.units(wave[f"v({part.drives[0]})"]))
        charge = -float(np.trapezoid(wave[f"i({SUPPLY_SOURCE})"], wave.axis))
        return PartResponse(lines, output, charge)

    @property
    def _drain(self) -> float:
        """Of loads: the membranes' reference."""
        return self.technology.reference

    def _is_output(self, part: NetworkPart) -> bool:
        return part.name != INPUTS and part.place[0] < 0

    def _heard(
        self, part: NetworkPart, heard: np.ndarray | Mapping[str, GateWave], end: float
    ) -> list[CurrentSource | VoltageSource]:
        unit = self.whole.design.time_unit
        if part.name == INPUTS:
            series = np.asarray(heard)
            waves = self.whole.input_waves(series, end / len(series))
            ports = part.drives
            return [
                CurrentSource(f"i{port}", "vdd", port, wave)
                for port, wave in zip(ports, waves, strict=True)
            ]
        assert isinstance(heard, Mapping)
        missing = [line for line in part.reads if line not in heard]
        if missing:
            raise InputError(f"{part.name}: nothing was recorded of {', '.join(missing)}.")
        return [
            VoltageSource(f"v{line}", line, "0", heard[line].source(unit)) for line in part.reads
        ]

    def _initial(self, part: NetworkPart, lines: Mapping[str, float]) -> dict[str, float]:
        """At rest, as the whole network begins; an output whose leak's references were moved begins
        where they are."""
        if part.name == INPUTS:
            return {}
        layer, index = part.place
        if layer < 0:
            moves = [lines.get(r.port, r.value) - r.value for r in part.reference_lines]
            node = self.whole.outputs[index].node
            return {f"{_INSTANCE}.vm": node.reference_voltage + float(np.mean(moves or [0.0]))}
        neuron, membrane = self.whole.layers[layer][index], self.membrane(part)
        assert membrane is not None
        rest = float(neuron.volts(neuron.u_rest))
        slow = {f"{_INSTANCE}.xneuron.v_{f.timescale}": rest + f.shift for f in neuron.followers}
        return {membrane: rest, **slow}

    def _alterations(self, part: NetworkPart, drawn: Drawn) -> Sequence[Alteration]:
        steps: list[Alteration] = []
        if not drawn:
            return steps
        for path, transistor in part.cell.transistors():
            place = path_in_network(part, path)
            if place is None:
                continue
            threshold, factor = drawn[place]
            names = device_names(_INSTANCE, path, transistor, self.technology, self.whole.models)
            for name in names:
                steps.append(Alteration(name, THRESHOLD, threshold))
                steps.append(Alteration(name, CURRENT_FACTOR, 1.0 + factor))
        return steps
