"""Rounding errors of weights, on average: gone."""

import numpy as np

from mapping.network_mapper import NetworkChoices, map_network
from mapping.network_rounding import centered_biases
from tests.mapping.cells import LIMITS
from tests.mapping.synapses import made_up_synapses
from tests.mapping.test_network_mapper import network

CHOICES = NetworkChoices(unit_current=4e-9, time_unit=3e-4, readout_current=8e-9, most_units=5)
ACTIVITY = {"x": np.array([0.1, 0.4]), "s0": np.array([0.2, 0, 1, 0.5]), "s1": np.full(3, 0.3)}


def test_at_the_mean_activity_currents_are_the_trained_ones():
    weights = network(recurrent=True)
    design = map_network(weights, made_up_synapses(), LIMITS, CHOICES)
    built = centered_biases(weights, design, ACTIVITY)
    for target, before, after in (
        ("layer0", weights.layers[0].bias, built.layers[0].bias),
        ("layer1", weights.layers[1].bias, built.layers[1].bias),
        ("y", weights.readout_bias, built.readout_bias),
    ):
        into = design.into(target)
        wanted = sum(p.trained @ ACTIVITY[p.source] for p in into) + before
        found = sum(p.built @ ACTIVITY[p.source] for p in into) + after
        assert np.allclose(found, wanted)
        assert np.abs(after - before).max() > 1e-3


def test_units_stay_what_they_were():
    weights = network()
    design = map_network(weights, made_up_synapses(), LIMITS, CHOICES)
    again = centered_biases(weights, design, ACTIVITY)
    moved = map_network(again, made_up_synapses(), LIMITS, CHOICES)
    pairs = zip(design.projections, moved.projections, strict=True)
    assert all(np.array_equal(a.units, b.units) for a, b in pairs)
