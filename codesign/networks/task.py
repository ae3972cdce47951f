"""A trained network with what it was trained on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from codesign.networks.correction import Correction
from mapping.network_mapper import INPUT
from neuron_model.errors import InputError
from neuron_model.model.parameters import OutputShape
from neuron_model.network.network import MTCNetwork
from neuron_model.network.neuron_record import only_record, without_record


@dataclass(frozen=True, eq=False)
class Heard:
    """What torch made of some signals.

    activity: mean of each source's lines, (lines,), by the source's name: "x" of the inputs, "s0",
    "s1" of the layers' neurons. largest: magnitude of all y.
    """

    activity: dict[str, np.ndarray]
    largest: float


class NetworkTask(ABC):
    """What a circuit is mapped for and judged by: of forecasts or of sequences.

    network: trained. folder: of its run, if it has one. correction: of its circuit's macromodel,
    where that was recorded.
    """

    network: MTCNetwork
    folder: Path | None
    correction: Correction | None = None

    @property
    @abstractmethod
    def input_range(self) -> np.ndarray:
        """Smallest and largest value of each input over all data, (inputs, 2)."""

    @property
    @abstractmethod
    def test_signal(self) -> np.ndarray:
        """The test part's inputs, all of them in a row, (samples, inputs)."""

    @property
    @abstractmethod
    def least_samples(self) -> int:
        """Of the test part, from its start, that are worth playing."""

    @property
    @abstractmethod
    def usual_samples(self) -> int:
        """Of the test part, from its start, that an exported test bench plays."""

    @property
    @abstractmethod
    def training(self) -> Heard:
        """The training part, at which biases make up for whole units; kept: the weights of a task
        do not change, and the part is long."""

    @abstractmethod
    def test_error(self, network: MTCNetwork) -> tuple[str, float]:
        """What errors on the test part are called, and that of a network like this one."""

    def heard(self, samples: int) -> np.ndarray:
        """The first ``samples`` of the test part's inputs, (samples, inputs).

        Raises:
            InputError: the part is shorter, or too little of it would be left to judge by.
        """
        least, most = self.least_samples, len(self.test_signal)
        if not least <= samples <= most:
            unscored = f" (the first {least - 2} are heard and not scored)" if least > 2 else ""
            raise InputError(
                f"samples = {samples} is not allowed; it must be from {least}{unscored} to {most}, "
                "the length of the test part."
            )
        return self.test_signal[:samples]

    def predictions(self, signal: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """What torch says from rest: y (samples, outputs), and s of each layer (steps, neurons)."""
        weight = self.network.readout.weight
        heard = torch.as_tensor(np.array(signal)).to(weight)[None]
        with torch.no_grad():
            hidden = self.network.hidden(heard)
            y, _ = self.network.read(hidden.activity)
        outputs = tuple(s[0].cpu().double().numpy() for s in hidden.outputs)
        return y[0].cpu().double().numpy(), outputs

    def hear(self, *signals: np.ndarray) -> Heard:
        """What torch makes of signals, (samples, inputs) each, each from rest."""
        said, outputs = zip(*(self.predictions(signal) for signal in signals), strict=True)
        spiking = enumerate(zip(*outputs, strict=True))
        means = {f"s{index}": np.concatenate(s).mean(axis=0) for index, s in spiking}
        activity = {INPUT: np.concatenate(signals).mean(axis=0), **means}
        return Heard(activity, max(float(np.abs(y).max()) for y in said))

    def form_note(self) -> str | None:
        """What it costs that the network was trained in a form that no circuit has; None: it has.

        Its weights, with the output shape and the readout's filter of a circuit, on the test part.
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
        (what, before), (_, after) = (self.test_error(one) for one in (self.network, built))
        return (
            f"the network was trained with {' and '.join(strange)}: with these alone changed its "
            f"{what} on the test part goes from {before:.4g} to {after:.4g}; train it in the "
            "circuit's form"
        )
