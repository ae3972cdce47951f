"""Measured sensitivities: what one volt of one transistor's threshold does to its cell.

    A+ = A + c,  A- = A - c       what the output sources and sinks at most, of I_bias
    d(ln A+, ln A-, o, ln V0) = sum_i S_i dV_T,i + T_i dbeta_i / beta_i

In weak inversion a mirror multiplies its branch by exp(dV_T / (n kT/q)), so that the logarithms
of the two branches are straight lines over shifts that change gain A and offset current c by a
fifth and more. S and T are measured device by device, over bias current and common mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from mapping.characteristics import Orientation, TransferFit
from mapping.conditions import Conditions
from mapping.record import record_from_json, record_to_json
from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.file_format import SENSITIVITIES
from neuron_model.text_file import read_text


class OtaShift(NamedTuple):
    """How samples of an amplifier differ from the drawn one, each (samples,).

    sourcing, sinking: of ln A+ and ln A-. offset: volt. slope: of ln V0.
    """

    sourcing: np.ndarray
    sinking: np.ndarray
    offset: np.ndarray
    slope: np.ndarray


_FEATURES = len(OtaShift._fields)


def features(fit: TransferFit) -> np.ndarray:
    """(ln A+, ln A-, o, ln V0) of a measured transfer curve."""
    source, sink = fit.gain + fit.offset_current, fit.gain - fit.offset_current
    return np.array([np.log(source), np.log(sink), fit.offset, np.log(fit.slope_voltage)])


def _checked(values: Any, shape: tuple[int, ...], what: str, name: str) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if array.shape != shape or not np.all(np.isfinite(array)):
        raise InputError(f"{what}: {name} must be finite numbers of shape {shape}.")
    return array


@dataclass(frozen=True)
class OtaSensitivity:
    """Of an OTA in one orientation.

    devices: names in the cell. bias_current: ampere, (biases,), rising. common_mode: volt,
    (modes,), rising. threshold: d(features) per volt, current_factor: d(features) per unit of
    relative change; both (biases, modes, devices, features).
    """

    devices: tuple[str, ...]
    bias_current: np.ndarray
    common_mode: np.ndarray
    threshold: np.ndarray
    current_factor: np.ndarray

    def __post_init__(self) -> None:
        what = "sensitivities of an OTA"
        object.__setattr__(self, "devices", tuple(map(str, self.devices)))
        biases, modes = np.size(self.bias_current), np.size(self.common_mode)
        grid = (biases, modes, len(self.devices), _FEATURES)
        shapes = {"bias_current": (biases,), "common_mode": (modes,)}
        for f in fields(self)[1:]:
            values = _checked(getattr(self, f.name), shapes.get(f.name, grid), what, f.name)
            object.__setattr__(self, f.name, values)

    @cached_property
    def _surface(self) -> RegularGridInterpolator:
        both = np.stack([self.threshold, self.current_factor], axis=2)
        return RegularGridInterpolator((np.log(self.bias_current), self.common_mode), both)

    def at(self, bias_current: float, common_mode: float) -> np.ndarray:
        """(threshold or factor, devices, features) there; beyond the grid, at its edge."""
        bias = np.clip(bias_current, self.bias_current[0], self.bias_current[-1])
        mode = np.clip(common_mode, self.common_mode[0], self.common_mode[-1])
        return np.asarray(self._surface((np.log(bias), mode)))

    def shift(
        self,
        bias_current: float,
        common_mode: float,
        threshold: np.ndarray,
        current_factor: np.ndarray,
    ) -> OtaShift:
        """What shifts of its devices, each (samples, devices), make of the amplifier."""
        per_volt, per_factor = self.at(bias_current, common_mode)
        return OtaShift(*(threshold @ per_volt + current_factor @ per_factor).T)


@dataclass(frozen=True)
class MirrorSensitivity:
    """Of a current mirror's ln gain: devices' names, bias_current (biases,) in ampere, threshold
    per volt and current_factor per unit of relative change, both (biases, devices)."""

    devices: tuple[str, ...]
    bias_current: np.ndarray
    threshold: np.ndarray
    current_factor: np.ndarray

    def __post_init__(self) -> None:
        what = "sensitivities of a mirror"
        object.__setattr__(self, "devices", tuple(map(str, self.devices)))
        biases = np.size(self.bias_current)
        for f in fields(self)[1:]:
            shape = (biases,) if f.name == "bias_current" else (biases, len(self.devices))
            object.__setattr__(self, f.name, _checked(getattr(self, f.name), shape, what, f.name))

    def shift(
        self, bias_current: float, threshold: np.ndarray, current_factor: np.ndarray
    ) -> np.ndarray:
        """Change of ln gain that shifts of its devices, (samples, devices), make, (samples,)."""
        x = np.log(np.clip(bias_current, self.bias_current[0], self.bias_current[-1]))

        def at(table: np.ndarray) -> np.ndarray:
            lines = [np.interp(x, np.log(self.bias_current), column) for column in table.T]
            return np.array(lines)

        return np.asarray(threshold @ at(self.threshold) + current_factor @ at(self.current_factor))


@dataclass(frozen=True)
class CellSensitivities:
    """Of all cells of one technology under ``conditions``.

    fingerprint: hash of models, sizes and method. divided: of the followers whose OTA divides its
    bias; None where the technology has none.
    """

    technology: str
    conditions: Conditions
    noninverting: OtaSensitivity
    inverting: OtaSensitivity
    follower: OtaSensitivity
    source: MirrorSensitivity
    sink: MirrorSensitivity
    fingerprint: str = ""
    divided: OtaSensitivity | None = None

    def ota(self, orientation: Orientation) -> OtaSensitivity:
        """The table of ``orientation``."""
        table: OtaSensitivity = getattr(self, orientation.value)
        return table

    def follower_table(self, divided: bool) -> OtaSensitivity:
        """Of the followers whose OTA divides its bias, or of the others.

        Raises:
            InputError: the technology has no OTA that divides.
        """
        if not divided:
            return self.follower
        if self.divided is None:
            raise InputError(f"technology '{self.technology}' has no OTA that divides its bias.")
        return self.divided


def sensitivities_to_json(sensitivities: CellSensitivities) -> str:
    """The sensitivities as JSON text; :func:`sensitivities_from_json` reads it."""
    return record_to_json(sensitivities, SENSITIVITIES)


def sensitivities_from_json(text: str, source: str = "sensitivities") -> CellSensitivities:
    """The inverse of :func:`sensitivities_to_json`.

    Raises:
        InputError: the text is not one that this version wrote; ``source`` is named.
    """
    otas = {x.value: OtaSensitivity for x in Orientation}
    parts = {
        **otas,
        "divided": OtaSensitivity,
        "source": MirrorSensitivity,
        "sink": MirrorSensitivity,
    }
    return record_from_json(text, CellSensitivities, SENSITIVITIES, parts, source)


def write_sensitivities(path: str | Path, sensitivities: CellSensitivities) -> Path:
    """Write the sensitivities as a JSON file, whole or not at all."""
    return write_atomically(path, sensitivities_to_json(sensitivities))


def read_sensitivities(path: str | Path) -> CellSensitivities:
    """Read a file of :func:`write_sensitivities`.

    Raises:
        InputError: it cannot be read or is no such file.
    """
    return sensitivities_from_json(read_text(path), str(path))


def central_difference(
    above: Sequence[Sequence[float]], below: Sequence[Sequence[float]], step: float
) -> np.ndarray:
    """(f(x + step) - f(x - step)) / (2 step) of rows of features, (points, features)."""
    return (np.asarray(above) - np.asarray(below)) / (2 * step)
