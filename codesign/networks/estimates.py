"""Area, power and energy of a whole network by part, before it is simulated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from circuits.area import area_of
from circuits.structure import Capacitor, Transistor
from mapping.network_power import (
    BIAS_LINES,
    COLUMNS,
    INPUTS,
    NEURONS,
    PARTS,
    READOUT,
    SYNAPSES,
    network_currents,
)
from neuron_model.shown import Shown

if TYPE_CHECKING:
    from codesign.networks.built_network import BuiltNetwork


@dataclass(frozen=True)
class PartEstimate:
    """Of one part of a network.

    transistors: how many. gate_area, diffusion_area, capacitor_area: square micrometres, as
    :class:`circuits.area.Area`. power: watt, at the mean activity.
    """

    name: str
    transistors: int
    gate_area: float
    diffusion_area: float
    capacitor_area: float
    power: float


@dataclass(frozen=True, repr=False)
class NetworkEstimates(Shown):
    """Of a whole network. sample: seconds for which a sample is held."""

    parts: tuple[PartEstimate, ...]
    sample: float

    def _brief(self) -> str:
        total = self.total
        return (
            f"{total.transistors} transistors, {total.power * 1e9:.4g} nW, "
            f"{self.energy_per_sample * 1e9:.4g} nJ a sample"
        )

    _columns = ("part", "transistors", "gates (µm²)", "capacitors (µm²)", "power (nW)")

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                part.name,
                str(part.transistors),
                f"{part.gate_area:.4g}",
                f"{part.capacitor_area:.4g}",
                f"{part.power * 1e9:.4g}",
            )
            for part in (*self.parts, self.total)
        ]

    @property
    def total(self) -> PartEstimate:
        """All parts together."""
        sums = {
            name: sum(getattr(part, name) for part in self.parts)
            for name in ("transistors", "gate_area", "diffusion_area", "capacitor_area", "power")
        }
        return PartEstimate("whole network", **sums)

    @property
    def energy_per_sample(self) -> float:
        """Joule."""
        return self.total.power * self.sample

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        total = self.total
        return {
            "parts": [self._entry(part) for part in self.parts],
            "total": self._entry(total),
            "seconds_per_sample": self.sample,
        }

    def _entry(self, part: PartEstimate) -> dict[str, Any]:
        return {**asdict(part), "energy_per_sample": part.power * self.sample}


def estimate_network(network: BuiltNetwork, signals: Sequence[np.ndarray]) -> NetworkEstimates:
    """Area from the cells; power at the activity that torch has on ``signals``.

    Args:
        network: macromodel.
        signals: (samples, inputs) each, as in training, each heard from rest.
    """
    activity = network.task.hear(*signals).activity
    currents = network_currents(
        network.design,
        network.layers,
        network.readouts,
        network.cells,
        network.synapses,
        activity,
    )
    cell = network.circuit.cell
    transistors: dict[str, list[Transistor]] = {name: [] for name in PARTS}
    capacitors: dict[str, list[Capacitor]] = {name: [] for name in PARTS}
    for path, transistor in cell.transistors():
        transistors[_part(path, transistor.role)].append(transistor)
    for path, capacitor in cell.capacitors():
        capacitors[_part(path, capacitor.role)].append(capacitor)
    parts = []
    for name in PARTS:
        drawn = area_of(transistors[name], capacitors[name], network.technology)
        parts.append(
            PartEstimate(
                name,
                drawn.transistors,
                drawn.gates,
                drawn.diffusions,
                drawn.capacitors,
                network.technology.supply * currents[name],
            )
        )
    sample = network.sample_interval * network.design.time_unit
    return NetworkEstimates(tuple(parts), sample)


def _part(path: tuple[str, ...], role: str) -> str:
    """The part that a device belongs to, by the instances that it lies in."""
    if path[0].startswith("input"):
        return INPUTS
    if path[0] == "keeper":
        return BIAS_LINES
    if path[1].startswith("column"):
        return SYNAPSES if role == "synapse" else COLUMNS
    return NEURONS if path[1].startswith("neuron") else READOUT
