"""Area, power and energy of neurons from their designs alone, before anything is simulated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from circuits.area import area
from circuits.neuron import neuron_circuit
from circuits.technology import Technology
from mapping.estimates import energy_per_spike, static_power
from mapping.macromodel import Macromodel
from mapping.record import check_fields
from neuron_model.analysis.regimes import classify
from neuron_model.analysis.rhythm import FAST_TOLERANCE
from neuron_model.analysis.simulation import simulate
from neuron_model.atomic import write_atomically
from neuron_model.file_format import ESTIMATES
from neuron_model.model.drive import Drive

ESTIMATES_FILE = "estimates.json"


@dataclass(frozen=True)
class Estimates:
    """Of one neuron, as drawn.

    transistors: how many. gate_area, diffusion_area (drains and sources), capacitor_area: square
    micrometres, without wells, wires and what a layout leaves between devices. static_power: watt,
    bias lines included. spike_rate: hertz, of the neuron of the macromodel under its input;
    energy_per_spike: joule, None without spikes.
    """

    name: str
    transistors: int
    gate_area: float
    diffusion_area: float
    capacitor_area: float
    static_power: float
    spike_rate: float
    energy_per_spike: float | None


def estimate(macromodel: Macromodel, technology: Technology, drive: Drive) -> Estimates:
    """Estimates of a design; energy and rate are those of its response to ``drive``."""
    design = macromodel.design
    drawn = area(neuron_circuit(design, technology).cell, technology)
    power = static_power(macromodel)
    spikes = _spike_count(macromodel, drive)
    seconds = (drive.duration - drive.onset) * design.time_unit
    return Estimates(
        name=design.name,
        transistors=drawn.transistors,
        gate_area=drawn.gates,
        diffusion_area=drawn.diffusions,
        capacitor_area=drawn.capacitors,
        static_power=power,
        spike_rate=spikes / seconds,
        energy_per_spike=energy_per_spike(power, seconds, spikes),
    )


# No spike is shorter than tau_m, whatever faster poles the macromodel has.
_SAMPLES_PER_TAU = 10.0


def _spike_count(macromodel: Macromodel, drive: Drive) -> int:
    """Of the neuron of the macromodel; counted, spikes need neither all digits nor all samples."""
    neuron = macromodel.compact
    sampling = float(neuron.tau_m) / _SAMPLES_PER_TAU
    run = simulate(
        neuron, drive.stimulus, drive.duration, sampling=sampling, tolerance=FAST_TOLERANCE
    )
    return classify(run.time, run.voltage, drive.onset, float(neuron[0].u_threshold)).spike_count


def write_estimates(folder: Path, estimates: tuple[Estimates, ...]) -> Path:
    """Write ``estimates.json`` into ``folder``, whole or not at all."""
    content = {"neurons": [asdict(one) for one in estimates]}
    return write_atomically(folder / ESTIMATES_FILE, ESTIMATES.json_text(content))


def read_estimates(folder: Path) -> Mapping[str, Estimates]:
    """By the neurons' names; empty where the folder has none.

    Raises:
        InputError: the file is none of :func:`write_estimates`.
    """
    path = folder / ESTIMATES_FILE
    content = ESTIMATES.optional_json(path)
    if content is None:
        return {}
    with ESTIMATES.reading(str(path)):
        every = [_estimates(entry) for entry in content["neurons"]]
    return {one.name: one for one in every}


def _estimates(entry: dict[str, object]) -> Estimates:
    for f in fields(Estimates):
        allowed = (int, float, type(None)) if f.name == "energy_per_spike" else (int, float)
        if f.name != "name" and not isinstance(entry.get(f.name), allowed):
            raise ValueError(f"{f.name} = {entry.get(f.name)!r} is not a number")
    return Estimates(**check_fields(Estimates, entry))
