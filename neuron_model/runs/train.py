"""From a description of a network and a task to the trained network, in one call; its folder."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast, overload

from torch import Tensor

from neuron_model.errors import InputError
from neuron_model.network.description import Network
from neuron_model.network.limits import REALISABLE, ParameterLimits
from neuron_model.network.network import MTCNetwork, SpikingNetwork
from neuron_model.progress import Progress, shown_progress
from neuron_model.runs.result_file import read_result
from neuron_model.runs.run_configuration import RunConfiguration
from neuron_model.runs.run_folder import run_files
from neuron_model.runs.saved_run import DescribedRun, SavedRun
from neuron_model.runs.sequence_train import TrainedOnSequences, train_on_sequences
from neuron_model.shown import Shown
from neuron_model.tasks.sequences import SequenceTask
from neuron_model.tasks.series import SeriesTask, make_series, trivial_nrmse
from neuron_model.training.recording import Recording, recorded_currents
from neuron_model.training.training import Callbacks, TrainingResult, TrainingStep, fit
from neuron_model.training.training_configuration import TrainingConfiguration


@dataclass(frozen=True, repr=False)
class TrainedNetwork(Shown):
    """A network that has learned a task, and how that went.

    module: the torch module; calling the trained network calls it. task: what it learned.
    result: each step and the test errors. currents: what flows into each layer's neurons while
    the network does its task on data that it was not trained on. described: how to do it again.
    """

    module: MTCNetwork
    task: SeriesTask
    result: TrainingResult
    currents: tuple[Recording, ...]
    described: DescribedRun = DescribedRun()

    @property
    def nrmse(self) -> float:
        """On the test part, in windows from rest."""
        return self.result.nrmse

    def __call__(self, signal: Tensor, state: Any = None) -> Any:
        """(batch, samples, inputs) -> (batch, samples, outputs) and the state at the end."""
        return self.module(signal, state)

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write a run folder, as ``codesign train`` does, all of it or nothing; returns its path.

        ``build`` and every command take it. Where the task is one of your own the folder has no
        ``config.toml``: its neurons can be built, the network with its series cannot.

        Args:
            folder: of the run; made where it is not there.
            overwrite: whether a run that is there may be replaced.

        Raises:
            InputError: there is a run or a file of that name, or the folder cannot be written.
        """
        series = make_series(self.task)
        return self.described.write(
            folder,
            lambda whose: run_files(
                self.module, self.task, series, self.result, self.currents, whose
            ),
            overwrite,
        )

    @classmethod
    def load(
        cls, folder: str | os.PathLike[str], task: SeriesTask | None = None, backend: str = "auto"
    ) -> TrainedNetwork:
        """The network of a run folder, of :meth:`save` or of ``codesign train``.

        Args:
            folder: of the run.
            task: what it learned, where that is one of your own, which the folder does not say.
            backend: a key of ``backends.BACKENDS``, or auto.

        Raises:
            InputError: it is no run folder, or not that of a series; its training was not finished,
                a file of it is damaged, or the data of its task are not there any more.
        """
        found = SavedRun.read(folder, backend)
        if found.configuration is not None:
            task = task or found.configuration.series_task
        if task is None:
            raise found.no_task("TrainedNetwork.load")
        result = read_result(found.path)
        if result is None:
            raise found.not_finished()
        series = make_series(task)  # what has become of its data is known now
        currents = found.currents or recorded_currents(found.module, series, task.washout)
        return cls(found.module, task, result, currents, DescribedRun(found.configuration))

    @property
    def configuration(self) -> RunConfiguration | None:
        """Of the run; None for a task of one's own, which no file can describe."""
        return self.described.configuration

    def summary(self) -> dict[str, object]:
        """What there is to know at a glance."""
        task = self.task
        return {
            "neurons": self.module.configuration.sizes_text,
            "task": getattr(task, "file", type(task).__name__),
            "steps": len(self.result.history),
            "NRMSE": round(self.nrmse, 4),
            "NRMSE before": round(self.result.nrmse_before, 4),
            **{f"NRMSE of the {name}": round(e, 4) for name, e in self._trivial().items()},
        }

    def _trivial(self) -> dict[str, float]:
        return trivial_nrmse(self.task, make_series(self.task))

    def _brief(self) -> str:
        sizes = self.module.configuration.sizes_text
        return f"{sizes} neurons, NRMSE {self.nrmse:.3f}"

    def _rows(self) -> list[tuple[str, object]]:
        return list(self.summary().items())

    def _drawing(self) -> str:
        return self.result._drawing()


@overload
def train(
    network: Network | MTCNetwork,
    task: SeriesTask,
    configuration: TrainingConfiguration | None = None,
    limits: ParameterLimits = REALISABLE,
    progress: Progress | None = None,
) -> TrainedNetwork: ...


@overload
def train(
    network: Network | MTCNetwork,
    task: SequenceTask,
    configuration: TrainingConfiguration | None = None,
    limits: ParameterLimits = REALISABLE,
    progress: Progress | None = None,
) -> TrainedOnSequences: ...


def train(
    network: Network | MTCNetwork,
    task: SeriesTask | SequenceTask,
    configuration: TrainingConfiguration | None = None,
    limits: ParameterLimits = REALISABLE,
    progress: Progress | None = None,
) -> TrainedNetwork | TrainedOnSequences:
    """Train a network on a task.

    Args:
        network: a description, from which it is drawn with the inputs and outputs of the task; or
            a module, which is trained in place.
        task: what to learn: ``series("my.csv")``, ``sequences(x, y)``, or one of
            :mod:`neuron_model.tasks`.
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
    if not hasattr(task, "series"):
        return train_on_sequences(network, task, configuration, limits, progress)
    task = cast(SeriesTask, task)
    series = make_series(task)
    if isinstance(network, Network):
        settings = network.settings.for_horizon(getattr(task, "horizon", None))
        network = replace(network, settings=settings)
    module = (
        network.module(series.inputs, series.outputs) if isinstance(network, Network) else network
    )
    described = DescribedRun.of(network, module, task, configuration, limits)
    with shown_progress(progress) as told:

        def show(done: TrainingStep) -> None:
            told(done.step + 1, configuration.steps, "training")

        result = fit(module, task, configuration, limits, Callbacks(show))
    currents = recorded_currents(module, series, task.washout)
    return TrainedNetwork(module, task, result, currents, described)


def _check_kinds(network: object, task: object, configuration: object) -> None:
    """
    Raises:
        InputError: something else than what it is to be was given.
    """
    if not isinstance(network, Network | SpikingNetwork):
        raise InputError(f"train: {network!r:.80} is no network; give Network(16) or a module.")
    if not isinstance(configuration, TrainingConfiguration):
        raise InputError(f"train: {configuration!r:.80} is no TrainingConfiguration.")
    if not (hasattr(task, "series") or hasattr(task, "sequences")):
        raise InputError(
            f'train: {task!r:.80} is no task; give series("my.csv"), sequences(x, y), '
            "sequences(dataset) or MackeyGlass()."
        )
