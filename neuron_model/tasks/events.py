"""Events of a sensor (address, time) as samples: counted in bins of time.

Tonic's arrays: structured, with ``t`` in microseconds and some of ``x``, ``y`` and ``p``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neuron_model.errors import InputError


def is_events(value: Any) -> bool:
    """Whether it is an array of events as Tonic has them."""
    names = getattr(getattr(value, "dtype", None), "names", None)
    return names is not None and "t" in names


@dataclass(frozen=True)
class EventFrames:
    """Events -> (samples, inputs): how many there were of each address in each bin.

    sensor_size: (width, height, polarities), as Tonic's datasets name it; 1 where there is no such
    coordinate. bin: duration of a sample, in the unit of ``t`` (Tonic: microseconds). pool:
    addresses side by side that are counted together, in x and in y. most_samples: what comes later
    is left out; 0: all is kept.

    Raises:
        InputError: a value is not usable, or events lie outside of the sensor.
    """

    sensor_size: tuple[int, int, int]
    bin: float = 10_000.0
    pool: int = 1
    most_samples: int = 0

    def __post_init__(self) -> None:
        size = tuple(int(n) for n in self.sensor_size)
        object.__setattr__(self, "sensor_size", size)
        if len(size) != 3 or not all(1 <= n <= 10_000 for n in size):
            raise InputError(
                f"events: sensor_size = {self.sensor_size!r} is not allowed; it must be (width, "
                "height, polarities)."
            )
        if not 0 < self.bin < float("inf"):
            raise InputError(f"events: bin = {self.bin!r} is not allowed; it must be positive.")
        if self.pool < 1 or self.most_samples < 0:
            raise InputError(
                f"events: pool = {self.pool}, most_samples = {self.most_samples} are not allowed; "
                "they must be at least 1 and 0."
            )

    @property
    def inputs(self) -> int:
        """How many signals there are."""
        width, height, polarities = self.sensor_size
        return -(-width // self.pool) * -(-height // self.pool) * polarities

    def __call__(self, events: np.ndarray) -> np.ndarray:
        """The counts, (samples, inputs), in float32; time begins with the first event.

        Raises:
            InputError: as the class says.
        """
        if not is_events(events):
            raise InputError("events: must be a structured array with a field t.")
        if not len(events):
            return np.zeros((1, self.inputs), dtype=np.float32)
        t = np.asarray(events["t"], dtype=float)
        sample = np.floor((t - t.min()) / self.bin).astype(np.int64)
        address = np.zeros(len(events), dtype=np.int64)
        width, height, polarities = self.sensor_size
        for name, size, pool in (
            ("p", polarities, 1),
            ("y", height, self.pool),
            ("x", width, self.pool),
        ):
            place = self._coordinate(events, name, size) // pool
            address = address * -(-size // pool) + place
        if self.most_samples:
            kept = sample < self.most_samples
            sample, address = sample[kept], address[kept]
        counts = np.zeros((int(sample.max()) + 1, self.inputs), dtype=np.float32)
        np.add.at(counts, (sample, address), 1.0)
        return counts

    @staticmethod
    def _coordinate(events: np.ndarray, name: str, size: int) -> np.ndarray:
        names = events.dtype.names
        assert names is not None
        if name not in names or size == 1:
            return np.zeros(len(events), dtype=np.int64)
        place = np.asarray(events[name], dtype=np.int64)
        if place.min() < 0 or place.max() >= size:
            raise InputError(
                f"events: {name} from {place.min()} to {place.max()} does not lie in the sensor, 0 "
                f"to {size - 1}."
            )
        return place
