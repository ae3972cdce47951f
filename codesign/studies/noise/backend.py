"""What a neuron with the noise of its cells answers, beside :mod:`codesign.building.backends`."""

from __future__ import annotations

from dataclasses import dataclass

from codesign.building.backends import CircuitBackend
from codesign.studies.noise.noisy_neuron import noisy_neuron
from neuron_model.analysis.noise import Sampling, noisy_runs
from neuron_model.analysis.simulation import Trajectory
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters


@dataclass(frozen=True)
class NoisyBackend(CircuitBackend):
    """The macromodel of the transistors that the neuron maps to, with the noise of its cells.

    seed: of the noise. sampling: time between samples of a response; half a tau_m where it is None.
    """

    seed: int = 0
    sampling: float | None = None

    def respond(self, parameters: NeuronParameters, drive: Drive) -> Trajectory:
        """See :class:`codesign.building.backends.Backend`."""
        neuron = noisy_neuron(self.mapped(parameters, drive), self.workbench)
        runs = noisy_runs(
            neuron.macromodel,
            neuron.noise,
            [drive.stimulus],
            drive.duration,
            self.seed,
            Sampling(interval=self.sampling, copies=True),
        )
        return runs.trajectory(0, neuron.macromodel, drive.stimulus)
