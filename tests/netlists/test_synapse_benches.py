"""Synapses and lines: measurements on waveforms made by hand, and in ngspice on two processes."""

from dataclasses import dataclass

import numpy as np
import pytest

from circuits.technology import Technology, load_technology
from netlists.engine import Engine, Result
from netlists.model_library import trimmed_models
from netlists.pdk_cache import PACKAGES
from netlists.synapse_benches import (
    SynapseBenches,
    four_poles,
    output_conductance,
    settling,
    silent_current,
    static_gain,
)
from netlists.waveforms import Waveforms
from netlists.writer import device_uses

LINE_UNITS, FULL_SCALE, KEEP = 64, 8e-9, 0.5e-9
# Rule of thumb for a line: the OTA lifts the gates by so much, and gates have so much a square.
LIFTED, GATE = 0.35, 3.3e-15


def swept(current: np.ndarray, axis: np.ndarray) -> Result:
    vectors = {"i(vmembrane)": current, "v(line)": 0.3 + 0 * axis}
    return Result((Waveforms("i-sweep", axis, vectors),))


def test_the_gain_of_a_straight_line_is_its_slope_in_units():
    line = np.linspace(0.0, 8e-9, 41)
    found = static_gain(swept(-3.3 * line / 64 + 5e-10, line), 64)
    assert found.gain == pytest.approx(-3.3)
    assert found.constant == pytest.approx(5e-10)
    assert found.nonlinearity == pytest.approx(0.0, abs=1e-9)


def test_what_leaves_the_line_is_its_nonlinearity():
    line = np.linspace(0.0, 1.0, 41)
    bent = line + 0.01 * np.sin(2 * np.pi * line)
    assert static_gain(swept(bent, line), 1).nonlinearity == pytest.approx(0.01, rel=0.25)


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_conductance_counts_the_distance_to_its_rail(sign):
    volts = np.linspace(0.7, 1.1, 21)
    into = sign * 2e-9 - 2e-9 * 0.08 * (volts - 0.9)
    assert output_conductance(swept(into, volts), 0.9) == pytest.approx(0.08)


def test_a_pole_settles_after_its_time_constant():
    duration, tau = 1e-2, 3e-4
    time = np.linspace(0.0, 2.1e-2, 20001)
    up = 1 - np.exp(-np.clip(time - 1e-3, 0, None) / tau)
    down = np.exp(-np.clip(time - 1.1e-2, 0, None) / tau)
    vectors = {"i(vmembrane)": -1e-9 * np.where(time < 1.1e-2, up, down), "v(line)": time}
    found = settling(Result((Waveforms("time", time, vectors),)), duration, 1 - np.exp(-1))
    assert found.rise == pytest.approx(tau, rel=0.01)
    assert found.fall == pytest.approx(tau, rel=0.01)


def test_four_poles_have_four_time_constants_of_delay():
    time = np.linspace(0.0, 40.0, 40001)
    missing = 1 - four_poles(time, 0.7)
    assert np.trapezoid(missing, time) == pytest.approx(4 * 0.7, rel=1e-3)


@dataclass(frozen=True)
class Process:
    """A technology with its benches: with a keep-alive current, and without."""

    technology: Technology
    kept: SynapseBenches
    bare: SynapseBenches


@pytest.fixture(scope="module", params=["generic", "sky130"])
def process(request: pytest.FixtureRequest) -> Process:
    technology = load_technology(request.param)
    if technology.models.installed and not PACKAGES[technology.models.installed].is_installed:
        pytest.skip(f"{request.param} is not installed (codesign pdk install {request.param})")
    cells = SynapseBenches(technology, "", 27.0, 4, KEEP).cells(LINE_UNITS, 8)
    uses = {use for cell in cells for use in device_uses(cell, technology)}
    models = trimmed_models(technology.models, technology.corners[0], uses).text
    return Process(
        technology,
        SynapseBenches(technology, models, 27.0, 4, KEEP),
        SynapseBenches(technology, models, 27.0),
    )


@pytest.mark.ngspice
@pytest.mark.parametrize("sign", [-1, 1])
def test_units_carry_as_many_times_the_current_of_one(process, engine: Engine, sign):
    counts = (1, 2, 8, 31)
    jobs = [process.kept.static(sign * k, LINE_UNITS, FULL_SCALE) for k in counts]
    found = [static_gain(result, LINE_UNITS) for result in engine.map(jobs)]
    one = found[0].gain
    # a mirror's transistors are not at one drain voltage: the gain of a unit is a little above 1
    assert 1.0 < sign * one < 1.2
    for count, measured in zip(counts, found, strict=True):
        assert measured.gain == pytest.approx(count * one, rel=0.02)
        assert measured.nonlinearity < 0.005


@pytest.mark.ngspice
@pytest.mark.parametrize("sign", [-1, 1])
def test_codes_carry_as_many_times_the_current_of_one(process, engine: Engine, sign):
    codes, fixed = (1, 6, 9, 15), process.kept.static(sign, LINE_UNITS, FULL_SCALE)
    jobs = [process.kept.programmable(sign * k, 4, LINE_UNITS, FULL_SCALE) for k in (0, *codes)]
    unit, none, *found = (static_gain(r, LINE_UNITS) for r in engine.map([fixed, *jobs]))
    one = found[0].gain
    assert abs(none.gain) < 1e-3
    # its switches keep the units' drains lower than a fixed unit's are
    assert one == pytest.approx(unit.gain, rel=0.03)
    for code, measured in zip(codes, found, strict=True):
        assert measured.gain == pytest.approx(code * one, rel=0.02)
        assert measured.nonlinearity < 0.005


@pytest.mark.ngspice
def test_the_keep_alive_current_is_there_without_a_spike(process, engine: Engine):
    kept = static_gain(engine.run(process.kept.static(8, LINE_UNITS, FULL_SCALE)), LINE_UNITS)
    assert kept.constant == pytest.approx(KEEP, rel=0.25)
    bare = static_gain(engine.run(process.bare.static(8, LINE_UNITS, FULL_SCALE)), LINE_UNITS)
    assert abs(bare.constant) < 1e-3 * KEEP


@pytest.mark.ngspice
def test_below_its_threshold_a_neuron_draws_almost_nothing(process, engine: Engine):
    job = process.kept.silent(-8, LINE_UNITS, FULL_SCALE)
    full = 8 * FULL_SCALE / LINE_UNITS
    assert 0.0 < -silent_current(engine.run(job)) < 1e-3 * full


@pytest.mark.ngspice
def test_the_keep_alive_current_makes_the_mirror_quick(process, engine: Engine):
    line = process.kept.static(1, LINE_UNITS, FULL_SCALE)
    gates = static_gain(engine.run(line), LINE_UNITS).gates
    duration, share = 2e-3, 1 - np.exp(-1)
    kept, bare = (
        settling(engine.run(benches.fold(1, gates, duration)), duration, share)
        for benches in (process.kept, process.bare)
    )
    assert kept.rise < 1.5e-4
    assert bare.rise > 5 * kept.rise


@pytest.mark.ngspice
@pytest.mark.parametrize("full_scale", [1e-9, 1e-8])
def test_a_line_is_as_late_as_its_gates_are_large(process, engine: Engine, full_scale):
    area = process.technology.size("synapse", "unit").area
    law = {units: LIFTED * GATE * area * (units + 16) / full_scale for units in (16, 256)}
    late = {
        units: settling(
            engine.run(process.bare.onset(units, 16, full_scale, 5 * law[units])),
            5 * law[units],
            0.5,
        ).rise
        for units in law
    }
    for units, seconds in late.items():
        # half of the current flows before the whole swing is done: the law is the upper bound
        assert 0.3 * law[units] < seconds < law[units]
    assert late[256] / late[16] == pytest.approx(law[256] / law[16], rel=0.15)
