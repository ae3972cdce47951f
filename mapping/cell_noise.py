"""Noise of cells as measured: white and flicker noise of each, over bias current and its split.

    S(f) = 2 q I_bias white(t) + I_bias^2 flicker(t) / f^exponent        one-sided, A^2/Hz

of the current into a held output, with t = tanh((v - o) / V0) the split of an OTA's bias current:

    white(t)   = a parabola through its values at t = -1, 0 and 1
    flicker(t) = pair^2 (1 - t^2)^2 + tail^2 t^2 + up^2 ((1 + t) / 2)^2 + down^2 ((1 - t) / 2)^2

In weak inversion the noise of a transistor is that of its current, 2 q I, and its flicker noise
goes with the square of it, so that neither white nor flicker hang much on the bias. With 2 q I and
nothing else, an OTA with four mirrors and a bias mirror has white(t) = 4 - t + t^2: see
:func:`shot_noise`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares, nnls

from mapping.conditions import Conditions
from mapping.record import record_from_json, record_to_json
from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.file_format import NOISE
from neuron_model.text_file import read_text

CHARGE = 1.602176634e-19
"""Of an electron, coulomb."""

MIRROR_SHOT = {"source": 4.0, "sink": 2.0}
"""White noise of a current mirror by 2 q I alone: as many as it has transistors."""


def shot_noise(split: np.ndarray) -> np.ndarray:
    """white(t) of an OTA whose transistors have 2 q I each: 4 - t + t^2.

    Pair: (1 - t^2), steered by itself. Tail and bias: 2 t^2, as nothing of them comes out of a
    balanced pair. Two mirrors on the one branch: 2 (1 + t) / 2, four on the other: 4 (1 - t) / 2.
    """
    t = np.asarray(split)
    return np.asarray(4.0 - t + t**2)


@dataclass(frozen=True, eq=False)
class Spectrum:
    """What one point of a noise bench gave.

    current: ampere into the cell's output. frequency: Hz, (points,). density: one-sided, of the
    output current, A^2/Hz, (points,).
    """

    current: float
    frequency: np.ndarray
    density: np.ndarray


@dataclass(frozen=True)
class SpectrumFit:
    """S(f) = white + flicker / f^exponent; white in A^2/Hz, flicker at 1 Hz.

    residual: rms error of the logarithm.
    """

    white: float
    flicker: float
    exponent: float
    residual: float

    @property
    def corner(self) -> float:
        """Where flicker noise is as strong as white noise, Hz."""
        return float((self.flicker / self.white) ** (1.0 / self.exponent))


def fit_spectrum(spectrum: Spectrum, exponent: float | None = None) -> SpectrumFit:
    """Least squares of the logarithm, with the exponent given or fitted as well.

    Raises:
        InputError: the spectrum is not positive.
    """
    f, density = spectrum.frequency, spectrum.density
    if not (np.all(density > 0) and np.all(np.isfinite(density))):
        raise InputError(
            "a noise spectrum is not positive: the models have no noise; look at the level and "
            "the noise parameters of the models (bsim4: fnoimod, tnoimod)."
        )
    beta = 1.0 if exponent is None else exponent
    start = [np.log(density.min()), np.log(density[0] * f[0] ** beta), beta]

    def error(p: np.ndarray) -> np.ndarray:
        power = p[2] if exponent is None else beta
        return np.asarray(np.log(np.exp(p[0]) + np.exp(p[1]) / f**power) - np.log(density))

    free = 3 if exponent is None else 2
    bounds = ([-np.inf, -np.inf, 0.2][:free], [np.inf, np.inf, 1.8][:free])
    fit = least_squares(
        lambda p: error(np.append(p, beta)), start[:free], bounds=bounds, x_scale="jac"
    )
    found = np.append(fit.x, beta)
    return SpectrumFit(
        float(np.exp(found[0])),
        float(np.exp(found[1])),
        float(found[2]),
        float(np.sqrt(np.mean(fit.fun**2))),
    )


@dataclass(frozen=True, eq=False)
class OtaNoise:
    """An OTA over its bias current.

    bias_current: ampere, (biases,), rising. white: at t = -1, 0 and 1, in 2 q I_bias, (biases, 3).
    flicker: pair, tail, up and down, whose squares are densities at 1 Hz in I_bias^2, (biases, 4).
    residual: (biases,), largest relative error of a white or flicker density, against the
    law over t.
    """

    bias_current: np.ndarray
    white: np.ndarray
    flicker: np.ndarray
    residual: np.ndarray

    def __post_init__(self) -> None:
        _check(self, {"white": (3,), "flicker": (4,), "residual": ()})

    def white_at(self, bias_current: float) -> np.ndarray:
        """Density at t = -1, 0 and 1, A^2/Hz, (3,)."""
        shares = _interpolated(self.bias_current, self.white, bias_current)
        return 2.0 * CHARGE * bias_current * shares

    def flicker_at(self, bias_current: float) -> np.ndarray:
        """Amplitudes pair, tail, up and down, A/sqrt(Hz) at 1 Hz, (4,)."""
        return bias_current * _interpolated(self.bias_current, self.flicker, bias_current)


@dataclass(frozen=True, eq=False)
class MirrorNoise:
    """A current mirror over its bias current: white in 2 q I_bias, (biases,); flicker, (biases,),
    whose square is the density at 1 Hz in I_bias^2."""

    bias_current: np.ndarray
    white: np.ndarray
    flicker: np.ndarray

    def __post_init__(self) -> None:
        _check(self, {"white": (), "flicker": ()})

    def white_at(self, bias_current: float) -> float:
        """Density, A^2/Hz."""
        share = _interpolated(self.bias_current, self.white, bias_current)
        return float(2.0 * CHARGE * bias_current * share)

    def flicker_at(self, bias_current: float) -> float:
        """Amplitude, A/sqrt(Hz) at 1 Hz."""
        return float(bias_current * _interpolated(self.bias_current, self.flicker, bias_current))


@dataclass(frozen=True, eq=False)
class CellNoise:
    """Noise of one technology's cells under ``conditions``.

    exponent: of all flicker noise. corner_frequency: Hz per ampere of bias, at which a balanced
    OTA's flicker noise is as strong as its white noise. fingerprint: of models, sizes and method.
    divided: of the OTA that divides its bias; None where the technology has none.
    """

    technology: str
    conditions: Conditions
    ota: OtaNoise
    source: MirrorNoise
    sink: MirrorNoise
    exponent: float
    corner_frequency: float
    fingerprint: str = ""
    divided: OtaNoise | None = None

    def of_follower(self, divided: bool) -> OtaNoise:
        """Of a follower's OTA: of the one that divides, or of the other.

        Raises:
            InputError: the technology has no OTA that divides.
        """
        if not divided:
            return self.ota
        if self.divided is None:
            raise InputError(f"technology '{self.technology}' has no OTA that divides its bias.")
        return self.divided


def fit_ota(
    bias_current: np.ndarray,
    splits: np.ndarray,
    fits: Sequence[Sequence[SpectrumFit]],
) -> OtaNoise:
    """The laws over t at each bias, from fits with one exponent.

    Args:
        bias_current: (biases,).
        splits: t of each measurement, (biases, splits).
        fits: of each.
    """
    white, flicker, residual = [], [], []
    for bias, t, row in zip(bias_current, splits, fits, strict=True):
        shares = np.array([f.white for f in row]) / (2.0 * CHARGE * bias)
        basis = np.stack([t * (t - 1) / 2, 1 - t**2, t * (t + 1) / 2], axis=1)
        values, *_ = np.linalg.lstsq(basis / shares[:, None], np.ones_like(shares))
        slow = np.array([f.flicker for f in row]) / bias**2
        shapes = np.stack([(1 - t**2) ** 2, t**2, ((1 + t) / 2) ** 2, ((1 - t) / 2) ** 2], axis=1)
        squares, _ = nnls(shapes / slow[:, None], np.ones_like(slow))
        white.append(values)
        flicker.append(np.sqrt(squares))
        errors = basis @ values / shares - 1, shapes @ squares / slow - 1
        residual.append(max(float(np.abs(e).max()) for e in errors))
    return OtaNoise(
        np.asarray(bias_current), np.array(white), np.array(flicker), np.array(residual)
    )


def fit_mirror(bias_current: np.ndarray, fits: Sequence[SpectrumFit]) -> MirrorNoise:
    """A mirror's noise at each bias, (biases,), from fits with one exponent."""
    biases = np.asarray(bias_current)
    white = np.array([f.white for f in fits]) / (2.0 * CHARGE * biases)
    return MirrorNoise(biases, white, np.sqrt([f.flicker for f in fits]) / biases)


def common_exponent(fits: Sequence[SpectrumFit]) -> float:
    """The exponent for all cells: the median of those that were fitted one by one."""
    return float(np.median([fit.exponent for fit in fits]))


def _interpolated(biases: np.ndarray, values: np.ndarray, bias: float) -> Any:
    x, grid = np.log(bias), np.log(biases)
    if values.ndim == 1:
        return np.interp(x, grid, values)
    return np.array([np.interp(x, grid, column) for column in values.T])


def _check(table: Any, columns: Mapping[str, tuple[int, ...]]) -> None:
    what = f"noise of cells ({type(table).__name__})"
    biases = np.asarray(table.bias_current, dtype=float)
    if biases.ndim != 1 or not (np.all(biases > 0) and np.all(np.diff(biases) > 0)):
        raise InputError(f"{what}: bias_current must be positive values that rise.")
    object.__setattr__(table, "bias_current", biases)
    for name, more in columns.items():
        values = np.asarray(getattr(table, name), dtype=float)
        if values.shape != (biases.size, *more) or not np.all(np.isfinite(values)):
            raise InputError(f"{what}: {name} must be finite, of shape {(biases.size, *more)}.")
        if np.any(values < 0):
            raise InputError(f"{what}: {name} must not be negative.")
        object.__setattr__(table, name, values)


def cell_noise_to_json(noise: CellNoise) -> str:
    """The noise as JSON text; :func:`cell_noise_from_json` reads it."""
    return record_to_json(noise, NOISE, indent=1)


def cell_noise_from_json(text: str, source: str = "noise") -> CellNoise:
    """The inverse of :func:`cell_noise_to_json`.

    Raises:
        InputError: the text is not one that this version wrote; ``source`` is named.
    """
    parts: dict[str, Callable[..., Any]] = {
        "ota": OtaNoise,
        "divided": OtaNoise,
        "source": MirrorNoise,
        "sink": MirrorNoise,
    }
    return record_from_json(text, CellNoise, NOISE, parts, source)


def write_cell_noise(path: str | Path, noise: CellNoise) -> Path:
    """Write it as a JSON file, whole or not at all."""
    return write_atomically(path, cell_noise_to_json(noise))


def read_cell_noise(path: str | Path) -> CellNoise:
    """Read a file of :func:`write_cell_noise`.

    Raises:
        InputError: it cannot be read or is no such file.
    """
    return cell_noise_from_json(read_text(path), str(path))
