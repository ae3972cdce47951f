"""What becomes of neurons at each corner of their process, for their datasheets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from circuits.datasheet import Entry
from mapping.estimates import static_power
from neuron_model.analysis.rhythm import FAST_TOLERANCE, watched

if TYPE_CHECKING:
    from codesign.building.built_circuit import BuiltCircuit
    from mapping.macromodel import Macromodel
    from neuron_model.model.drive import Drive


def corner_entries(built: BuiltCircuit) -> tuple[tuple[Entry, ...], ...]:
    """For each neuron: regime, intervals and power of its macromodel at each corner, with the bias
    currents, references and input current of the nominal one, at the temperature of the mapping.

    Raises:
        MissingDependencyError, SimulatorError: cells have to be measured, and cannot be.
    """
    celsius = built.designs[0].conditions.temperature
    found: list[list[Entry]] = [[] for _ in built.designs]
    for corner in built.technology.corners:
        at = built.at(corner, celsius)
        for entries, macromodel, drive in zip(found, at.macromodels, built.drives, strict=True):
            entries += _entries(corner, macromodel, drive)
    return tuple(map(tuple, found))


def _entries(corner: str, macromodel: Macromodel, drive: Drive) -> Iterator[Entry]:
    report, _ = watched(macromodel.compact, drive, FAST_TOLERANCE)
    unit = macromodel.design.time_unit
    yield Entry(f"regime_{corner}", report.regime.value, meaning=f"macromodel at {corner}")
    for name, interval in (
        ("ISI", report.interspike_interval),
        ("IBI", report.interburst_interval),
    ):
        if interval is not None:
            yield Entry(f"{name}_{corner}", interval * unit, "s", meaning="median")
    power = static_power(macromodel)
    yield Entry(f"power_{corner}", power, "W", meaning="static, bias lines included")
