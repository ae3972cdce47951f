"""Measured characteristics of cells: what a circuit really does at each bias and common mode.

    I_out = I_bias (+-A (1 + l (v - o) (1 + t) / 2) t + c) - G I_bias (V_out - V_ref)
    t     = tanh((v - o) / V0)          G = g -+ h t - e t^2

with v the swept input minus the fixed one, and the sign that of the orientation. Gain A, slope
voltage V0, offset o, drift l and offset current c are measured over bias and common mode, and so is
how the curve differs from the tanh (shape and shoulder, see
:class:`neuron_model.model.parameters.Amplifier`); output conductance g, its skew h (PMOS and NMOS
mirrors differ) and ease e, internal delay and the lags of the two branches over bias current. The
branch of the positive input reaches the output over one mirror, that of the negative input over
two, the second of which is the fold.

Gain, drift and offset current are those of the plain tanh between +-4.5 slope voltages, which
is what a compact model and the mapping need. Beside them stand the "whole" ones of the same curve
with shape and shoulder, from a sweep as far as a membrane goes (:func:`fit_whole`):
:attr:`CellCharacteristics.in_detail` has them in the plain ones' place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy.interpolate import PchipInterpolator, RectBivariateSpline
from scipy.optimize import least_squares

from mapping.conditions import Conditions
from mapping.leakage import Leakage
from mapping.record import record_from_json, record_to_json
from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError
from neuron_model.file_format import CHARACTERISTICS
from neuron_model.shown import Shown, in_short
from neuron_model.text_file import read_text

_BOLTZMANN_OVER_CHARGE = 8.617333e-5  # volt per kelvin


class Orientation(StrEnum):
    """How an OTA is used: which input moves, and what its output does."""

    NONINVERTING = "noninverting"
    INVERTING = "inverting"
    FOLLOWER = "follower"


@dataclass(frozen=True)
class TransferFit:
    """One measured transfer curve: I / I_bias = sign gain tanh((v - offset) / slope) + shift.

    gain: 1. slope_voltage, offset: volt. offset_current, residual (rms over gain): of I_bias.
    drift: 1 / V. shape, shoulder: of the curve beside the tanh, 0 in a plain fit.
    """

    gain: float
    slope_voltage: float
    offset: float
    offset_current: float
    residual: float
    drift: float = 0.0
    shape: float = 0.0
    shoulder: float = 0.0


def fit_transfer(voltage: np.ndarray, current: np.ndarray, bias: float, sign: int) -> TransferFit:
    """Least-squares tanh through a transfer curve.

    Args:
        voltage: swept minus fixed input, volt, shape (points,).
        current: output current, ampere, shape (points,).
        bias: bias current, ampere.
        sign: +1 where the output rises with the swept input, -1 where it falls.

    Raises:
        InputError: the curve is no tanh (more than 5 % rms of its height beside it).
    """
    y = sign * current / bias
    height = (y.max() - y.min()) / 2

    def error(p: np.ndarray) -> np.ndarray:
        t = np.tanh((voltage - p[1]) / p[2])
        return p[0] * t * (1 + p[4] * (voltage - p[1]) * (1 + t) / 2) + p[3] - y

    start = [height, 0.0, 0.07, 0.0, 0.0]
    fit = least_squares(error, start, x_scale=[1.0, 0.005, 0.05, 0.02, 0.05])
    gain, offset, slope, shift, drift = fit.x
    residual = float(np.sqrt(np.mean(fit.fun**2)) / gain) if gain > 0 else np.inf
    if not (residual < 0.05 and slope > 0):
        raise InputError(
            f"the OTA's transfer curve at {bias:.3g} A is no tanh (rms {residual:.1%} beside the "
            "best one): correct the sizes in [cells.ota], the supply or limits.bias_current."
        )
    return TransferFit(
        float(gain), float(slope), float(offset), float(sign * shift), residual, float(drift)
    )


def fit_whole(
    plain: TransferFit, voltage: np.ndarray, current: np.ndarray, bias: float, sign: int
) -> TransferFit:
    """Gain, drift, offset current, shape and shoulder of a curve that turns over as ``plain`` does.

    Beyond some slope voltages the tail alone is seen: its current, and how that grows. A tanh that
    turns over a little sooner or later than the pair does is a compromise with both.

    Args:
        plain: what :func:`fit_transfer` found.
        voltage, current, bias, sign: as for :func:`fit_transfer`, over a sweep as wide as wanted.
    """
    above = voltage - plain.offset
    t = np.tanh(above / plain.slope_voltage)
    beside = 1 - t**2
    columns = [t, t * above * (1 + t) / 2, t * beside, t**3 * beside, np.ones_like(t)]
    found, *_ = np.linalg.lstsq(np.stack(columns, axis=1), sign * current / bias)
    gain, growth, shape, shoulder, shift = found.tolist()
    return replace(
        plain,
        gain=gain,
        offset_current=sign * shift,
        drift=growth / gain,
        shape=shape / gain,
        shoulder=shoulder / gain,
    )


def _checked(values: Any, shape: tuple[int, ...], what: str, name: str) -> np.ndarray:
    """``values`` as an array of ``shape``, all of them finite.

    Raises:
        InputError: they are not.
    """
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what}: {name} does not hold numbers ({error}).") from error
    if array.shape != shape:
        raise InputError(f"{what}: {name} must have shape {shape}, not {array.shape}.")
    if not np.all(np.isfinite(array)):
        raise InputError(f"{what}: {name} is not finite.")
    return array


def _check_rising(values: np.ndarray, what: str, name: str, above: float = -np.inf) -> None:
    if values.size < 2 or not (values[0] > above and np.all(np.diff(values) > 0)):
        raise InputError(f"{what}: {name} must be at least two values that rise.")


@dataclass(frozen=True)
class OtaPoint:
    """Characteristics at one bias current and common mode; units as in :class:`OtaTable`."""

    gain: float
    slope_voltage: float
    offset: float
    offset_current: float
    output_conductance: float
    delay: float
    conductance_skew: float = 0.0
    conductance_ease: float = 0.0
    drift: float = 0.0
    shape: float = 0.0
    shoulder: float = 0.0
    mirror_lag: float = 0.0
    fold_lag: float = 0.0
    bend: float = 0.0


@dataclass(frozen=True, repr=False)
class OtaTable(Shown):
    """An OTA in one orientation, measured over bias current and common mode.

    bias_current: ampere, (biases,), rising. common_mode: volt, (modes,), rising.
    gain (1), slope_voltage (V), offset (V), offset_current (of I_bias), residual (rms beside
    the tanh, of the gain): (biases, modes). output_conductance: (biases,), siemens per ampere
    of bias. delay: (biases,), seconds by which the output current lags the input.
    conductance_skew: (biases,), siemens per ampere of bias, by which the output conductance is
    larger where the output sinks its whole current and smaller where it sources it;
    conductance_ease: likewise, by which it is smaller in the mean of both. drift: (biases, modes),
    1 / V, by which the gain grows where the swept input lifts the tail. shape, shoulder: (biases,
    modes), of the curve beside the tanh; whole_gain, whole_drift, whole_offset_current: (biases,
    modes), what goes with them, see :func:`fit_whole`; the plain ones where none are given.
    mirror_lag, fold_lag: (biases,), seconds, charge over bias current of the mirror that either
    branch meets first, and of the second one on the way of the negative input's branch. bend:
    (biases,), by which power of the current these charges grow. Of these, none given is 0.
    """

    orientation: Orientation
    bias_current: np.ndarray
    common_mode: np.ndarray
    gain: np.ndarray
    slope_voltage: np.ndarray
    offset: np.ndarray
    offset_current: np.ndarray
    residual: np.ndarray
    output_conductance: np.ndarray
    delay: np.ndarray
    conductance_skew: np.ndarray | None = None
    conductance_ease: np.ndarray | None = None
    drift: np.ndarray | None = None
    shape: np.ndarray | None = None
    shoulder: np.ndarray | None = None
    mirror_lag: np.ndarray | None = None
    fold_lag: np.ndarray | None = None
    bend: np.ndarray | None = None
    whole_gain: np.ndarray | None = None
    whole_drift: np.ndarray | None = None
    whole_offset_current: np.ndarray | None = None

    def _brief(self) -> str:
        sizes = f"{self.bias_current.size} biases x {self.common_mode.size} common modes"
        return f"{self.orientation}, {sizes}"

    def __post_init__(self) -> None:
        what = f"characteristics of the {self.orientation} OTA"
        biases, modes = np.size(self.bias_current), np.size(self.common_mode)
        for name in ("conductance_skew", "conductance_ease", "mirror_lag", "fold_lag", "bend"):
            if getattr(self, name) is None:
                object.__setattr__(self, name, np.zeros(biases))
        for name in ("drift", "shape", "shoulder"):
            if getattr(self, name) is None:
                object.__setattr__(self, name, np.zeros((biases, modes)))
        lines = ("bias_current", *_LINES, *_DELAYS)
        for f in fields(self)[1:]:
            shape: tuple[int, ...] = (biases,) if f.name in lines else (biases, modes)
            if f.name == "common_mode":
                shape = (modes,)
            if f.name.startswith("whole_") and getattr(self, f.name) is None:
                continue
            object.__setattr__(self, f.name, _checked(getattr(self, f.name), shape, what, f.name))
        _check_rising(self.bias_current, what, "bias_current", above=0.0)
        _check_rising(self.common_mode, what, "common_mode")

    @property
    def in_detail(self) -> OtaTable:
        """The same OTA with the gain, drift and offset current that go with shape and shoulder."""
        whole = {name: getattr(self, f"whole_{name}") for name in _WHOLE}
        return replace(self, **{name: v for name, v in whole.items() if v is not None})

    @property
    def sign(self) -> int:
        """+1 where the output current rises with the swept input."""
        return -1 if self.orientation == Orientation.INVERTING else 1

    @cached_property
    def _surfaces(self) -> Mapping[str, RectBivariateSpline]:
        x, y = np.log(self.bias_current), self.common_mode
        orders = {"kx": min(3, x.size - 1), "ky": min(2, y.size - 1)}
        names = (
            "gain",
            "slope_voltage",
            "offset",
            "offset_current",
            "drift",
            "shape",
            "shoulder",
        )
        return {name: RectBivariateSpline(x, y, getattr(self, name), **orders) for name in names}

    @cached_property
    def _lines(self) -> Mapping[str, PchipInterpolator]:
        x = np.log(self.bias_current)
        # a delay goes as 1 / bias: their product is what interpolates well
        return {
            **{name: PchipInterpolator(x, getattr(self, name)) for name in _LINES},
            **{
                name: PchipInterpolator(x, getattr(self, name) * self.bias_current)
                for name in _DELAYS
            },
        }

    def at(self, bias_current: float, common_mode: float) -> OtaPoint:
        """Characteristics between the measured points; outside, those of the nearest edge."""
        found = self._found.get((bias_current, common_mode))
        if found is None:
            if len(self._found) >= _MOST_FOUND:
                self._found.clear()
            found = self._found[bias_current, common_mode] = self._at(bias_current, common_mode)
        return found

    @cached_property
    def _found(self) -> dict[tuple[float, float], OtaPoint]:
        """A mapping asks for the same points again and again."""
        return {}

    def _at(self, bias_current: float, common_mode: float) -> OtaPoint:
        low, high = self.bias_current[0], self.bias_current[-1]
        x = float(np.log(np.clip(bias_current, low, high)))
        y = float(np.clip(common_mode, self.common_mode[0], self.common_mode[-1]))
        values = {name: float(surface(x, y)[0, 0]) for name, surface in self._surfaces.items()}
        delays = {name: float(self._lines[name](x)) / bias_current for name in _DELAYS}
        lines = {name: float(self._lines[name](x)) for name in _LINES}
        return OtaPoint(**values, **delays, **lines)


_MOST_FOUND = 4096
# What a table has twice: of the plain tanh, and of the whole curve.
_WHOLE = ("gain", "drift", "offset_current")
# What is measured over bias currents alone; of these, what goes as 1 / bias.
_LINES = ("output_conductance", "conductance_skew", "conductance_ease", "bend")
_DELAYS = ("delay", "mirror_lag", "fold_lag")


@dataclass(frozen=True, repr=False)
class MirrorTable(Shown):
    """A current mirror: I_out = gain I_bias + conductance I_bias (V_out - V_ref).

    bias_current: ampere, (biases,). gain: 1, (biases,). conductance: (biases,), siemens per
    ampere of bias; positive where the current grows with the output voltage's distance to the
    rail that it is drawn to.
    """

    bias_current: np.ndarray
    gain: np.ndarray
    conductance: np.ndarray

    def __post_init__(self) -> None:
        what, shape = "characteristics of a mirror", (np.size(self.bias_current),)
        for f in fields(self):
            object.__setattr__(self, f.name, _checked(getattr(self, f.name), shape, what, f.name))
        _check_rising(self.bias_current, what, "bias_current", above=0.0)

    def gain_at(self, bias_current: float) -> float:
        """Output over input current at the reference voltage."""
        return float(np.interp(np.log(bias_current), np.log(self.bias_current), self.gain))

    def conductance_at(self, bias_current: float) -> float:
        """Output conductance over bias current, 1 / V."""
        return float(np.interp(np.log(bias_current), np.log(self.bias_current), self.conductance))


@dataclass(frozen=True, repr=False)
class CellCharacteristics(Shown):
    """Everything measured of one technology's cells under ``conditions``.

    supply, reference: volt. otas: by orientation. source, sink:
    the compensation current's mirrors. input_capacitance, output_capacitance: farad, of one
    OTA at the reference. fingerprint: hash of models, sizes and method. feedthrough: farad, by
    which a moving input's charge reaches the output, as current in the direction in which the
    output goes with that input: what the pair's gate and the tail take, it draws from its branch.
    divided: of the followers whose OTA divides its bias; None where the technology has none.
    leakage: what junctions add at the hottest temperature; None where it was not measured.
    notes: what the user should know of the measurement.
    """

    technology: str
    conditions: Conditions
    supply: float
    reference: float
    noninverting: OtaTable
    inverting: OtaTable
    follower: OtaTable
    source: MirrorTable
    sink: MirrorTable
    input_capacitance: float
    output_capacitance: float
    fingerprint: str = ""
    feedthrough: float = 0.0
    divided: OtaTable | None = None
    leakage: Leakage | None = None
    notes: tuple[str, ...] = ()

    def _brief(self) -> str:
        biases = self.noninverting.bias_current * 1e9
        return f"{self.technology}, {self.conditions}: {in_short(biases)} nA of bias"

    _columns = ("cell", "gain", "V0 (mV)", "offset (mV)", "delay (us)")

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                f"OTA, {x}",
                in_short(self.ota(x).gain),
                in_short(self.ota(x).slope_voltage * 1e3),
                in_short(self.ota(x).offset * 1e3),
                in_short(self.ota(x).delay * 1e6),
            )
            for x in Orientation
        ]

    def __post_init__(self) -> None:
        object.__setattr__(self, "notes", tuple(map(str, self.notes)))
        least = 2 * _BOLTZMANN_OVER_CHARGE * self.conditions.kelvin
        for orientation in Orientation:
            table = self.ota(orientation)
            bias, _ = np.unravel_index(table.slope_voltage.argmin(), table.slope_voltage.shape)
            slope = float(table.slope_voltage.min())
            if slope < 0.9 * least:
                raise InputError(
                    f"technology '{self.technology}': at {table.bias_current[bias]:.3g} A the "
                    f"{orientation} OTA turns over {slope * 1e3:.3g} mV, less than 2 kT/q, "
                    f"{least * 1e3:.3g} mV, which no transistor does: its models know no weak "
                    "inversion (levels 1 to 3 of SPICE); use BSIM or other models that do."
                )

    @property
    def common_mode(self) -> tuple[float, float]:
        """Between which voltages the OTA was measured in every orientation, volt."""
        ranges = [self.ota(orientation).common_mode for orientation in Orientation]
        return float(max(r[0] for r in ranges)), float(min(r[-1] for r in ranges))

    @cached_property
    def in_detail(self) -> CellCharacteristics:
        """The same cells with tables in detail: for models that have shape and shoulder."""
        tables = {x.value: self.ota(x).in_detail for x in Orientation}
        divided = None if self.divided is None else self.divided.in_detail
        return replace(self, divided=divided, **tables)  # type: ignore[arg-type]

    def follower_table(self, divided: bool) -> OtaTable:
        """Of the followers whose OTA divides its bias, or of the others.

        Raises:
            InputError: the technology has no OTA that divides.
        """
        if not divided:
            return self.follower
        if self.divided is None:
            raise InputError(
                f"technology '{self.technology}' has no OTA that divides its bias: add its sizes "
                "in [cells.divided_ota]."
            )
        return self.divided

    def ota(self, orientation: Orientation) -> OtaTable:
        """The table of ``orientation``."""
        table: OtaTable = getattr(self, orientation.value)
        return table


def characteristics_to_json(characteristics: CellCharacteristics) -> str:
    """The characteristics as JSON text; :func:`characteristics_from_json` reads it."""
    return record_to_json(characteristics, CHARACTERISTICS, indent=1)


def characteristics_from_json(text: str, source: str = "characteristics") -> CellCharacteristics:
    """The inverse of :func:`characteristics_to_json`.

    Raises:
        InputError: the text is not one that this version wrote; ``source`` is named.
    """
    parts: dict[str, Callable[..., Any]] = {x.value: _ota_table for x in Orientation}
    parts |= {"source": MirrorTable, "sink": MirrorTable}
    parts |= {"divided": _ota_table, "leakage": Leakage}
    return record_from_json(text, CellCharacteristics, CHARACTERISTICS, parts, source)


def _ota_table(orientation: str, **content: Any) -> OtaTable:
    return OtaTable(orientation=Orientation(orientation), **content)


def write_characteristics(path: str | Path, characteristics: CellCharacteristics) -> Path:
    """Write the characteristics as a JSON file, whole or not at all.

    Raises:
        InputError: it cannot be written.
    """
    return write_atomically(path, characteristics_to_json(characteristics))


def read_characteristics(path: str | Path) -> CellCharacteristics:
    """Read a file of :func:`write_characteristics`.

    Raises:
        InputError: it cannot be read or is no such file.
    """
    return characteristics_from_json(read_text(path), str(path))
