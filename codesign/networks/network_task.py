"""A trained network with the series that it was trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from mapping.network_mapper import INPUT
from neuron_model.errors import InputError
from neuron_model.model.parameters import OutputShape
from neuron_model.network.model_file import read_model
from neuron_model.network.network import MTCNetwork
from neuron_model.network.neuron_record import only_record, without_record
from neuron_model.runs.file_names import CONFIG_FILE, MODEL_FILE, START_FILE
from neuron_model.runs.run_configuration import read_written_configuration
from neuron_model.tasks.series import Series, make_series
from neuron_model.training.scoring import evaluate_stream

if TYPE_CHECKING:
    from neuron_model.runs.train import TrainedNetwork
    from neuron_model.tasks.series import SeriesTask


@dataclass(frozen=True, eq=False)
class NetworkTask:
    """network: trained. task, series: what it learned. folder: of its run, if it has one.

    before: the network as it was trained before its weights were tuned through the circuit; None
    where they were not.
    """

    network: MTCNetwork
    task: SeriesTask
    series: Series
    folder: Path | None = None
    before: MTCNetwork | None = None

    @property
    def as_trained(self) -> NetworkTask:
        """The same of the network before its weights were tuned through the circuit."""
        return self if self.before is None else replace(self, network=self.before, before=None)

    @property
    def input_range(self) -> np.ndarray:
        """Smallest and largest value of each input over the whole series, (inputs, 2)."""
        parts = self.series.training, self.series.validation, self.series.test
        signal = np.concatenate([part.signal for part in parts])
        return np.stack([signal.min(0), signal.max(0)], axis=1)

    def heard(self, samples: int) -> np.ndarray:
        """The first ``samples`` of the test part's inputs, (samples, inputs).

        Raises:
            InputError: the part is shorter, or nothing behind the washout would be left.
        """
        least, most = self.task.washout + 2, len(self.series.test)
        if not least <= samples <= most:
            raise InputError(
                f"samples = {samples} is not allowed; it must be from {least} (the first "
                f"{self.task.washout} are heard and not scored) to {most}, the length of the test "
                "part."
            )
        return self.series.test.signal[:samples]

    def predictions(self, signal: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """What torch says from rest: y (samples, outputs), and s of each layer (steps, neurons)."""
        weight = self.network.readout.weight
        heard = torch.as_tensor(np.array(signal)).to(weight)[None]
        with torch.no_grad():
            hidden = self.network.hidden(heard)
            y, _ = self.network.read(hidden.activity)
        outputs = tuple(s[0].cpu().double().numpy() for s in hidden.outputs)
        return y[0].cpu().double().numpy(), outputs

    def mean_activity(self, signal: np.ndarray) -> dict[str, np.ndarray]:
        """Mean of each source's lines over a series heard from rest, as torch has it.

        By the source's name: "x" of the inputs, "s0", "s1" of the layers' neurons; (lines,).
        """
        _, spiking = self.predictions(signal)
        means = {f"s{index}": s.mean(axis=0) for index, s in enumerate(spiking)}
        return {INPUT: np.asarray(signal).mean(axis=0), **means}

    @cached_property
    def training_activity(self) -> dict[str, np.ndarray]:
        """:meth:`mean_activity` over the training part, at which biases make up for whole units.

        Kept: the weights of a task do not change, and the part is long.
        """
        return self.mean_activity(self.series.training.signal)

    def form_note(self) -> str | None:
        """What it costs that the network was trained in a form that no circuit has; None: it has.

        Its weights, with the output shape and the readout's filter of a circuit, on the stream of
        the test part.
        """
        configuration = self.network.configuration
        layers = [layer.parameters_now() for layer in self.network.neuron_layers]
        strange = []
        if any(layer.output is not OutputShape.OTA for layer in layers):
            strange.append("output = 'clip', where a circuit has max(0, tanh) ('ota')")
        if configuration.readout_filter != "exact":
            strange.append(
                f"readout_filter = '{configuration.readout_filter}', where a circuit has four "
                "exact poles ('exact')"
            )
        if not strange:
            return None
        drawn = replace(
            configuration,
            layers=tuple(replace(p, output=OutputShape.OTA) for p in configuration.layers),
            readout_filter="exact",
        )
        built = MTCNetwork(drawn, dtype=self.network.readout.weight.dtype)
        # all that was learned, and of what is fixed the circuit's form
        learned = without_record(self.network.state_dict())
        built.load_state_dict({**only_record(built.state_dict()), **learned})
        before, after = (
            evaluate_stream(one, self.task, self.series.test, self.series.before_test)
            for one in (self.network, built)
        )
        return (
            f"the network was trained with {' and '.join(strange)}: with these alone changed its "
            f"NRMSE on the test part goes from {before:.4g} to {after:.4g}; train it in the "
            "circuit's form"
        )


def task_of_run(folder: Path) -> NetworkTask:
    """The network of a run folder.

    Raises:
        InputError: a file is missing or damaged, or its series cannot be made.
    """
    configuration = read_written_configuration(folder / CONFIG_FILE).named()
    task, before = configuration.series_task, None
    if configuration.circuit.wanted and (folder / START_FILE).is_file():
        before = read_model(folder / START_FILE)
    return NetworkTask(read_model(folder / MODEL_FILE), task, make_series(task), folder, before)


def task_of_trained(trained: TrainedNetwork) -> NetworkTask:
    """The network that ``neuron_model.train`` gave."""
    return NetworkTask(trained.module, trained.task, make_series(trained.task))
