from dataclasses import replace

import numpy as np
import pytest

from mapping.characteristics import TransferFit
from mapping.sensitivity import (
    MirrorSensitivity,
    OtaSensitivity,
    central_difference,
    features,
    read_sensitivities,
    sensitivities_from_json,
    sensitivities_to_json,
    write_sensitivities,
)
from neuron_model.errors import InputError
from tests.mapping.sensitivities import OTA, STEEP, exponential_cells

BIASES, MODES = np.array([1e-10, 1e-9, 1e-8]), np.array([0.6, 0.9, 1.2])


def sloped() -> OtaSensitivity:
    """d ln A+ of the first device: log10(bias) + 13 times (mode + 1); the rest 0."""
    threshold = np.zeros((3, 3, 2, 4))
    threshold[:, :, 0, 0] = (np.log10(BIASES) + 13)[:, None] * (MODES + 1)
    return OtaSensitivity(("a", "b"), BIASES, MODES, threshold, 0 * threshold)


def test_features_are_the_branches_logarithms_offset_and_slope():
    fit = TransferFit(gain=1.1, slope_voltage=0.07, offset=2e-3, offset_current=-0.1, residual=0.0)
    assert features(fit) == pytest.approx([np.log(1.0), np.log(1.2), 2e-3, np.log(0.07)])


@pytest.mark.parametrize(
    ("bias", "mode", "expected"),
    [
        (1e-9, 0.9, 4 * 1.9),
        (10**-8.5, 0.9, 4.5 * 1.9),
        (1e-9, 1.05, 4 * 2.05),
        (1e-12, 0.1, 3 * 1.6),
        (1.0, 1.8, 5 * 2.2),
    ],
)
def test_tables_are_read_between_their_points_and_at_their_edges(bias, mode, expected):
    shifts = np.array([[2e-3, 7.0]])
    shift = sloped().shift(bias, mode, shifts, 0 * shifts)
    assert shift.sourcing == pytest.approx([2e-3 * expected])
    assert shift.sinking == pytest.approx([0.0])


def test_a_mirror_of_exponential_devices():
    sink = exponential_cells().sink
    shifts = np.array([[1e-3, -1e-3], [2e-3, 2e-3]])
    assert sink.shift(1e-9, shifts, 0 * shifts) == pytest.approx([2e-3 * STEEP, 0.0])
    assert sink.shift(1e-9, 0 * shifts, shifts) == pytest.approx([-2e-3, 0.0])


def test_central_differences_of_a_parabola_are_its_slope():
    above, below = [[(3 + 0.1) ** 2, 1.0]], [[(3 - 0.1) ** 2, 1.0]]
    assert central_difference(above, below, 0.1) == pytest.approx(np.array([[6.0, 0.0]]))


def test_what_is_written_is_read_back(tmp_path):
    cells = exponential_cells()
    path = write_sensitivities(tmp_path / "s.json", cells)
    again = read_sensitivities(path)
    assert sensitivities_to_json(again) == sensitivities_to_json(cells)
    assert again.inverting.devices == OTA


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"format": 2', '"format": 0'),
        ('"corner": "tt"', '"corner": 3'),
        ('"temperature": 27.0', '"temperature": NaN'),
        ('"sink"', '"sunk"'),
        ("28.0", "1e999"),
        ("{", "["),
    ],
)
def test_files_that_are_none_are_refused(old, new):
    text = sensitivities_to_json(exponential_cells()).replace(old, new, 1)
    with pytest.raises(InputError, match="s.json: is (no|a) file of sensitivities"):
        sensitivities_from_json(text, "s.json")


def test_shapes_have_to_fit():
    table = sloped()
    with pytest.raises(InputError, match="threshold must be finite numbers of shape"):
        replace(table, devices=("a",))
    with pytest.raises(InputError, match="current_factor must be finite"):
        MirrorSensitivity(("a",), BIASES, np.zeros((3, 1)), np.full((3, 1), np.nan))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="none.json: cannot be read"):
        read_sensitivities(tmp_path / "none.json")
