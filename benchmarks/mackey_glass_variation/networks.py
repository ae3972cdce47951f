"""The network at other time steps: the same weights and neurons."""

from __future__ import annotations

import dataclasses

from neuron_model.network.network import MTCNetwork
from neuron_model.network.neuron_record import only_record, without_record


def with_steps(network: MTCNetwork, steps_per_sample: int) -> MTCNetwork:
    """The same network, a sample held for as long, in ``steps_per_sample`` time steps.

    What it says then differs from what it said by the errors of the two time steps.
    """
    was = network.configuration
    dt = was.sample_interval / steps_per_sample
    other = MTCNetwork(dataclasses.replace(was, dt=dt, steps_per_sample=steps_per_sample))
    # what is learned, with the other's own time step
    learned = without_record(network.state_dict())
    other.load_state_dict({**learned, **only_record(other.state_dict())})
    return other
