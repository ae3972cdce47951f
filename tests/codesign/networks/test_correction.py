"""A correction of a circuit's macromodel: what it does to neurons, and its file."""

import numpy as np
import pytest

from codesign.networks.correction import Correction, read_correction
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters
from tests.codesign.networks.networks import excitable

CHANGES = {
    "elements[0].alpha": np.array([1.1, 0.9]),
    "elements[1].delta": np.array([0.02, -0.01]),
    "tau_slow": np.array([1.0, 1.05]),
    "i_bias": np.array([-0.1, 0.2]),
}
CORRECTION = Correction("generic", ({}, CHANGES))


def neurons() -> NeuronParameters:
    return NeuronParameters.stack([excitable(20.0), excitable(23.0)])


def test_strengths_and_times_change_by_a_factor_centers_and_biases_by_what_is_added():
    found = CORRECTION.of(1, neurons())
    assert found.elements[0].alpha == pytest.approx([-2.2, -1.8])
    assert found.elements[1].delta == pytest.approx([0.02, -0.01])
    assert found.tau_slow == pytest.approx([20.0, 24.15])
    assert found.i_bias == pytest.approx([-1.4, -1.1])
    # the first layer has no changes
    pairs = zip(CORRECTION.of(0, neurons()).named_values(), neurons().named_values(), strict=True)
    assert all(np.array_equal(one, other) for (_, one), (_, other) in pairs)


def test_it_is_read_as_it_was_written(tmp_path):
    assert read_correction(tmp_path) is None
    (tmp_path / "correction.json").write_text(CORRECTION.document())
    again = read_correction(tmp_path)
    assert again is not None
    assert again.technology == "generic"
    assert again.document() == CORRECTION.document()


@pytest.mark.parametrize("text", ["", "[]", '{"format": 99}', '{"format": 1, "layers": []}'])
def test_what_is_no_such_file_is_refused(tmp_path, text):
    (tmp_path / "correction.json").write_text(text)
    with pytest.raises(InputError, match=r"correction\.json"):
        read_correction(tmp_path)
