"""Device mismatch: by how much transistors that are drawn alike differ, drawn device by device.

How far each may be off is Pelgrom's law (:mod:`mapping.mismatch_set`). Devices are independent of
each other; what the cells make of them is correlated, because one device moves several numbers of
its cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neuron_model.errors import InputError

COMPENSATION, OUTPUT = "compensation", "output"
"""Names of a design's blocks beside its amplifiers' and followers'."""

MOST_SAMPLES = 1_000_000


def follower_block(timescale: str) -> str:
    """Name of the block that makes U_x."""
    return f"follower_{timescale}"


@dataclass(frozen=True)
class DeviceSpread:
    """How far one transistor of a neuron may be from what was drawn: standard deviations.

    block: the design's name of the block that it sits in. device: its name there. kind: "nmos" or
    "pmos". threshold: volt. current_factor: of the factor itself (0.01 is one per cent).
    """

    block: str
    device: str
    kind: str
    threshold: float
    current_factor: float = 0.0


@dataclass(frozen=True, eq=False)
class Draw:
    """Samples of a neuron's devices.

    spreads: (devices,). threshold: volt added to each threshold voltage, current_factor:
    relative change of each current factor; both (samples, devices). capacitance: relative change
    of a sample's capacitors, (samples,); None where all are as drawn.
    """

    spreads: tuple[DeviceSpread, ...]
    threshold: np.ndarray
    current_factor: np.ndarray
    capacitance: np.ndarray | None = None

    @property
    def samples(self) -> int:
        """How many samples were drawn."""
        return len(self.threshold)

    def of(self, block: str, devices: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Threshold shifts and current factors of a block's devices, each (samples, devices).

        Raises:
            InputError: one of them was not drawn.
        """
        places = {(s.block, s.device): i for i, s in enumerate(self.spreads)}
        try:
            columns = [places[block, device] for device in devices]
        except KeyError as error:
            raise InputError(f"{error.args[0]} is none of the devices that were drawn.") from None
        return self.threshold[:, columns], self.current_factor[:, columns]

    @property
    def as_drawn(self) -> Draw:
        """The one sample whose devices are all as drawn."""
        none = np.zeros((1, len(self.spreads)))
        return Draw(self.spreads, none, none)

    def __getitem__(self, samples: slice | Sequence[int] | np.ndarray) -> Draw:
        """Some of the samples."""
        capacitance = None if self.capacitance is None else self.capacitance[samples]
        return Draw(
            self.spreads, self.threshold[samples], self.current_factor[samples], capacitance
        )


def draw(spreads: Sequence[DeviceSpread], samples: int, seed: int = 0) -> Draw:
    """Draw ``samples`` samples; each is the same whatever number of others is drawn after it.

    Raises:
        InputError: no device, a number of samples that is not 1 to a million, a negative seed.
    """
    if not spreads:
        raise InputError("mismatch: there is no device to draw.")
    if not 1 <= samples <= MOST_SAMPLES:
        raise InputError(f"mismatch: samples = {samples} must be from 1 to {MOST_SAMPLES}.")
    if seed < 0:
        raise InputError(f"mismatch: seed = {seed} must not be negative.")
    sigmas = np.array([[s.threshold for s in spreads], [s.current_factor for s in spreads]])
    normal = np.random.default_rng(seed).standard_normal((samples, *sigmas.shape))
    shifts = normal * sigmas
    # far out in the tail a current factor must stay one that a transistor can have
    return Draw(tuple(spreads), shifts[:, 0], np.maximum(shifts[:, 1], -0.9))
