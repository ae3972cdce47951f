import numpy as np
import pytest

from circuits.network_mismatch import NetworkDraw, draw_network
from circuits.technology import load_technology
from neuron_model.errors import InputError
from tests.circuits.networks import small_circuit, small_design, small_neurons, small_readouts

GENERIC = load_technology("generic")


def drawn(samples: int = 3, seed: int = 0) -> NetworkDraw:
    design = small_design()
    return draw_network(
        small_circuit(design, GENERIC),
        design,
        small_neurons(design),
        small_readouts(design),
        GENERIC,
        (samples, seed),
    )


def test_every_transistor_of_the_network_is_drawn():
    found = drawn()
    whole = dict(small_circuit(small_design(), GENERIC).cell.transistors())
    assert list(found.paths) == list(whole)
    assert found.draw.threshold.shape == (3, len(whole))
    assert all(spread.threshold > 0 for spread in found.draw.spreads)


def test_a_sample_is_the_same_whatever_is_drawn_after_it():
    assert drawn(2).devices(1) == drawn(5).devices(1)
    assert drawn(2, seed=1).devices(1) != drawn(2).devices(1)


def test_more_units_match_better():
    """Pelgrom's law: four times the units, half the spread, at the same current of each."""
    found = drawn()
    whole = dict(small_circuit(small_design(), GENERIC).cell.transistors())
    synapses = {
        whole[path].size.multiplier: spread.threshold
        for path, spread in zip(found.paths, found.draw.spreads, strict=True)
        if whole[path].role == "synapse" and whole[path].gate.startswith("s1")
    }
    few, many = min(synapses), max(synapses)
    assert many > few
    assert synapses[many] / synapses[few] == pytest.approx(np.sqrt(few / many), rel=0.05)


def test_devices_below_an_instance_are_found():
    found = drawn()
    neuron = found.within(("layer1_i", "neuron0"))
    assert {spread.block for spread in neuron.spreads} >= {"output", "follower_slow", "leak0"}
    names = {spread.device for spread in found.within(("layer1_i", "column0")).spreads}
    assert names >= {"from_s0_0", "from_s1_1"}


def test_a_negative_seed_is_refused():
    with pytest.raises(InputError, match="seed = -1 must not be negative"):
        drawn(1, -1)
