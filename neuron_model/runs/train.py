"""From a description of a network and a task to the trained network, in one call; its folder."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast, overload

from torch import Tensor

from neuron_model.atomic import write_together
from neuron_model.errors import InputError
from neuron_model.network.description import Network
from neuron_model.network.limits import REALISABLE, ParameterLimits
from neuron_model.network.model_file import model_content, read_model
from neuron_model.network.network import MTCNetwork, SpikingNetwork
from neuron_model.progress import Progress, shown_progress
from neuron_model.runs.currents_file import read_currents
from neuron_model.runs.file_names import (
    CONFIG_FILE,
    CURRENTS_FILE,
    MODEL_FILE,
    RESULT_FILE,
    START_FILE,
)
from neuron_model.runs.result_file import read_result
from neuron_model.runs.run_configuration import (
    TASKS,
    RunConfiguration,
    describes,
    identity,
    read_written_configuration,
    run_configuration_to_toml,
)
from neuron_model.runs.run_folder import folder_to_save_in, run_files
from neuron_model.runs.sequence_train import TrainedOnSequences, train_on_sequences
from neuron_model.shown import Shown
from neuron_model.tasks.sequences import SequenceTask
from neuron_model.tasks.series import SeriesTask, make_series, trivial_nrmse
from neuron_model.tasks.series_file import SeriesFile
from neuron_model.training.recording import Recording, recorded_currents
from neuron_model.training.training import Callbacks, TrainingResult, TrainingStep, fit
from neuron_model.training.training_configuration import TrainingConfiguration


@dataclass(frozen=True, repr=False)
class TrainedNetwork(Shown):
    """A network that has learned a task, and how that went.

    module: the torch module; calling the trained network calls it. task: what it learned.
    result: each step and the test errors. currents: what flows into each layer's neurons while
    the network does its task on data that it was not trained on. configuration: of the run; None
    for a task of one's own, which no file can describe. start: the content of the model file that
    training began with, where no description of a network says it.
    """

    module: MTCNetwork
    task: SeriesTask
    result: TrainingResult
    currents: tuple[Recording, ...]
    configuration: RunConfiguration | None = None
    start: bytes | None = None

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
        path = folder_to_save_in(folder, overwrite)
        contents: dict[str, str | bytes] = {}
        whose = ""
        if self.start is not None:
            contents[START_FILE] = self.start
        if self.configuration is not None:
            written = there = self.configuration
            if self.start is not None:
                beside = Path(START_FILE).parent
                written = replace(written, start=str(beside))
                there = replace(there, start=str(path.resolve() / beside))
            contents[CONFIG_FILE] = run_configuration_to_toml(written)
            whose = identity(there)
        series = make_series(self.task)
        contents |= run_files(self.module, self.task, series, self.result, self.currents, whose)
        write_together({path / name: content for name, content in contents.items()})
        return path

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
        path = Path(folder)
        if not (path / MODEL_FILE).is_file():
            raise InputError(f"{path}: is no run folder: it holds no {MODEL_FILE}.")
        module = read_model(path / MODEL_FILE, backend)
        configuration = None
        if (path / CONFIG_FILE).is_file():
            configuration = read_written_configuration(path / CONFIG_FILE)
            task = task or configuration.series_task
        if task is None:
            raise InputError(
                f"{path}: holds no {CONFIG_FILE}, as its task was one of your own; give it: "
                "TrainedNetwork.load(folder, task)."
            )
        result = read_result(path)
        if result is None:
            raise InputError(
                f"{path}: holds no whole {RESULT_FILE}: its training was not finished. "
                f"`codesign train {path / CONFIG_FILE} --out {path}` goes on."
            )
        series = make_series(task)  # what has become of its data is known now
        found = read_currents(path / CURRENTS_FILE, len(module.layers))
        if found is None:
            currents = recorded_currents(module, series, task.washout)
        else:
            currents = tuple(Recording(*layer) for layer in found)
        return cls(module, task, result, currents, configuration)

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
    described = isinstance(network, Network) and describes(network.hidden)
    run = _run(network if described else None, task, configuration, limits)
    if isinstance(network, Network):
        network = network.module(series.inputs, series.outputs)
    start = None if described or run is None else model_content(network)
    with shown_progress(progress) as told:

        def show(done: TrainingStep) -> None:
            told(done.step + 1, configuration.steps, "training")

        result = fit(network, task, configuration, limits, Callbacks(show))
    currents = recorded_currents(network, series, task.washout)
    return TrainedNetwork(network, task, result, currents, run, start)


def _run(
    network: Network | MTCNetwork | None,
    task: SeriesTask,
    configuration: TrainingConfiguration,
    limits: ParameterLimits,
) -> RunConfiguration | None:
    """The run as a file describes it; None where the task is none that a file can describe.

    network: None where it is described by the model file that training began with.
    """
    if type(task) not in map(type, TASKS.values()):
        return None
    if isinstance(task, SeriesFile):
        task = replace(task.named(), file=str(Path(task.file).resolve()))
    found = RunConfiguration(
        seed=configuration.seed,
        task=task,  # type: ignore[arg-type]
        training=configuration,
        limits=limits,
    )
    if not isinstance(network, Network):
        return found
    return replace(
        found,
        seed=network.seed,
        layers=network.hidden,  # type: ignore[arg-type]
        network=network.settings,
    )


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
            "sequences(dataset) or one of neuron_model.tasks."
        )
