"""Fits of measured noise: spectra and cells that were made by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.cell_noise import (
    CHARGE,
    CellNoise,
    MirrorNoise,
    OtaNoise,
    Spectrum,
    SpectrumFit,
    cell_noise_from_json,
    cell_noise_to_json,
    common_exponent,
    fit_mirror,
    fit_ota,
    fit_spectrum,
    read_cell_noise,
    shot_noise,
    write_cell_noise,
)
from neuron_model.errors import InputError
from tests.mapping.noises import BIASES, shot_cells

FREQUENCY = np.geomspace(0.01, 1e3, 26)


@given(
    white=st.floats(-31.0, -24.0),
    corner=st.floats(-1.0, 2.0),
    exponent=st.floats(0.7, 1.3),
)
def test_a_spectrum_comes_back_whatever_its_corner(white, corner, exponent):
    level, knee = 10**white, 10**corner
    density = level * (1 + (knee / FREQUENCY) ** exponent)
    fit = fit_spectrum(Spectrum(0.0, FREQUENCY, density))
    assert fit.white == pytest.approx(level, rel=1e-3)
    assert fit.flicker == pytest.approx(level * knee**exponent, rel=1e-3)
    assert fit.exponent == pytest.approx(exponent, rel=1e-3)
    assert fit.corner == pytest.approx(knee, rel=1e-2)
    assert fit.residual < 1e-3


def test_a_given_exponent_is_kept():
    density = 1e-28 * (1 + 5.0 / FREQUENCY**0.9)
    fit = fit_spectrum(Spectrum(0.0, FREQUENCY, density), exponent=1.0)
    assert fit.exponent == 1.0
    assert fit.residual > 0.01


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan])
def test_models_without_noise_are_refused(bad):
    density = np.full(FREQUENCY.size, 1e-28)
    density[3] = bad
    with pytest.raises(InputError, match="have no noise"):
        fit_spectrum(Spectrum(0.0, FREQUENCY, density))


def test_shot_noise_adds_up_over_the_transistors():
    t = np.linspace(-1.0, 1.0, 9)
    up, down = (1 + t) / 2, (1 - t) / 2
    # each of the pair's transistors is steered back by the other one
    pair = up * (1 - t) ** 2 + down * (1 + t) ** 2
    tail_and_bias = 2 * t**2
    assert shot_noise(t) == pytest.approx(pair + tail_and_bias + 2 * up + 4 * down)


def test_the_laws_over_the_split_come_back():
    splits = np.tile(np.tanh([-4.0, -1.0, -0.4, 0.0, 0.4, 1.0, 4.0]), (2, 1))
    biases = np.array([1e-10, 1e-8])
    amplitudes = np.array([3e-4, 2e-4, 1e-4, 4e-4])

    def fit(bias: float, t: float) -> SpectrumFit:
        shapes = np.array([1 - t**2, t, (1 + t) / 2, (1 - t) / 2])
        white = 2 * CHARGE * bias * float(shot_noise(np.array(t)))
        return SpectrumFit(white, float(((amplitudes * shapes) ** 2).sum() * bias**2), 1.0, 0.0)

    fits = [[fit(b, t) for t in row] for b, row in zip(biases, splits, strict=True)]
    table = fit_ota(biases, splits, fits)
    assert table.white == pytest.approx(np.tile([6.0, 4.0, 4.0], (2, 1)))
    assert table.flicker == pytest.approx(np.tile(amplitudes, (2, 1)), rel=1e-4)
    assert table.residual == pytest.approx(0.0, abs=1e-6)
    assert table.white_at(1e-9) == pytest.approx(2 * CHARGE * 1e-9 * np.array([6.0, 4.0, 4.0]))
    assert table.flicker_at(1e-9) == pytest.approx(1e-9 * amplitudes, rel=1e-4)


def test_beyond_the_measured_biases_the_nearest_share_holds():
    table = OtaNoise(
        np.array([1e-10, 1e-8]),
        np.array([[6.0, 4.0, 4.0], [3.0, 2.0, 2.0]]),
        np.ones((2, 4)),
        np.zeros(2),
    )
    assert table.white_at(1e-7)[1] == pytest.approx(2 * CHARGE * 1e-7 * 2.0)
    assert table.white_at(1e-9)[1] == pytest.approx(2 * CHARGE * 1e-9 * 3.0)


def test_a_mirror_is_told_by_its_bias():
    fits = [SpectrumFit(2 * 2 * CHARGE * b, (3e-4 * b) ** 2, 1.0, 0.0) for b in BIASES]
    mirror = fit_mirror(BIASES, fits)
    assert mirror.white == pytest.approx(2.0)
    assert mirror.white_at(3e-10) == pytest.approx(4 * CHARGE * 3e-10)
    assert mirror.flicker_at(3e-10) == pytest.approx(9e-14)


def test_the_exponent_of_all_is_the_median():
    fits = [SpectrumFit(1.0, 1.0, exponent, 0.0) for exponent in (0.8, 0.9, 1.4)]
    assert common_exponent(fits) == 0.9


def test_a_file_gives_back_what_was_written(tmp_path):
    noise = shot_cells()
    again = read_cell_noise(write_cell_noise(tmp_path / "noise.json", noise))
    assert cell_noise_to_json(again) == cell_noise_to_json(noise)
    assert np.array_equal(again.ota.white, noise.ota.white)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 99}', '{"format": 1, "ota": {}}'])
def test_a_text_that_is_no_file_of_noise_is_refused(text):
    with pytest.raises(InputError, match="some.json: (is (no|a) file of meas|has no field)"):
        cell_noise_from_json(text, "some.json")


@pytest.mark.parametrize(
    "changes",
    [
        {"bias_current": BIASES[::-1]},
        {"white": -np.ones((BIASES.size, 3))},
        {"white": np.ones(BIASES.size)},
        {"flicker": np.full((BIASES.size, 4), np.nan)},
    ],
)
def test_a_table_that_cannot_be_is_refused(changes):
    with pytest.raises(InputError, match="noise of cells"):
        replace(shot_cells().ota, **changes)


def test_a_mirror_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="noise of cells"):
        MirrorNoise(BIASES, np.ones(2), np.ones(BIASES.size))
    assert isinstance(shot_cells(), CellNoise)
