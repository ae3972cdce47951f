"""From a description of a network and a task to the trained network, in one call."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from neuron_model.errors import InputError
from neuron_model.network.description import Network
from neuron_model.network.limits import REALISABLE, ParameterLimits
from neuron_model.network.model_file import write_model
from neuron_model.network.network import MTCNetwork, SpikingNetwork
from neuron_model.progress import Progress, shown_progress
from neuron_model.shown import Shown
from neuron_model.tasks.series import SeriesTask, make_series, trivial_nrmse
from neuron_model.training.recording import Recording, recorded_currents
from neuron_model.training.training import Callbacks, TrainingResult, TrainingStep, fit
from neuron_model.training.training_configuration import TrainingConfiguration


@dataclass(frozen=True, repr=False)
class TrainedNetwork(Shown):
    """A network that has learned a task, and how that went.

    module: the torch module; calling the trained network calls it. task: what it learned.
    result: each step and the test errors. currents: what flows into each layer's neurons while
    the network does its task on data that it was not trained on.
    """

    module: MTCNetwork
    task: SeriesTask
    result: TrainingResult
    currents: tuple[Recording, ...]

    @property
    def nrmse(self) -> float:
        """On the test part, in windows from rest."""
        return self.result.nrmse

    def __call__(self, signal: Tensor, state: Any = None) -> Any:
        """(batch, samples, inputs) -> (batch, samples, outputs) and the state at the end."""
        return self.module(signal, state)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model file.

        Raises:
            InputError: it cannot be written.
        """
        write_model(path, self.module)

    def summary(self) -> dict[str, object]:
        """What there is to know at a glance."""
        task = self.task
        return {
            "neurons": " + ".join(str(size) for size in self.module.configuration.sizes),
            "task": getattr(task, "file", type(task).__name__),
            "steps": len(self.result.history),
            "NRMSE": round(self.nrmse, 4),
            "NRMSE before": round(self.result.nrmse_before, 4),
            **{f"NRMSE of the {name}": round(e, 4) for name, e in self._trivial().items()},
        }

    def _trivial(self) -> dict[str, float]:
        return trivial_nrmse(self.task, make_series(self.task))

    def _brief(self) -> str:
        sizes = " + ".join(str(size) for size in self.module.configuration.sizes)
        return f"{sizes} neurons, NRMSE {self.nrmse:.3f}"

    def _rows(self) -> list[tuple[str, object]]:
        return list(self.summary().items())

    def _drawing(self) -> str:
        return self.result._drawing()


def train(
    network: Network | MTCNetwork,
    task: SeriesTask,
    configuration: TrainingConfiguration | None = None,
    limits: ParameterLimits = REALISABLE,
    progress: Progress | None = None,
) -> TrainedNetwork:
    """Train a network on a task.

    Args:
        network: a description, from which it is drawn with the inputs and outputs of the task; or
            a module, which is trained in place.
        task: what to learn: ``series("my.csv")``, or one of :mod:`neuron_model.tasks`.
        configuration: how; the defaults if not given.
        limits: where the neurons' parameters have to stay, so that a circuit can be made.
        progress: called with how many steps are done, how many there are, and a word on them; a
            bar in a notebook or on a terminal if not given.

    Raises:
        InputError: the data cannot be read, the loss is no longer finite, or network, task and
            configuration do not go together.
    """
    configuration = configuration or TrainingConfiguration()
    _check_kinds(network, task, configuration)
    series = make_series(task)
    if isinstance(network, Network):
        network = network.module(series.inputs, series.outputs)

    with shown_progress(progress) as told:

        def show(done: TrainingStep) -> None:
            told(done.step + 1, configuration.steps, "training")

        result = fit(network, task, configuration, limits, Callbacks(show))
    return TrainedNetwork(network, task, result, recorded_currents(network, series, task.washout))


def _check_kinds(network: object, task: object, configuration: object) -> None:
    """
    Raises:
        InputError: something else than what it is to be was given.
    """
    if not isinstance(network, Network | SpikingNetwork):
        raise InputError(f"train: {network!r:.80} is no network; give Network(16) or a module.")
    if not isinstance(configuration, TrainingConfiguration):
        raise InputError(f"train: {configuration!r:.80} is no TrainingConfiguration.")
    if not hasattr(task, "series"):
        raise InputError(
            f'train: {task!r:.80} is no task; give series("my.csv") or one of neuron_model.tasks.'
        )
