"""What a network's circuit did while stretches of the test part were played into it, from rest."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from codesign.networks.limits import MOST_NEURONS
from netlists.network_benches import network_response
from neuron_model.errors import InputError

if TYPE_CHECKING:
    from codesign.networks.built_network import BuiltNetwork
    from codesign.workbench import Workbench

ONE_DECK, LAYER_BY_LAYER = "one deck", "layer by layer"
"""How a network is simulated."""

Stretch = tuple[int, int]
"""Of the test part's samples: the first of them, and how many."""


@dataclass(frozen=True, eq=False)
class Played:
    """What a circuit did while a stretch of the test part was played into it, from rest.

    start, count: samples of the test part. time: in the neurons' units, (points,). outputs: y,
    (points, outputs). charge: coulomb from the supply.
    """

    start: int
    count: int
    time: np.ndarray
    outputs: np.ndarray
    charge: float

    def sampled(self, interval: float, lag: float = 0.0) -> np.ndarray:
        """Outputs at the end of each sample, ``lag`` samples later, (count, outputs).

        interval: of a sample, in the neurons' units of time.
        """
        moments = interval * (np.arange(1, self.count + 1) + lag)
        return np.stack([np.interp(moments, self.time, y) for y in self.outputs.T], axis=1)


def play_in_one_deck(
    network: BuiltNetwork, workbench: Workbench, stretches: Sequence[Stretch]
) -> tuple[list[Played], float]:
    """Each stretch from rest, the whole network in one simulation; and the seconds that it took.

    Raises:
        InputError: too many neurons for one deck.
        SimulatorError: ngspice failed, or did not come to the end of a stretch in time.
    """
    if network.neurons > MOST_NEURONS:
        raise InputError(
            f"the network has {network.neurons} neurons, but one deck holds {MOST_NEURONS} at "
            "most: simulate it layer by layer (without --one-deck)."
        )
    played, begin = [], time.monotonic()
    for start, count in stretches:
        signal = network.task.test_signal[start : start + count]
        bench = network.benches.stream(signal, network.sample_interval)
        found = network_response(workbench.engine.run(bench), network.benches)
        charge = float(np.trapezoid(found.supply_current, found.time)) * network.design.time_unit
        played.append(Played(start, count, found.time, found.outputs, charge))
    return played, time.monotonic() - begin


def correlations(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of each output, (samples, outputs) each; 0 where one does not change."""
    a, b = one - one.mean(axis=0), other - other.mean(axis=0)
    norms = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    found: np.ndarray = np.where(norms > 0, (a * b).sum(axis=0) / np.where(norms > 0, norms, 1), 0)
    return found
