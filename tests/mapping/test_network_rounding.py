"""Rounding errors of weights and what mirrors deliver, on average: gone."""

from dataclasses import replace

import numpy as np

from mapping.network_mapper import NetworkChoices, map_network
from mapping.network_rounding import centered_biases, folded_error
from tests.mapping.cells import LIMITS
from tests.mapping.synapses import made_up_synapses
from tests.mapping.test_network_mapper import network

CHOICES = NetworkChoices(unit_current=4e-9, time_unit=3e-4, readout_current=8e-9, most_units=5)
ACTIVITY = {"x": np.array([0.1, 0.4]), "s0": np.array([0.2, 0, 1, 0.5]), "s1": np.full(3, 0.3)}


def test_at_the_mean_activity_currents_are_the_trained_ones():
    weights = network(recurrent=True)
    design = map_network(weights, made_up_synapses(), LIMITS, CHOICES)
    built = centered_biases(weights, design, made_up_synapses(), ACTIVITY)
    for target, before, after in (
        ("layer0", weights.layers[0].bias, built.layers[0].bias),
        ("layer1", weights.layers[1].bias, built.layers[1].bias),
        ("y", weights.readout_bias, built.readout_bias),
    ):
        into = design.into(target)
        wanted = sum(p.trained @ ACTIVITY[p.source] for p in into) + before
        found = sum(p.built @ ACTIVITY[p.source] for p in into) + after
        found = found + folded_error(design, made_up_synapses(), target, ACTIVITY)
        assert np.allclose(found, wanted)
        assert np.abs(after - before).max() > 1e-3


def test_units_stay_what_they_were():
    weights = network()
    design = map_network(weights, made_up_synapses(), LIMITS, CHOICES)
    again = centered_biases(weights, design, made_up_synapses(), ACTIVITY)
    moved = map_network(again, made_up_synapses(), LIMITS, CHOICES)
    pairs = zip(design.projections, moved.projections, strict=True)
    assert all(np.array_equal(a.units, b.units) for a, b in pairs)


def test_a_mirror_whose_gain_falls_delivers_less_where_more_is_active():
    law = made_up_synapses()
    falling = replace(law, mirror_gain=law.mirror_gain * (law.mirror_current / 2e-9) ** -0.01)
    design = map_network(network(), falling, LIMITS, CHOICES)
    calm, busy = ({**ACTIVITY, "s1": np.full(3, s)} for s in (0.0, 1.0))
    less = folded_error(design, falling, "y", busy) - folded_error(design, falling, "y", calm)
    (into,) = design.into("y")
    assert (less[(into.units > 0).any(axis=1)] < 0).all()
    assert np.allclose(folded_error(design, law, "y", busy), 0.0, atol=0.05)
