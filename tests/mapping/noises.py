"""Noise of made-up cells: shot noise of every transistor, and flicker noise of a known size."""

import numpy as np

from mapping.cell_noise import CellNoise, MirrorNoise, OtaNoise
from mapping.conditions import Conditions

BIASES = np.geomspace(1e-11, 5e-8, 5)


def shot_cells(flicker: float = 1e-4, exponent: float = 1.0) -> CellNoise:
    """Each transistor has 2 q I; flicker amplitudes in the bias current, at 1 Hz."""
    flat = np.ones((BIASES.size, 1))
    ota = OtaNoise(
        BIASES, flat * [6.0, 4.0, 4.0], flicker * flat * [1.0, 2.0, 3.0, 4.0], np.zeros(BIASES.size)
    )

    def mirror(transistors: float) -> MirrorNoise:
        return MirrorNoise(BIASES, transistors * flat[:, 0], flicker * flat[:, 0])

    return CellNoise(
        "made_up", Conditions("tt", 27.0), ota, mirror(4.0), mirror(2.0), exponent, 1e9, "shot"
    )
