"""An engine and a cache for a module, and validations made by hand, without a simulator, for the
tests of files, pictures and pages."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from codesign.terminal import tables
from codesign.validation.validation import (
    CurveComparison,
    NeuronValidation,
    Supply,
    Validation,
    Waveform,
)
from codesign.workbench import Workbench
from mapping.conditions import Conditions
from netlists.engine import Engine
from neuron_model.analysis.regimes import Regime, RegimeReport
from neuron_model.analysis.verdicts import timing
from neuron_model.model.parameters import Timescale
from tests.codesign.fitting_tables import checking

DURATION = 1000.0
BURSTS = tuple(float(t) for start in (100, 400, 700) for t in (start, start + 20, start + 40))
ROLES = ("model", "macromodel", "circuit")


@pytest.fixture(autouse=True, scope="session")
def _tables_fit() -> Iterator[None]:
    """Every table that any test prints fits 80 and 120 columns with all cells whole."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "_write", checking)
        yield


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(workers=2) as running:
        yield running


@pytest.fixture(scope="module")
def workbench(engine: Engine) -> Workbench:
    return Workbench(engine)


def waveform(spikes: tuple[float, ...], points: int = 501) -> Waveform:
    """A bump at each spike over a resting voltage."""
    time = np.linspace(0.0, DURATION, points)
    bumps = [3.5 * np.exp(-(((time - spike) / 4.0) ** 2)) for spike in spikes]
    return Waveform(time, np.sum(bumps, axis=0) - 2.0 if bumps else np.full(points, -2.0))


def report(regime: Regime, spikes: tuple[float, ...]) -> RegimeReport:
    if regime == Regime.TONIC_BURSTING:
        return RegimeReport(regime, 0.75, len(spikes), spikes, 3, 3.0, 20.0, 260.0)
    interval = float(np.median(np.diff(spikes))) if len(spikes) > 1 else None
    return RegimeReport(regime, 0.5, len(spikes), spikes, interspike_interval=interval)


def curve(timescale: Timescale, error: float) -> CurveComparison:
    voltage = np.linspace(-3.0, 3.0, 25)
    model = voltage - 2.0 * np.tanh(voltage)
    height = float(np.ptp(model))
    return CurveComparison(
        timescale=timescale,
        voltage=voltage,
        model=model,
        macromodel=model + 0.1 * error * height,
        circuit=model + error * height,
        nrmse=error,
        largest=error,
        nrmse_macromodel=0.9 * error,
    )


def neuron(
    name: str = "burster",
    regime: Regime = Regime.TONIC_BURSTING,
    spikes: tuple[float, ...] = BURSTS,
    error: float = 0.0083,
    **changes: Any,
) -> NeuronValidation:
    """One neuron whose three descriptions fire alike, a little apart in time."""
    shifted = {who: tuple(t + i for t in spikes) for i, who in enumerate(ROLES)}
    count = len(spikes)
    reports = {who: report(regime, shifted[who]) for who in ROLES}
    content: dict[str, Any] = {
        "name": name,
        "current": "0:-2.4,50:-1",
        "duration": DURATION,
        "iv": tuple(curve(x, error) for x in Timescale),
        **reports,
        "waveforms": {who: waveform(shifted[who]) for who in ROLES},
        "against_model": timing(reports["model"], reports["circuit"]),
        "against_macromodel": timing(reports["macromodel"], reports["circuit"]),
        "circuit_shaped": True,
        "supply": Supply(4.5e-7, 4.6e-7, 3.89e-9 if count else None),
        "units": {"voltage": 0.073, "current": 6.5e-9, "time": 4.5e-5, "reference": 0.9},
    }
    return NeuronValidation(**content | changes)


@pytest.fixture
def make_neuron() -> Callable[..., NeuronValidation]:
    return neuron


@pytest.fixture
def validation() -> Validation:
    """A burster that passed and a silent neuron that did not."""
    failed = neuron(
        "silent",
        Regime.RESTING,
        (),
        0.05,
        reasons=("the fast I-V curve is off by 5.0%",),
        notes=("the slow filter is linear",),
    )
    provenance = {"mtc-codesign": "0.1.0", "characteristics": "f4343cf3"}
    return Validation("sky130", Conditions("tt", 27.0), (neuron(), failed), provenance, 5)
