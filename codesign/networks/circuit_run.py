"""What is said of every run of a network's circuit, whatever its task is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from codesign.networks.estimates import estimate_network
from codesign.networks.played import ONE_DECK, Played
from mapping.conditions import Conditions
from neuron_model.shown import Shown, counted

if TYPE_CHECKING:
    from codesign.networks.built_network import BuiltNetwork


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class CircuitRun(Shown):
    """Where a network's circuit ran, and what it took.

    neurons: of all hidden layers. sample: seconds. energy, estimated_energy: joule a sample, from
    ngspice's supply and from the design. seconds: that ngspice took. method: one of
    :mod:`codesign.networks.played`'s.
    """

    technology: str
    conditions: Conditions
    neurons: int
    sample: float
    energy: float
    estimated_energy: float
    seconds: float
    method: str = ONE_DECK
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the circuit does the task as torch does; see :mod:`.verdicts`."""
        raise NotImplementedError

    @property
    def error(self) -> float:
        """Of the circuit, what is to be small: an NRMSE, or 1 - accuracy."""
        raise NotImplementedError

    @property
    def where(self) -> str:
        """Technology, conditions and size, in words."""
        return f"{self.technology}, {self.conditions}: {counted(self.neurons, 'neuron')}"

    @property
    def place(self) -> dict[str, Any]:
        """As the first fields of its JSON."""
        return {
            "technology": self.technology,
            "corner": self.conditions.corner,
            "temperature": self.conditions.temperature,
            "neurons": self.neurons,
        }

    @property
    def cost(self) -> dict[str, Any]:
        """As the fields of its JSON behind what the circuit said."""
        return {
            "seconds_per_sample": self.sample,
            "energy_per_sample": self.energy,
            "estimated_energy_per_sample": self.estimated_energy,
            "simulation_seconds": self.seconds,
            "passed": self.passed,
            "notes": list(self.notes),
        }


def run_from_json(document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of :class:`CircuitRun`, by name.

    Raises:
        KeyError, TypeError, ValueError: the document is of none.
    """
    return {
        "technology": str(document["technology"]),
        "conditions": Conditions(str(document["corner"]), float(document["temperature"])),
        "neurons": int(document["neurons"]),
        "sample": float(document["seconds_per_sample"]),
        "energy": float(document["energy_per_sample"]),
        "estimated_energy": float(document["estimated_energy_per_sample"]),
        "seconds": float(document["simulation_seconds"]),
        "method": str(document["method"]),
        "notes": tuple(str(note) for note in document["notes"]),
    }


def run_of(
    network: BuiltNetwork,
    played: Sequence[Played],
    heard: Sequence[np.ndarray],
    seconds: float,
    method: str,
) -> dict[str, Any]:
    """The fields of :class:`CircuitRun`, by name.

    Args:
        network: as built.
        played: what its circuit heard from rest.
        heard: the same as numbers, (samples, inputs) each.
        seconds: that the simulation took.
        method: one of :mod:`codesign.networks.played`'s.
    """
    charge, count = sum(each.charge for each in played), sum(each.count for each in played)
    return {
        "technology": network.technology.name,
        "conditions": network.conditions,
        "neurons": network.neurons,
        "sample": network.sample_interval * network.design.time_unit,
        "energy": network.technology.supply * charge / count,
        "estimated_energy": estimate_network(network, heard).energy_per_sample,
        "seconds": seconds,
        "method": method,
        "notes": network.notes,
    }
