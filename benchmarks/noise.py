"""Jitter by transistor noise: the macromodel against ngspice, over at least 200 intervals.

    python -m benchmarks.noise [--technology generic] [--neuron tonic_spiking] [--folder FOLDER]

The neuron is a preset under the last value of its own current. The macromodel runs many times with
state-dependent noise, ngspice with noise sources (trnoise) of the densities that the same cells
have at the mean over the orbit, until at least --intervals intervals are there. In addition
the document has what the comparison rests on: the macromodel with these mean densities, with white
noise and with flicker noise alone, with half the time step, and ngspice with a millionth of the
densities, which shows how much its own steps make intervals vary.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from circuits.technology import load_technology
from codesign.building.circuit import default_choices, design_neuron
from codesign.building.mapped_neuron import MappedNeuron
from codesign.pictures.plots import save_figure
from codesign.studies.executors.local import LocalExecutor
from codesign.studies.noise.noisy_neuron import NoisyNeuron, noisy_bench, noisy_neuron
from codesign.studies.noise.picture import noise_figure
from codesign.studies.noise.plan import NoisePlan
from codesign.studies.noise.results import results_to_json
from codesign.studies.noise.study import study_noise
from codesign.validation.validate import circuit_regime
from codesign.workbench import WorkbenchSettings
from mapping.jitter import Jitter, Ratio, Train, measured_jitter, ratio
from netlists.engine import Engine
from netlists.neuron_benches import response
from neuron_model.analysis.noise import STEP, Noise, Sampling, noisy_runs
from neuron_model.analysis.regimes import Regime
from neuron_model.atomic import write_atomically
from neuron_model.model.drive import Drive
from neuron_model.model.presets import preset
from neuron_model.model.stimulus import Stimulus

ISI = "interspike_interval"
_CHECKED_RUNS = 25
# Of the duration: for the circuit almost without noise.
_QUIET_SHARE = 0.25


def main() -> None:
    """Measure, print, and write a document and a picture into the folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--technology", default="generic")
    parser.add_argument("--neuron", default="tonic_spiking", help="name of a preset")
    parser.add_argument("--membrane-capacitance", type=float, metavar="F")
    parser.add_argument("--unit-current", type=float, metavar="A")
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--intervals", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--boundary", action="store_true")
    parser.add_argument("--folder", type=Path, default=Path("runs/noise"))
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    technology = load_technology(arguments.technology)
    known = preset(arguments.neuron)
    drive = Drive(Stimulus.constant(known.stimulus.values[-1]), known.duration)
    choices = replace(default_choices(technology), unit_current=arguments.unit_current)
    if arguments.membrane_capacitance:
        choices = replace(choices, membrane_capacitance=arguments.membrane_capacitance)
    stem = f"{technology.name}_{known.name}"
    record = arguments.folder / f"{stem}.jsonl"
    settings = WorkbenchSettings(time_limit=1800.0)
    with LocalExecutor(arguments.workers, settings) as executor:
        workbench = executor.tools
        design = design_neuron(known.parameters, technology, workbench, choices)
        mapped = MappedNeuron(known.parameters, design, technology, design.conditions, drive)
        neuron = noisy_neuron(mapped, workbench)
        # the first two intervals of a run are left out
        each = max(1, neuron.quiet.spike_count - 4)
        circuits = int(np.ceil(arguments.intervals / each))
        plan = NoisePlan(arguments.runs, circuits, arguments.boundary)
        results, outcome = study_noise(neuron, plan, executor, arguments.seed, record)
        if outcome is None:
            raise SystemExit(results.exit_status)
        checks = macromodel_checks(neuron, arguments.seed)
        checks["ngspice_almost_without_noise"] = quiet_circuit(neuron, workbench.engine)
    own = outcome.jitter[ISI]
    document: dict[str, Any] = results_to_json(outcome) | {"checks": {}}
    for name, found in checks.items():
        over = None if found is None or own is None else ratio(found, own)
        document["checks"][name] = None if found is None else _row(found, over)
    write_atomically(arguments.folder / f"{stem}.json", json.dumps(document, indent=1))
    save_figure(noise_figure(outcome), arguments.folder / f"{stem}.png")
    print(json.dumps({k: document[k] for k in ("macromodel_over_ngspice", "checks")}, indent=1))


def macromodel_checks(neuron: NoisyNeuron, seed: int) -> dict[str, Jitter | None]:
    """Jitter of the ISI with other noise, and with half the step."""
    other: dict[str, tuple[Noise, float]] = {
        "mean_densities": (neuron.averaged, STEP),
        "white_alone": (neuron.noise.scaled(flicker=0.0), STEP),
        "flicker_alone": (neuron.noise.scaled(white=0.0), STEP),
        "half_the_step": (neuron.noise, STEP / 2),
    }
    found = {}
    for name, (noise, step) in other.items():
        runs = noisy_runs(
            neuron.macromodel,
            noise,
            [neuron.drive.stimulus] * _CHECKED_RUNS,
            neuron.drive.duration,
            (seed, 1000),
            Sampling(step * float(neuron.macromodel.tau_m)),
        )
        onset = neuron.drive.onset
        trains = [Train(tuple(s[s > onset] - onset), Regime.TONIC_SPIKING) for s in runs.spikes]
        found[name] = measured_jitter(trains, neuron.burst_gap)[ISI]
    return found


def quiet_circuit(neuron: NoisyNeuron, engine: Engine) -> Jitter | None:
    """Jitter of the ISI in ngspice with a millionth of the densities, over a shorter time."""
    drive = neuron.drive.lasting(_QUIET_SHARE * neuron.drive.duration)
    neuron = replace(neuron, mapped=replace(neuron.mapped, drive=drive))
    run = response(engine.run(noisy_bench(neuron, white=1e-6, flicker=1e-6)), neuron.built.design)
    report = circuit_regime(neuron.built, run, neuron.drive.onset)
    onset = neuron.drive.onset
    train = Train(tuple(t - onset for t in report.spike_times), report.regime)
    return measured_jitter([train], neuron.burst_gap)[ISI]


def _row(found: Jitter, over: Ratio | None) -> dict[str, Any]:
    return {
        "count": found.count,
        "mean": found.mean,
        "deviation": found.deviation,
        "over_the_macromodel": None if over is None else vars(over),
    }


if __name__ == "__main__":
    main()
