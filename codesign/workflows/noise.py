"""A neuron with the noise of its transistors: many runs of the macromodel, a few in ngspice."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from circuits.neuron import MEMBRANE
from codesign.mapped_neuron import MappedNeuron
from codesign.measured_record import MeasuredRecord
from codesign.noise_study import Boundary, BoundaryPoint, CellRow, NoiseStudy, Train
from codesign.workbench import Workbench
from codesign.workflows.circuit import Circuit, assemble
from codesign.workflows.rhythm import watched
from codesign.workflows.validate import circuit_regime, short_stimulus
from mapping.as_built import as_built, follower_point, point
from mapping.cell_noise import CHARGE, MIRROR_SHOT, CellNoise, shot_noise
from mapping.characteristics import CellCharacteristics
from mapping.design import designs_to_json
from mapping.noise import NodeNoise, model_noise, node_noise, rms_on_capacitor
from netlists.accuracy import Accuracy
from netlists.bench import Bench
from netlists.neuron_benches import design_tau, response
from netlists.noise_benches import InjectedNoise, with_noise
from neuron_model.analysis.noise import Noise, NoisyRuns, noisy_runs
from neuron_model.analysis.regimes import Regime, RegimeReport, classify
from neuron_model.analysis.simulation import Trajectory
from neuron_model.errors import InputError, SimulatorError
from neuron_model.model.drive import Drive
from neuron_model.model.dynamics import State
from neuron_model.model.parameters import NeuronParameters
from neuron_model.progress import Progress

MOST_RUNS = 100_000
_RUNS_AT_ONCE = 50
INTERVAL = 0.5
"""Of tau_m: between the values of noise that ngspice draws."""
# In I0: how far from the drive a boundary is looked for, in which steps, and how exactly.
_REACH, _STRIDE, _EXACTLY = 1.5, 0.05, 1e-4
_BOUNDARY_POINTS = 9
_WIDEST, _NARROWER, _ZOOMS = 0.02, 3.0, 3
_NO_BOUNDARY = f"the regime is the same at all currents within {_REACH:g} I0 of the drive's"


@dataclass(frozen=True)
class NoisyNeuron:
    """A neuron, its circuit, and the noise currents of its cells.

    macromodel: in its compact form. quiet: how it fires without noise. averaged: its noise at the
    mean over its own orbit, which ngspice is given; nodes: the same in ampere. measured, cells:
    characteristics and noise of the cells.
    """

    mapped: MappedNeuron
    built: Circuit
    macromodel: NeuronParameters
    noise: Noise
    averaged: Noise
    nodes: tuple[NodeNoise, ...]
    measured: CellCharacteristics
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
    def pause(self) -> float | None:
        """Intervals longer than this are pauses between bursts: the geometric mean of the two."""
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
    built = assemble(neuron.parameters, design, technology, measured)
    # compact: the lags of single amplifiers would shorten its steps
    macromodel = as_built(design, measured)
    noise = model_noise(design, measured, cells)
    quiet, run = watched(macromodel, drive)
    averaged = noise.averaged(_orbit(run, drive.onset))
    nodes = node_noise(averaged, design, measured)
    return NoisyNeuron(neuron, built, macromodel, noise, averaged, nodes, measured, cells, quiet)


def _orbit(run: Trajectory, onset: float) -> State:
    """The states after the onset, (samples,)."""
    after = run.time > onset
    return State(*(np.asarray(voltage)[after] for voltage in run.state))


def study(
    neuron: NoisyNeuron,
    workbench: Workbench,
    runs: int,
    seed: int = 0,
    circuits: int = 0,
    boundary: bool = False,
    record: Path | None = None,
) -> NoiseStudy:
    """Run the macromodel ``runs`` times with noise, and the circuit ``circuits`` times in ngspice.

    boundary: whether to look for the nearest current at which the regime changes, and to run the
    macromodel ``runs`` times at each of some currents around it. record: of all runs; an
    interrupted study resumes from it.

    Raises:
        InputError: a number of runs that is not allowed, or a record of something else.
        SimulatorError: ngspice failed.
    """
    if not 2 <= runs <= MOST_RUNS:
        raise InputError(f"--runs {runs} is not allowed; it must be from 2 to {MOST_RUNS}.")
    if not 0 <= circuits <= MOST_RUNS:
        raise InputError(f"--circuits {circuits} is not allowed; it must be at least 0.")
    progress = workbench.progress
    known = MeasuredRecord(record, _fingerprint(neuron, runs, seed))
    trains = tuple(_macromodel_trains(neuron, runs, seed, known, progress))
    around = _boundary(neuron, runs, seed, known, progress) if boundary else None
    simulated: tuple[Train, ...] = ()
    if circuits:
        simulated = tuple(_circuit_trains(neuron, circuits, workbench, known))
    built, design = neuron.built, neuron.built.design
    membrane = next(n for n in neuron.nodes if n.node is None)
    return NoiseStudy(
        name=built.parameters[0].name,
        technology=neuron.mapped.technology.name,
        conditions=built.conditions,
        seed=seed,
        current=short_stimulus(neuron.drive.stimulus),
        duration=neuron.drive.duration,
        time_unit=design.time_unit,
        unit_current=design.unit_current,
        unit_voltage=design.unit_voltage,
        wanted=neuron.quiet.regime,
        pause=neuron.pause,
        cells=cell_rows(neuron),
        nodes=neuron.nodes,
        rms=rms_on_capacitor(membrane, design.unit_current / design.unit_voltage),
        trains=trains,
        circuits=simulated,
        boundary=around,
        notes=(
            *_notes(neuron),
            *([_NO_BOUNDARY] if boundary and around is None else []),
        ),
    )


def cell_rows(neuron: NoisyNeuron) -> tuple[CellRow, ...]:
    """White noise of a balanced OTA at each bias that the design has, and of the mirror."""
    design, cells = neuron.built.design, neuron.cells
    # an OTA carries its gain times the bias line's current, a divided one a fraction of it
    named = [
        (f"OTA of {a.name}", a.bias_current, point(a, neuron.measured).gain, cells.ota)
        for a in (*design.elements, *design.leak[:1])
    ]
    named += [
        (
            f"OTA of follower {f.timescale}",
            f.bias_current,
            follower_point(f, neuron.measured).gain,
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


def _notes(neuron: NoisyNeuron) -> tuple[str, ...]:
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


def _fingerprint(neuron: NoisyNeuron, runs: int, seed: int) -> str:
    drive = neuron.drive
    content = {
        "design": designs_to_json([neuron.built.design]),
        "corner": neuron.built.conditions.corner,
        "temperature": neuron.built.conditions.temperature,
        "cells": neuron.cells.fingerprint,
        "current": [drive.stimulus.times, drive.stimulus.values],
        "duration": drive.duration,
        "runs": runs,
        "seed": seed,
        "noise": asdict(neuron.noise),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _macromodel_trains(
    neuron: NoisyNeuron,
    runs: int,
    seed: int,
    known: MeasuredRecord,
    progress: Progress,
) -> Iterator[Train]:
    drive = neuron.drive
    for first in range(0, runs, _RUNS_AT_ONCE):
        count = min(_RUNS_AT_ONCE, runs - first)
        key = f"runs {first}"
        if key not in known:

            def report(time: float, of: float, first: int = first, count: int = count) -> None:
                done = first + count * time / of
                progress(int(done), runs, "running the macromodel with noise")

            found = noisy_runs(
                neuron.macromodel,
                neuron.noise,
                [drive.stimulus] * count,
                drive.duration,
                (seed, first),
                progress=report,
            )
            known.add(key, [_train_to_json(t) for t in _trains(neuron, found)])
        yield from map(_train_from_json, known[key])


def _trains(neuron: NoisyNeuron, runs: NoisyRuns) -> Iterator[Train]:
    onset = neuron.drive.onset
    for spikes, voltage in zip(runs.spikes, runs.voltage, strict=True):
        report = classify(runs.time, voltage, onset, neuron.threshold)
        after = spikes[spikes > onset] - onset
        yield Train(tuple(after.tolist()), report.regime)


def _circuit_trains(
    neuron: NoisyNeuron,
    circuits: int,
    workbench: Workbench,
    known: MeasuredRecord,
) -> Iterator[Train]:
    keys = [f"circuit {index}" for index in range(circuits)]
    missing = [key for key in keys if key not in known]
    benches = [noisy_bench(neuron)] * len(missing)
    done = circuits - len(missing)
    for key, result in zip(missing, workbench.engine.attempt(benches), strict=True):
        if isinstance(result, SimulatorError):
            raise result
        run = response(result, neuron.built.design)
        report = circuit_regime(neuron.built, run, neuron.drive.onset)
        after = tuple(t - neuron.drive.onset for t in report.spike_times)
        known.add(key, _train_to_json(Train(after, report.regime)))
        done += 1
        workbench.progress(done, circuits, "simulating noise in ngspice")
    return map(_train_from_json, (known[key] for key in keys))


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


def _boundary(
    neuron: NoisyNeuron,
    runs: int,
    seed: int,
    known: MeasuredRecord,
    progress: Progress,
) -> Boundary | None:
    """None where the regime stays the same as far as it was looked for."""
    if "boundary" not in known:
        known.add("boundary", _nearest_change(neuron, progress))
    found = known["boundary"]
    if found is None:
        return None
    middle, below, above = found[0], Regime(found[1]), Regime(found[2])
    width, chosen = _WIDEST, None
    for zoom in range(_ZOOMS + 1):
        currents = middle + width * np.linspace(-1.0, 1.0, _BOUNDARY_POINTS)
        points = _regimes_at(neuron, currents, runs, (seed, 1 + zoom), known, progress)
        around = Boundary(middle, below, above, points)
        if chosen is not None and not np.isfinite(around.width):
            # noise moves a boundary as well: closer by, one of its sides is out of sight
            break
        chosen = around
        unsure = [p for p in points if 0 < p.share(above).count < p.share(above).total]
        if len(unsure) > 2:
            break
        width /= _NARROWER
    return chosen


def _nearest_change(neuron: NoisyNeuron, progress: Progress) -> tuple | None:
    """(current, regime below, regime above) without noise, nearest to the drive's last current."""
    start = neuron.drive.stimulus.values[-1]
    seen = 0

    def regime(current: float) -> Regime:
        nonlocal seen
        seen += 1
        progress(seen, seen, "looking for a boundary between regimes")
        return watched(neuron.macromodel, _driven_by(neuron.drive, current))[0].regime

    here = neuron.quiet.regime
    edges = {1: (start, here), -1: (start, here)}
    for k in range(1, round(_REACH / _STRIDE) + 1):
        for side in edges:
            current = start + side * k * _STRIDE
            there = regime(current)
            last, before = edges[side]
            if there != before:
                return _bisected(regime, last, current, before, there)
            edges[side] = current, there
    return None


def _bisected(regime: Any, near: float, far: float, here: Regime, there: Regime) -> tuple:
    while abs(far - near) > _EXACTLY:
        middle = 0.5 * (near + far)
        found = regime(middle)
        if found == here:
            near = middle
        else:
            far, there = middle, found
    below, above = (here, there) if near < far else (there, here)
    return 0.5 * (near + far), below.value, above.value


def _driven_by(drive: Drive, current: float) -> Drive:
    """The drive with another last current."""
    values = (*drive.stimulus.values[:-1], current)
    return replace(drive, stimulus=replace(drive.stimulus, values=values))


def _regimes_at(
    neuron: NoisyNeuron,
    currents: np.ndarray,
    runs: int,
    seed: Sequence[int],
    known: MeasuredRecord,
    progress: Progress,
) -> tuple[BoundaryPoint, ...]:
    """Regimes of ``runs`` runs at each of ``currents`` (in I0)."""
    counts: list[Counter[Regime]] = [Counter() for _ in currents]
    each = _RUNS_AT_ONCE // 2
    for first in range(0, runs, each):
        count = min(each, runs - first)
        key = f"around {currents[0]:.9g} to {currents[-1]:.9g}, runs {first}"
        if key not in known:
            drives = [_driven_by(neuron.drive, c) for c in currents.tolist() for _ in range(count)]

            def report(time: float, of: float, first: int = first, count: int = count) -> None:
                done = int(first + count * time / of)
                progress(done, runs, f"running around {currents.mean():.4f} I0 with noise")

            found = noisy_runs(
                neuron.macromodel,
                neuron.noise,
                [d.stimulus for d in drives],
                neuron.drive.duration,
                (*seed, first),
                progress=report,
            )
            regimes = [t.regime.value for t in _trains(neuron, found)]
            known.add(key, [regimes[k : k + count] for k in range(0, len(regimes), count)])
        for counter, values in zip(counts, known[key], strict=True):
            counter.update(map(Regime, values))
    pairs = zip(currents.tolist(), counts, strict=True)
    return tuple(BoundaryPoint(current, dict(counter)) for current, counter in pairs)


def _train_to_json(train: Train) -> dict[str, Any]:
    return {"spikes": list(train.spikes), "regime": train.regime.value}


def _train_from_json(content: dict[str, Any]) -> Train:
    return Train(tuple(content["spikes"]), Regime(content["regime"]))
