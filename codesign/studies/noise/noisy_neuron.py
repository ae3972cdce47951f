"""A neuron with the noise currents of its cells: what all runs of a noise study share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from circuits.neuron import MEMBRANE
from codesign.building.circuit import Circuit, assemble
from codesign.building.mapped_neuron import MappedNeuron
from codesign.studies.noise.results import CellRow
from codesign.workbench import Workbench
from mapping.cell_noise import CHARGE, MIRROR_SHOT, CellNoise, shot_noise
from mapping.macromodel import Macromodel
from mapping.noise import NodeNoise, model_noise, node_noise
from netlists.accuracy import Accuracy
from netlists.bench import Bench
from netlists.neuron_benches import design_tau
from netlists.noise_benches import InjectedNoise, with_noise
from neuron_model.analysis.noise import Noise
from neuron_model.analysis.regimes import RegimeReport
from neuron_model.analysis.rhythm import watched
from neuron_model.analysis.simulation import Trajectory
from neuron_model.errors import InputError
from neuron_model.model.drive import Drive
from neuron_model.model.dynamics import State
from neuron_model.model.parameters import NeuronParameters

INTERVAL = 0.5
"""Of tau_m: between the values of noise that ngspice draws."""


@dataclass(frozen=True)
class NoisyNeuron:
    """A neuron, its circuit, and the noise currents of its cells.

    macromodel: in its compact form. quiet: how it fires without noise. averaged: its noise at the
    mean over its own orbit, which ngspice is given; nodes: the same in ampere. cells: their
    noise.
    """

    mapped: MappedNeuron
    built: Circuit
    macromodel: NeuronParameters
    noise: Noise
    averaged: Noise
    nodes: tuple[NodeNoise, ...]
    cells: CellNoise
    quiet: RegimeReport

    @property
    def drive(self) -> Drive:
        """What drives it."""
        return self.mapped.drive

    @property
    def threshold(self) -> float:
        """By which spikes are found, U."""
        return self.mapped.threshold

    @property
    def burst_gap(self) -> float | None:
        """Intervals longer than this are inter-burst intervals: the geometric mean of the two."""
        within, between = self.quiet.interspike_interval, self.quiet.interburst_interval
        return None if within is None or between is None else float(np.sqrt(within * between))


def noisy_neuron(neuron: MappedNeuron, workbench: Workbench) -> NoisyNeuron:
    """The circuit of ``neuron`` and its noise under the conditions of the neuron.

    Raises:
        InputError: the models have no noise, or the drive is a recorded current.
        SimulatorError: ngspice failed.
    """
    design, technology, drive = neuron.design, neuron.technology, neuron.drive
    if drive.driven:
        raise InputError("noise: the current must be a step, not a recording; give --current.")
    measured = workbench.cells(technology, neuron.conditions)
    cells = workbench.noise(technology, measured)
    built = assemble(neuron.parameters, Macromodel(design, measured), technology)
    # compact: the lags of single amplifiers would shorten its steps
    macromodel = built.macromodel.compact
    noise = model_noise(built.macromodel, cells)
    quiet, run = watched(macromodel, drive)
    averaged = noise.averaged(_orbit(run, drive.onset))
    nodes = node_noise(averaged, built.macromodel)
    return NoisyNeuron(neuron, built, macromodel, noise, averaged, nodes, cells, quiet)


def _orbit(run: Trajectory, onset: float) -> State:
    """The states after the onset, (samples,)."""
    after = run.time > onset
    return State(*(np.asarray(voltage)[after] for voltage in run.state))


def cell_rows(neuron: NoisyNeuron) -> tuple[CellRow, ...]:
    """White noise of a balanced OTA at each bias that the design has, and of the mirror."""
    design, cells = neuron.built.design, neuron.cells
    # an OTA carries its gain times the bias line's current, a divided one a fraction of it
    named = [
        (f"OTA of {a.name}", a.bias_current, neuron.built.macromodel.at(a).gain, cells.ota)
        for a in (*design.elements, *design.leak[:1])
    ]
    named += [
        (
            f"OTA of follower {f.timescale}",
            f.bias_current,
            neuron.built.macromodel.at_follower(f).gain,
            cells.of_follower(f.divided),
        )
        for f in design.followers
    ]
    rows = []
    for name, bias, gain, table in named:
        white = float(table.white_at(bias)[1])
        pair, _, up, down = table.flicker_at(bias) ** 2
        corner = ((pair + (up + down) / 4) / white) ** (1 / cells.exponent)
        shot = gain * float(shot_noise(np.array(0.0)))
        rows.append(CellRow(name, bias, white / (2 * CHARGE * bias), shot, float(corner)))
    bias = design.compensation_bias
    if bias > 0:
        kind = "source" if design.compensation_current > 0 else "sink"
        mirror = cells.source if kind == "source" else cells.sink
        white, slow = mirror.white_at(bias), mirror.flicker_at(bias) ** 2
        corner = (slow / white) ** (1 / cells.exponent)
        share = white / (2 * CHARGE * bias)
        rows.append(CellRow(f"compensation {kind}", bias, share, MIRROR_SHOT[kind], corner))
    return tuple(rows)


def fidelity_notes(neuron: NoisyNeuron) -> tuple[str, ...]:
    """What to know of the densities that the models have."""
    notes = []
    low = [row for row in cell_rows(neuron) if row.white < 0.9 * row.shot]
    if low:
        notes.append(
            "the models' white noise lies below shot noise, which no transistor's does, in "
            + ", ".join(f"{row.cell} ({row.white / row.shot:.2f} of it)" for row in low)
            + ": that node's jitter is a lower bound"
        )
    worst = float(neuron.cells.ota.residual.max())
    if worst > 0.1:
        notes.append(
            f"the law over the split of the bias current is up to {worst:.0%} off a measured "
            "density of an OTA"
        )
    return tuple(notes)


def noisy_bench(
    neuron: NoisyNeuron, interval: float = INTERVAL, white: float = 1.0, flicker: float = 1.0
) -> Bench:
    """The circuit's response with noise currents of the mean densities at its nodes.

    interval: between values of the noise, of tau_m. white, flicker: factors of the densities.
    """
    design, drive = neuron.built.design, neuron.drive
    # noise makes steps so short that tolerances hardly matter, see benchmarks.noise
    bench = neuron.built.benches.at(Accuracy.FAST).transient(
        np.array(drive.stimulus.times), np.array(drive.stimulus.values), drive.duration
    )
    injected = [
        InjectedNoise(
            MEMBRANE if n.node is None else f"v_{n.node}",
            white * n.white,
            flicker * n.flicker,
            n.exponent,
        )
        for n in neuron.nodes
    ]
    seconds = interval * design_tau(design) * design.time_unit
    return with_noise(bench, injected, seconds)
