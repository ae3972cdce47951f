"""Noise of a technology's cells: measured once, then from the cache."""

import numpy as np
import pytest

from circuits.technology import conditions_at, load_technology
from mapping.cell_noise import MIRROR_SHOT, shot_noise
from netlists.cells.characterize import characterize
from netlists.cells.noise_characterize import band, measure_noise
from neuron_model.cache_folder import cache_folder

GENERIC = load_technology("generic")


@pytest.mark.ngspice
def test_the_noise_of_generics_cells(cache, engine):
    measured = characterize(GENERIC, conditions_at(GENERIC), engine)
    seen: list[tuple[int, int, str]] = []
    noise = measure_noise(GENERIC, measured, engine, lambda *step: seen.append(step))
    assert seen[-1][0] == seen[-1][1]
    # BSIM4's factor in weak inversion: 2 q I times 1.0 to 2.2, of all cells alike
    middle = slice(1, -1)
    shares = noise.ota.white[middle] / shot_noise(np.array([-1.0, 0.0, 1.0]))
    assert np.all((shares > 1.0) & (shares < 2.2))
    for kind, shot in MIRROR_SHOT.items():
        share = getattr(noise, kind).white[middle] / shot
        assert np.all((share > 1.0) & (share < 2.2))
    # its cards have none of their own: BSIM4's default of 1 / f, and the law over the split holds
    assert noise.exponent == pytest.approx(1.0, abs=0.01)
    assert noise.ota.residual.max() < 0.02
    assert 1.0 < noise.corner_frequency * 1e-9 < 100.0

    (kept,) = (cache_folder() / "noise").iterdir()
    seen.clear()
    again = measure_noise(GENERIC, measured, engine, lambda *step: seen.append(step))
    assert not seen
    assert np.array_equal(again.ota.white, noise.ota.white)
    kept.write_text("broken")
    again = measure_noise(GENERIC, measured, engine)
    assert again.ota.white == pytest.approx(noise.ota.white)


def test_a_spectrum_ends_well_below_the_mirrors_pole_and_scales_with_the_bias():
    one, other = band(1e-9, 6e-6), band(1e-10, 6e-5)
    assert one.high < 0.1 / (2 * np.pi * 6e-6)
    assert one.high / one.low == pytest.approx(1e5)
    assert other.high == pytest.approx(one.high / 10)
    # where no lag was measured, one that is slower than any
    assert 0 < band(1e-9, 0.0).high < one.high
