import dataclasses
import json

import numpy as np
import pytest

from mapping.network_design import (
    NetworkDesign,
    network_design_from_json,
    network_design_to_json,
    read_network_design,
    write_network_design,
)
from mapping.network_mapper import map_network
from neuron_model.errors import InputError
from tests.mapping.cells import LIMITS
from tests.mapping.synapses import made_up_synapses
from tests.mapping.test_network_mapper import CHOICES, network


@pytest.fixture
def design() -> NetworkDesign:
    return map_network(network(recurrent=True), made_up_synapses(), LIMITS, CHOICES)


def test_a_design_survives_its_file(design, tmp_path):
    path = write_network_design(tmp_path / "network.json", design)
    again = read_network_design(path)
    assert network_design_to_json(again) == network_design_to_json(design)
    assert again.projections[0].units.dtype == design.projections[0].units.dtype
    assert again.target("layer0").keeps.dtype == bool
    assert again.conditions == design.conditions


def test_units_are_counted_over_all_projections(design):
    total = sum(int(np.abs(p.units).sum()) for p in design.projections)
    assert design.unit_count == total > 0


@pytest.mark.parametrize(
    "change",
    [
        {"format": 99},
        {"lines": [{"name": "x"}]},
        {"unit_current": "much"},
        {"targets": None},
        {"temperature": "warm"},
    ],
)
def test_a_file_that_is_no_design_is_refused(design, change):
    content = json.loads(network_design_to_json(design)) | change
    said = "here: is (no|a) network's design file of format (1|99, which)"
    with pytest.raises(InputError, match=said):
        network_design_from_json(json.dumps(content), "here")


def test_a_weight_that_is_no_number_is_refused(design):
    content = json.loads(network_design_to_json(design))
    content["projections"][0]["built"][0][0] = float("nan")
    with pytest.raises(InputError, match="built holds what is no number"):
        network_design_from_json(json.dumps(content), "here")


def test_a_design_cannot_be_changed(design):
    with pytest.raises(dataclasses.FrozenInstanceError):
        design.unit_current = 1e-9
