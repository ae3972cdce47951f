"""Sensitivities of made-up cells: what weak inversion makes of a mirror and of a pair."""

import numpy as np

from mapping.characteristics import Orientation
from mapping.conditions import Conditions
from mapping.sensitivity import CellSensitivities, MirrorSensitivity, OtaSensitivity
from tests.mapping.cells import BIASES, MODES

OTA = (
    "bias",
    "tail",
    "pair_p",
    "pair_n",
    "mirror_left_in",
    "mirror_left_out",
    "mirror_right_in",
    "mirror_right_out",
    "fold_in",
    "fold_out",
)
# d ln I / dV_T of a transistor: 1 / (n kT/q)
STEEP = 28.0


def ota_per_volt() -> np.ndarray:
    """(devices, features) of an OTA whose transistors are exponential.

    The tail's mirror moves both branches, each upper mirror its own, the lower mirror the sinking
    one; the pair moves the offset.
    """
    sourcing = [STEEP, -STEEP, 0, 0, STEEP, -STEEP, 0, 0, 0, 0]
    sinking = [STEEP, -STEEP, 0, 0, 0, 0, STEEP, -STEEP, STEEP, -STEEP]
    offset = [0, 0, 1.0, -1.0, 0, 0, 0, 0, 0, 0]
    slope = [0.1, -0.1, 0, 0, 0, 0, 0, 0, 0, 0]
    return np.array([sourcing, sinking, offset, slope], dtype=float).T


def exponential_cells(**changes: object) -> CellSensitivities:
    """The same at every bias and common mode; a current factor acts as its logarithm."""
    per_volt = np.broadcast_to(ota_per_volt(), (BIASES.size, MODES.size, 10, 4))
    per_factor = -per_volt / STEEP * np.array([1.0, 1.0, 0.0, 0.0])

    def mirror(*names: str) -> MirrorSensitivity:
        signs = np.tile([1.0, -1.0], len(names) // 2)
        table = np.broadcast_to(STEEP * signs, (BIASES.size, len(names)))
        return MirrorSensitivity(names, BIASES, table, -table / STEEP)

    table = OtaSensitivity(OTA, BIASES, MODES, per_volt, per_factor)
    parts: dict[str, object] = {
        "technology": "made_up",
        "conditions": Conditions("tt", 27.0),
        **{orientation.value: table for orientation in Orientation},
        "source": mirror("in", "out", "fold_in", "fold_out"),
        "sink": mirror("in", "out"),
        "fingerprint": "exponential",
    }
    return CellSensitivities(**(parts | changes))  # type: ignore[arg-type]
