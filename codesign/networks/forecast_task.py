"""A trained network with the series that it forecasts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from codesign.networks.correction import Correction
from codesign.networks.limits import SCORED
from codesign.networks.task import Heard, NetworkTask
from neuron_model.training.scoring import evaluate_stream

if TYPE_CHECKING:
    from neuron_model.network.network import MTCNetwork
    from neuron_model.tasks.series import Series, SeriesTask


@dataclass(frozen=True, eq=False)
class ForecastTask(NetworkTask):
    """network: trained. task, series: what it learned. folder: of its run, if it has one.

    before: the network as it was trained before its weights were tuned through the circuit; None
    where they were not. correction: of its circuit's macromodel, where that was recorded.
    """

    network: MTCNetwork
    task: SeriesTask
    series: Series
    folder: Path | None = None
    before: MTCNetwork | None = None
    correction: Correction | None = None

    @property
    def as_trained(self) -> ForecastTask:
        """The same of the network before its weights were tuned through the circuit."""
        if self.before is None:
            return self
        return replace(self, network=self.before, before=None, correction=None)

    @property
    def input_range(self) -> np.ndarray:
        """See :class:`NetworkTask`."""
        parts = self.series.training, self.series.validation, self.series.test
        signal = np.concatenate([part.signal for part in parts])
        return np.stack([signal.min(0), signal.max(0)], axis=1)

    @property
    def test_signal(self) -> np.ndarray:
        """See :class:`NetworkTask`."""
        return self.series.test.signal

    @property
    def least_samples(self) -> int:
        """The washout, and two that are scored."""
        return self.task.washout + 2

    @property
    def usual_samples(self) -> int:
        """The washout and SCORED more, as far as the test part goes."""
        return min(self.task.washout + SCORED, len(self.series.test))

    @cached_property
    def training(self) -> Heard:
        """See :class:`NetworkTask`."""
        return self.hear(self.series.training.signal)

    def test_error(self, network: MTCNetwork) -> tuple[str, float]:
        """NRMSE on the stream."""
        test, before = self.series.test, self.series.before_test
        return "NRMSE", evaluate_stream(network, self.task, test, before)
