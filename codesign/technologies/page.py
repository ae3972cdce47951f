"""What a page about a technology shows: curves of its OTA from which one sees whether it suits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from circuits.structure import Polarity
from circuits.technology import Technology
from codesign.technologies.sizes import CellQuality
from codesign.workbench import Workbench
from mapping.characteristics import Orientation, TransferFit, fit_transfer
from netlists.cell_benches import QUICK_OPTIONS, QUICK_STEP, CellBenches
from netlists.cells.models import models_for
from netlists.engine import Engine, Result
from netlists.probe_benches import DeviceBenches, currents_into
from neuron_model.errors import InputError, SimulatorError

TEMPERATURES = (-40.0, 27.0, 60.0, 85.0, 105.0, 125.0)
"""At which leakage is measured, degree Celsius."""

_SPAN = 0.32
_CURVES = 5


@dataclass(frozen=True)
class Curve:
    """A measured curve at one bias current: volt, and current over the bias current.

    fit: the tanh through a transfer curve, voltages from the reference; None where there is none.
    """

    bias: float
    voltage: np.ndarray
    current: np.ndarray
    fit: TransferFit | None = None


@dataclass(frozen=True)
class TechnologyPage:
    """A technology's OTA at its nominal corner.

    transfer: at 27 °C. swing: output curves of a balanced OTA and of one that sources and sinks
    all of its current, at the smallest and the largest bias. quality: over biases. common_modes:
    volt, between which the OTA works; None: nowhere. leakage: ampere over TEMPERATURES, of a
    mirror's transistors at half the supply: what an NMOS and a PMOS let through that are off, and
    what goes into the gates of the leakiest mirror; nan where ngspice finds no solution.
    """

    technology: Technology
    corner: str
    transfer: tuple[Curve, ...]
    swing: tuple[Curve, ...]
    quality: CellQuality
    common_modes: tuple[float, float] | None
    leakage: Mapping[str, np.ndarray]


def measure_page(
    technology: Technology,
    corner: str,
    quality: CellQuality,
    common_modes: tuple[float, float] | None,
    workbench: Workbench,
) -> TechnologyPage:
    """Everything that the page shows; what ngspice does not solve is left out."""
    cells = CellBenches(technology, "", 27.0).cells()
    text = models_for(technology, corner, cells).text
    benches = CellBenches(technology, text, 27.0, options=QUICK_OPTIONS, step=QUICK_STEP / 2)
    low, high = technology.limits.bias_current
    biases = np.geomspace(low, high, _CURVES)
    at = np.array([technology.reference])
    work = [benches.transfer(Orientation.NONINVERTING, np.array([b]), at, _SPAN) for b in biases]
    sides = [(b, d) for b in (low, high) for d in (0.0, _SPAN, -_SPAN)]
    work += [benches.output(np.array([b]), technology.supply, d) for b, d in sides]
    found = []
    for done, result in enumerate(workbench.engine.attempt(work), 1):
        found.append(None if isinstance(result, SimulatorError) else result[0])
        workbench.progress(done, len(work), "measuring curves")
    curves = []
    for bias, wave in zip(biases.tolist(), found[:_CURVES], strict=True):
        if wave is not None:
            voltage = np.asarray(wave.axis) - technology.reference
            current = np.asarray(wave["i(vout)"])
            curves.append(Curve(bias, voltage, current / bias, _fit(voltage, current, bias)))
    outputs = zip(sides, found[_CURVES : _CURVES + len(sides)], strict=True)
    return TechnologyPage(
        technology=technology,
        corner=corner,
        transfer=tuple(curves),
        swing=tuple(
            Curve(bias, np.asarray(wave.axis), np.asarray(wave["i(vout)"]) / bias)
            for (bias, _), wave in outputs
            if wave is not None
        ),
        quality=quality,
        common_modes=common_modes,
        leakage=_leakage(technology, text, workbench.engine),
    )


_MIRRORS = ((Polarity.NMOS, "nmos_mirror"), (Polarity.PMOS, "pmos_mirror"))


def _leakage(technology: Technology, models: str, engine: Engine) -> dict[str, np.ndarray]:
    half = technology.supply / 2
    work = [
        DeviceBenches(
            technology.device(kind),
            kind,
            technology.size("ota", role),
            models,
            technology.supply,
            temperature,
        ).currents([{"drain": half}, {"gate": half}])
        for kind, role in _MIRRORS
        for temperature in TEMPERATURES
    ]
    results = iter(engine.attempt(work))
    lines: dict[str, np.ndarray] = {}
    gates = []
    for kind, _ in _MIRRORS:
        found = np.array([_drain_and_gate(next(results)) for _ in TEMPERATURES])
        lines[f"{kind.value.upper()} that is off"] = found[:, 0]
        gates.append(2 * found[:, 1])
    return lines | {"gates of a mirror": np.fmax(*gates)}


def _drain_and_gate(result: Result | SimulatorError) -> tuple[float, float]:
    """Into the drain of a transistor that is off, and the gate of one that is on; ampere."""
    if isinstance(result, SimulatorError):
        return np.nan, np.nan
    off, on = currents_into(result)
    return abs(float(off[0])), abs(float(on[1]))


def _fit(voltage: np.ndarray, current: np.ndarray, bias: float) -> TransferFit | None:
    try:
        return fit_transfer(voltage, current, bias, 1)
    except InputError:
        return None
