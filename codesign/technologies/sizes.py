"""Sizes, biases and references at which this project's cells work on a technology.

The wide-range OTA is measured as :mod:`netlists.cells.characterize` does it, but only at the
reference and over biases: where its curve is a tanh, with its gain, offset current, output
conductance and the voltage over which it turns within bounds, a bias is usable. Sizes are tried
from those of the built-in technologies, one at a time, until the usable biases span what a burster
needs, or nothing helps any more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from circuits.structure import Size
from circuits.technology import Technology
from codesign.workbench import Workbench
from mapping.characteristics import Orientation, fit_transfer
from mapping.conditions import NOMINAL_TEMPERATURE, Conditions
from netlists.cell_benches import QUICK_OPTIONS, QUICK_STEP, CellBenches
from netlists.cells.models import models_for
from netlists.engine import Engine, Result
from netlists.errors import ConvergenceError, SimulationTimeout
from neuron_model.errors import CodesignError, InputError, SimulatorError

BIASES = np.geomspace(1e-11, 1e-6, 16)
"""At which cells are tried, ampere: three a decade."""

BOUNDS: Mapping[str, float] = {
    "offset current": 0.15,
    "gain error": 0.35,
    "residual": 0.02,
    "output conductance": 0.25,
}
"""Largest magnitudes at a usable bias; of the bias, but for the conductance (1 / V)."""

# Elements and followers of one neuron have to turn over much the same voltage.
_SLOPE_SPREAD = 1.18
# What the built-in technologies have: from followers of 2500 tau_m to elements of 5 I0.
TARGET = (1e-11, 5e-8)
"""The bias currents that are wanted, ampere."""

_THERMAL_SLOPE = 2 * 1.35 * 8.617e-5 * 300.15
_SPAN = 4.5 * _THERMAL_SLOPE
_START = {
    "mirror length": 8.0,
    "mirror width": 1.0,
    "pair width": 4.0,
    "pair length": 1.0,
    "tail width": 2.0,
}
_TRIED = {
    "mirror length": (16.0, 4.0, 2.0, 1.0, 0.5),
    "pair width": (8.0, 16.0, 2.0, 1.0),
    "pair length": (2.0, 0.5, 0.25),
    "mirror width": (2.0, 0.5),
    "tail width": (4.0, 1.0),
}
# What helps may show only beside another size: where gates leak, short pairs beside short mirrors.
_ROUNDS = 2
# Points of a decade to which the ends of the usable biases are known by interpolation.
_FINE = 24
# A model may have a hole at some width, at one corner: these step out of it.
_PERTURBATIONS = (1.0, 0.97, 1.1, 1.25, 0.85)
_MODE_STEPS = 18
_MISSES = 2
_LARGEST_OFFSET = 0.3
_SMALLEST_GAIN = 0.75


@dataclass(frozen=True)
class CellQuality:
    """An OTA at the reference over bias currents.

    bias: ampere, (biases,). The others are nan where nothing was measured. gain, offset_current:
    of the bias. slope_voltage: volt. residual: of the gain. conductance: 1 / V. usable: the widest
    range of biases over which all are within bounds, or None. failures: of each bias why nothing
    was measured, in words; "" where there is something, and where it was not tried.
    """

    bias: np.ndarray
    gain: np.ndarray
    slope_voltage: np.ndarray
    offset_current: np.ndarray
    residual: np.ndarray
    conductance: np.ndarray
    usable: tuple[float, float] | None
    failures: tuple[str, ...] = ()

    @property
    def shares(self) -> dict[str, np.ndarray]:
        """Each property over its bound: below 1 is good."""
        values = {
            "offset current": np.abs(self.offset_current),
            "gain error": np.abs(self.gain - 1.0),
            "residual": self.residual,
            "output conductance": np.abs(self.conductance),
        }
        return {name: values[name] / bound for name, bound in BOUNDS.items()}

    def failure(self, index: int) -> str:
        """Why nothing was measured at a bias; "" as in failures."""
        return self.failures[index] if self.failures else ""

    def tried(self, index: int) -> bool:
        """Whether a bias was tried, with whatever success."""
        return bool(np.isfinite(self.gain[index]) or self.failure(index))

    @property
    def decades(self) -> float:
        """How far the usable biases span, up to the target."""
        if self.usable is None:
            return 0.0
        low, high = max(self.usable[0], TARGET[0]), self.usable[1]
        return min(math.log10(max(high / low, 1.0)), math.log10(TARGET[1] / TARGET[0]))

    @property
    def meets_target(self) -> bool:
        """Whether the biases of the built-in technologies can be used."""
        return (
            self.usable is not None
            and self.usable[0] <= 1.01 * TARGET[0]
            and (self.usable[1] >= 0.99 * TARGET[1])
        )


def start_sizes(technology: Technology) -> Technology:
    """``technology`` with the built-in technologies' sizes, as far as its devices allow."""
    return _sized(technology, _START)


def measure_cells(technology: Technology, conditions: Conditions, engine: Engine) -> CellQuality:
    """The OTA at the reference, from the largest bias down.

    Below biases at which it works, or at which there is no solution, ngspice takes long to find
    none: a few in a row are enough, and those further down are nan. A supply that is low for the
    devices may leave small biases alone: a curve out of bounds above the first good one says
    nothing of those below.
    """
    benches = _benches(technology, conditions)
    modes = np.array([technology.reference])
    span = min(_SPAN * conditions.kelvin / 300.15, 0.45 * technology.supply)
    rows, failures = np.full((BIASES.size, 5), np.nan), [""] * BIASES.size
    seen, missed = False, 0
    for index in reversed(range(BIASES.size)):
        bias = BIASES[index : index + 1]
        work = [
            benches.transfer(Orientation.NONINVERTING, bias, modes, span),
            benches.output(bias, span),
        ]
        transfer, output = engine.attempt(work)
        try:
            rows[index] = _point(float(bias[0]), transfer, output, technology.reference)
        except CodesignError as error:
            failures[index] = _failure(error)
        good = bool(_good(_quality(rows))[index])
        seen = seen or good
        if good or seen or failures[index]:
            missed = 0 if good else missed + 1
        if missed >= (_MISSES if seen else 2 * _MISSES):
            break
    quality = _quality(rows)
    return replace(quality, usable=_refined(quality).usable, failures=tuple(failures))


def _failure(error: CodesignError) -> str:
    match error:
        case InputError():
            return "its curve is no tanh"
        case ConvergenceError():
            return "ngspice finds no solution"
        case SimulationTimeout():
            return "ngspice does not come to an end"
    return f"ngspice stops ({error})"


def _benches(technology: Technology, conditions: Conditions) -> CellBenches:
    """For a quick look."""
    celsius = conditions.temperature
    cells = CellBenches(technology, "", celsius).cells()
    text = models_for(technology, conditions.corner, cells).text
    return CellBenches(technology, text, celsius, options=QUICK_OPTIONS, step=QUICK_STEP)


def _quality(rows: np.ndarray) -> CellQuality:
    gain, slope, offset, residual, conductance = rows.T
    return CellQuality(BIASES, gain, slope, offset, residual, conductance, None)


def _good(quality: CellQuality) -> np.ndarray:
    """At which biases everything is within bounds."""
    return np.all([np.nan_to_num(share, nan=9.0) < 1 for share in quality.shares.values()], axis=0)


def _point(
    bias: float, transfer: Result | SimulatorError, output: Result | SimulatorError, at: float
) -> tuple[float, ...]:
    """(gain, slope voltage, offset current, residual, conductance) at one bias.

    Raises:
        InputError: the transfer curve is no tanh.
        SimulatorError: one of the two is.
    """
    if isinstance(transfer, SimulatorError):
        raise transfer
    if isinstance(output, SimulatorError):
        raise output
    wave, out = transfer[0], output[0]
    fit = fit_transfer(np.asarray(wave.axis) - at, np.asarray(wave["i(vout)"]), bias, 1)
    reach = 0.2 * (out.axis[-1] - out.axis[0])
    low, high = np.interp([at - reach, at + reach], out.axis, out["i(vout)"])
    conductance = float(low - high) / (2 * reach) / bias
    return fit.gain, fit.slope_voltage, fit.offset_current, fit.residual, conductance


def _usable(quality: CellQuality) -> tuple[float, float] | None:
    """The widest range of biases that are good and turn over much the same voltage."""
    good = _good(quality)
    slope, bias = quality.slope_voltage, quality.bias
    best: tuple[float, float] | None = None
    for i in range(bias.size):
        for j in range(i + 1, bias.size):
            if not good[i : j + 1].all():
                break
            if slope[i : j + 1].max() > _SLOPE_SPREAD * slope[i : j + 1].min():
                break
            if best is None or _span(bias[i], bias[j]) > 1.001 * _span(*best):
                best = float(bias[i]), float(bias[j])
    return best


def _span(low: float, high: float) -> float:
    """Ratio of two biases, up to that of the target: what is beyond it gains nothing.

    Where gates leak the smallest bias is far above the target's, and so may the largest be: a
    neuron needs a ratio of currents, not those currents.
    """
    return min(high / max(low, TARGET[0]), TARGET[1] / TARGET[0])


def choose_sizes(
    technology: Technology, corner: str, workbench: Workbench
) -> tuple[Technology, CellQuality]:
    """The technology with the best sizes found, and the OTA that they make."""
    engine, nominal = workbench.engine, Conditions(corner, NOMINAL_TEMPERATURE)
    choice = dict(_START)
    first = _sized(technology, choice)
    best = first, measure_cells(first, nominal, engine)
    total, done = 1 + _ROUNDS * sum(map(len, _TRIED.values())), 1
    workbench.progress(done, total, "trying sizes")
    if best[1].meets_target:
        return best
    tried = [best[0].sizes]
    for _, (name, values) in product(range(_ROUNDS), _TRIED.items()):
        for value in values:
            done += 1
            workbench.progress(done, total, "trying sizes")
            trial = {**choice, name: value}
            sized = _sized(technology, trial)
            if sized.sizes in tried:
                continue
            tried.append(sized.sizes)
            quality = measure_cells(sized, nominal, engine)
            if _score(sized, quality) > _score(*best) + 0.02:
                choice, best = trial, (sized, quality)
            if best[1].meets_target:
                return best
    return best


def working_everywhere(
    technology: Technology, corners: Sequence[str], engine: Engine
) -> tuple[Technology, dict[str, str]]:
    """Sizes near those of ``technology`` that have a model at all corners, and what is left.

    The second is the error of each corner at which no size near has one.
    """
    failures: dict[str, str] = {}
    for perturbation in _PERTURBATIONS:
        sizes = {
            cell: {
                role: _perturbed(technology, role, size, perturbation)
                for role, size in roles.items()
            }
            for cell, roles in technology.sizes.items()
        }
        perturbed = replace(technology, sizes=sizes)
        found: dict[str, str] = {}
        for corner in corners:
            try:
                _try_corner(perturbed, corner, engine)
            except (InputError, SimulatorError) as error:
                found[corner] = str(error)
        if not found:
            return perturbed, {}
        failures = failures or found
    return technology, failures


def _try_corner(technology: Technology, corner: str, engine: Engine) -> None:
    benches = _benches(technology, Conditions(corner, NOMINAL_TEMPERATURE))
    biases = np.array(technology.limits.bias_current)
    work = [benches.output(biases, 0.1)]
    work += [benches.mirror(kind, biases, 0.1) for kind in ("source", "sink")]
    engine.map(work)


def common_modes(
    technology: Technology, corner: str, biases: Sequence[float], engine: Engine
) -> tuple[float, float] | None:
    """Between which common modes the OTA works at these biases in every orientation, volt.

    None: nowhere.
    """
    benches = _benches(technology, Conditions(corner, NOMINAL_TEMPERATURE))
    modes = np.linspace(0.0, technology.supply, _MODE_STEPS + 1)[1:-1]
    good = np.ones(modes.size, dtype=bool)
    for orientation in Orientation:
        sign = -1 if orientation == Orientation.INVERTING else 1
        for bias in biases:
            work = [
                benches.transfer(orientation, np.array([bias]), np.array([mode]), _SPAN)
                for mode in modes
            ]
            gains, offsets = [], []
            for mode, result in zip(modes, engine.attempt(work), strict=True):
                gain, offset = math.nan, math.nan
                if not isinstance(result, SimulatorError):
                    wave = result[0]
                    try:
                        fit = fit_transfer(
                            np.asarray(wave.axis) - mode, np.asarray(wave["i(vout)"]), bias, sign
                        )
                        gain, offset = fit.gain, abs(fit.offset) / fit.slope_voltage
                    except InputError:
                        pass
                gains.append(gain)
                offsets.append(offset)
            level = np.nanmedian(gains) if np.isfinite(gains).any() else math.nan
            works = (np.array(gains) > _SMALLEST_GAIN * level) & (
                np.array(offsets) < _LARGEST_OFFSET
            )
            good &= works
    return _longest(modes, good)


def _longest(modes: np.ndarray, good: np.ndarray) -> tuple[float, float] | None:
    best: tuple[int, int] | None = None
    start = None
    for index, flag in enumerate([*good, False]):
        if flag and start is None:
            start = index
        if not flag and start is not None:
            if best is None or index - 1 - start > best[1] - best[0]:
                best = start, index - 1
            start = None
    if best is None or best[0] == best[1]:
        return None
    return float(modes[best[0]]), float(modes[best[1]])


def _score(technology: Technology, quality: CellQuality) -> float:
    """Decades of usable bias; less for what is near a bound, and for area."""
    area = sum(size.area for roles in technology.sizes.values() for size in roles.values())
    if quality.usable is None:
        good = sum(int((share < 1).sum()) for share in quality.shares.values())
        return -10.0 + 0.01 * good
    fine = _refined(quality)
    inside = (fine.bias >= quality.usable[0]) & (fine.bias <= quality.usable[1])
    near = float(np.mean([share[inside].mean() for share in fine.shares.values()]))
    return quality.decades - 0.2 * near - 0.02 * math.log10(area)


def _refined(quality: CellQuality) -> CellQuality:
    """The same at many more biases, by interpolation between those that were measured.

    Sizes move the ends of the usable biases by less than a step between biases.
    """
    measured = np.log10(quality.bias)
    steps = round(float(np.ptp(measured)) * _FINE)
    fine = np.linspace(measured[0], measured[-1], steps + 1)
    gain, slope, offset, residual, conductance = (
        np.interp(fine, measured, values)
        for values in (
            quality.gain,
            quality.slope_voltage,
            quality.offset_current,
            quality.residual,
            quality.conductance,
        )
    )
    made = CellQuality(10.0**fine, gain, slope, offset, residual, conductance, None)
    return replace(made, usable=_usable(made))


def _sized(technology: Technology, choice: Mapping[str, float]) -> Technology:
    long, wide = choice["mirror length"], choice["mirror width"]
    tail = choice["tail width"]
    wanted = {
        "ota": {
            "tail": (tail, long),
            "pair": (choice["pair width"], choice["pair length"]),
            "pmos_mirror": (wide, long),
            "nmos_mirror": (wide, long),
        },
        "mirror": {"nmos": (tail, 2 * long), "pmos": (tail, 2 * long)},
    }
    sizes = {
        cell: {role: _allowed(technology, role, *size) for role, size in roles.items()}
        for cell, roles in wanted.items()
    }
    return replace(technology, sizes=sizes)


def _allowed(technology: Technology, role: str, width: float, length: float) -> Size:
    device = technology.pmos if role.startswith("pmos") else technology.nmos
    return Size(_clip(width, device.width), _clip(length, device.length))


def _perturbed(technology: Technology, role: str, size: Size, factor: float) -> Size:
    device = technology.pmos if role.startswith("pmos") else technology.nmos
    return replace(size, width=_clip(round(size.width * factor, 2), device.width))


def _clip(value: float, allowed: tuple[float, float]) -> float:
    """Within what a device allows, on a grid of ten nanometres."""
    low, high = math.ceil(allowed[0] * 100 - 1e-6) / 100, math.floor(allowed[1] * 100 + 1e-6) / 100
    return min(max(value, low), high)
