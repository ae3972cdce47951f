"""Some runs of a neuron with noise: by its macromodel, or in ngspice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from codesign.building.mapped_neuron import MappedNeuron
from codesign.studies.identity import JSON
from codesign.studies.noise.boundary import driven_by, nearest_change
from codesign.studies.noise.noisy_neuron import NoisyNeuron, noisy_bench, noisy_neuron
from codesign.studies.study import Point, Task
from codesign.validation.validate import circuit_regime
from codesign.workbench import Workbench
from mapping.jitter import Train
from netlists.neuron_benches import response
from neuron_model.analysis.noise import NoisyRuns, noisy_runs
from neuron_model.analysis.regimes import Regime, classify
from neuron_model.model.drive import Drive


@dataclass(frozen=True)
class NoiseTask(Task):
    """Runs ``mapped`` with the noise of its cells.

    cells: fingerprint of the measured noise, which models and conditions decide. seed: of the
    macromodel's noise; ngspice draws its own. neuron: what is made of these; made anew if None.
    """

    version: ClassVar[int] = 1

    mapped: MappedNeuron
    cells: str
    seed: int
    neuron: NoisyNeuron | None = field(default=None, metadata={"identity": False})

    def __call__(self, point: Point, tools: Workbench) -> JSON:
        """By the ``kind`` of the point.

        - runs: ``count`` runs of the macromodel from the ``first`` on: a list of trains.
        - circuit: one run in ngspice: a train.
        - boundary: [current, regime below, regime above] without noise, or None.
        - around: ``count`` runs at each of some ``currents``: a list of regimes for each.

        Raises:
            SimulatorError: ngspice failed.
        """
        neuron = self.neuron or noisy_neuron(self.mapped, tools)
        kind, values = point.values["kind"], point.values
        if kind == "circuit":
            return train_to_json(_circuit_train(neuron, tools))
        if kind == "boundary":
            return nearest_change(neuron, tools.progress)
        first, count = values["first"], values["count"]
        if kind == "runs":
            drives = [neuron.drive] * count
            found = self._runs(neuron, drives, (self.seed, first), tools)
            return [train_to_json(train) for train in found]
        drives = [driven_by(neuron.drive, c) for c in values["currents"] for _ in range(count)]
        seed = (self.seed, 1 + values["zoom"], first)
        regimes = [train.regime.value for train in self._runs(neuron, drives, seed, tools)]
        return [regimes[k : k + count] for k in range(0, len(regimes), count)]

    def prepare(self, tools: Workbench, points: Sequence[Point]) -> Task:
        """The same with the neuron made once."""
        return replace(self, neuron=self.neuron or noisy_neuron(self.mapped, tools))

    def _runs(
        self, neuron: NoisyNeuron, drives: Sequence[Drive], seed: tuple[int, ...], tools: Workbench
    ) -> list[Train]:
        def report(time: float, of: float) -> None:
            tools.progress(int(100 * time / of), 100, "runs with noise, per cent of their time")

        stimuli = [drive.stimulus for drive in drives]
        duration = neuron.drive.duration
        found = noisy_runs(
            neuron.macromodel, neuron.noise, stimuli, duration, seed, progress=report
        )
        return list(_trains(neuron, found))


def _trains(neuron: NoisyNeuron, runs: NoisyRuns) -> Iterator[Train]:
    onset = neuron.drive.onset
    for spikes, voltage in zip(runs.spikes, runs.voltage, strict=True):
        report = classify(runs.time, voltage, onset, neuron.threshold)
        after = spikes[spikes > onset] - onset
        yield Train(tuple(after.tolist()), report.regime)


def _circuit_train(neuron: NoisyNeuron, tools: Workbench) -> Train:
    run = response(tools.engine.run(noisy_bench(neuron)), neuron.built.design)
    report = circuit_regime(neuron.built, run, neuron.drive.onset)
    after = tuple(t - neuron.drive.onset for t in report.spike_times)
    return Train(after, report.regime)


def train_to_json(train: Train) -> dict[str, Any]:
    """Spikes and regime."""
    return {"spikes": list(train.spikes), "regime": train.regime.value}


def train_from_json(content: dict[str, Any]) -> Train:
    """The inverse of :func:`train_to_json`."""
    return Train(tuple(content["spikes"]), Regime(content["regime"]))
