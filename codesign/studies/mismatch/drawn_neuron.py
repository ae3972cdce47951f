"""Monte Carlo samples of a neuron: how each fires by its macromodel, and in ngspice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from circuits.mismatch import draw_samples
from circuits.technology import Technology
from codesign.building.circuit import Circuit, assemble
from codesign.building.mapped_neuron import MappedNeuron, MonteCarlo
from codesign.validation.validate import circuit_regime, short_stimulus
from codesign.workbench import Workbench
from mapping.macromodel import Macromodel
from mapping.mismatch import Draw
from mapping.samples import sampled
from netlists.accuracy import Accuracy
from netlists.bench import Bench
from netlists.engine import Engine
from netlists.mismatch_benches import sampled_bench
from netlists.neuron_benches import response
from netlists.sample_results import sample_results
from neuron_model.analysis.regimes import RegimeReport, classify
from neuron_model.analysis.rhythm import model_regime
from neuron_model.analysis.simulation import simulate
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters


@dataclass(frozen=True)
class DrawnNeuron:
    """A neuron, the Monte Carlo samples of it, and what the macromodel makes of each.

    samples: arrays (samples,). measured: fingerprints of its cells and of what each transistor does
    to them.
    """

    neuron: MappedNeuron
    built: Circuit
    draw: Draw
    samples: NeuronParameters
    drawing: MonteCarlo
    measured: str = ""

    @property
    def drive(self) -> Drive:
        """What drives every sample."""
        return self.neuron.drive

    @property
    def technology(self) -> Technology:
        """What the samples are drawn in."""
        return self.neuron.technology

    def told(self, model: RegimeReport) -> dict[str, Any]:
        """What a :class:`codesign.studies.drawn_results.DrawnResults` says of it, by field;
        ``model``: how the one that was trained fires."""
        return {
            "name": self.built.design.name,
            "technology": self.technology.name,
            "conditions": self.built.conditions,
            "seed": self.drawing.seed,
            "process": self.drawing.process,
            "mismatch_set": self.technology.mismatch.name,
            "current": short_stimulus(self.drive.stimulus),
            "duration": self.drive.duration,
            "model": model,
            "nominal": model_regime(self.built.predicted, self.drive),
        }

    def lasting(self, duration: float) -> DrawnNeuron:
        """The same, driven for ``duration``."""
        return replace(self, neuron=replace(self.neuron, drive=self.drive.lasting(duration)))


def draw_neuron(neuron: MappedNeuron, workbench: Workbench, drawing: MonteCarlo) -> DrawnNeuron:
    """Samples of ``neuron`` under its conditions.

    Cells and what each transistor does to them are measured in ngspice unless they are cached.

    Raises:
        InputError: no mismatch coefficients, no spread of the process, a condition or a number
            that is not allowed.
        SimulatorError: ngspice failed.
    """
    design, technology, seed = neuron.design, neuron.technology, drawing.seed
    process_seed = seed if drawing.process else None
    samples = draw_samples(design, technology, drawing.samples, seed, process_seed)
    cells = workbench.cells(technology, neuron.conditions)
    sensitivities = workbench.sensitivities(technology, cells)
    built = assemble(neuron.parameters, Macromodel(design, cells), technology)
    values = sampled(built.macromodel, sensitivities, samples)
    measured = f"{cells.fingerprint} {sensitivities.fingerprint}"
    return DrawnNeuron(neuron, built, samples, values, drawing, measured)


def predict(drawn: DrawnNeuron, sample: int) -> RegimeReport:
    """How a sample fires by the parameters of its macromodel."""
    run = simulate(drawn.samples[sample], drawn.drive.stimulus, drawn.drive.duration)
    # judged as the circuit is: by the threshold that was trained, wherever the output stage's is
    threshold = drawn.neuron.threshold
    return classify(run.time, run.voltage, drawn.drive.onset, threshold)


def circuits(
    drawn: DrawnNeuron,
    samples: Sequence[int],
    engine: Engine,
    accuracy: Accuracy = Accuracy.TIGHT,
) -> Iterator[tuple[int, RegimeReport]]:
    """(sample, how it fires in ngspice), every transistor being off by what was drawn for it.

    Raises:
        SimulatorError: a sample could not be simulated; it is named.
    """
    benches, drive = drawn.built.benches.at(accuracy), drawn.drive
    nominal = benches.transient(
        np.array(drive.stimulus.times), np.array(drive.stimulus.values), drive.duration
    )

    def bench_of(group: Sequence[int]) -> Bench:
        return sampled_bench(nominal, benches, drawn.technology, drawn.draw[list(group)])

    def name_of(sample: int) -> str:
        return f"sample {sample} (seed {drawn.drawing.seed})"

    for sample, result in sample_results(engine, samples, bench_of, name_of):
        yield sample, circuit_regime(drawn.built, response(result, benches.design), drive.onset)
