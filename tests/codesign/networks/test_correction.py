"""A correction of a circuit's macromodel: what it does to neurons, and its file."""

import numpy as np
import pytest

from codesign.networks.correction import (
    Correction,
    corrections_document,
    read_correction,
    read_corrections,
)
from neuron_model.errors import InputError
from neuron_model.model.parameters import NeuronParameters
from neuron_model.network.circuit_network import LineModel
from tests.codesign.networks.networks import excitable

CHANGES = {
    "elements[0].alpha": np.array([1.1, 0.9]),
    "elements[1].delta": np.array([0.02, -0.01]),
    "tau_slow": np.array([1.0, 1.05]),
    "i_bias": np.array([-0.1, 0.2]),
}
CORRECTION = Correction(
    "generic",
    ({}, CHANGES),
    ({}, {"tau": 0.7, "gain": 1.01, "lag": 0.05}),
    {"gain": np.array([0.99]), "offset": np.array([0.01]), "lag": np.array([0.1])},
)


def neurons() -> NeuronParameters:
    return NeuronParameters.stack([excitable(20.0), excitable(23.0)])


def test_strengths_and_times_change_by_a_factor_centers_and_biases_by_what_is_added():
    found = CORRECTION.of(1, neurons())
    assert found.elements[0].alpha == pytest.approx([-2.2, -1.8])
    assert found.elements[1].delta == pytest.approx([0.02, -0.01])
    assert found.tau_slow == pytest.approx([20.0, 24.15])
    assert found.i_bias == pytest.approx([-1.4, -1.1])
    assert CORRECTION.line(1, LineModel(0.1, 1e-4)) == LineModel(0.1 * 0.7, 1e-4, 1.01, 0.05)
    # the first layer has no changes
    pairs = zip(CORRECTION.of(0, neurons()).named_values(), neurons().named_values(), strict=True)
    assert all(np.array_equal(one, other) for (_, one), (_, other) in pairs)


def test_they_are_read_as_they_were_written(tmp_path):
    assert read_corrections(tmp_path) == {}
    assert read_correction(tmp_path) is None
    earlier = Correction("generic", ({"tau_slow": np.array([1.2])}, {}), ({}, {}))
    text = corrections_document({20: CORRECTION, 0: earlier})
    (tmp_path / "correction.json").write_text(text)
    again = read_corrections(tmp_path)
    assert list(again) == [0, 20]
    assert corrections_document(again) == text
    last = read_correction(tmp_path)
    assert last is not None
    assert last.technology == "generic"
    assert np.array_equal(last.layers[1]["i_bias"], CHANGES["i_bias"])
    assert last.lines == CORRECTION.lines


@pytest.mark.parametrize("text", ["", "[]", '{"format": 99}', '{"format": 2, "recorded": []}'])
def test_what_is_no_such_file_is_refused(tmp_path, text):
    (tmp_path / "correction.json").write_text(text)
    with pytest.raises(InputError, match=r"correction\.json"):
        read_correction(tmp_path)
