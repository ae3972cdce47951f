"""Measure a technology's cells at one corner and temperature, once; keep what was measured."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from circuits.structure import Cell, Polarity
from circuits.technology import Technology
from mapping.characteristics import (
    CellCharacteristics,
    MirrorTable,
    Orientation,
    OtaTable,
    TransferFit,
    fit_transfer,
    fit_whole,
    read_characteristics,
    write_characteristics,
)
from mapping.conditions import Conditions
from mapping.lags import Ramp, fit_lags
from mapping.leakage import Leakage, added_current
from netlists.bench import Bench
from netlists.cell_benches import CellBenches, capacitance, feedthrough, lag
from netlists.cells.claims import check_claims
from netlists.cells.measured_once import digest, measured_once
from netlists.cells.models import models_for
from netlists.engine import Engine, Result
from netlists.errors import ConvergenceError
from netlists.waveforms import Waveforms
from netlists.writer import cell_text
from neuron_model.cache_folder import cache_folder
from neuron_model.errors import InputError
from neuron_model.progress import Progress, silent

# Raise it whenever what is measured, or how, changes: caches of before are not read any more.
_METHOD = 14
_BIASES = 9
_MODES = 7
_MODE_SPACING = 0.15
# Half the sweep in units of the slope voltage: the tanh is flat beyond.
_SPAN = 4.5
# Charge of an OTA's mirrors is some femtocoulomb: a ramp this long a bias is slow beside the lag.
_RAMP_CHARGE = 3e-13
# Lags are fitted to ramps as quick as a spike, in seconds, for the slowest amplifiers of neurons.
_SPIKE = 3e-4
_SHORTEST_CHARGE = 5e-15
_CAPACITANCE_BIAS = 1e-9
_CAPACITANCE_RAMP = 3e-5
_FEEDTHROUGH_RAMP = 3e-4
# Of the slope voltage: a healthy OTA's offset is some per cent.
_LARGEST_OFFSET = 0.3
# Of the gain in the middle.
_SMALLEST_GAIN = 0.75
# The OTA that divides is for slow followers: it is measured up to this part of the largest bias.
_DIVIDED_REACH, _DIVIDED_BIASES = 2.5, 6
_THERMAL_SLOPE = 2 * 1.35 * 8.617e-5
_KELVIN = 273.15


def characterize(
    technology: Technology,
    conditions: Conditions,
    engine: Engine,
    progress: Progress = silent,
    fresh: bool = False,
) -> CellCharacteristics:
    """The characteristics of ``technology``, from the cache or measured in ngspice.

    The cache is keyed by technology, conditions, sizes, the content of the models and the method.
    ``fresh`` measures again.

    Raises:
        InputError: unknown corner, or cells that do not work.
        MissingDependencyError: no ngspice or no models.
        SimulatorError: ngspice failed.
    """
    benches, fingerprint = _prepared(technology, conditions)
    path = characteristics_path(technology, conditions, fingerprint)

    def measure() -> CellCharacteristics:
        return _believed(benches, conditions, fingerprint, engine, progress)

    return measured_once(path, read_characteristics, measure, write_characteristics, fresh)


def _believed(
    benches: CellBenches,
    conditions: Conditions,
    fingerprint: str,
    engine: Engine,
    progress: Progress,
) -> CellCharacteristics:
    """The cells measured, once what the technology claims of its transistors has been checked."""
    limits = benches.technology.limits
    notes = check_claims(benches.technology, conditions.corner, engine)
    try:
        measured = _measure(benches, conditions, fingerprint, engine, progress)
    except ConvergenceError as error:
        raise ConvergenceError(
            f"{error} Biases from {limits.bias_current[0]:.3g} to {limits.bias_current[1]:.3g} A "
            f"at common modes from {limits.voltage[0]:g} to {limits.voltage[1]:g} V were measured "
            f"because technology '{benches.technology.name}' asks for them (limits.bias_current, "
            "limits.voltage): where this process does not work, set these limits nearer to where "
            "it does."
        ) from error
    except InputError as error:
        if not notes:
            raise
        raise InputError(f"{error} ({'; '.join(notes)}.)") from error
    return replace(measured, notes=(*notes, *measured.notes))


def is_characterized(technology: Technology, conditions: Conditions) -> bool:
    """Whether :func:`characterize` has what is asked for in its cache.

    Raises:
        InputError: unknown corner.
        MissingDependencyError: no models.
    """
    _, fingerprint = _prepared(technology, conditions)
    return characteristics_path(technology, conditions, fingerprint).is_file()


def _prepared(technology: Technology, conditions: Conditions) -> tuple[CellBenches, str]:
    """What measures the cells, and the fingerprint of what will be measured."""
    cells = CellBenches(technology, "", conditions.temperature).cells()
    models = models_for(technology, conditions.corner, cells)
    benches = CellBenches(technology, models.text, conditions.temperature)
    return benches, _fingerprint(technology, conditions, models.content_hash, cells)


def characteristics_path(technology: Technology, conditions: Conditions, fingerprint: str) -> Path:
    """Where the characteristics under these conditions are cached."""
    return cache_folder() / "characteristics" / cache_name(technology, conditions, fingerprint)


def cache_name(technology: Technology, conditions: Conditions, fingerprint: str) -> str:
    """What the file is called that keeps something measured of a technology's cells."""
    where = f"{technology.name}_{conditions.corner}_{conditions.temperature:g}"
    return f"{where}_{fingerprint[:16]}.json"


def _fingerprint(
    technology: Technology, conditions: Conditions, models: str, cells: Sequence[Cell]
) -> str:
    content = {
        "method": _METHOD,
        "corner": conditions.corner,
        "temperature": conditions.temperature,
        "supply": technology.supply,
        "reference": technology.reference,
        "limits": asdict(technology.limits),
        "models": models,
        "cells": [cell_text(cell, technology) for cell in cells],
    }
    return digest(content)


def _measure(
    benches: CellBenches,
    conditions: Conditions,
    fingerprint: str,
    engine: Engine,
    progress: Progress,
) -> CellCharacteristics:
    technology = benches.technology
    limits = technology.limits
    biases = np.geomspace(*limits.bias_current, _BIASES)
    low, high = limits.voltage
    modes = np.linspace(low, high, max(_MODES, math.ceil((high - low) / _MODE_SPACING) + 1))
    # An OTA's slope voltage is 2 n kT/q; n of 1.35 is a fair start for a sweep's width.
    span = _SPAN * _THERMAL_SLOPE * conditions.kelvin
    transfers = [benches.transfer(x, biases, modes, span) for x in Orientation]
    # a leak's outer sections see the membrane at the other end of what references may be
    outer = modes[modes + span < high]
    transfers += [benches.transfer(x, biases, outer, span, high) for x in Orientation if outer.size]
    slow = np.geomspace(biases[0], biases[-1] / _DIVIDED_REACH, _DIVIDED_BIASES)
    divided = _Divided(replace(benches, divided=True), slow, modes, span)
    if technology.divides:
        transfers += divided.transfers()
    others = [
        *(benches.output(biases, span, difference) for difference in (0.0, span, -span)),
        *(benches.mirror(kind, biases, span) for kind in ("source", "sink")),
        *(benches.ramp(bias, _RAMP_CHARGE / bias, span / 2) for bias in biases),
        *(
            benches.ramp(bias, _spike_ramp(bias), span / 2, orientation=orientation)
            for bias in biases
            for orientation in _MOVING
        ),
        benches.ramp(_CAPACITANCE_BIAS, _CAPACITANCE_RAMP, span, "moving"),
        benches.ramp(_CAPACITANCE_BIAS, _CAPACITANCE_RAMP / 10, span, "out"),
        *(
            benches.ramp(
                _CAPACITANCE_BIAS, _FEEDTHROUGH_RAMP, span / 2, orientation=x, difference=side
            )
            for x in _MOVING
            for side in (1.5 * span, -1.5 * span)
        ),
        *(divided.ramps() if technology.divides else ()),
        *_leakage_benches(benches),
    ]
    label = f"measuring the cells of {technology.name}, {conditions}"
    done = 0

    def count(*_: object) -> None:
        nonlocal done
        done += 1
        progress(done, len(transfers) + len(others), label)

    # cells that do not work are told from their curves, before ngspice fails over their ramps
    curves = list(engine.map(transfers, progress=count))
    fits = {
        orientation: _fits(orientation, result, biases, modes, technology.reference)
        for orientation, result in zip(Orientation, curves, strict=False)
    }
    count_plain = (2 if outer.size else 1) * len(Orientation)
    whole = {
        orientation: _whole_fits(
            orientation, fits[orientation], curves[k:count_plain:3], biases, modes, outer.size
        )
        for k, orientation in enumerate(Orientation)
    }
    measured = engine.map(others, progress=count)
    results: Iterator[Result] = iter(measured)
    loosened = max(result.loosened for result in (*curves, *measured))
    conductance, sourcing, sinking = (
        _slopes(next(results), biases, technology.reference) for _ in range(3)
    )
    skew = (sinking - sourcing) / 2
    mirrors = {kind: next(results) for kind in ("source", "sink")}
    lines = {
        "output_conductance": conductance,
        "conductance_skew": skew,
        "conductance_ease": conductance - (sinking + sourcing) / 2,
    }
    lines["delay"] = np.array([lag(next(results)) for _ in biases])
    ramps = [[next(results) for _ in _MOVING] for _ in biases]
    tables = {
        orientation: _table(orientation, grid, whole[orientation], biases, modes, lines)
        for orientation, grid in fits.items()
    }
    mirror, fold, bend = _lags(ramps, tables, technology.reference)
    tables = {
        orientation: replace(table, mirror_lag=mirror, fold_lag=fold, bend=bend)
        for orientation, table in tables.items()
    }
    input_capacitance = capacitance(next(results), "moving")
    output_capacitance = capacitance(next(results), "out")
    through = _feedthrough(results)
    divider = divided.table(curves[count_plain:], results) if technology.divides else None
    return CellCharacteristics(
        technology=technology.name,
        conditions=conditions,
        supply=technology.supply,
        reference=technology.reference,
        noninverting=tables[Orientation.NONINVERTING],
        inverting=tables[Orientation.INVERTING],
        follower=tables[Orientation.FOLLOWER],
        source=_mirror(mirrors["source"], biases, technology.reference, +1),
        sink=_mirror(mirrors["sink"], biases, technology.reference, -1),
        input_capacitance=input_capacitance,
        output_capacitance=output_capacitance,
        fingerprint=fingerprint,
        feedthrough=through,
        divided=divider,
        leakage=_leakage(benches, results),
        notes=_loosened_note(loosened),
    )


def _loosened_note(loosened: int) -> tuple[str, ...]:
    if not loosened:
        return ()
    return (
        "some currents of the cells have no solution within the usual tolerances, as with models "
        f"whose gates leak, and were solved with tolerances up to {10**loosened} times looser",
    )


@dataclass(frozen=True)
class _Divided:
    """Measures the OTA that divides as a follower, and its lags at the reference.

    biases: ampere. modes: volt, of the followers' common mode. span: volt, half a sweep.
    """

    benches: CellBenches
    biases: np.ndarray
    modes: np.ndarray
    span: float

    @property
    def _near(self) -> np.ndarray:
        """Two common modes beside the reference: what is known at rest for the ramps."""
        return self.benches.technology.reference + np.array([-0.05, 0.05])

    @property
    def _outer(self) -> np.ndarray:
        return self.modes[self.modes + self.span < self.benches.technology.limits.voltage[1]]

    def transfers(self) -> list[Bench]:
        make, high = self.benches.transfer, self.benches.technology.limits.voltage[1]
        benches = [make(x, self.biases, self._near, self.span) for x in _MOVING]
        benches.append(make(Orientation.FOLLOWER, self.biases, self.modes, self.span))
        if self._outer.size:
            benches.append(make(Orientation.FOLLOWER, self.biases, self._outer, self.span, high))
        return benches

    def ramps(self) -> list[Bench]:
        make = self.benches.ramp
        return [
            *(make(bias, _RAMP_CHARGE / bias, self.span / 2) for bias in self.biases),
            *(
                make(bias, _spike_ramp(bias), self.span / 2, orientation=x)
                for bias in self.biases
                for x in _MOVING
            ),
        ]

    def table(self, curves: Sequence[Result], results: Iterator[Result]) -> OtaTable:
        """``results``: of the ramps."""
        reference = self.benches.technology.reference
        nothing = np.zeros(self.biases.size)
        lines = {"output_conductance": nothing}
        lines["delay"] = np.array([lag(next(results)) for _ in self.biases])
        ramps = [[next(results) for _ in _MOVING] for _ in self.biases]
        near = {}
        for orientation, result in zip(_MOVING, curves, strict=False):
            fits = _fits(orientation, result, self.biases, self._near, reference)
            near[orientation] = _table(orientation, fits, fits, self.biases, self._near, lines)
        kind = Orientation.FOLLOWER
        fits = _fits(kind, curves[2], self.biases, self.modes, reference)
        whole = _whole_fits(kind, fits, curves[2:], self.biases, self.modes, self._outer.size)
        table = _table(kind, fits, whole, self.biases, self.modes, lines)
        mirror, fold, bend = _lags(ramps, near, reference)
        return replace(table, mirror_lag=mirror, fold_lag=fold, bend=bend)


# Large beside what junctions add at any temperature, and small enough for weak inversion.
_LEAKAGE_BIAS = 2e-10


def _has_junctions(technology: Technology) -> bool:
    return all(technology.device(kind).diffusion is not None for kind in Polarity)


def _leakage_benches(benches: CellBenches) -> list[Bench]:
    """Of every cell at the hottest temperature at which circuits have to work, with its junctions
    and without; none where these are not known."""
    technology = benches.technology
    if not _has_junctions(technology):
        return []
    hottest = technology.limits.temperature[1]
    low, high = technology.limits.bias_current
    biases, modes = np.array([min(max(_LEAKAGE_BIAS, low), high)]), np.array([technology.reference])
    span = _SPAN * _THERMAL_SLOPE * (hottest + _KELVIN)
    made = []
    for one in (technology, technology.without_junctions):
        hot = replace(benches, technology=one, temperature=hottest)
        amplifiers = [hot, *((replace(hot, divided=True),) if technology.divides else ())]
        made += [hot.mirror(kind, biases, 0.02) for kind in ("source", "sink")]
        made += [x.transfer(Orientation.NONINVERTING, biases, modes, span) for x in amplifiers]
    return made


def _leakage(benches: CellBenches, results: Iterator[Result]) -> Leakage | None:
    """``results``: of :func:`_leakage_benches`."""
    technology = benches.technology
    waves = [result[0] for result in results]
    if not waves:
        return None
    half = len(waves) // 2
    low, high = technology.limits.bias_current
    bias = min(max(_LEAKAGE_BIAS, low), high)

    def middle(wave: Waveforms) -> list[float]:
        return [float(np.interp(technology.reference, wave.axis, wave["i(vout)"]))]

    def ends(wave: Waveforms) -> list[float]:
        return [float(wave["i(vout)"][i]) for i in (0, -1)]

    measures = (middle, middle, ends, ends)
    found = [
        added_current(bias, measure(drawn), measure(bare))
        for measure, drawn, bare in zip(measures, waves[:half], waves[half:], strict=False)
    ]
    source, sink, plain, *divided = found
    return Leakage(
        temperature=technology.limits.temperature[1],
        ota=plain,
        source=source,
        sink=sink,
        divided=divided[0] if divided else None,
    )


def _feedthrough(results: Iterator[Result]) -> float:
    """Mean of both inputs, each above and below the other one, farad."""
    signs = {Orientation.NONINVERTING: 1, Orientation.INVERTING: -1}
    found = [signs[x] * feedthrough(next(results)) for x in _MOVING for _ in range(2)]
    return float(np.mean(found))


def _fits(
    orientation: Orientation,
    result: Result,
    biases: np.ndarray,
    modes: np.ndarray,
    reference: float,
) -> np.ndarray:
    """The fit at each bias and common mode, (biases, modes); None where the OTA does not work.

    Raises:
        InputError: it does not work around the reference.
    """
    sign = -1 if orientation == Orientation.INVERTING else 1
    waves = iter(result.waveforms)
    fits = np.full((biases.size, modes.size), None, dtype=object)
    middle, reason = int(np.argmin(np.abs(modes - reference))), ""
    for i, bias in enumerate(biases):
        for j, mode in enumerate(modes):
            wave = next(waves)
            try:
                fits[i, j] = fit_transfer(wave.axis - mode, wave["i(vout)"], float(bias), sign)
            except InputError as error:
                reason = reason or (str(error) if j == middle else "")
    working = _working_modes(fits, middle)
    if working.stop - working.start < 2:
        raise InputError(
            reason
            or f"the {orientation} OTA does not work around a common mode of {reference:g} V from "
            f"{biases[0]:.3g} to {biases[-1]:.3g} A: correct the sizes in [cells.ota], the supply, "
            "limits.bias_current or limits.voltage."
        )

    fits[:, : working.start] = None
    fits[:, working.stop :] = None
    return fits


def _whole_fits(
    orientation: Orientation,
    fits: np.ndarray,
    results: Sequence[Result],
    biases: np.ndarray,
    modes: np.ndarray,
    outer: int,
) -> np.ndarray:
    """:func:`fit_whole` where ``fits`` has a plain fit; results: the sweep, and the one beyond it.

    The latter, if there is one, is of the lowest ``outer`` modes alone.
    """
    sign = -1 if orientation == Orientation.INVERTING else 1
    sweeps = [iter(result.waveforms) for result in results]
    found = np.full(fits.shape, None, dtype=object)
    for i, bias in enumerate(biases):
        for j, mode in enumerate(modes):
            waves = [next(sweep) for sweep in (sweeps if j < outer else sweeps[:1])]
            if fits[i, j] is None:
                continue
            voltage = np.concatenate([wave.axis for wave in waves]) - mode
            current = np.concatenate([wave["i(vout)"] for wave in waves])
            found[i, j] = fit_whole(fits[i, j], voltage, current, float(bias), sign)
    return found


def _table(
    orientation: Orientation,
    fits: np.ndarray,
    whole: np.ndarray,
    biases: np.ndarray,
    modes: np.ndarray,
    lines: Mapping[str, np.ndarray],
) -> OtaTable:
    working = np.array([fit is not None for fit in fits[0]])

    def grid(of: np.ndarray, name: str) -> np.ndarray:
        return np.array([[getattr(fit, name) for fit in row] for row in of[:, working]])

    plain = ("gain", "slope_voltage", "offset", "offset_current", "residual", "drift")
    return OtaTable(
        orientation=orientation,
        bias_current=biases,
        common_mode=modes[working],
        **lines,
        **{name: grid(fits, name) for name in plain},
        **{name: grid(whole, name) for name in ("shape", "shoulder")},
        **{f"whole_{name}": grid(whole, name) for name in ("gain", "drift", "offset_current")},
    )


# Which input a ramp moves.
_MOVING = (Orientation.NONINVERTING, Orientation.INVERTING)


def _spike_ramp(bias: float) -> float:
    """Seconds that a ramp takes at ``bias``."""
    return float(np.clip(_SPIKE, _SHORTEST_CHARGE / bias, _RAMP_CHARGE / bias))


def _lags(
    ramps: Sequence[Sequence[Result]], tables: Mapping[Orientation, OtaTable], reference: float
) -> np.ndarray:
    """(mirror, fold, bend) at each bias, (3, biases); ``ramps``: of each input, by bias."""
    biases = tables[Orientation.NONINVERTING].bias_current.tolist()

    def ramp(orientation: Orientation, result: Result, bias: float) -> Ramp:
        wave, at = result[0], tables[orientation].at(bias, reference)
        voltage, current = wave["v(moving)"] - reference, wave["i(vout)"] / bias
        return Ramp(orientation, wave.axis, voltage, current, at)

    pairs = [
        [ramp(x, result, bias) for x, result in zip(_MOVING, results, strict=True)]
        for bias, results in zip(biases, ramps, strict=True)
    ]
    # a straight line through both branches lags by all three mirrors, roughly
    return fit_lags(pairs, [pair[0].at.delay / 4 for pair in pairs])


def _working_modes(fits: np.ndarray, middle: int) -> slice:
    """The common modes around the one numbered ``middle`` at which the OTA works at every bias.

    Near a rail the tail or a mirror runs out of voltage: half of the transfer curve is missing
    there, which a tanh fits with an offset of its own width, or with half the gain.
    """

    def works(fit: TransferFit | None, best: TransferFit | None) -> bool:
        if fit is None or best is None:
            return False
        offset = abs(fit.offset) / fit.slope_voltage
        return offset < _LARGEST_OFFSET and fit.gain > _SMALLEST_GAIN * best.gain

    good = [all(map(works, column, fits[:, middle])) for column in fits.T]
    if not good[middle]:
        return slice(middle, middle)
    first, last = middle, middle
    while first > 0 and good[first - 1]:
        first -= 1
    while last < len(good) - 1 and good[last + 1]:
        last += 1
    return slice(first, last + 1)


def _slopes(result: Result, biases: np.ndarray, reference: float) -> np.ndarray:
    """-dI/dV_out over the bias current: chords of +-20 % of the sweep around the reference."""
    slopes = []
    for bias, wave in zip(biases, result.waveforms, strict=True):
        reach = 0.2 * (wave.axis[-1] - wave.axis[0])
        low, high = np.interp([reference - reach, reference + reach], wave.axis, wave["i(vout)"])
        slopes.append(-(high - low) / (2 * reach) / bias)
    return np.array(slopes)


def _mirror(result: Result, biases: np.ndarray, reference: float, sign: int) -> MirrorTable:
    gains = [
        sign * np.interp(reference, wave.axis, wave["i(vout)"]) / bias
        for bias, wave in zip(biases, result.waveforms, strict=True)
    ]
    # what the mirror adds to the membrane's leak is positive for source and sink alike
    return MirrorTable(biases, np.array(gains), _slopes(result, biases, reference))
