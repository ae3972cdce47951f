"""The currents that flow into the neurons of a trained network while it does its task."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neuron_model.network.network import MTCNetwork, input_currents, input_interval
from neuron_model.tasks.series import Series

HELD_OUT_SAMPLES = 2000
"""Of the test part, from the end of its warm-up: what the circuits are driven with later."""


class Recording(NamedTuple):
    """Input currents of a layer, (samples, neurons), and for how long each sample is held."""

    currents: np.ndarray
    interval: float


def recorded_currents(network: MTCNetwork, series: Series, washout: int) -> tuple[Recording, ...]:
    """What flows into each hidden layer, the one nearest to the input first.

    It is a piece of one run over validation and test part: the samples of the test part behind its
    washout, ``HELD_OUT_SAMPLES`` of them where there are as many.
    """
    before = 0 if series.before_test is None else len(series.before_test)
    signal = series.test.signal[: washout + HELD_OUT_SAMPLES]
    if series.before_test is not None:
        signal = np.concatenate([series.before_test, signal])
    return tuple(
        Recording(
            input_currents(network, signal, layer, skipped=before + washout),
            input_interval(network, layer),
        )
        for layer in range(len(network.layers))
    )
