"""Test bench of a whole network: a series of inputs played into it, its outputs recorded.

Ideal sources stand here and only here: one current source an input and a bias line, one voltage
source a reference line, and the supply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from circuits.network import NetworkCircuit
from circuits.neuron import MEMBRANE
from mapping.design import NeuronDesign
from mapping.network_design import NetworkDesign
from mapping.network_mapper import INPUT
from mapping.readout import ReadoutDesign
from netlists.accuracy import SOLVING
from netlists.bench import (
    Bench,
    BenchInstance,
    CurrentSource,
    PiecewiseLinear,
    Subject,
    Transient,
    VoltageSource,
)
from netlists.engine import Result
from neuron_model.errors import InputError

SUPPLY_SOURCE = "vdd_supply"
_INSTANCE = "xnetwork"
# Of the time unit: the largest step.
MAX_STEP = 0.25
RAMP = 0.2
"""Units of time that an input takes to its next value, half a sample at most."""
# Trap with reltol 3e-6 was not through with forty samples of two and two neurons on sky130 after
# 400 s. With trtol 7 and steps of up to a unit the same network's y is off by 4 % of its deviation
# (generic), with these by 0.2 %, in the same time.
STREAM_OPTIONS: Mapping[str, float | str] = MappingProxyType(
    {"method": "gear", "abstol": 1e-14, "chgtol": 1e-17, "reltol": 1e-4, "trtol": 1.0, **SOLVING}
)
"""ngspice's for a network in time."""


@dataclass(frozen=True)
class NetworkBenches:
    """Makes the benches of one network.

    models, cells: SPICE text. temperature: degree Celsius. options: of the simulator.
    """

    circuit: NetworkCircuit
    design: NetworkDesign
    layers: tuple[tuple[NeuronDesign, ...], ...]
    outputs: tuple[ReadoutDesign, ...]
    models: str
    cells: str
    temperature: float
    options: Mapping[str, float | str] = field(default_factory=lambda: STREAM_OPTIONS)

    @property
    def supply(self) -> float:
        """Volt."""
        return self.outputs[0].node.supply

    def stream(self, series: np.ndarray, sample_interval: float) -> Bench:
        """The response to a series, from rest.

        Args:
            series: (samples, inputs), as the network was trained on.
            sample_interval: for how long a sample is held, in the neurons' units of time.

        Raises:
            InputError: another number of inputs, or a value whose current would be negative.
        """
        unit = self.design.time_unit
        waves = self.input_waves(series, sample_interval)
        end = sample_interval * unit * len(series)
        analysis = Transient(end, MAX_STEP * unit, 0.0, self._initial())
        drive = [
            CurrentSource(f"i{port}", "vdd", port, wave)
            for port, wave in zip(self.circuit.inputs, waves, strict=True)
        ]
        lines = self.circuit.bias_lines
        names = [port.name for port in self.circuit.cell.ports]
        return Bench(
            title=f"{self.circuit.cell.name} on {self.design.technology}: a series",
            models=self.models,
            cells=self.cells,
            instances=(
                BenchInstance(
                    _INSTANCE,
                    self.circuit.cell.name,
                    tuple("0" if name == "vss" else name for name in names),
                ),
            ),
            sources=(
                VoltageSource(SUPPLY_SOURCE, "vdd", "0", self.supply),
                *drive,
                *(CurrentSource(f"i{line.port}", "vdd", line.port, line.value) for line in lines),
                *(
                    VoltageSource(f"v{line.port}", line.port, "0", line.value)
                    for line in self.circuit.reference_lines
                ),
            ),
            analyses=(analysis,),
            save=(
                *(f"v({port})" for port in self.circuit.outputs),
                *(f"v({node})" for node in self.membranes),
                f"i({SUPPLY_SOURCE})",
            ),
            temperature=self.temperature,
            options=self.options,
            subject=Subject(self.circuit.cell.name, unit),
        )

    def input_waves(
        self, series: np.ndarray, sample_interval: float
    ) -> tuple[PiecewiseLinear, ...]:
        """Current of each input over time; arguments and errors as of :meth:`stream`."""
        currents = self.input_currents(series)
        unit = self.design.time_unit
        held = sample_interval * unit
        ramp = min(RAMP * unit, 0.5 * held)
        begin = held * np.arange(1, len(series))
        times = np.concatenate([[0.0], np.stack([begin, begin + ramp], 1).ravel()])
        return tuple(
            PiecewiseLinear(times, np.r_[np.repeat(column, 2)[:-1]]) for column in currents.T
        )

    def input_currents(self, series: np.ndarray) -> np.ndarray:
        """(x + offset) I_x, ampere, (samples, inputs).

        Raises:
            InputError: another number of inputs, or a value whose current would be negative.
        """
        line = self.design.line(INPUT)
        values = np.asarray(series, dtype=float)
        if values.ndim != 2 or values.shape[1] != line.count or not np.isfinite(values).all():
            raise InputError(
                f"the series has shape {values.shape}; it must be (samples, {line.count}), numbers."
            )
        raised = values + line.offset
        low = np.argwhere(raised < 0)
        if low.size:
            sample, index = (int(n) for n in low[0])
            raise InputError(
                f"input {index} of sample {sample} is {values[sample, index]:.4g}, less than the "
                f"{-line.offset[index]:.4g} at which its current is 0: map the network with a "
                "wider range of inputs."
            )
        return raised * line.full_scale

    @property
    def membranes(self) -> tuple[str, ...]:
        """Nodes of the membranes, layer by layer."""
        return tuple(
            self._membrane(layer, index)
            for layer, neurons in enumerate(self.layers)
            for index in range(len(neurons))
        )

    def _membrane(self, layer: int, index: int) -> str:
        inside = f"{_INSTANCE}.xlayer{layer}_i"
        driven = self.design.is_driven(f"layer{layer}", index)
        return f"{inside}.vm_{index}" if driven else f"{inside}.xneuron{index}.{MEMBRANE}"

    def _initial(self) -> dict[str, float]:
        """Every neuron at rest."""
        found: dict[str, float] = {}
        for layer, neurons in enumerate(self.layers):
            inside = f"{_INSTANCE}.xlayer{layer}_i"
            for index, neuron in enumerate(neurons):
                rest = float(neuron.volts(neuron.u_rest))
                found[self._membrane(layer, index)] = rest
                for f in neuron.followers:
                    found[f"{inside}.xneuron{index}.v_{f.timescale}"] = rest + f.shift
        for index, output in enumerate(self.outputs):
            middle = output.node.reference_voltage
            found[f"{_INSTANCE}.xoutput{index}_i.vm"] = middle
        return found


@dataclass(frozen=True)
class NetworkResponse:
    """A series' response in model units.

    time: in the neurons' units, (points,). outputs: y, (points, outputs). membranes: U_m of all
    neurons, layer by layer, (points, neurons). supply_current: ampere, (points,).
    """

    time: np.ndarray
    outputs: np.ndarray
    membranes: np.ndarray
    supply_current: np.ndarray


def network_response(result: Result, benches: NetworkBenches) -> NetworkResponse:
    """The waveforms of a :meth:`NetworkBenches.stream` bench in model units."""
    wave = result[0]
    neurons = [neuron for layer in benches.layers for neuron in layer]
    outputs = zip(benches.outputs, benches.circuit.outputs, strict=True)
    return NetworkResponse(
        time=wave.axis / benches.design.time_unit,
        outputs=_columns([output.units(wave[f"v({port})"]) for output, port in outputs]),
        membranes=_columns(
            [
                neuron.units(wave[f"v({node})"])
                for neuron, node in zip(neurons, benches.membranes, strict=True)
            ]
        ),
        supply_current=-wave[f"i({SUPPLY_SOURCE})"],
    )


def _columns(values: Sequence[np.ndarray]) -> np.ndarray:
    return np.stack(values, axis=1)
