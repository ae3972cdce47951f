"""Lags of an OTA's branches, against ramps that an independent solver answers."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import least_squares

from mapping.characteristics import Orientation, OtaPoint
from mapping.lags import Ramp, fit_lags, lagging_transfer
from neuron_model.model.parameters import Amplifier


@pytest.mark.parametrize(
    ("bend", "shift"),
    # junctions may leak more than a small bias is
    [(0.0, -0.05), (0.2, -0.05), (0.1, -1.7)],
)
def test_lags_are_found_in_ramps_of_both_inputs(bend: float, shift: float):
    mirror, fold, height, duration = 2e-6, 3e-6, 0.16, 3e-4
    corners = duration * np.arange(5.0)
    volts = height * np.array([-1, -1, 1, 1, -1])
    time = np.linspace(0, corners[-1], 2001)
    v = np.interp(time, corners, volts)

    def ramp(orientation: Orientation, at: OtaPoint) -> Ramp:
        def share(time):
            t = np.tanh((np.interp(time, corners, volts) - at.offset) / at.slope_voltage)
            return (1 + t) / 2 if orientation == Orientation.NONINVERTING else (1 - t) / 2

        def rates(time, y):
            plus, minus, folded = y
            p = share(time)
            return [
                plus ** (1 - bend) * (p - plus) / mirror,
                minus ** (1 - bend) * (1 - p - minus) / mirror,
                folded ** (1 - bend) * (minus - folded) / fold,
            ]

        first = [share(0.0), 1 - share(0.0), 1 - share(0.0)]
        ends = (0, corners[-1])
        run = solve_ivp(rates, ends, first, "LSODA", time, rtol=1e-8, atol=1e-12, max_step=2e-6)
        plus, _, folded = run.y
        t = np.tanh((v - at.offset) / at.slope_voltage)
        grown = 1 + at.drift * (v - at.offset) * (1 + t) / 2
        return Ramp(orientation, time, v, at.gain * (plus - folded) * grown + shift, at)

    points = [
        OtaPoint(gain, 0.07, 0.001, shift + 0.01, output_conductance=0.07, delay=9e-6, drift=0.06)
        for gain in (1.05, 1.06)
    ]
    inputs = Orientation.NONINVERTING, Orientation.INVERTING
    ramps = [ramp(x, at) for x, at in zip(inputs, points, strict=True)]
    found = fit_lags([ramps], [2.5e-6])[:, 0]
    assert found[:2] == pytest.approx((mirror, fold), rel=0.03)
    assert found[2] == pytest.approx(bend, abs=0.01)


def test_a_transfer_without_lags_is_the_tanh():
    u = np.linspace(-3, 3, 6001)
    slow = lagging_transfer(u, 1.0, Amplifier(lag=1e-6, fall=1e-6))
    assert np.allclose(slow, np.tanh(u), atol=2e-3)


def ramps_of(mirror: float, fold: float, bend: float, span: float) -> list[Ramp]:
    """Both ramps of an amplifier with these lags, ``span`` seconds long."""
    at = OtaPoint(1.02, 0.07, 0.001, 0.01, output_conductance=0.07, delay=4 * mirror, drift=0.06)
    time = np.linspace(0.0, span, 500)
    voltage = np.linspace(-0.2, 0.2, 500)
    u = (voltage - at.offset) / at.slope_voltage
    found = []
    for orientation in (Orientation.NONINVERTING, Orientation.INVERTING):
        straight = orientation == Orientation.NONINVERTING
        lags = Amplifier(
            mirror,
            0.0 if straight else fold,
            fold if straight else 0.0,
            bend,
            drift=at.drift * at.slope_voltage,
        )
        current = (1 if straight else -1) * at.gain * lagging_transfer(u, time[1], lags)
        found.append(Ramp(orientation, time, voltage, current + at.offset_current, at))
    return found


def test_many_at_once_are_found_as_each_alone():
    kinds = [(2e-6, 3e-6, 0.08, 4e-5), (3e-4, 2e-4, 0.0, 6e-3), (1e-5, 4e-5, 0.3, 3e-4)]
    otas = [ramps_of(*kind) for kind in kinds]
    together = fit_lags(otas, [kind[0] * 1.3 for kind in kinds])
    for column, (ota, kind) in enumerate(zip(otas, kinds, strict=True)):
        alone = fit_lags([ota], [kind[0] * 1.3])[:, 0]
        assert together[:, column] == pytest.approx(alone, rel=1e-5, abs=1e-9)
        assert together[:2, column] == pytest.approx(kind[:2], rel=0.01)
        assert together[2, column] == pytest.approx(kind[2], abs=0.01)


def test_the_least_squares_are_those_of_another_solver():
    mirror, fold, bend = 2e-6, 3e-6, 0.08
    ota = ramps_of(mirror, fold, bend, 4e-5)
    noise = np.random.default_rng(0).normal(0.0, 0.01, ota[0].current.shape)
    ota = [Ramp(r.orientation, r.time, r.voltage, r.current + noise, r.at) for r in ota]
    grid = np.linspace(0.0, 4e-5, 801)
    u = (np.interp(grid, ota[0].time, ota[0].voltage) - 0.001) / 0.07

    def errors(p: np.ndarray) -> np.ndarray:
        first, second, bent, *shifts = p.tolist()
        found = []
        for r, shift in zip(ota, shifts, strict=True):
            straight = r.orientation == Orientation.NONINVERTING
            lags = (0.0, second * 1e-6) if straight else (second * 1e-6, 0.0)
            amplifier = Amplifier(first * 1e-6, *lags, bent, drift=0.06 * 0.07)
            sign = 1.02 if straight else -1.02
            moved = sign * lagging_transfer(u, grid[1], amplifier) + shift
            found.append(moved - np.interp(grid, r.time, r.current))
        return np.concatenate(found)

    known = least_squares(errors, [2.5, 2.5, 0.05, 0.01, 0.01], diff_step=1e-4).x
    found = fit_lags([ota], [2.5e-6])[:, 0]
    assert found == pytest.approx([known[0] * 1e-6, known[1] * 1e-6, known[2]], rel=2e-3)
