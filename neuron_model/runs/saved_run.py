"""The folder of a trained network: how the run that it is from is described, written and read."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from neuron_model.atomic import write_together
from neuron_model.errors import InputError
from neuron_model.network.description import Network
from neuron_model.network.limits import ParameterLimits
from neuron_model.network.model_file import model_content, read_model
from neuron_model.network.network import MTCNetwork
from neuron_model.runs.currents_file import read_currents
from neuron_model.runs.file_names import (
    CONFIG_FILE,
    CURRENTS_FILE,
    MODEL_FILE,
    RESULT_FILE,
    START_FILE,
)
from neuron_model.runs.run_configuration import (
    TASKS,
    RunConfiguration,
    describes,
    identity,
    read_written_configuration,
    run_configuration_to_toml,
)
from neuron_model.runs.run_folder import folder_to_save_in
from neuron_model.tasks.sequence_file import SequenceFile
from neuron_model.tasks.series_file import SeriesFile
from neuron_model.training.recording import Recording
from neuron_model.training.training_configuration import TrainingConfiguration


@dataclass(frozen=True)
class DescribedRun:
    """A training as a run folder says it.

    configuration: None for a task of one's own, which no file can describe. start: the content of
    the model file that training began with, where no description of a network says it.
    """

    configuration: RunConfiguration | None = None
    start: bytes | None = None

    @staticmethod
    def of(
        network: Network | MTCNetwork,
        module: MTCNetwork,
        task: object,
        configuration: TrainingConfiguration,
        limits: ParameterLimits,
    ) -> DescribedRun:
        """Before the training: of ``network`` as it was given, and of the module that it is."""
        if type(task) not in map(type, TASKS.values()):
            return DescribedRun()
        found = RunConfiguration(
            seed=configuration.seed,
            task=_from_anywhere(task),
            training=configuration,
            limits=limits,
        )
        if isinstance(network, Network) and describes(network.hidden):
            layers: Any = network.hidden
            described = replace(found, seed=network.seed, layers=layers, network=network.settings)
            return DescribedRun(described)
        return DescribedRun(found, model_content(module))

    def write(
        self,
        folder: str | os.PathLike[str],
        files: Callable[[str], Mapping[str, str | bytes]],
        overwrite: bool,
    ) -> Path:
        """Write the folder, all of it or nothing; its path.

        Args:
            folder: of the run; made where it is not there.
            files: what was trained, by name, for the identity of the run's configuration.
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
        contents |= files(whose)
        write_together({path / name: content for name, content in contents.items()})
        return path


@dataclass(frozen=True)
class SavedRun:
    """What a run folder holds beside the result.

    currents: None where the folder has none.
    """

    path: Path
    module: MTCNetwork
    configuration: RunConfiguration | None
    currents: tuple[Recording, ...] | None

    @staticmethod
    def read(folder: str | os.PathLike[str], backend: str) -> SavedRun:
        """
        Raises:
            InputError: it is no run folder, or a file of it is damaged.
        """
        path = Path(folder)
        if not (path / MODEL_FILE).is_file():
            raise InputError(f"{path}: is no run folder: it holds no {MODEL_FILE}.")
        module = read_model(path / MODEL_FILE, backend)
        configuration = None
        if (path / CONFIG_FILE).is_file():
            configuration = read_written_configuration(path / CONFIG_FILE)
        found = read_currents(path / CURRENTS_FILE, len(module.layers))
        currents = None if found is None else tuple(Recording(*layer) for layer in found)
        return SavedRun(path, module, configuration, currents)

    def no_task(self, loader: str) -> InputError:
        """Where neither the folder nor the caller of ``loader`` says what was learned."""
        return InputError(
            f"{self.path}: holds no {CONFIG_FILE}, as its task was one of your own; give it: "
            f"{loader}(folder, task)."
        )

    def not_finished(self) -> InputError:
        """Where the folder holds no result."""
        return InputError(
            f"{self.path}: holds no whole {RESULT_FILE}: its training was not finished. "
            f"`codesign train {self.path / CONFIG_FILE} --out {self.path}` goes on."
        )


def _from_anywhere(task: Any) -> Any:
    """The task with its files by absolute paths, and what they say written out."""
    if not isinstance(task, SeriesFile | SequenceFile):
        return task
    named = task.named()
    paths: dict[str, Any] = {
        name: str(Path(value).resolve())
        for name in ("file", "test_file")
        if (value := getattr(named, name, ""))
    }
    return replace(named, **paths)
