"""Measurements of single cells: against a deck written by hand, and on waveforms made by hand."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from circuits.technology import TECHNOLOGY_FOLDER, Technology, load_technology
from mapping.characteristics import Orientation, fit_transfer
from netlists.bench import DCSweep, Transient
from netlists.cell_benches import CellBenches, capacitance, feedthrough, lag
from netlists.engine import Engine, Result
from netlists.model_library import trimmed_models
from netlists.pdk_cache import PACKAGES
from netlists.waveforms import Waveforms
from netlists.writer import cell_text, device_uses

GENERIC = load_technology("generic")


@pytest.fixture
def benches(cache_folder: Path) -> CellBenches:
    cells = CellBenches(GENERIC, "", 27.0).cells()
    uses = {use for cell in cells for use in device_uses(cell, GENERIC)}
    return CellBenches(GENERIC, trimmed_models(GENERIC.models, "tt", uses).text, 27.0)


def ramp_result(voltage: str, current: str, response) -> Result:
    """A ramp from 0.6 to 1.2 V in 1 ms and back after 1 ms, and what ``response`` makes of it."""
    time = np.linspace(0.0, 4e-3, 4001)
    wave = np.interp(time, [0.0, 1e-3, 2e-3, 3e-3, 4e-3], [0.6, 0.6, 1.2, 1.2, 0.6])
    vectors = {voltage: wave, current: response(time, wave)}
    return Result((Waveforms("time", time, vectors),))


@pytest.mark.parametrize("delay", [0.0, 1e-5, 3e-5])
def test_the_lag_of_a_delayed_tanh_is_its_delay(delay):
    def response(time: np.ndarray, wave: np.ndarray) -> np.ndarray:
        late = np.interp(time - delay, time, wave)
        return 1e-9 * np.tanh((late - 0.9) / 0.07)

    measured = lag(ramp_result("v(moving)", "i(vout)", response))
    assert measured == pytest.approx(delay, rel=0.02, abs=1e-8)


def test_the_lag_of_a_pole_is_its_time_constant():
    tau = 2e-5

    def response(time: np.ndarray, wave: np.ndarray) -> np.ndarray:
        still, state = 1e-9 * np.tanh((wave - 0.9) / 0.07), 0.0
        out = np.empty_like(still)
        for k, value in enumerate(still):
            state = value if k == 0 else value + (state - value) * np.exp(-1e-6 / tau)
            out[k] = state
        return out

    measured = lag(ramp_result("v(moving)", "i(vout)", response))
    assert measured == pytest.approx(tau, rel=0.05)


@pytest.mark.parametrize("farads", [1e-15, 8e-15, 2e-12])
@pytest.mark.parametrize("node", ["moving", "out"])
def test_the_capacitance_of_a_capacitor_beside_a_conductance(farads, node):
    # A source's current flows into its positive terminal: what it delivers is negative.
    def response(time: np.ndarray, wave: np.ndarray) -> np.ndarray:
        return -farads * np.gradient(wave, time) - 1e-13 * (wave - 0.9)

    measured = capacitance(ramp_result(f"v({node})", f"i(v{node})", response), node)
    assert measured == pytest.approx(farads, rel=0.01)


def test_transfer_sweeps_every_mode_at_every_bias(benches):
    bench = benches.transfer(Orientation.FOLLOWER, [1e-9, 1e-8], [0.7, 0.9, 1.7], 0.3)
    sweeps = [step for step in bench.analyses if isinstance(step, DCSweep)]
    assert len(sweeps) == 6
    assert (sweeps[0].start, sweeps[0].stop) == pytest.approx((0.4, 1.0))
    # not beyond the supply
    assert sweeps[2].stop == 1.8
    moved = {step.device for step in bench.analyses if not isinstance(step, DCSweep)}
    assert moved == {"ibias", "vfixed", "vout"}


def test_a_sweep_beyond_begins_where_the_other_ends(benches):
    near = benches.transfer(Orientation.INVERTING, [1e-9], [0.6], 0.3)
    beyond = benches.transfer(Orientation.INVERTING, [1e-9], [0.6], 0.3, 1.25)
    (one,), (other,) = (
        [step for step in bench.analyses if isinstance(step, DCSweep)] for bench in (near, beyond)
    )
    assert (one.stop, other.start, other.stop) == pytest.approx((0.9, 0.9, 1.25))


def test_only_followers_have_their_output_moved(benches):
    bench = benches.transfer(Orientation.INVERTING, [1e-9], [0.9], 0.3)
    moved = {step.device for step in bench.analyses if not isinstance(step, DCSweep)}
    assert moved == {"ibias", "vfixed"}
    assert bench.instances[0].nodes[:2] == ("fixed", "moving")


def test_a_ramp_is_kept_from_its_beginning(benches):
    bench = benches.ramp(1e-9, 1e-4, 0.1)
    (transient,) = [step for step in bench.analyses if isinstance(step, Transient)]
    assert (transient.start, transient.end) == pytest.approx((1e-4, 4e-4))


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """(moving input, output current) at 1 nA and 0.9 V, from a deck that nothing of ours wrote."""
    folder = tmp_path_factory.mktemp("deck")
    size = "w=2u l=8u"
    mirror = "w=1u l=8u"
    deck = folder / "ota.spice"
    deck.write_text(
        f"""wide-range OTA, drawn by hand
.lib {TECHNOLOGY_FOLDER}/generic/models.spice tt
.options gmin=1e-15 abstol=1e-17 reltol=1e-6 vntol=1e-8
vdd vdd 0 1.8
vout out 0 0.9
vref ref 0 0.9
vin in 0 0.9
ib vdd b 1n
mbias b b 0 0 generic_nmos {size}
mtail c b 0 0 generic_nmos {size}
mp l in c 0 generic_nmos w=4u l=1u
mn r ref c 0 generic_nmos w=4u l=1u
m1 l l vdd vdd generic_pmos {mirror}
m2 out l vdd vdd generic_pmos {mirror}
m3 r r vdd vdd generic_pmos {mirror}
m4 f r vdd vdd generic_pmos {mirror}
m5 f f 0 0 generic_nmos {mirror}
m6 out f 0 0 generic_nmos {mirror}
.control
set num_threads=1
dc vin 0.6 1.2 0.005
set wr_singlescale
set wr_vecnames
wrdata curve.txt i(vout)
quit 0
.endc
.end
"""
    )
    # ngspice 39 crashes without a home folder
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "OMP_THREAD_LIMIT": "1"}
    subprocess.run(
        ["ngspice", "-b", deck.name],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
        timeout=60,
    )
    return np.loadtxt(folder / "curve.txt", skiprows=1)


def sizes_are_those_of_the_deck(technology: Technology) -> bool:
    drawn = [
        (technology.size("ota", role).width, technology.size("ota", role).length)
        for role in ("tail", "pair", "pmos_mirror", "nmos_mirror")
    ]
    return drawn == [(2.0, 8.0), (4.0, 1.0), (1.0, 8.0), (1.0, 8.0)]


@pytest.mark.ngspice
def test_the_bench_measures_what_a_deck_by_hand_does(engine, benches, by_hand):
    assert sizes_are_those_of_the_deck(GENERIC), "draw the deck above anew"
    bench = benches.transfer(Orientation.NONINVERTING, [1e-9], [0.9], 0.3)
    wave = engine.run(bench)[0]
    np.testing.assert_allclose(wave.axis, by_hand[:, 0], atol=1e-9)
    np.testing.assert_allclose(wave["i(vout)"], by_hand[:, 1], atol=2e-13)


@pytest.mark.ngspice
def test_the_ota_of_generic_is_a_tanh_of_two_n_kt_over_q(by_hand):
    fit = fit_transfer(by_hand[:, 0] - 0.9, by_hand[:, 1], 1e-9, 1)
    thermal = 2 * 8.617e-5 * 300.15
    # weak-inversion slope n of BSIM4 with 1.1 of nfactor: 1 to 1.5
    assert 1.0 < fit.slope_voltage / thermal < 1.5
    assert fit.gain == pytest.approx(1.0, abs=0.25)
    assert abs(fit.offset) < 2e-3
    assert abs(fit.offset_current) < 0.1
    assert fit.residual < 0.01


@pytest.mark.ngspice
def test_the_slope_voltage_goes_with_the_absolute_temperature(engine, benches):
    slopes = []
    for celsius in (0.0, 100.0):
        bench = replace(benches, temperature=celsius).transfer(
            Orientation.NONINVERTING, [1e-10], [0.9], 0.4
        )
        wave = engine.run(bench)[0]
        slopes.append(fit_transfer(wave.axis - 0.9, wave["i(vout)"], 1e-10, 1).slope_voltage)
    assert slopes[1] / slopes[0] == pytest.approx(373.15 / 273.15, rel=0.03)


@pytest.mark.ngspice
def test_the_other_input_turns_the_curve_around(engine, benches):
    jobs = [benches.transfer(o, [1e-9], [0.9], 0.3) for o in Orientation]
    rising, falling, follower = (engine.run(job)[0]["i(vout)"] for job in jobs)
    assert rising[-1] > 0 > rising[0]
    assert falling[-1] < 0 < falling[0]
    np.testing.assert_allclose(follower, rising, atol=1e-13)


@pytest.mark.ngspice
@pytest.mark.parametrize(("kind", "sign"), [("source", 1), ("sink", -1)])
def test_mirrors_give_their_bias(engine, benches, kind, sign):
    wave = engine.run(benches.mirror(kind, [1e-9], 0.2))[0]
    current = float(np.interp(0.9, wave.axis, wave["i(vout)"]))
    assert sign * current == pytest.approx(1e-9, rel=0.2)


@pytest.mark.ngspice
def test_input_and_output_have_femtofarads(engine, benches):
    moving = capacitance(engine.run(benches.ramp(1e-9, 3e-5, 0.2)), "moving")
    out = capacitance(engine.run(benches.ramp(1e-9, 3e-6, 0.2, "out")), "out")
    # gate of 4 um2 in weak inversion; two drains of 1 um with 0.3 fF/um of overlap
    assert 2e-15 < moving < 2e-14
    assert 5e-16 < out < 5e-15


@pytest.mark.ngspice
@pytest.mark.parametrize("side", [-0.45, 0.45])
@pytest.mark.parametrize(
    ("moving", "sign"), [(Orientation.NONINVERTING, 1), (Orientation.INVERTING, -1)]
)
def test_a_moving_input_reaches_the_output(engine, benches, moving, sign, side):
    """The pair is steered to one side: what is left is charge, and no matter of how quickly."""
    quick, slow = (
        feedthrough(engine.run(benches.ramp(1e-9, t, 0.15, orientation=moving, difference=side)))
        for t in (1e-4, 1e-3)
    )
    assert quick == pytest.approx(slow, rel=0.1)
    # of the femtofarads of a gate, the overlap, or what the tail has with its junctions
    assert 3e-16 < sign * slow < 1e-14


def test_the_bench_holds_one_cell_and_no_analysis_in_its_text(benches):
    bench = benches.output([1e-9], 0.2)
    assert [i.cell for i in bench.instances] == ["ota"]
    assert bench.cells == cell_text(benches.cells()[0], GENERIC)


@pytest.mark.ngspice
@pytest.mark.parametrize("name", ["generic", "sky130", "gf180mcu"])
def test_every_device_has_a_model_at_every_corner(name: str, engine: Engine):
    technology = load_technology(name)
    if technology.models.installed and not PACKAGES[technology.models.installed].is_installed:
        pytest.skip(f"{name} is not installed (codesign pdk install {name})")
    cells = CellBenches(technology, "", 27.0).cells()
    uses = {use for cell in cells for use in device_uses(cell, technology)}
    for corner in technology.corners:
        models = trimmed_models(technology.models, corner, uses).text
        bench = CellBenches(technology, models, 27.0).output(np.array([1e-9]), 0.02)
        mirrors = [
            CellBenches(technology, models, 27.0).mirror(kind, np.array([1e-9]), 0.02)
            for kind in ("source", "sink")
        ]
        for result in engine.map([bench, *mirrors]):
            assert np.all(np.isfinite(result[0]["i(vout)"])), corner


def test_currents_are_known_to_a_millionth_of_the_smallest_bias(benches):
    """More exactly than rounding errors of gate resistances allow, no step in time converges."""

    def tolerance(smallest: float) -> float:
        limits = replace(GENERIC.limits, bias_current=(smallest, 1e-6))
        at = replace(benches, technology=replace(GENERIC, limits=limits))
        return float(at.output(np.array([1e-8]), 0.02).options["abstol"])

    assert tolerance(1e-11) == pytest.approx(1e-17)
    assert tolerance(2e-9) == pytest.approx(2e-15)
