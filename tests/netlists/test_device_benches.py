"""Single transistors, against a transistor whose equations are known."""

import numpy as np
import pytest

from circuits.structure import Polarity
from circuits.technology import load_technology
from netlists.device_benches import DeviceBenches, device_curves, gate_capacitance
from netlists.engine import Engine

GENERIC = load_technology("generic")
# A square law without a body effect: I = KP/2 W/L (Vgs - VT)^2, and an oxide of 10 nm.
SQUARE = """.model generic_nmos nmos level=1 vto=0.5 kp=1e-4 gamma=0 lambda=0 tox=1e-8
.model generic_pmos pmos level=1 vto=-0.5 kp=1e-4 gamma=0 lambda=0 tox=1e-8
"""


def test_sizes_are_those_of_the_cells_and_twice_them():
    sizes = DeviceBenches(GENERIC, Polarity.NMOS, "").sizes
    assert (sizes["once"].width, sizes["once"].length) == (4.0, 1.0)
    assert (sizes["wide"].width, sizes["long"].length, sizes["twice"].multiplier) == (8.0, 2.0, 2)
    halved = DeviceBenches(GENERIC, Polarity.NMOS, "", halved=True).sizes
    assert (halved["wide"].width, halved["long"].length) == (2.0, 0.5)


@pytest.mark.ngspice
@pytest.mark.parametrize("polarity", list(Polarity))
def test_a_square_law_is_measured_as_such(engine: Engine, polarity: Polarity):
    benches = DeviceBenches(GENERIC, polarity, SQUARE)
    curves = device_curves(engine.run(benches.transfer()), benches)
    once = benches.sizes["once"]
    overdrive = np.clip(np.linspace(0.0, 1.8, 61) - 0.5, 0.0, 0.9)  # in saturation
    wanted = 0.5e-4 * once.width / once.length * overdrive**2
    part = slice(20, 40)
    assert curves.drains["once"][part] == pytest.approx(wanted[part], rel=1e-3)
    ratios = {
        name: current[-1] / curves.drains["once"][-1] for name, current in curves.drains.items()
    }
    assert ratios == pytest.approx(
        {"once": 1, "again": 1, "twice": 2, "wide": 2, "long": 0.5}, rel=1e-3
    )
    total = sum(current[-1] for current in curves.drains.values())
    assert curves.source[-1] == pytest.approx(-total, rel=1e-6)
    assert abs(curves.gate[-1]) + abs(curves.bulk[-1]) < 1e-12

    oxide = 3.9 * 8.854e-12 / 1e-8 * once.area * 1e-12
    measured = gate_capacitance(engine.run(benches.gate()))
    assert 0.6 * oxide < measured < 1.1 * oxide  # part of it in saturation
