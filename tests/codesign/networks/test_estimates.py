"""The estimated power of a whole network against what ngspice's supply delivers."""

import numpy as np
import pytest

from circuits.technology import load_technology
from codesign.networks.built_network import build_network
from codesign.networks.estimates import estimate_network
from netlists.network_benches import network_response
from tests.codesign.networks.networks import task_of, two_neurons


@pytest.mark.ngspice
def test_energy_per_sample_is_what_the_supply_delivers(cache, workbench):
    task = task_of(two_neurons())
    network = build_network(task, load_technology("generic"), workbench)
    signal = task.heard(30)
    estimates = estimate_network(network, [signal])
    bench = network.benches.stream(signal, network.sample_interval)
    found = network_response(workbench.engine.run(bench), network.benches)
    seconds = found.time * network.design.time_unit
    energy = 1.8 * np.trapezoid(found.supply_current, seconds) / len(signal)
    assert estimates.energy_per_sample == pytest.approx(energy, rel=0.1)
